"""Confidence intervals of a stable fit: from its standard errors, or by parametric bootstrap."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import special

from htstats._common import checks
from htstats.stable._fitted import FittedStable, fit_points
from htstats.stable._points import read_points
from htstats.stable._sample import sample

__all__ = ["StableInterval", "confidence_interval"]

METHODS = ("asymptotic", "bootstrap")
BOUNDS = ((0.0, 2.0), (-1.0, 1.0), (-math.inf, math.inf), (0.0, math.inf))


class StableInterval(NamedTuple):
    """(low, high) of each parameter, in the units of the estimates; NaN if there is no interval."""

    alpha: tuple[float, float]
    beta: tuple[float, float]
    loc: tuple[float, float]
    scale: tuple[float, float]


def confidence_interval(
    fit: FittedStable, level: float, method: str, n_resamples: int, seed: int
) -> StableInterval:
    """See `StableFit.confidence_interval`."""
    level = checks.open_probability("level", level)
    checks.one_of("method", method, METHODS)
    checks.count("n_resamples", n_resamples, at_least=2)
    if method == "bootstrap":
        return _bootstrap(fit, level, n_resamples, seed)
    reach = float(special.ndtri((1 + level) / 2))
    pairs = []
    for value, error, (low, high) in zip(fit.estimate, fit.stderr, BOUNDS, strict=True):
        ends = value - reach * error, value + reach * error
        pairs.append((max(ends[0], low), min(ends[1], high)) if error == error else ends)
    return StableInterval(*pairs)


def _bootstrap(fit: FittedStable, level: float, n_resamples: int, seed: int) -> StableInterval:
    checks.count("seed", seed, below=2**64)
    size = round(fit.n)
    if size < 2:
        raise ValueError(f"weights must add up to at least 2 for the bootstrap, got {fit.n!r}")
    stream = np.random.SeedSequence(seed).generate_state(n_resamples, np.uint64)
    estimates = np.empty((n_resamples, 4))
    for k, one in enumerate(stream.tolist()):
        points = read_points(sample(size, *fit.estimate, seed=one))
        estimates[k] = fit_points(points, fit.method, fit.known, start=fit.estimate).estimate
    # the k-th of m resamples has the level k/(m + 1): other rules make intervals too short
    levels = [(1 - level) / 2, (1 + level) / 2]
    ends = np.quantile(estimates, levels, axis=0, method="weibull").T.tolist()
    return StableInterval(*((low, high) for low, high in ends))
