"""Goodness of fit of a stable law: the largest distance, and Anderson and Darling's statistic.

The null distribution comes from samples of the fitted law, each of which is fitted again. With
"one-step", that fit is one step of Fisher's scoring from the law that made the sample. Its result
has the same first-order distribution as maximum likelihood. The distribution function of the
refitted law is computed to first order in that step, so that no new table is built.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats.stable._distribution import StableDistribution
from htstats.stable._fit_mle import Frame, score_panels
from htstats.stable._fitted import PARAMETERS, FittedStable, fit_points
from htstats.stable._information import covariance_in_frame, tail_range
from htstats.stable._panels import Panels
from htstats.stable._points import Points, read_points
from htstats.stable._sample import samples

__all__ = ["StableGoodness", "goodness_of_fit"]

STATISTICS = ("ks", "ad")
REFITS = ("one-step", "full")
# Largest number of values in a resample. Beyond it, the distributions of sqrt(n) D and of A^2
# hardly depend on n.
LARGEST_RESAMPLE = 2000


class StableGoodness(NamedTuple):
    """The statistic of a goodness of fit and its p-value.

    `statistic` is D ("ks") or A^2 ("ad"), dimensionless. `pvalue` is (k + 1) / (n_resamples + 1),
    where k resamples have a statistic at least as large as that of the data. For "ks", the compared
    statistic is D times the square root of the sample size.
    """

    statistic: float
    pvalue: float
    n_resamples: int
    name: str


def goodness_of_fit(
    fit: FittedStable, statistic: str, n_resamples: int, seed: int, refit: str
) -> StableGoodness:
    """See `StableFit.goodness_of_fit`."""
    checks.one_of("statistic", statistic, STATISTICS)
    checks.one_of("refit", refit, REFITS)
    checks.count("n_resamples", n_resamples, at_least=1)
    checks.count("seed", seed, below=2**64)
    law = StableDistribution(*fit.estimate)
    where = fit.points.place
    found = _statistic(
        statistic, fit.points, np.asarray(law.logcdf(where)), np.asarray(law.logsf(where))
    )
    size = int(max(min(fit.n, LARGEST_RESAMPLE), 2))
    is_quick = refit == "one-step" and fit.method == "mle"
    null = (_one_step if is_quick else _full)(fit, statistic, size, n_resamples, seed)
    scaled = found * math.sqrt(fit.n) if statistic == "ks" else found
    k = int(np.count_nonzero(null >= scaled))
    return StableGoodness(found, (k + 1) / (n_resamples + 1), n_resamples, statistic)


def _statistic(name: str, points: Points, log_cdf: Floats, log_sf: Floats) -> float:
    n, below, upto = points.n, points.below, points.upto
    if name == "ks":
        cdf = np.exp(log_cdf)
        return float(max(np.max(cdf - below / n), np.max(upto / n - cdf)))
    if points.is_sketch:  # treat the values of a bucket as if they were at its end
        below = np.concatenate([[0.0], upto[:-1]])
    left = (upto - below) * (upto + below)
    right = (upto - below) * (2 * n - upto - below)
    return float(-n - (np.sum(left * log_cdf) + np.sum(right * log_sf)) / n)


def _scaled(name: str, points: Points, log_cdf: Floats, log_sf: Floats) -> float:
    value = _statistic(name, points, log_cdf, log_sf)
    return value * math.sqrt(points.n) if name == "ks" else value


def _full(fit: FittedStable, statistic: str, size: int, n_resamples: int, seed: int) -> Floats:
    whole = samples(n_resamples, size, fit.estimate, seed)
    null = np.empty(n_resamples)
    for k, values in enumerate(whole):
        points = read_points(values)
        again = fit_points(points, fit.method, fit.known, start=fit.estimate)
        law = StableDistribution(*again.estimate)
        x = points.place
        null[k] = _scaled(statistic, points, np.asarray(law.logcdf(x)), np.asarray(law.logsf(x)))
    return null


def _one_step(fit: FittedStable, statistic: str, size: int, n_resamples: int, seed: int) -> Floats:
    alpha, beta, *_ = fit.estimate
    free = tuple(name not in fit.given for name in PARAMETERS)
    frame = Frame.of(alpha)
    low, high = tail_range(alpha, beta, s1=frame.s1)
    scores, left, right = (
        score_panels(alpha, beta, low / frame.width, high / frame.width, name, frame)
        for name in ("logpdf", "logcdf", "logsf")
    )
    inverse = _in_coordinates(alpha, beta, free, frame)
    kind = "S1" if frame.s1 else "S0"
    whole = samples(n_resamples, size, (alpha, beta, 0.0, 1.0), seed, kind)
    null = np.empty(n_resamples)
    for k, values in enumerate(whole):
        points = read_points(np.clip(values, low, high))
        z = points.place / frame.width
        _, gradient = _value_and_gradient(scores, z, is_density=True)
        step = inverse @ gradient.mean(axis=1)
        moved = []
        for panels in (left, right):
            value, gradient = _value_and_gradient(panels, z, is_density=False)
            # the first-order change is added to the probability: A^2 is too sensitive to it in logs
            change = np.maximum(step @ gradient, -0.9)
            moved.append(np.minimum(value + np.log1p(change), 0.0))
        null[k] = _scaled(statistic, points, *moved)
    return null


def _value_and_gradient(panels: Panels, z: Floats, *, is_density: bool) -> tuple[Floats, Floats]:
    """A log function and its derivatives in u, v, location and log scale."""
    values, slope = panels(z)
    gradient = np.zeros((4, z.size))
    gradient[: len(values) - 1] = values[1:]
    gradient[2], gradient[3] = -slope, -z * slope - is_density
    return values[0], gradient


def _in_coordinates(alpha: float, beta: float, free: tuple[bool, ...], frame: Frame) -> Floats:
    """The covariance of u = log(2 - alpha), v = atanh(beta), location / width and log scale."""
    u = -1 / (2 - alpha) if alpha < 2 else 0.0
    v = 1 / (1 - beta * beta) if abs(beta) < 1 else 0.0
    factor = np.array([u, v, 1.0 / frame.width, 1.0])
    return covariance_in_frame((alpha, beta, 0.0, 1.0), free) * np.outer(factor, factor)
