"""Survival function of the symmetric alpha-stable law, which (12)-(16) use.

Section 5.2 assumes beta = 0; other skewness and other functions of the law are not provided.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import erfc, expit

from htstats._common.arrays import as_points

__all__ = ["symmetric_stable_sf"]

FloatArray = npt.NDArray[np.float64]

# The integration takes NODES_PER_Y nodes per unit of y, and in addition NODES_OF_L nodes for the
# range of L = log g, about 70, where the integrand is exp(L - e^L). With the step h in L the
# trapezoid rule has an error of exp(-pi^2 / h), below 1e-17 for h = 1/4. The slope of L in y varies
# by a factor of 2.
NODES_PER_Y = 14.0
NODES_OF_L = 800

# Below this y, theta is negligible compared with pi/2 and L is a straight line.
LINEAR = -40.0

# Nearer to 1 than this, the exponent 1/(alpha - 1) magnifies rounding errors: interpolate instead.
NEAR_ONE = 1e-4


def symmetric_stable_sf(x: npt.ArrayLike, alpha: float) -> FloatArray:
    """P(X > x) for the symmetric stable law with characteristic function exp(-abs(t)^alpha).

    Parameters
    ----------
    x : array_like
        0 or above, in units of the scale.
    alpha : float
        Stability index in (0, 2]; 1 is Cauchy's law, 2 the normal law of variance 2.

    Returns
    -------
    ndarray
        In [0, 1/2], of the shape of `x`.

    Notes
    -----
    Nolan's integral over theta in (0, pi/2), with g(theta) = x^(a/(a-1))
    (cos theta/sin(a theta))^(a/(a-1)) cos((a-1) theta)/cos theta: the tail is (1/pi) int exp(-g)
    above a = 1 and (1/pi) int (1 - exp(-g)) below. Let omega = pi/2 - theta,
    y = log(theta/omega) and L = log g. Integration by parts gives
    (1/pi) int omega abs(dL/dy) exp(L - e^L) dy on both sides of a = 1; its integrand is smooth
    arbitrarily near to 1. From a = 3/2 on the first form is used, because dL/dy cancels at 2. Both
    forms are summed by the trapezoid rule in y. Within 1e-4 of 1 the result is a parabola in alpha
    through three values. The relative error is below 1e-11 for alpha in [0.02, 2] and tails above
    1e-200, compared with mpmath's sums of the two power series (tests/test_theory_brackets.py).

    References
    ----------
    J. P. Nolan, Commun. Statist. Stochastic Models 13 (1997), theorem 1.

    Examples
    --------
    >>> symmetric_stable_sf([0.0, 1.0], 1.0)
    array([0.5 , 0.25])
    """
    points = as_points(x)
    flat = points.ravel()
    if alpha == 2:
        tail = 0.5 * np.asarray(erfc(flat / 2))
    elif alpha == 1:
        tail = _cauchy(flat)
    elif abs(alpha - 1) < NEAR_ONE:
        s = (alpha - 1) / NEAR_ONE
        below, above = (_integral(flat, 1 + sign * NEAR_ONE) for sign in (-1, 1))
        tail = below * s * (s - 1) / 2 + _cauchy(flat) * (1 - s * s) + above * s * (s + 1) / 2
    else:
        tail = _integral(flat, alpha)
    return np.asarray(np.minimum(tail, 0.5).reshape(points.shape))


def _cauchy(x: FloatArray) -> FloatArray:
    return np.arctan2(1.0, x) / math.pi


def _integral(x: FloatArray, alpha: float) -> FloatArray:
    tail = np.full(x.shape, 0.5)
    inside = np.flatnonzero(x > 0)
    if len(inside):
        log_x = np.log(x[inside])
        by_parts = alpha < 1.5
        low, high = _range(log_x, alpha, by_parts)
        nodes = int(np.max(high - low) * NODES_PER_Y) + NODES_OF_L
        for part in np.array_split(np.arange(len(inside)), -(-len(inside) * nodes // (1 << 20))):
            y = np.linspace(low[part], high[part], nodes, axis=1)
            step = (high[part] - low[part]) / (nodes - 1)
            values = _integrand(y, log_x[part, None], alpha, by_parts)
            tail[inside[part]] = values.sum(axis=1) * step / math.pi
    return tail


def _range(log_x: FloatArray, alpha: float, by_parts: bool) -> tuple[FloatArray, FloatArray]:
    """The interval of y outside which the integrand is negligible."""
    # L is monotone in y: it rises for alpha below 1 and falls for alpha above 1.
    # At the end with small g, omega is large: there e^L must be far below the tail, about x^-alpha.
    ends = []
    for target in (-60.0 - alpha * np.maximum(log_x, 0.0), math.log(600.0)):
        a, b = np.full(log_x.shape, -700.0 - 100 / alpha), np.full(log_x.shape, 700.0)
        for _ in range(60):
            middle = (a + b) / 2
            right = (_log_g(middle, log_x, alpha) < target) == (alpha < 1)
            a, b = np.where(right, middle, a), np.where(right, b, middle)
        ends.append((a + b) / 2)
    low, high = np.minimum(*ends), np.maximum(*ends)
    # Without the factor e^L the integrand decreases only with omega = e^-y, once L is below 0 and
    # y above 0.
    return low, high if by_parts else np.clip(high, 0.0, 660.0) + 40.0


def _integrand(y: FloatArray, log_x: FloatArray, alpha: float, by_parts: bool) -> FloatArray:
    log_g = np.minimum(_log_g(y, log_x, alpha), 7.0)  # exp(-e^7) is 0 already
    theta, omega = _angles(y)
    weight = theta * omega / (math.pi / 2)  # d theta / dy
    if not by_parts:
        return np.asarray(weight * np.exp(-np.exp(log_g)))
    b = alpha - 1
    # d log g / d theta; its first part is multiplied by (1 - alpha)
    slope = (1 / np.tan(omega) + alpha**2 / np.tan(alpha * theta)) / b + b * np.tan(b * theta)
    return np.asarray(omega * np.abs(slope) * weight * np.exp(log_g - np.exp(log_g)))


def _log_g(y: FloatArray, log_x: FloatArray, alpha: float) -> FloatArray:
    theta, omega = _angles(y)
    b = alpha - 1
    if alpha > 1:  # near theta = pi/2: sines of sums of positive numbers, which do not cancel
        sine = np.sin(math.pi * (1 - alpha / 2) + alpha * omega)
        sine = np.where(theta < 0.5, np.sin(alpha * theta), sine)
        cosine = np.sin(math.pi / 2 * (2 - alpha) + b * omega)
    else:
        sine = np.sin(alpha * theta)
        cosine = np.sin(math.pi / 2 * alpha - b * omega)
    log_cos = np.log(np.sin(omega))
    log_g = alpha / b * (log_x + log_cos - np.log(sine)) + np.log(cosine) - log_cos
    return np.asarray(log_g - alpha / b * np.minimum(y - LINEAR, 0.0))


def _angles(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    y = np.maximum(y, LINEAR)
    return math.pi / 2 * expit(y), math.pi / 2 * expit(-y)
