"""Distances and estimates of every candidate xmin, also where the exact scan does not apply."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from htstats._common.arrays import Floats
from htstats._exact_fit.candidates import Candidates
from htstats.compat.powerlaw._power_law import Box, discrete_estimates, truncated_rate, zeta_law

__all__ = ["Curves", "power_law_curves"]


@dataclass
class Curves:
    """Arrays with one element per candidate xmin, in ascending order."""

    xmins: Floats
    alphas: Floats
    sigmas: Floats
    Ds: Floats
    Vs: Floats
    Asquares: Floats | None = None


def power_law_curves(
    candidates: Candidates,
    begin: int,
    end: int,
    *,
    xmax: float | None,
    discrete: bool,
    estimate_discrete: bool | None,
    profile: str,
    box: Box,
    with_asquare: bool,
) -> Curves:
    """Compute the curves of a power law fitted by likelihood to candidates begin ... end - 1.

    A continuous law without xmax uses the kernels of the exact scan. For the other laws, each
    candidate takes one pass over the distinct values of its tail.
    """
    xmins = candidates.values[begin:end].copy()
    tails = candidates.n - candidates.first[begin:end]
    plain = xmax is None and not discrete
    if plain:
        alphas = candidates.alpha[begin:end].copy()
    elif discrete:
        counts = np.diff(candidates.first)
        alphas = discrete_estimates(
            candidates.values, counts, range(begin, end), xmax, estimate_discrete, profile, box
        )
    else:
        assert xmax is not None
        means = 1 / (candidates.alpha[begin:end] - 1)
        alphas = 1 + truncated_rate(means, np.log(xmax / xmins))
    sigmas = (alphas - 1) / np.sqrt(tails)
    if plain and not with_asquare:
        plus, minus = candidates.curve(begin, end)
        return Curves(xmins, alphas, sigmas, np.maximum(plus, minus), plus + minus)
    models = _models(candidates, begin, alphas, xmax, discrete)
    sums = [_distances(candidates, begin + j, model) for j, model in enumerate(models)]
    plus, minus, squares = (np.array([row[i] for row in sums]) for i in range(3))
    return Curves(xmins, alphas, sigmas, np.maximum(plus, minus), plus + minus, squares)


def _models(
    candidates: Candidates, begin: int, alphas: Floats, xmax: float | None, discrete: bool
) -> Iterator[Floats]:
    """P(X < x) at the distinct values of each candidate's tail."""
    for j, alpha in enumerate(alphas):
        values = candidates.values[begin + j :]
        if discrete and alpha >= 0:
            law = zeta_law(alpha, float(values[0]), xmax)
            yield -np.expm1(law.logsf(values - 1))
        elif discrete:
            grid = np.arange(values[0], math.floor(xmax or values[-1]) + 1)
            sums = np.append(0.0, np.cumsum(np.exp(-alpha * np.log(grid / values[0]))))
            yield sums[(values - values[0]).astype(np.int64)] / sums[-1]
        elif xmax is None:
            yield 1 - (values / values[0]) ** (1 - alpha)
        else:
            logs, span = np.log(values / values[0]), math.log(xmax / values[0])
            rate = alpha - 1
            yield logs / span if rate == 0 else np.expm1(-rate * logs) / math.expm1(-rate * span)


def _distances(candidates: Candidates, k: int, model: Floats) -> tuple[float, float, float]:
    """D+, D- and A squared of one candidate."""
    seen = (candidates.first[k:-1] - candidates.first[k]) / candidates.n_tail(k)
    difference = model - seen
    square = np.sum((difference**2 / (model * (1 - model) + 1e-12))[1:])
    return float(np.max(difference)), float(-np.min(difference)), float(square)
