"""Sums and integrals of exp(concave exponent): one quadrature for the laws without a closed form.

In t = log(x / xmin) the density of such a law is exp(theta t - phi s(t)), where phi >= 0 and s is
convex and increasing: s = expm1 (an exponential cutoff in x) or s = t^2 (a lognormal). The exponent
is concave, so that only one interval matters. Gauss-Legendre quadrature on pieces of this interval
is exact to rounding error. The same law on the integers is a sum. The first terms are added one by
one, and the Euler-Maclaurin formula gives the rest.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats

__all__ = [
    "CUTOFF",
    "NO_DROP",
    "SQUARE",
    "Moments",
    "Shape",
    "cutoff_sum",
    "integral",
    "legendre",
    "log1mexp",
]

# An exponent this far below the peak is negligible: e^-45 < 2^-64.
NO_DROP = 45.0
NODES = 20
# Largest t for which exp(t) does not overflow.
LONGEST = 709.0
LEAST_PIECES = 24
# B_2j / 2j, j = 1 ... 4, with the Bernoulli numbers B: the coefficients of the Euler-Maclaurin
# formula if the derivatives are given as Taylor coefficients.
BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240)
# If |alpha|/m + rate is below this, the first omitted term is below 1e-15 of the term at m.
SLOW = 0.2
ORDER = 8


class Moments(NamedTuple):
    """Log of the total, and the means of t and of s(t)."""

    log_total: float
    t: float
    s: float


class Shape(NamedTuple):
    """The function s(t), and the inverse of its derivative."""

    s: Callable[..., Any]
    slope_is: Callable[[float], float]


def _log_or_zero(slope: float) -> float:
    return math.log(slope) if slope > 0 else -math.inf


CUTOFF = Shape(np.expm1, _log_or_zero)
SQUARE = Shape(np.square, lambda slope: slope / 2)


@functools.cache
def legendre() -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes in (0, 1) and weights that sum to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return np.asarray((nodes + 1) / 2), np.asarray(weights / 2)


def log1mexp(x: npt.ArrayLike) -> Floats:
    """Log of 1 - e^x for x <= 0."""
    x = np.array(x, np.float64, order="C")  # NumPy's functions round otherwise in strided arrays
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(x > -math.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x))))


def integral(
    theta: float, phi: float, low: float, high: float, shape: Shape = CUTOFF, grows: float = 1.0
) -> Moments:
    """Integrate exp(theta t - phi s(t)) over t from `low` to `high`, with the means of t and s.

    Parameters
    ----------
    theta, phi : float
        phi >= 0. If phi is 0 and `high` is infinite, theta must be below 0.
    low, high : float
        0 <= low < high; `high` may be infinite.
    shape : Shape
        s and the inverse of its derivative.
    grows : float
        A number for which s(t) grows no faster than exp(grows t). The interval of integration is
        made wide enough for the mean of s, also for a small phi.

    Returns
    -------
    Moments
        Log of the integral, and the means of t and s.

    Notes
    -----
    The relative error is about 1e-14. The mean of s is infinite if its integral is.
    """
    if phi == 0 and math.isinf(high):
        return _pure(theta, low)
    high = min(high, LONGEST)
    start, stop = _region(theta, phi, low, high, shape, grows)
    width = stop - start
    pieces = max(LEAST_PIECES, math.ceil(width))
    nodes, weights = legendre()
    t = start + width * ((np.arange(pieces)[:, None] + nodes) / pieces).ravel()
    second = shape.s(t)
    exponent = theta * t - phi * second
    peak = float(np.max(exponent))
    share = np.tile(weights, pieces) * np.exp(exponent - peak)
    total = float(np.sum(share))
    mean_s = float(share @ second) / total
    log_total = peak + math.log(total * width / pieces)
    return Moments(log_total, float(share @ t) / total, mean_s)


def _pure(theta: float, low: float) -> Moments:
    """The integral for phi = 0 and s = expm1: theta < 0, and s has a finite mean if theta < -1."""
    mean_s = (math.expm1(low) * theta - 1) / (theta + 1) if theta < -1 else math.inf
    return Moments(theta * low - math.log(-theta), low - 1 / theta, mean_s)


def _region(
    theta: float, phi: float, low: float, high: float, shape: Shape, grows: float
) -> tuple[float, float]:
    """The interval in which exp(exponent), or s times it, is not negligible."""
    start = _drop(theta, phi, low, high, shape, -1)
    lifted = theta + grows
    return start, max(
        _drop(theta, phi, low, high, shape, 1), _drop(lifted, phi, low, high, shape, 1)
    )


def _drop(theta: float, phi: float, low: float, high: float, shape: Shape, side: int) -> float:
    """The t left (side -1) or right (side 1) of the peak where the exponent is NO_DROP lower."""

    def exponent(t: float) -> float:
        with np.errstate(over="ignore"):
            return theta * t - (phi * float(shape.s(t)) if phi else 0.0)

    peak = low
    if phi > 0 and theta > 0:
        peak = min(max(shape.slope_is(theta / phi), low), high)
    elif theta > 0:
        peak = high
    least = exponent(peak) - NO_DROP
    end = low if side < 0 else high
    step = max(1e-3 * (peak - low), 1e-8 * (1 + peak))
    inner = peak
    while True:  # move outwards by doubled steps until the exponent is low enough
        outer = peak + side * step
        if (outer - end) * side >= 0:
            outer = end
            break
        if exponent(outer) < least:
            break
        inner, step = outer, 2 * step
    if exponent(outer) >= least:
        return outer
    for _ in range(12):  # twelve bits of the position are enough
        middle = (inner + outer) / 2
        inner, outer = (inner, middle) if exponent(middle) < least else (middle, outer)
    return outer


def cutoff_sum(alpha: float, rate: float, xmin: float, first: float, last: float) -> Moments:
    """Sum (k/xmin)^-alpha exp(-rate (k - xmin)) over the integers k from first to last.

    In the result, `t` is the mean of log(k/xmin) and `s` that of (k - xmin)/xmin. `last` may be
    infinite.

    References
    ----------
    DLMF 2.10.1 (the Euler-Maclaurin formula).
    """
    edge = _edge(alpha, rate, first)
    # Use the integral only if its interval is long enough.
    stop = edge if edge + LEAST_PIECES < last else last + 1
    k = np.arange(first, stop)
    above = (k - xmin) / xmin
    logs = np.log1p(above)
    exponent = -alpha * logs - rate * (k - xmin)
    parts = [(exponent, logs, above)]
    goes_on = stop <= last and not _is_over(alpha, rate, xmin, stop, exponent)
    if goes_on:
        parts += _remainder(alpha, rate, xmin, stop, last)
    peak = max(float(np.max(part[0])) for part in parts if len(part[0]))
    sums = np.zeros(3)
    for size, first_mean, second_mean in parts:
        share = np.exp(size - peak)
        sums += [np.sum(share), share @ first_mean, share @ second_mean]
    if goes_on:
        sums += _corrections(alpha, rate, xmin, stop, last, peak)
    return Moments(peak + math.log(sums[0]), float(sums[1] / sums[0]), float(sums[2] / sums[0]))


def _edge(alpha: float, rate: float, first: float) -> float:
    """The integer up to which terms are added; the rest is nearly an integral, or negligible."""
    smooth = (abs(alpha) + 9) / max(SLOW - rate, SLOW / 2)
    if rate < SLOW / 2:
        return float(max(first, math.ceil(smooth)))
    top = max(first, -alpha / rate)
    return float(math.ceil(top + 60 / rate + 15 * math.sqrt(top / rate if alpha < 0 else 0.0)))


def _is_over(alpha: float, rate: float, xmin: float, m: float, terms: Floats) -> bool:
    """Whether all terms from m on are negligible; a geometric series is their upper bound."""
    fall = rate + min(alpha, 0.0) / m
    if not len(terms) or fall <= 0:
        return False
    first = -alpha * math.log1p((m - xmin) / xmin) - rate * (m - xmin)
    weight = math.log1p(m / xmin) - 2 * math.log(-math.expm1(-fall))
    return first + weight < float(np.max(terms)) - NO_DROP


def _remainder(
    alpha: float, rate: float, xmin: float, m: float, last: float
) -> list[tuple[Floats, Floats, Floats]]:
    """The integral from m to last, as one term with its two means."""
    if rate == 0 and math.isinf(last) and alpha <= 1:
        raise ValueError(f"alpha must be above 1 without a cutoff, got {alpha!r}")
    low, high = math.log1p((m - xmin) / xmin), math.inf
    if math.isfinite(last):
        high = math.log1p((last - xmin) / xmin)
    found = integral(1 - alpha, rate * xmin, low, high)
    size = np.array([found.log_total + math.log(xmin)])
    return [(size, np.array([found.t]), np.array([found.s]))]


def _corrections(
    alpha: float, rate: float, xmin: float, m: float, last: float, peak: float
) -> Floats:
    """Euler-Maclaurin corrections of the three sums: half the end terms, and the derivatives."""
    total = np.zeros(3)
    for end, sign in ((m, -1.0), (last, 1.0)):
        if math.isinf(end):
            continue
        series = _taylor(alpha, rate, xmin, end, peak)
        total += series[:, 0] / 2
        for j, weight in enumerate(BERNOULLI):
            total += sign * weight * series[:, 2 * j + 1]
    return total


def _taylor(alpha: float, rate: float, xmin: float, m: float, peak: float) -> Floats:
    """Taylor coefficients in h of f(m + h), f log((m+h)/xmin) and f (m+h-xmin)/xmin.

    Here f is the term of the sum, divided by e^peak.
    """
    above = (m - xmin) / xmin
    j = np.arange(1, ORDER)
    with np.errstate(over="ignore"):
        logs = np.append(math.log1p(above), (-1.0) ** (j + 1) / (j * m**j))
    exponent = -alpha * logs
    exponent[1] -= rate
    f = np.zeros(ORDER)
    f[0] = math.exp(min(exponent[0] - rate * (m - xmin) - peak, 0.0))
    for n in range(1, ORDER):  # f' = f exponent'
        f[n] = np.sum(np.arange(1, n + 1) * exponent[1 : n + 1] * f[n - 1 :: -1]) / n
    line = np.zeros(ORDER)
    line[:2] = above, 1 / xmin
    products = [np.convolve(f, other)[:ORDER] for other in (logs, line)]
    return np.array([f, *products])
