"""Log of the exponential integral of real order, which normalises a truncated power law."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from htstats._common.arrays import Floats

__all__ = ["log_expint", "log_expint_scaled"]

# At this order and above, the continued fraction converges quickly for every argument.
HIGH_ORDER = 20.0


def log_expint(a: float, z: npt.ArrayLike) -> Floats:
    """Log of the exponential integral of real order, E_a(z) = int_1^inf t^-a e^(-z t) dt.

    Parameters
    ----------
    a : float
        The order, any real number.
    z : array_like
        Arguments > 0; 0 is allowed if a > 1.

    Returns
    -------
    ndarray
        log E_a(z) for each z.

    Notes
    -----
    For z >= 1, Lentz's method evaluates the continued fraction of DLMF 8.19.17. For z below 1, the
    power series gives E at an order in (1/2, 3/2], and the forward recurrence DLMF 8.19.12, which
    is stable there, raises the order. Orders below 1/2 are incomplete gamma functions. The relative
    error of E is below 2e-13 for a in [-10, 20], and below 1e-12 for a in [-100, 1000]
    (tests/test_alternatives_accuracy.py).

    Examples
    --------
    >>> float(np.exp(log_expint(1.0, 1.0)))  # doctest: +ELLIPSIS
    0.219383934395...
    """
    z = np.asarray(z, dtype=np.float64)
    return np.asarray(log_expint_scaled(a, z) - z)


def log_expint_scaled(a: float, z: npt.ArrayLike) -> Floats:
    """Log of e^z E_a(z), for the same arguments as `log_expint`."""
    z = np.asarray(z, dtype=np.float64)
    out = np.empty(z.shape)
    large = (z >= max(1.0, 1.0 - a)) | (a >= HIGH_ORDER)
    # Skip a branch that has no arguments: the recurrence takes one step per unit of the order.
    if large.any():
        out[large] = _fraction(a, z[large])
    if not large.all():
        out[~large] = _log_expint_of_small(a, z[~large])
    return out


def _fraction(a: float, z: Floats) -> Floats:
    b = z + a
    c = np.full(z.shape, 1e300)
    d = 1.0 / b
    h = d.copy()
    for i in range(1, 5000):
        step = -i * (a - 1 + i)
        b = b + 2.0
        d = 1.0 / (step * d + b)
        c = b + step / c
        delta = c * d
        h = h * delta
        if not np.any(np.abs(delta - 1) > 1e-15):
            break
    return np.asarray(np.log(h))


def _log_expint_of_small(a: float, z: Floats) -> Floats:
    """log(e^z E_a(z)) for z below max(1, 1 - a) and orders below HIGH_ORDER."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if a <= 0.5:
            s = 1 - a
            share = special.gammaincc(s, z)
            return np.asarray(np.log(share) + special.gammaln(s) - s * np.log(z) + z)
        steps = max(0, math.ceil(a - 1.5))
        order = a - steps  # in (1/2, 3/2]
        e = _near_one(order, z)
        for k in range(steps):
            product = np.where(z > 0, z * e, 0.0)
            e = (np.exp(-z) - product) / (order + k)
        return np.asarray(np.log(e) + z)


def _near_one(order: float, z: Floats) -> Floats:
    """E_order(z) by DLMF 8.19.10, whose two poles at order 1 cancel; one expm1 combines them."""
    delta = order - 1
    if delta == 0:
        return np.asarray(special.exp1(z))
    # Expand log Gamma(1 - delta) in delta: computing 1 - delta would round a small delta away.
    k = np.arange(2, 56)
    log_gamma = np.euler_gamma * delta + float(np.sum(special.zeta(k, 1) * delta**k / k))
    total = -np.expm1(log_gamma + delta * np.log(z)) / delta
    term = np.ones(z.shape)
    for i in range(1, 22):  # 1/22! < 2^-53 for z < 1
        term = term * (-z / i)
        total = total - term / (i - delta)
    return np.asarray(total)
