"""Maximum likelihood for the stable laws.

The four coordinates are u = log(2 - alpha), v = atanh(beta), the location (S0) and log(scale). They
have no bounds: if an estimate of alpha or beta is at a bound, its coordinate grows without limit.
Scores in u and v are central differences of the log density. Their error is about 1e-9, because the
density has eleven digits. Scores in location and scale come from the slope of the log density. The
search is quasi-Newton (BFGS). It starts at McCulloch's estimate, with the outer products of the
scores as its first Hessian.

For alpha below .5 the density has a sharp peak at x_S1 = 0. The third coordinate is then the
location of S1, which alone moves the peak, and its unit is the width of the peak. The search may
start at the estimate of `_fit_start`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from htstats._common.arrays import Floats
from htstats.stable._arguments import evaluate_laws
from htstats.stable._fit_quantile import (
    LOWEST_ALPHA,
    NOTHING,
    Estimate,
    Given,
    fit_quantiles,
)
from htstats.stable._fit_start import fit_log_moments
from htstats.stable._numbers import tangent
from htstats.stable._panels import Panels
from htstats.stable._points import Points

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
# Below this alpha of the first estimate, the location of the search is that of S1.
PEAKED = 0.5
# The peak of such a law is moved to so many points on each side, and at most so many times.
NEIGHBOURS = 10
MOST_JUMPS = 5


class Maximum(NamedTuple):
    """The estimate with the largest likelihood, and the log-likelihood there."""

    estimate: Estimate
    loglikelihood: float


class Frame(NamedTuple):
    """The coordinate in which functions of the standard law are interpolated: x/width in S0 or S1.

    For a small alpha, it is S1, with the width of the peak.
    """

    s1: bool = False
    width: float = 1.0

    @classmethod
    def of(cls, alpha: float) -> Frame:
        if alpha >= PEAKED:
            return cls()
        return cls(True, math.gamma(1 / alpha) / math.gamma(2 / alpha))

    def distance(self, alpha: float, beta: float) -> float:
        """The location of S0 less that of the frame, in units of the scale."""
        return beta * tangent(alpha) if self.s1 else 0.0


ORDINARY = Frame()


def score_panels(
    alpha: float,
    beta: float,
    low: float,
    high: float,
    function: str = "logpdf",
    frame: Frame = ORDINARY,
) -> Panels:
    """A function of the standard law and its derivatives in u and v between two points.

    The points, and those at which the panels are evaluated, are divided by the frame's width. At
    beta = +-1 there is no derivative in v.
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
        return evaluate_laws(function, x * frame.width, laws[which], s1=frame.s1)

    return Panels(evaluate, low, high, np.array(combine))


def loglikelihood(points: Points, estimate: Estimate, frame: Frame = ORDINARY) -> float:
    """The log-likelihood of the points under a law, whose location is that of the frame."""
    alpha, beta, loc, scale = estimate
    z = (points.x - loc) / scale / frame.width

    def evaluate(x: Floats, which: slice) -> Floats:
        return evaluate_laws("logpdf", x * frame.width, [(alpha, beta)][which], s1=frame.s1)

    (values,), _ = Panels(evaluate, float(z[0]), float(z[-1]))(z)
    if not np.isfinite(values).all():
        return -math.inf
    return points.total(values) - points.n * math.log(scale)


def maximize(points: Points, given: Given = NOTHING, start: Estimate | None = None) -> Maximum:
    """The maximum likelihood estimate; parameters in `given` keep their values."""
    if given.alpha == 2:
        return fit_normal(points, given)
    first = start or _first(points, given)
    best, ran_off = _climb(points, first, given, EARLY_RUN_OFF)
    if given.loc is None:
        best, ran_off = _try_other_peaks(points, best, ran_off, given)
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


def _first(points: Points, given: Given) -> Estimate:
    """The start of the search: McCulloch's estimate, or a more likely one for a small alpha."""
    first = fit_quantiles(points, given)
    if first[0] >= PEAKED or given.loc is not None:
        return first
    other = fit_log_moments(points)
    other = *other[:3], other[3] if given.scale is None else given.scale
    return max(first, other, key=lambda law: loglikelihood(points, _inside(law, given)))


