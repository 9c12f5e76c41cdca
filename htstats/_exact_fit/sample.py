"""Take the values to fit from a source: those of one side, without 0 and values above xmax."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Counts, Floats
from htstats._common.checks import require_finite
from htstats._common.data_checks import find_missing
from htstats._core import tail
from htstats._exact_fit.candidates import sort_distinct
from htstats._exact_fit.largest_values import SIDES
from htstats._exact_fit.source import Source, read_weights
from htstats.sketch import TailSketch

__all__ = [
    "SIDES",
    "Sample",
    "Selection",
    "Survey",
    "add_tables",
    "count_excluded",
    "drop_above",
    "gather",
    "require_side",
    "sample_of_sketch",
    "survey",
    "survey_sketch",
    "take_sample",
]

# Bit patterns of the largest finite values.
ALL_BELOW = {np.float32: 0x7F7FFFFF, np.float64: 0x7FEFFFFFFFFFFFFF}


class Selection(NamedTuple):
    """The side to fit, and the number of elements left out, by reason."""

    side: str
    excluded: dict[str, int]


class Survey(NamedTuple):
    """The number of elements of each kind. Positive and negative elements are finite and not 0."""

    not_finite: int
    zeros: int
    negative: int
    positive: int

    def select(self, side: str | None) -> Selection:
        """Select a side, and count the elements that it leaves out.

        Raises ValueError if `side` is None and the sample has negative values."""
        side = require_side(side, self.negative)
        return Selection(side, count_excluded(side, self.zeros, self.negative, self.positive))


class Sample(NamedTuple):
    """The values to fit.

    Attributes
    ----------
    values : ndarray of float64
        Ascending and distinct. With `first` of uint32, they are float32.
    first : ndarray of int64, or uint32
        The number of elements below each value; the last entry is the number of all elements.
    selection : Selection
        The side, and the number of elements left out.
    dtype : str
        The dtype of the data before the conversion to float64.
    """

    values: npt.NDArray[Any]
    first: npt.NDArray[Any]
    selection: Selection
    dtype: str = "float64"

    @property
    def counts(self) -> Counts:
        """The number of times that each value occurs."""
        counts: Counts = np.diff(self.first)
        return counts

    def elements(self) -> Floats:
        """All elements: each value, repeated as often as it occurs."""
        return np.repeat(self.values, self.counts)


def survey(source: Source) -> Survey:
    """Count the elements of each kind; raise ValueError if an element is not finite."""
    look: Any = tail.survey_f32 if source.dtype == "float32" else tail.survey_f64
    counts = [look(part) for part in source.floats()]
    one = counts[0] if len(counts) == 1 else map(sum, zip((0,) * 4, *counts, strict=True))
    seen = Survey(*one)
    require_finite("x", seen.not_finite)
    return seen


def survey_sketch(sketch: TailSketch) -> Survey:
    """The same counts as `survey`, from a sketch of the numbers."""
    require_finite("x", sketch.n_not_finite)
    return Survey(0, sketch.n_zero, sketch.n_negative, sketch.n_positive)


def add_tables(tables: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Add tables. The sum of several tables is int64, because it may exceed 32 bits."""
    if len(tables) == 1:
        return tables[0]
    total = tables[0].astype(np.int64)  # NumPy adds a list of tables much more slowly
    for table in tables[1:]:
        total += table
    return total


def require_side(side: str | None, negative: int) -> str:
    """The side, by default "positive"; ValueError if it is None and there are negative values."""
    if side is not None:
        return side
    if negative:
        raise ValueError(
            f"x has {negative} negative values: side must be one of 'abs', 'positive', "
            f"'negative', got None"
        )
    return "positive"


def take_sample(
    source: Source, side: str | None, xmax: float | None, weights: npt.ArrayLike | None
) -> Sample:
    """Take all values of one side that are not 0 and not above `xmax`."""
    if weights is not None:
        return _take_weighted(source, side, xmax, weights)
    seen = survey(source)
    side, excluded = seen.select(side)
    size = {"positive": seen.positive, "negative": seen.negative}.get(
        side, seen.positive + seen.negative
    )
    values = gather(source, side, 0.0, math.inf if xmax is None else xmax, size)
    if len(values) < size:
        excluded["above xmax"] = size - len(values)
    return Sample(*sort_distinct(values), Selection(side, excluded))


def sample_of_sketch(sketch: TailSketch, side: str | None, xmax: float | None = None) -> Sample:
    """The same as `take_sample`, from a sketch of 16-bit floats: each of its buckets is a value."""
    selection = survey_sketch(sketch).select(side)
    buckets = sketch.buckets(selection.side)
    return drop_above(xmax, buckets.lower, buckets.count, selection)


