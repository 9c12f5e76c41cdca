"""Maxima of likelihoods: by two moments for exponential families, by search for other laws.

A family exp(theta t - phi s) has a concave likelihood. At the maximum the law's means of t and s
equal those of the data. Two nested root searches find it. The inner search finds, for each theta,
the phi with the right mean of s. The outer search finds the theta with the right mean of t. If the
best phi is below its bound, the maximum is on the bound. (For an exponential cutoff the bound is 0,
the power law.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import optimize

from htstats._common.arrays import Floats
from htstats.alternatives.integrals import Moments

__all__ = ["Maximum", "climb", "family_maximum", "root"]

# Range of log phi. Floats near e^-708 lose digits.
LOG_PHI = (-700.0, 60.0)


class Maximum(NamedTuple):
    """The maximum, and whether each parameter is on a bound."""

    theta: float
    phi: float
    phi_on_bound: bool
    theta_on_bound: bool


def root(
    f: Callable[[float], float], inside: float, step: float, low: float, high: float
) -> float | None:
    """Find the root of a decreasing `f` in [low, high], starting at `inside`; None if none."""
    a = b = min(max(inside, low), high)
    fa = fb = f(a)
    if fa == 0:
        return a
    sign = 1 if fa > 0 else -1
    while fa * fb > 0:
        if (b >= high) if sign > 0 else (b <= low):
            return None
        a, fa = b, fb
        b = min(max(b + sign * step, low), high)
        fb, step = f(b), 2 * step
    if fb == 0:
        return b
    return float(optimize.brentq(f, a, b, xtol=1e-14, rtol=1e-14, maxiter=300))


def family_maximum(
    moments: Callable[[float, float], Moments],
    mean_t: float,
    mean_s: float,
    start: float,
    bounds: tuple[float, float],
    least_phi: float = 0.0,
) -> Maximum:
    """Find theta and phi >= least_phi at which the law has the means `mean_t` and `mean_s`.

    Parameters
    ----------
    moments : callable
        Returns the `Moments` of the law for theta and phi.
    mean_t, mean_s : float
        Means of t and s over the data.
    start : float
        The best theta for phi = least_phi; the result is at least this.
    bounds : (float, float)
        Range of theta.
    least_phi : float
        Lower bound of phi.

    Returns
    -------
    Maximum
        theta, phi, and whether each is on a bound.
    """
    known = [-math.log(mean_s)]  # the last log phi found: the next search starts there

    def excess_s(theta: float, log_phi: float) -> float:
        found = moments(theta, math.exp(log_phi)).s
        return math.log(found / mean_s) if 0 < found < math.inf else math.inf

    def best_phi(theta: float) -> float:
        if moments(theta, least_phi).s <= mean_s:
            return least_phi
        low = max(LOG_PHI[0], math.log(least_phi) if least_phi else LOG_PHI[0])
        found = root(lambda v: excess_s(theta, v), known[0], 1.0, low, LOG_PHI[1])
        if found is None:
            return math.exp(low if excess_s(theta, low) < 0 else LOG_PHI[1])
        known[0] = found
        return math.exp(found)

    def excess_t(theta: float) -> float:  # the derivative of the best likelihood, with its sign
        return mean_t - moments(theta, best_phi(theta)).t

    start = min(max(start, bounds[0]), bounds[1])
    if moments(start, least_phi).s <= mean_s:
        return Maximum(start, least_phi, True, not bounds[0] < start < bounds[1])
    theta = root(excess_t, start, 0.25 * (1 + abs(start)), *bounds)
    if theta is None:
        theta = bounds[1] if excess_t(bounds[1]) > 0 else bounds[0]
        return Maximum(theta, best_phi(theta), False, True)
    return Maximum(theta, best_phi(theta), False, False)


def climb(
    negative: Callable[[Floats], float], start: list[float], box: list[tuple[float, float]]
) -> Floats:
    """Minimise a smooth function of two numbers in a box, starting at `start`.

    The Nelder-Mead simplex runs twice, because a simplex can collapse in a valley. Newton steps
    with central differences follow as long as they lower the function.
    """
    low, high = np.array(box).T

    def evaluate(p: Floats) -> float:
        with np.errstate(all="ignore"):
            value = negative(np.clip(p, low, high))
        return value if math.isfinite(value) else 1e300

    point = np.clip(np.array(start, np.float64), low, high)
    for step in (0.3, 0.05):
        simplex = np.array([point] * 3)
        for row in range(2):
            room = step if point[row] + step <= high[row] else -step
            simplex[row + 1, row] = max(point[row] + room, low[row])
        options = {"xatol": 1e-6, "fatol": 1e-12, "maxiter": 400, "initial_simplex": simplex}
        found = optimize.minimize(
            evaluate, point, method="Nelder-Mead", bounds=box, options=options
        )
        point = found.x
    return _newton(evaluate, point, low, high)


def _newton(f: Callable[[Floats], float], point: Floats, low: Floats, high: Floats) -> Floats:
    # Central differences with step h: the truncation error is h^2, the rounding error eps / h^2.
    steps = np.diag([3e-4, 3e-4])
    value = f(point)
    for _ in range(5):
        if np.any(point - 2e-3 < low) or np.any(point + 2e-3 > high):
            break
        ahead = [f(point + s) for s in steps]
        behind = [f(point - s) for s in steps]
        h = steps[0, 0]
        slope = np.array([(a - b) / (2 * h) for a, b in zip(ahead, behind, strict=True)])
        bend = np.diag([(a - 2 * value + b) / h**2 for a, b in zip(ahead, behind, strict=True)])
        corners = [f(point + i * steps[0] + j * steps[1]) for i in (1, -1) for j in (1, -1)]
        bend[0, 1] = bend[1, 0] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * h**2)
        if not np.all(np.linalg.eigvalsh(bend) > 0):
            break
        other = np.clip(point - np.linalg.solve(bend, slope), low, high)
        moved = float(np.max(np.abs(other - point)))
        if moved > 1e-3 or f(other) > value + 1e-14 * abs(value):
            break
        point, value = other, f(other)
        if moved < 1e-10:
            break
    return point