def _try_other_peaks(
    points: Points, best: Maximum, ran_off: bool, given: Given
) -> tuple[Maximum, bool]:
    """Move a sharp peak to other points while this raises the likelihood, and search again there.

    The likelihood of a law with a sharp peak has a local maximum near every point of the sample.
    """
    for _ in range(MOST_JUMPS):
        alpha, beta, loc, scale = best.estimate
        frame = Frame.of(alpha)
        if not frame.s1:
            break
        loc -= scale * frame.distance(alpha, beta)
        nearest = np.searchsorted(points.x, loc)
        places = points.x[max(0, nearest - NEIGHBOURS) : nearest + NEIGHBOURS].tolist()
        laws = [(alpha, beta, place, scale) for place in places]
        value, place = max((loglikelihood(points, law, frame), law[2]) for law in laws)
        if value <= best.loglikelihood + SMALLEST_GAIN:
            break
        start = _relocate((alpha, beta, place, scale), frame, 1)
        best, ran_off = _climb(points, start, given, EARLY_RUN_OFF)
    return best, ran_off


def fit_normal(points: Points, given: Given = NOTHING) -> Maximum:
    """The law with alpha = 2: the normal law with variance 2 scale^2."""
    mean = points.mean() if given.loc is None else given.loc
    reach = float(np.max(np.abs(points.x - mean)))
    unit = 1.0 if 1e-100 < reach < 1e100 else reach  # squares must be floats
    squares = points.total(((points.x - mean) / unit) ** 2)
    squares += points.total(points.variance / unit / unit)
    scale = unit * math.sqrt(squares / points.n / 2) if given.scale is None else given.scale
    value = -points.n * math.log(2 * scale * math.sqrt(math.pi))
    value -= squares / (4 * (scale / unit) ** 2)
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


def _look(points: Points, estimate: Estimate, free: Floats, frame: Frame) -> _Place:
    alpha, beta, loc, scale = estimate
    z = (points.x - loc) / scale / frame.width
    values, slope = score_panels(alpha, beta, float(z[0]), float(z[-1]), frame=frame)(z)
    scores = np.zeros((4, z.size))
    scores[: len(values) - 1] = values[1:]
    # the unit of the location is the scale times the width
    scores[2], scores[3] = -slope, -1 - z * slope
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
    first = _inside(start, given)
    frame = Frame.of(first[0]) if given.loc is None else ORDINARY
    here = _look(points, _relocate(first, frame, -1), free, frame)
    inverse = _inverse(here.products, free)
    for _ in range(ITERATIONS):
        step = inverse @ here.gradient
        if not here.gradient @ step > SMALLEST_GAIN:
            break
        step *= min(1.0, float(np.min(LONGEST / np.maximum(np.abs(step), 1e-300))))
        found = _search_line(points, here, step, frame)
        if found is None:
            break
        move, estimate = found
        there = _look(points, estimate, free, frame)
        inverse = _update(inverse, move, here.gradient - there.gradient)
        here = there
        if _runs_off(here, given.beta is None, run_off):
            return Maximum(_relocate(here.estimate, frame, 1), here.value), True
    return Maximum(_relocate(here.estimate, frame, 1), here.value), False


def _relocate(estimate: Estimate, frame: Frame, sign: int) -> Estimate:
    """Change the location from that of the frame to that of S0 (sign 1), or back (sign -1)."""
    alpha, beta, loc, scale = estimate
    return alpha, beta, loc + sign * scale * frame.distance(alpha, beta), scale


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


def _move(estimate: Estimate, step: Floats, frame: Frame) -> Estimate:
    alpha, beta, loc, scale = estimate
    if step[0]:
        alpha = max(2 - (2 - alpha) * math.exp(step[0]), LOWEST_ALPHA)
    if step[1]:
        v = math.atanh(beta) + step[1]
        beta = math.tanh(min(max(v, -HIGHEST_V), HIGHEST_V))
    loc += scale * frame.width * float(step[2])
    return alpha, beta, loc, scale * math.exp(step[3])


def _search_line(
    points: Points, here: _Place, step: Floats, frame: Frame
) -> tuple[Floats, Estimate] | None:
    """The first of the step, half of it, a quarter, ... with a sufficient gain in log-likelihood.

    The gain must exceed 1e-4 of the gain that the slope predicts.
    """
    slope = float(here.gradient @ step)
    for halving in range(12):
        move = step * 0.5**halving
        estimate = _move(here.estimate, move, frame)
        if loglikelihood(points, estimate, frame) > here.value + 1e-4 * 0.5**halving * slope:
            return move, estimate
    return None


def _update(inverse: Floats, move: Floats, change: Floats) -> Floats:
    """The BFGS update; no update if the curvature is not that of a maximum."""
    curvature = float(move @ change)
    if not curvature > 1e-12 * float(np.linalg.norm(move) * np.linalg.norm(change)):
        return inverse
    left = np.eye(4) - np.outer(move, change) / curvature
    return np.asarray(left @ inverse @ left.T + np.outer(move, move) / curvature)
