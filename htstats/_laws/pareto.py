"""The power law on [xmin, xmax], as a law of t = log(x / xmin); see also htst_truncated.h.

All functions take `rate` = alpha - 1 and `length` = log(xmax / xmin); t must be in [0, length]. If
`length` is infinite (no xmax), the rate must be above 0; otherwise it may have any sign.
"""

from __future__ import annotations

import math

import numpy as np

from htstats._common.arrays import Floats
from htstats._core import scan

__all__ = ["log_cdf", "log_density_at_xmin", "log_survival", "mean", "quantile", "stderr"]

# If abs(rate * length) is below this, the law is uniform in t to the last bit.
FLAT = 2.0**-60


def mean(rate: float, length: float) -> float:
    """Mean of t. At the maximum-likelihood estimate it is the mean of the data."""
    return 1 / rate if math.isinf(length) else length * scan.truncated_mean(rate * length)


def stderr(rate: float, length: float, n: int) -> float:
    """1 / sqrt(n I), where I is the Fisher information of the rate: the variance of t."""
    u = abs(rate * length)
    if math.isinf(length):
        information = 1 / rate**2
    elif u < 0.25:  # Taylor series; its relative truncation error is below 1e-12
        information = length**2 * (
            1 / 12 - u**2 / 240 + u**4 / 6048 - u**6 / 172800 + u**8 / 5322240
        )
    else:
        beside = 0.0 if u > 700 else (0.5 / math.sinh(u / 2)) ** 2
        information = length**2 * (1 / u**2 - beside)
    return 1 / math.sqrt(n * information)


def log_density_at_xmin(rate: float, length: float) -> float:
    """Log density of t at 0: log(rate / (1 - exp(-rate length)))."""
    u = rate * length
    if abs(u) < FLAT:
        return -math.log(length)
    if u > 0:
        return math.log(rate) - math.log(-math.expm1(-u))
    return math.log(-rate) + u - math.log(-math.expm1(u))


def log_survival(t: Floats, rate: float, length: float) -> Floats:
    """Log of P(T > t)."""
    survival: Floats
    with np.errstate(divide="ignore"):
        if math.isinf(length):
            survival = -rate * t
        elif abs(rate * length) < FLAT:
            survival = np.log1p(-t / length)
        elif rate > 0:
            survival = _log_fraction(length - t, rate, length) - rate * t
        else:
            survival = _log_fraction(length - t, -rate, length)
    return survival


def log_cdf(t: Floats, rate: float, length: float) -> Floats:
    """Log of P(T <= t)."""
    inside: Floats
    with np.errstate(divide="ignore"):
        if math.isinf(length):
            inside = np.log(-np.expm1(-rate * t))
        elif abs(rate * length) < FLAT:
            inside = np.log(t / length)
        elif rate > 0:
            inside = _log_fraction(t, rate, length)
        else:
            inside = _log_fraction(t, -rate, length) + rate * (length - t)
    return inside


def quantile(q: Floats, rate: float, length: float) -> Floats:
    """The t with P(T <= t) = q, for q in [0, 1]."""
    t: Floats
    with np.errstate(divide="ignore"):
        if math.isinf(length):
            t = -np.log1p(-q) / rate
        elif abs(rate * length) < FLAT:
            t = q * length
        elif rate > 0:
            t = -np.log1p(q * math.expm1(-rate * length)) / rate
        else:
            t = length - np.log1p((1 - q) * math.expm1(rate * length)) / rate
    return t


def _log_fraction(t: Floats, rate: float, length: float) -> Floats:
    """Log of the distribution function: log((1 - exp(-rate t)) / (1 - exp(-rate length)))."""
    fraction: Floats = np.log(-np.expm1(-rate * t)) - math.log(-math.expm1(-rate * length))
    return fraction
