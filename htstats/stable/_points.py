"""A sample as sorted points with weights, for the fits: all values, or at most some thousand bins.

A bin keeps the number and the mean of its values. The sum of a function g over the values of a bin
then has an error of at most the count times max abs(g'') (mean - low) (high - mean) / 2. The bins
are uniform in asinh((x - median) / spread): they are narrowest near the median.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from htstats._common.arrays import Floats, as_points, as_sample
from htstats._common.checks import require_finite
from htstats._common.rows import RowSource
from htstats.sketch import TailSketch, sketch_rows

__all__ = ["Points", "read_points"]

# Samples up to this size are not binned. The bins of larger samples are 1/STEPS wide in units of
# asinh. The error of a log-likelihood is then below 1e-8 per value, 1e-5 of the standard error at
# n = 1e6.
EXACT = 20_000
STEPS = 2048
# The density of a law with alpha below .5 has a peak that is sharper than a bin. Such samples are
# recognized by the ratio of (q95 - q05) to (q75 - q25), and binned only beyond this size.
PEAKED_RATIO = 27.0
EXACT_PEAKED = 200_000


@dataclass(frozen=True)
class Points:
    """Weighted points of a sample, and its exact distribution function at `place`.

    Attributes
    ----------
    x, weight : float64 arrays
        Points in ascending order, and the number of values that each represents.
    variance : float64 array
        An upper bound on the variance of the values that each point represents; 0 for exact points.
    n : float
        The sum of the weights.
    place, below, upto : float64 arrays
        The places where the sample's distribution function is known, the number of values below
        each place, and the number at or below it. For a sketch, both numbers count the values below
        the end of a bucket.
    is_sketch : bool
        True if the points come from a sketch, so that the values themselves are not available.
    """

    x: Floats
    weight: Floats
    variance: Floats
    n: float
    place: Floats
    below: Floats
    upto: Floats
    is_sketch: bool = False

    def quantile(self, probability: Floats) -> Floats:
        """Quantiles, interpolated linearly between points.

        The probability of a point is that at the middle of its weight.
        """
        middle = np.cumsum(self.weight) - self.weight / 2
        return np.interp(probability, middle / self.n, self.x)

    def mean(self) -> float:
        return math.fsum(self.weight * self.x) / self.n

    def total(self, values: Floats) -> float:
        """The sum over the sample of a function, from its values at the points."""
        return math.fsum(self.weight * values)


def read_points(x: Any, weights: Any = None) -> Points:
    """The points of an array, a `TailSketch`, or a matrix that is read in blocks.

    Raises
    ------
    ValueError
        If values are not finite or all equal, or weights do not fit.
    """
    if isinstance(x, TailSketch):
        if weights is not None:
            raise ValueError("weights are for arrays: a sketch has counts of its own")
        return _from_sketch(x)
    if hasattr(x, "row_blocks"):
        source: RowSource = x
        return read_points(sketch_rows(source), weights)
    values = as_sample(x)
    require_finite("x", int(values.size - np.count_nonzero(np.isfinite(values))))
    if weights is None:
        return _from_sorted(np.sort(values), None)
    given = _checked_weights(weights, values.size)
    order = np.argsort(values, kind="stable")
    order = order[given[order] > 0]
    return _from_sorted(values[order], given[order])


def _checked_weights(weights: Any, size: int) -> Floats:
    given = as_points(weights, "weights").reshape(-1)
    if given.size != size:
        raise ValueError(f"weights must be as many as x, got {given.size} for {size}")
    if not (np.isfinite(given) & (given >= 0)).all():
        raise ValueError("weights must be finite and 0 or above")
    if given.size and not given.any():
        raise ValueError("weights must not all be 0")
    return given


def _require_spread(x: Floats) -> None:
    if x.size == 0:
        raise ValueError("x must not be empty")
    if x[0] == x[-1]:
        raise ValueError(f"x must have two different values, got {float(x[0])!r} alone")


def _from_sorted(x: Floats, weight: Floats | None) -> Points:
    _require_spread(x)
    counts = np.ones(x.size) if weight is None else weight
    upto = np.cumsum(counts)
    whole = Points(x, counts, np.zeros(x.size), float(upto[-1]), x, upto - counts, upto)
    if x.size <= EXACT or (x.size <= EXACT_PEAKED and _is_peaked(whole)):
        return whole
    return _bin(whole, x, x)


def _is_peaked(whole: Points) -> bool:
    """Whether the quantiles are those of a stable law with alpha below about .5."""
    q05, q25, q75, q95 = whole.quantile(np.array([0.05, 0.25, 0.75, 0.95]))
    return bool(q95 - q05 > PEAKED_RATIO * (q75 - q25))


def _from_sketch(sketch: TailSketch) -> Points:
    require_finite("x", sketch.n_not_finite)
    negative, positive = sketch.buckets("negative"), sketch.buckets("positive")
    zeros = [0.0] * bool(sketch.n_zero)
    low = np.concatenate([-negative.upper[::-1], zeros, positive.lower])
    high = np.concatenate([-negative.lower[::-1], zeros, positive.upper])
    counts = np.concatenate(
        [negative.count[::-1], np.full(len(zeros), sketch.n_zero), positive.count]
    ).astype(np.float64)
    totals = np.concatenate([-negative.total[::-1], zeros, positive.total])
    means = totals / np.where(counts > 0, counts, 1)
    if sketch.dtype in ("float16", "bfloat16"):  # each bucket has one value only
        low = high = means
    _require_spread(means)
    upto = np.cumsum(counts)
    variance = (means - low) * (high - means)
    is_value = sketch.dtype in ("float16", "bfloat16")
    below = upto - counts if is_value else upto
    whole = Points(means, counts, variance, float(upto[-1]), high, below, upto, not is_value)
    return whole if means.size <= EXACT else _bin(whole, low, high)


def _bin(whole: Points, low: Floats, high: Floats) -> Points:
    """Merge points into bins; `low` and `high` bound the values that a point represents."""
    q25, q50, q75 = whole.quantile(np.array([0.25, 0.5, 0.75]))
    spread = (q75 - q25) / 2 or whole.x[-1] - whole.x[0]
    ends = np.arcsinh((whole.x[[0, -1]] - q50) / spread) * STEPS
    grid = np.arange(math.floor(ends[0]), math.ceil(ends[1]) + 1) / STEPS
    starts = np.unique(np.searchsorted(whole.x, q50 + spread * np.sinh(grid)))
    starts = np.unique(np.concatenate([[0], starts[starts < whole.x.size]]))
    count = np.add.reduceat(whole.weight, starts)
    total = np.add.reduceat(whole.weight * (whole.x - q50), starts)
    mean = q50 + total / count
    stops = np.append(starts[1:], whole.x.size) - 1
    bound = np.maximum(mean - low[starts], 0) * np.maximum(high[stops] - mean, 0)
    return Points(
        mean, count, bound, whole.n, whole.place, whole.below, whole.upto, whole.is_sketch
    )
