"""McCulloch's estimator: match five quantiles of a sample to those of a stable law."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from htstats.stable import _functions
from htstats.stable._points import Floats, Points
from htstats.stable._quantile_tables import RANGES

__all__ = [
    "LOWEST_ALPHA",
    "NOTHING",
    "Estimate",
    "Given",
    "fit_quantiles",
    "match_quantiles",
    "quantile_covariance",
]

PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
LOWEST_ALPHA = RANGES[0][0]
# The grid on which the search begins.
ALPHAS = np.concatenate([np.linspace(LOWEST_ALPHA, 0.6, 16)[:-1], np.linspace(0.6, 2.0, 36)])
BETAS = np.linspace(0.0, 1.0, 21)

# alpha, beta, loc (S0) and scale
Estimate = tuple[float, float, float, float]


class Given(NamedTuple):
    """The known parameters; None for a parameter that is estimated."""

    beta: float | None = None
    loc: float | None = None
    scale: float | None = None


NOTHING = Given()


@cache
def _tables() -> tuple[tuple[float, float, Floats], ...]:
    return tuple(
        (low, high, np.array(numbers).reshape(4, n, m) * 1e-9)
        for low, high, n, m, numbers in RANGES
    )


@cache
def _grid() -> Floats:
    """The four functions on the grid, of shape (4, alphas, betas)."""
    return np.stack(
        [np.stack([_functions_at(float(a), float(b)) for b in BETAS], 1) for a in ALPHAS], 1
    )


def _functions_at(alpha: float, beta: float) -> Floats:
    """The four functions of the tables (tests/tables/make_stable_quantiles.py), beta >= 0."""
    low, high, table = next(part for part in _tables() if alpha <= part[1])
    s, t = (2 * alpha - low - high) / (high - low), 2 * beta - 1
    rows, columns = _chebyshev(s, table.shape[1]), _chebyshev(t, table.shape[2])
    return np.asarray(table @ columns @ rows)


def _chebyshev(x: float, n: int) -> Floats:
    """The first n Chebyshev polynomials at x in [-1, 1]."""
    values = np.cos(math.acos(min(max(x, -1.0), 1.0)) * np.arange(n))
    return np.asarray(values)


def fit_quantiles(points: Points, given: Given = NOTHING) -> Estimate:
    """Estimates of alpha, beta, loc and scale; parameters in `given` keep their values."""
    quantiles = points.quantile(PROBABILITIES)
    if not quantiles[3] > quantiles[1]:
        raise ValueError(
            f"x must have different quartiles, got {float(quantiles[1])!r} for both: too many "
            "values are equal for a continuous law"
        )
    return match_quantiles(quantiles, given)


def match_quantiles(quantiles: Floats, given: Given = NOTHING) -> Estimate:
    """The law whose quantiles at `PROBABILITIES` are nearest to the given quantiles."""
    q05, q25, q50, q75, q95 = quantiles.tolist()
    beta, loc, scale = given
    inner = q75 - q25
    wide = q95 - q05
    spread, skew = wide / inner, (q95 + q05 - 2 * q50) / wide
    sign = math.copysign(1.0, skew if beta is None else beta)
    alpha, found = _solve(math.log(spread), sign * skew, None if beta is None else abs(beta))
    _, _, log_inner, shift = _functions_at(alpha, found).tolist()
    if scale is None:
        scale = inner / math.exp(log_inner / alpha)
    # the tables give the median of the standard law in units of its inner range
    place = q50 - sign * shift * inner if loc is None else loc
    return alpha, sign * found if beta is None else beta, place, scale


def _solve(log_spread: float, skew: float, beta: float | None) -> tuple[float, float]:
    """alpha and abs(beta) with the nearest functions: the best grid point, then Newton's method."""
    grid = _grid()
    error = (grid[0] / ALPHAS[:, None] - log_spread) ** 2 + (grid[1] - skew) ** 2
    if beta is not None:
        error = error + np.where(np.abs(BETAS - beta) <= 0.026, 0.0, 1e9)
    i, j = np.unravel_index(int(np.argmin(error)), error.shape)
    alpha, found = float(ALPHAS[i]), float(BETAS[j]) if beta is None else beta
    target = np.array([log_spread, skew])
    best = _distance(alpha, found, target)
    for _ in range(12):
        step = _newton_step(alpha, found, target, beta is None)
        for halving in range(6):
            a = min(max(alpha + step[0] * 0.5**halving, LOWEST_ALPHA), 2.0)
            b = min(max(found + step[1] * 0.5**halving, 0.0), 1.0)
            if (distance := _distance(a, b, target)) < best:
                break
        else:
            break
        moved = abs(a - alpha) + abs(b - found)
        alpha, found, best = a, b, distance
        if moved < 1e-9:
            break
    return alpha, found


def _shape(alpha: float, beta: float) -> Floats:
    spread, skew, _, _ = _functions_at(alpha, beta)
    return np.array([spread / alpha, skew])


def _distance(alpha: float, beta: float, target: Floats) -> float:
    return float(np.sum((_shape(alpha, beta) - target) ** 2))


def _newton_step(alpha: float, beta: float, target: Floats, is_free: bool) -> Floats:
    h = 1e-4
    a = alpha - h if alpha > 1 else alpha + h
    b = beta - h if beta > 0.5 else beta + h
    here = _shape(alpha, beta)
    jacobian = np.stack(
        [(_shape(a, beta) - here) / (a - alpha), (_shape(alpha, b) - here) / (b - beta)], 1
    )
    if not is_free:
        jacobian = jacobian[:, :1]
    # damped: at alpha = 2 no quantile depends on beta
    normal = jacobian.T @ jacobian + 1e-8 * np.eye(jacobian.shape[1])
    step = np.linalg.solve(normal, jacobian.T @ (target - here))
    return np.asarray(step) if is_free else np.array([step[0], 0.0])


def quantile_covariance(points: Points, estimate: Estimate, free: tuple[bool, ...]) -> Floats:
    """The covariance of sqrt(n) times the estimates of alpha, beta, loc and scale.

    The delta method derives it from the covariance of two sample quantiles, (min(p, q) - p q) /
    (f f). Here f is the density of the estimated law at the quantiles of the sample.
    """
    alpha, beta, loc, scale = estimate
    quantiles = points.quantile(PROBABILITIES)
    density = np.asarray(_functions.pdf(quantiles, alpha, beta, loc, scale))
    p = PROBABILITIES
    cov = (np.minimum.outer(p, p) - np.outer(p, p)) / np.outer(density, density)
    given = Given(None if free[1] else beta, None, None)
    step = 1e-4 * (quantiles[3] - quantiles[1])
    columns = []
    for k in range(p.size):
        move = step * np.eye(p.size)[k]
        after, before = (match_quantiles(quantiles + m, given) for m in (move, -move))
        columns.append((np.array(after) - np.array(before)) / (2 * step))
    jacobian = np.stack(columns, 1)
    jacobian[~np.array(free)] = 0.0
    return np.asarray(jacobian @ cov @ jacobian.T)
