"""A mixture of linear regressions by expectation maximization (the lines of Fig. 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from htstats._common import checks
from htstats._common.arrays import Floats

__all__ = ["Mixture", "fit_mixture", "select_mixture"]

# A line through two points would have an unbounded likelihood. The variance of each component is
# therefore bounded below by this proportion of the variance of y.
VARIANCE_FLOOR = 1e-3


@dataclass(frozen=True, eq=False)
class Mixture:
    """y = intercept_k + slope_k x + N(0, variance_k) with probability weight_k.

    Parameters
    ----------
    weight, intercept, slope, variance : ndarray, shape (components,)
    responsibility : ndarray, shape (components, samples)
        The probability of each component given the sample.
    loglikelihood : tuple of float
        The log-likelihood after each step; it never decreases.
    bic : float
        -2 loglikelihood + (4 components - 1) log(samples); smaller is better.
    """

    weight: Floats
    intercept: Floats
    slope: Floats
    variance: Floats
    responsibility: Floats
    loglikelihood: tuple[float, ...]
    bic: float


def fit_mixture(
    x: Any, y: Any, components: int, *, starts: int = 20, steps: int = 500, seed: int = 0
) -> Mixture:
    """Run EM from several random starts and return the mixture with the largest likelihood.

    Raises
    ------
    ValueError
        If x and y are not vectors of the same length, longer than `components`, or if x is
        constant.

    Notes
    -----
    Each M step fits the weighted least-squares line. The variance is bounded below by 1/1000 of
    the variance of y. The bounded estimate maximizes the likelihood under this constraint, so no
    step decreases the likelihood.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    components = checks.count("components", components, at_least=1)
    if x.ndim != 1 or x.shape != y.shape or len(x) <= components or np.ptp(x) == 0:
        raise ValueError(
            f"x and y must be vectors of one length above {components}, x not constant, "
            f"got shapes {x.shape} and {y.shape}"
        )
    rng = np.random.default_rng(seed)
    runs = [
        _em(x, y, rng.dirichlet(np.ones(components), len(x)).T, steps)
        for _ in range(1 if components == 1 else starts)
    ]
    return max(runs, key=lambda run: run.loglikelihood[-1])


def select_mixture(x: Any, y: Any, *, most: int = 3, seed: int = 0) -> Mixture:
    """The mixture of one to `most` components with the smallest BIC."""
    most = min(checks.count("most", most, at_least=1), len(x) - 1)
    return min((fit_mixture(x, y, k, seed=seed) for k in range(1, most + 1)), key=lambda m: m.bic)


def _em(x: Floats, y: Floats, responsibility: Floats, steps: int) -> Mixture:
    history: list[float] = []
    for _ in range(steps):
        parameters = _maximize(x, y, responsibility)
        weight, intercept, slope, variance = parameters
        gap = y - intercept[:, None] - slope[:, None] * x
        log = np.log(weight)[:, None] - 0.5 * (
            np.log(2 * np.pi * variance)[:, None] + gap**2 / variance[:, None]
        )
        total = np.logaddexp.reduce(log, axis=0)
        responsibility = np.exp(log - total)
        history.append(float(total.sum()))
        if len(history) > 1 and history[-1] - history[-2] <= 1e-10 * abs(history[-1]):
            break
    bic = -2 * history[-1] + (4 * len(weight) - 1) * float(np.log(len(x)))
    return Mixture(*parameters, responsibility, tuple(history), bic)


def _maximize(
    x: Floats, y: Floats, responsibility: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    # the weight of an empty component stays positive, so that its logarithm is finite
    mass = np.maximum(responsibility.sum(axis=1), 1e-300)
    center, level = responsibility @ x / mass, responsibility @ y / mass
    dx, dy = x - center[:, None], y - level[:, None]
    spread = (responsibility * dx**2).sum(axis=1)
    # a component with a single point gets slope 0
    slope = (responsibility * dx * dy).sum(axis=1) / np.maximum(spread, 1e-300)
    variance = (responsibility * (dy - slope[:, None] * dx) ** 2).sum(axis=1) / mass
    floor = VARIANCE_FLOOR * max(float(y.var()), 1e-300)
    return mass / len(x), level - slope * center, slope, np.maximum(variance, floor)