def drop_above(xmax: float | None, values: Floats, counts: Counts, selection: Selection) -> Sample:
    """Make a sample of distinct ascending values, and leave out the values above `xmax`."""
    if xmax is not None:
        kept = values <= xmax
        if above := int(counts[~kept].sum()):
            selection.excluded["above xmax"] = above
        values, counts = values[kept], counts[kept]
    return Sample(values, _count_below(counts), selection)


def gather(
    source: Source, side: str, low: float, high: float = math.inf, room: int | None = None
) -> npt.NDArray[Any]:
    """Gather the values of abs(x) on one side that lie in [low, high] and are not 0.

    The result has the dtype of the source; 16-bit floats become float64. `room` is an upper
    bound of the number of values; if it is not given, the values are counted first. If there are
    more values than `room`, the source has changed since an earlier reading, and the function
    raises ValueError.
    """
    dtype: Any = np.float32 if source.dtype == "float32" else np.float64
    select: Any = tail.select_f32 if dtype is np.float32 else tail.select_f64
    window = SIDES.index(side), *_keys(dtype, low, high)
    if room is None:
        nothing = np.empty(0, dtype)
        room = sum(select(part, *window, nothing) for part in source.floats())
    out, at = np.empty(room, dtype), 0
    for part in source.floats():
        at += select(part, *window, out[at:])
        if at > room:
            raise ValueError("x must give the same numbers each time it is read")
    return out[:at]


def _keys(dtype: Any, low: float, high: float) -> tuple[int, int]:
    """The bit patterns of the smallest and the largest value in [low, high] that is not 0."""
    if low == 0 and high == math.inf:
        return 1, ALL_BELOW[dtype]
    info = np.finfo(dtype)
    with np.errstate(over="ignore"):
        edges = [dtype(max(low, float(info.smallest_subnormal))), dtype(min(high, float(info.max)))]
    if float(edges[0]) < low:
        edges[0] = np.nextafter(edges[0], dtype(np.inf))
    if float(edges[1]) > high:
        edges[1] = np.nextafter(edges[1], dtype(0))
    bits = np.int32 if dtype is np.float32 else np.int64
    first, last = (int(edge.view(bits)) for edge in edges)
    return first, last


def count_excluded(side: str, zeros: int, negative: int, positive: int) -> dict[str, int]:
    """The number of elements that a side leaves out, by reason."""
    counts = {"zero": zeros}
    if side == "positive":
        counts["negative"] = negative
    if side == "negative":
        counts["positive"] = positive
    return {reason: int(n) for reason, n in counts.items() if n}


def _count_below(counts: Counts) -> Counts:
    first: Counts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=first[1:])
    return first


def _take_weighted(
    source: Source, side: str | None, xmax: float | None, weights: npt.ArrayLike
) -> Sample:
    """The same as `take_sample`, where each element counts as often as its weight says."""
    if source.shape is None:
        raise TypeError("weights need x as one array, got blocks")
    survey(source)
    flat = np.asarray(next(source.floats()), dtype=np.float64)
    times = _check_weights(weights, source)
    zeros, negative, positive = (int(times[at].sum()) for at in (flat == 0, flat < 0, flat > 0))
    side, excluded = Survey(0, zeros, negative, positive).select(side)
    key = {"abs": np.abs, "positive": np.positive, "negative": np.negative}[side](flat)
    kept = (key > 0) & (times > 0)
    if xmax is not None:
        above = kept & (key > xmax)
        if dropped := int(times[above].sum()):
            excluded["above xmax"] = dropped
        kept &= ~above
    values, place = np.unique(key[kept], return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, place, times[kept])
    return Sample(values, _count_below(counts), Selection(side, excluded))


def _check_weights(weights: npt.ArrayLike, source: Source) -> Counts:
    """The weights of the elements that are not masked. The masks of weights and x must agree."""
    mask, given = find_missing(weights), read_weights(weights)
    if mask is not None and not (source.mask is not None and np.array_equal(mask, source.mask)):
        raise ValueError(
            "weights must have the mask of x, got another one: give 0 where x is not to count"
        )
    if given.shape != source.shape:
        raise ValueError(f"weights must have the shape of x, {source.shape}, got {given.shape}")
    given = (given if source.mask is None else given[~source.mask]).reshape(-1)
    with np.errstate(invalid="ignore"):
        wrong = ~((given >= 0) & (given == np.floor(given)) & (given < 2.0**53))
    if wrong.any():
        raise ValueError(f"weights must be integers in [0, 2^53), got {given[wrong][0]}")
    if (total := float(given.sum(dtype=np.float64))) >= 2.0**53:
        raise ValueError(f"weights must have a sum below 2^53, got {total:g}")
    return given.astype(np.int64)
