"""Maximum likelihood for the stable laws.

The four coordinates are u = log(2 - alpha), v = atanh(beta), the location (S0) and log(scale). They
have no bounds: if an estimate of alpha or beta is at a bound, its coordinate grows without limit.
Scores in u and v are central differences of the log density. Their error is about 1e-9, because the
density has eleven digits. Scores in location and scale come from the slope of the log density. The
search is quasi-Newton (BFGS). It starts at McCulloch's estimate, with the outer products of the
scores as its first Hessian.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from htstats.stable._arguments import evaluate_laws
from htstats.stable._fit_quantile import (
    LOWEST_ALPHA,
    NOTHING,
    Estimate,
    Given,
    fit_quantiles,
)
from htstats.stable._panels import Panels
from htstats.stable._points import Floats, Points

__all__ = ["Maximum", "loglikelihood", "maximize", "score_panels"]

STEP = 1e-3  # step of the differences in u and v
LONGEST = np.array([1.5, 1.5, 1.0, 0.7])  # largest step in u, v, location / scale, log scale
# If the predicted gain in log-likelihood of a step is smaller than this, the step moves no estimate
# by 1e-3 standard errors.
SMALLEST_GAIN = 5e-7
ITERATIONS = 60
# Distances from a bound at which an estimate counts as approaching it. The bound itself is then
# tried.
NEAR_NORMAL = 0.02
NEAR_EXTREME = 0.97
RUN_OFF = 1e-4
# The same for beta in the first search: the bound is then searched, which takes fewer steps.
EARLY_RUN_OFF = 0.03
# Distances of beta from its bound at which the likelihood must be lower than at the bound.
INSIDE = (1e-2, 1e-3, 1e-5)
HIGHEST_V = math.atanh(1 - 1e-9)


class Maximum(NamedTuple):
    """The estimate with the largest likelihood, and the log-likelihood there."""

    estimate: Estimate
    loglikelihood: float


def score_panels(
    alpha: float, beta: float, low: float, high: float, function: str = "logpdf"
) -> Panels:
    """A function of the standard law and its derivatives in u and v between two points.

    At beta = +-1 there is no derivative in v.
    """
    gap, v = 2 - alpha, math.atanh(min(max(beta, -1.0), 1.0)) if abs(beta) < 1 else None
    laws = [
        (alpha, beta),
        (2 - gap * math.exp(STEP), beta),
        (2 - gap * math.exp(-STEP), beta),
    ]
    combine = [[1.0, 0.0, 0.0], [0.0, 0.5 / STEP, -0.5 / STEP]]
    if v is not None:
        laws += [(alpha, math.tanh(v + STEP)), (alpha, math.tanh(v - STEP))]
        combine = [[*row, 0.0, 0.0] for row in combine]
        combine.append([0.0, 0.0, 0.0, 0.5 / STEP, -0.5 / STEP])

    def evaluate(x: Floats, which: slice) -> Floats:
        return evaluate_laws(function, x, laws[which])

    return Panels(evaluate, low, high, np.array(combine))


def loglikelihood(points: Points, estimate: Estimate) -> float:
    """The log-likelihood of the points under a law."""
    alpha, beta, loc, scale = estimate
    z = (points.x - loc) / scale

    def evaluate(x: Floats, which: slice) -> Floats:
        return evaluate_laws("logpdf", x, [(alpha, beta)][which])

    (values,), _ = Panels(evaluate, float(z[0]), float(z[-1]))(z)
    if not np.isfinite(values).all():
        return -math.inf
    return points.total(values) - points.n * math.log(scale)


def maximize(points: Points, given: Given = NOTHING, start: Estimate | None = None) -> Maximum:
    """The maximum likelihood estimate; parameters in `given` keep their values."""
    if given.alpha == 2:
        return fit_normal(points, given)
    first = start or fit_quantiles(points, given)
    best, ran_off = _climb(points, first, given, EARLY_RUN_OFF)
    alpha, skew, *_ = best.estimate
    if given.beta is None and abs(skew) > NEAR_EXTREME:
        known = given._replace(beta=math.copysign(1.0, skew))
        bound, _ = _climb(points, best.estimate, known)
        if ran_off and not _is_local_maximum(points, bound):
            best, _ = _climb(points, best.estimate, given)
        best = max(best, bound, key=_height)
    if given.alpha is None and alpha > 2 - NEAR_NORMAL:
        normal = fit_normal(points, given)
        # at alpha = 2 the density has no heavy tails; take that bound if it is as likely
        if normal.loglikelihood >= best.loglikelihood - SMALLEST_GAIN:
            best = normal
    return best


def fit_normal(points: Points, given: Given = NOTHING) -> Maximum:
    """The law with alpha = 2: the normal law with variance 2 scale^2."""
    mean = points.mean() if given.loc is None else given.loc
    squares = points.total((points.x - mean) ** 2) + points.total(points.variance)
    scale = math.sqrt(squares / points.n / 2) if given.scale is None else given.scale
    value = -points.n * math.log(2 * scale * math.sqrt(math.pi)) - squares / (4 * scale**2)
    return Maximum((2.0, given.beta or 0.0, mean, scale), value)


def _is_local_maximum(points: Points, bound: Maximum) -> bool:
    """Whether the likelihood is lower if beta is a little inside its bound."""
    alpha, beta, loc, scale = bound.estimate
    return all(
        loglikelihood(points, (alpha, beta * (1 - gap), loc, scale)) < bound.loglikelihood
        for gap in INSIDE
    )


def _height(found: Maximum) -> float:
    return found.loglikelihood


class _Place(NamedTuple):
    """A point of the search: coordinates, value, gradient, outer products of the scores."""

    estimate: Estimate
    value: float
    gradient: Floats
    products: Floats


def _look(points: Points, estimate: Estimate, free: Floats) -> _Place:
    alpha, beta, loc, scale = estimate
    z = (points.x - loc) / scale
    values, slope = score_panels(alpha, beta, float(z[0]), float(z[-1]))(z)
    scores = np.zeros((4, z.size))
    scores[: len(values) - 1] = values[1:]
    scores[2], scores[3] = -slope, -1 - z * slope  # the unit of the location is the scale
    scores *= free[:, None]
    value = points.total(values[0]) - points.n * math.log(scale)
    gradient = np.array([points.total(row) for row in scores])
    return _Place(
        estimate, value, gradient, np.einsum("ik,jk,k->ij", scores, scores, points.weight)
    )


def _climb(
    points: Points, start: Estimate, given: Given, run_off: float = RUN_OFF
) -> tuple[Maximum, bool]:
    """The place of highest likelihood that the search reaches from `start`.

    The second result is True if the search has ended early, close to a bound (`_runs_off`).
    """
    known = given.alpha, given.beta, given.loc, given.scale
    free = np.array([float(value is None) for value in known])
    here = _look(points, _inside(start, given), free)
    inverse = _inverse(here.products, free)
    for _ in range(ITERATIONS):
        step = inverse @ here.gradient
        if not here.gradient @ step > SMALLEST_GAIN:
            break
        step *= min(1.0, float(np.min(LONGEST / np.maximum(np.abs(step), 1e-300))))
        found = _search_line(points, here, step)
        if found is None:
            break
        move, estimate = found
        there = _look(points, estimate, free)
        inverse = _update(inverse, move, here.gradient - there.gradient)
        here = there
        if _runs_off(here, given.beta is None, run_off):
            return Maximum(here.estimate, here.value), True
    return Maximum(here.estimate, here.value), False


def _runs_off(here: _Place, beta_is_free: bool, run_off: float) -> bool:
    """Whether the search has come close to a bound and the likelihood still rises towards it."""
    alpha, beta, *_ = here.estimate
    is_extreme = beta_is_free and 1 - abs(beta) < run_off and here.gradient[1] * beta > 0
    return is_extreme or (2 - alpha < RUN_OFF and here.gradient[0] < 0)


def _inside(start: Estimate, given: Given) -> Estimate:
    """A start away from the bounds, with the values of the parameters in `given`."""
    alpha, beta, loc, scale = start
    alpha = min(max(alpha, LOWEST_ALPHA), 1.97) if given.alpha is None else given.alpha
    beta = min(max(beta, -0.95), 0.95) if given.beta is None else given.beta
    return alpha, beta, loc if given.loc is None else given.loc, scale


def _inverse(products: Floats, free: Floats) -> Floats:
    """The inverse of the outer products on the free coordinates, damped."""
    scale = np.sqrt(np.maximum(np.diag(products), 1e-300))
    matrix = products / np.outer(scale, scale) + 1e-6 * np.eye(4)
    matrix[free == 0] = matrix[:, free == 0] = 0.0
    inverse = np.linalg.inv(matrix + np.diag(1.0 - free))
    return np.asarray(inverse / np.outer(scale, scale) * np.outer(free, free))


def _move(estimate: Estimate, step: Floats) -> Estimate:
    alpha, beta, loc, scale = estimate
    if step[0]:
        alpha = max(2 - (2 - alpha) * math.exp(step[0]), LOWEST_ALPHA)
    if step[1]:
        v = math.atanh(beta) + step[1]
        beta = math.tanh(min(max(v, -HIGHEST_V), HIGHEST_V))
    return alpha, beta, loc + scale * float(step[2]), scale * math.exp(step[3])


def _search_line(points: Points, here: _Place, step: Floats) -> tuple[Floats, Estimate] | None:
    """The first of the step, half of it, a quarter, ... with a sufficient gain in log-likelihood.

    The gain must exceed 1e-4 of the gain that the slope predicts.
    """
    slope = float(here.gradient @ step)
    for halving in range(12):
        move = step * 0.5**halving
        estimate = _move(here.estimate, move)
        if loglikelihood(points, estimate) > here.value + 1e-4 * 0.5**halving * slope:
            return move, estimate
    return None


def _update(inverse: Floats, move: Floats, change: Floats) -> Floats:
    """The BFGS update; no update if the curvature is not that of a maximum."""
    curvature = float(move @ change)
    if not curvature > 1e-12 * float(np.linalg.norm(move) * np.linalg.norm(change)):
        return inverse
    left = np.eye(4) - np.outer(move, change) / curvature
    return np.asarray(left @ inverse @ left.T + np.outer(move, move) / curvature)
