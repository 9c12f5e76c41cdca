"""McCulloch's estimator: match five quantiles of a sample to those of a stable law."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from htstats._common.arrays import Floats
from htstats.stable._arguments import evaluate_laws
from htstats.stable._points import Points
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
    """The known parameters; None for a parameter that is estimated.

    Only maximum likelihood takes a known alpha. McCulloch's estimate, where its search starts,
    estimates alpha in any case.
    """

    beta: float | None = None
    loc: float | None = None
    scale: float | None = None
    alpha: float | None = None


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
    by_beta = table.reshape(-1, columns.size) @ columns  # one product is faster than four
    return np.asarray(by_beta.reshape(4, -1) @ rows)


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
    beta, loc, scale, _ = given
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
    i, j = divmod(int(np.argmin(error)), BETAS.size)
    alpha, found = float(ALPHAS[i]), float(BETAS[j]) if beta is None else beta
    target = log_spread, skew
    here = _shape(alpha, found)
    for _ in range(12):
        step = _newton_step(alpha, found, here, target, beta is None)
        for halving in range(6):
            a = min(max(alpha + step[0] * 0.5**halving, LOWEST_ALPHA), 2.0)
            b = min(max(found + step[1] * 0.5**halving, 0.0), 1.0)
            there = _shape(a, b)
            if _distance(there, target) < _distance(here, target):
                break
        else:
            break
        moved = abs(a - alpha) + abs(b - found)
        alpha, found, here = a, b, there
        if moved < 1e-9:
            break
    return alpha, found


# the logarithm of the spread, and the skewness
Shape = tuple[float, float]


def _shape(alpha: float, beta: float) -> Shape:
    spread, skew, _, _ = _functions_at(alpha, beta).tolist()
    return spread / alpha, skew


def _distance(one: Shape, other: Shape) -> float:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2


def _newton_step(
    alpha: float, beta: float, here: Shape, target: Shape, is_free: bool
) -> tuple[float, float]:
    h = 1e-4
    a = alpha - h if alpha > 1 else alpha + h
    b = beta - h if beta > 0.5 else beta + h
    aside, above = _shape(a, beta), _shape(alpha, b) if is_free else here
    by_alpha = [(x - y) / (a - alpha) for x, y in zip(aside, here, strict=True)]
    by_beta = [(x - y) / (b - beta) for x, y in zip(above, here, strict=True)]
    rest = target[0] - here[0], target[1] - here[1]
    # least squares, damped: at alpha = 2 no quantile depends on beta
    aa = by_alpha[0] ** 2 + by_alpha[1] ** 2 + 1e-8
    bb = by_beta[0] ** 2 + by_beta[1] ** 2 + 1e-8
    ab = by_alpha[0] * by_beta[0] + by_alpha[1] * by_beta[1]
    right_a = by_alpha[0] * rest[0] + by_alpha[1] * rest[1]
    right_b = by_beta[0] * rest[0] + by_beta[1] * rest[1]
    determinant = aa * bb - ab * ab
    return (
        (bb * right_a - ab * right_b) / determinant,
        (aa * right_b - ab * right_a) / determinant,
    )


def quantile_covariance(points: Points, estimate: Estimate, free: tuple[bool, ...]) -> Floats:
    """The covariance of sqrt(n) times the estimates of alpha, beta, loc and scale.

    The delta method derives it from the covariance of two sample quantiles, (min(p, q) - p q) /
    (f f). Here f is the density of the estimated law at the quantiles of the sample.
    """
    alpha, beta, loc, scale = estimate
    quantiles = points.quantile(PROBABILITIES)
    standard = np.ascontiguousarray((quantiles - loc) / scale)
    density = evaluate_laws("pdf", standard, [(alpha, beta)])[0] / scale
    p = PROBABILITIES
    cov = (np.minimum.outer(p, p) - np.outer(p, p)) / np.outer(density, density)
    jacobian = _jacobian(quantiles, estimate, free[1])
    jacobian[~np.array(free)] = 0.0
    return np.asarray(jacobian @ cov @ jacobian.T)


def _jacobian(quantiles: Floats, estimate: Estimate, beta_is_free: bool) -> Floats:
    """The derivatives of alpha, beta, loc and scale with respect to the five quantiles.

    Those of alpha and beta are the least squares solution for the derivatives of the spread and the
    skewness. A parameter that is given or at its bound does not change.
    """
    alpha, beta, _, _ = estimate
    q05, q25, q50, q75, q95 = quantiles.tolist()
    inner, wide = q75 - q25, q95 - q05
    skew = (q95 + q05 - 2 * q50) / wide
    sign = math.copysign(1.0, skew if beta_is_free else beta)
    of_inner, of_wide = np.array([0.0, -1, 0, 1, 0]), np.array([-1.0, 0, 0, 0, 1])
    of_spread = of_wide / wide - of_inner / inner
    of_skew = (np.array([1.0, 0, -2, 0, 1]) - skew * of_wide) / wide
    by_law = _slopes(alpha, abs(beta))
    moves = np.array([LOWEST_ALPHA < alpha < 2, beta_is_free and abs(beta) < 1])
    solution = np.zeros((2, 5))
    solution[moves] = np.linalg.pinv(by_law[:2, moves]) @ np.stack([of_spread, sign * of_skew])
    log_inner, shift = _functions_at(alpha, abs(beta))[2:].tolist()
    of_log_inner, of_shift = by_law[2:] @ solution
    size = math.exp(log_inner / alpha)
    of_scale = of_inner / size - inner / size * of_log_inner
    of_loc = np.array([0.0, 0, 1, 0, 0]) - sign * (shift * of_inner + inner * of_shift)
    return np.stack([solution[0], sign * solution[1], of_loc, of_scale])


def _slopes(alpha: float, beta: float) -> Floats:
    """The derivatives in alpha and beta of log spread, skewness, log inner range and shift."""

    def shapes(a: float, b: float) -> Floats:
        return np.asarray(_functions_at(a, b) / np.array([a, 1.0, a, 1.0]))

    h = 1e-4
    low, high = max(alpha - h, LOWEST_ALPHA), min(alpha + h, 2.0)
    left, right = max(beta - h, 0.0), min(beta + h, 1.0)
    by_alpha = (shapes(high, beta) - shapes(low, beta)) / (high - low)
    by_beta = (shapes(alpha, right) - shapes(alpha, left)) / (right - left)
    return np.stack([by_alpha, by_beta], 1)
