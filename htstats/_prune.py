"""What a sketch alone says of the distance of every candidate xmin: bounds from below.

A candidate in bucket b has, for its tail, every bucket above b and part of b itself. From counts
and sums of the buckets its exponent is bounded from both sides, with it the model's distribution
function at any bucket's edge; the empirical one there is known up to the part of b. Their
difference bounds the candidate's Kolmogorov-Smirnov distance from below, so that whole buckets of
candidates can be left out once one true candidate's distance is known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from htstats.sketch import Buckets

__all__ = ["Prospect", "prospect"]

Floats = npt.NDArray[np.float64]

# Where the difference is looked at, as shares of a candidate's tail: any choice is right, a finer
# one leaves fewer candidates over.
SHARES = np.concatenate([2.0 ** -np.arange(22, 5, -2), np.arange(1, 32) / 32])

# Rounding of the bounds themselves: some 1e5 operations on numbers up to 1.
ROUNDING = 1e-9


class Prospect(NamedTuple):
    """Per bucket, ascending: tail size from its lower edge on, and bounds of the distances.

    `distance` bounds the distance of every candidate in the bucket from below; `guess` is what it
    is about.
    """

    tail: npt.NDArray[np.int64]
    distance: Floats
    guess: Floats


def prospect(buckets: Buckets) -> Prospect:
    """Bounds for every bucket of candidates; about 0.1 s for 30,000 buckets."""
    tail = np.concatenate([np.cumsum(buckets.count[::-1])[::-1], [0]])
    low, high = _log_sums(buckets)
    log_lower, log_upper = np.log(buckets.lower), np.log(buckets.upper)
    width = log_upper - log_lower
    least, most = tail[1:] + 1.0, tail[:-1].astype(np.float64)
    # sums of log(x / xmin) over the tail, xmin anywhere in the bucket
    sum_low = np.maximum(low - tail[1:] * log_upper, 0.0)
    sum_high = high - tail[1:] * log_lower + buckets.count * width
    with np.errstate(divide="ignore"):
        exponents = least / sum_high, most / sum_low
    middle = _middle(exponents, most, 0.5 * (low + high) - tail[1:] * log_lower)
    distance, guess = np.zeros(len(least)), np.zeros(len(least))
    last = len(least) - 1
    for share in SHARES:
        edge = np.searchsorted(-tail, -share * most)
        edge = np.clip(edge, np.arange(1, last + 2), last)
        inside = edge > np.arange(last + 1)  # the last bucket has no edge above it
        reach = log_lower[edge] - log_lower
        above = tail[edge]
        # of the data point before the edge the empirical function may still be a bucket lower
        step = buckets.count[edge - 1] / least
        with np.errstate(invalid="ignore"):  # an infinite exponent times no distance: no bound
            model_low = -np.expm1(-exponents[0] * np.maximum(log_lower[edge] - log_upper, 0.0))
            model_high = -np.expm1(-exponents[1] * reach)
            about = np.abs(-np.expm1(-middle * reach) - (1 - above / most))
        bound = np.fmax(model_low - (1 - above / most), (1 - above / least) - step - model_high)
        np.fmax(distance, np.where(inside, bound, 0.0), out=distance)
        np.fmax(guess, np.where(inside, about, 1.0 / most), out=guess)
    return Prospect(tail[:-1], np.maximum(distance - ROUNDING, 0.0), guess)


def _log_sums(buckets: Buckets) -> tuple[Floats, Floats]:
    """Bounds of the sum of log x over all buckets above each, by concavity: chord and mean."""
    lower, upper, count = buckets.lower, buckets.upper, buckets.count
    mean = np.clip(buckets.total / count, lower, upper)
    share = (mean - lower) / (upper - lower)
    chord = np.log(lower) + share * np.log(upper / lower)
    bounds = []
    for part in (count * chord, count * np.log(mean)):
        sums = np.cumsum(part[::-1])[::-1]
        bounds.append(np.concatenate([sums[1:], [0.0]]))
    return bounds[0], bounds[1]


def _middle(exponents: tuple[Floats, Floats], tail: Floats, sums: Floats) -> Floats:
    """An exponent between the bounds, that of the lower edge as xmin where it is one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip(tail / sums, *exponents)
