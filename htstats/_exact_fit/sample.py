"""The values of a source that are fitted: of one side, not 0, not above xmax."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.checks import require_finite
from htstats._common.data_checks import find_missing
from htstats._core import tail
from htstats._exact_fit.candidates import sort_distinct
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


Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

SIDES = ("abs", "positive", "negative")

# Bit patterns of the largest finite values.
ALL_BELOW = {np.float32: 0x7F7FFFFF, np.float64: 0x7FEFFFFFFFFFFFFF}


class Selection(NamedTuple):
    """The side that is fitted, and how many elements are left out, by reason."""

    side: str
    excluded: dict[str, int]


class Survey(NamedTuple):
    """How many elements are of each kind; positive and negative ones are finite and not 0."""

    not_finite: int
    zeros: int
    negative: int
    positive: int

    def select(self, side: str | None) -> Selection:
        """The side, and what it leaves out; ValueError if None is given for a sample with negative
        values."""
        side = require_side(side, self.negative)
        return Selection(side, count_excluded(side, self.zeros, self.negative, self.positive))


class Sample(NamedTuple):
    """The values that are fitted.

    Attributes
    ----------
    values : ndarray of float64
        Ascending and distinct.
    first : ndarray of int64
        How many elements are below each value, and at last how many there are.
    selection : Selection
        The side that they are of, and what was left out.
    dtype : str
        What they were before they became float64.
    """

    values: Floats
    first: Counts
    selection: Selection
    dtype: str = "float64"

    @property
    def counts(self) -> Counts:
        """How often each value occurs."""
        counts: Counts = np.diff(self.first)
        return counts

    def elements(self) -> Floats:
        """Every value, repeated as often as it occurs."""
        return np.repeat(self.values, self.counts)


def survey(source: Source) -> Survey:
    """Count the elements of each kind; ValueError if one is not finite."""
    look: Any = tail.survey_f32 if source.dtype == "float32" else tail.survey_f64
    counts = [look(part) for part in source.floats()]
    one = counts[0] if len(counts) == 1 else map(sum, zip((0,) * 4, *counts, strict=True))
    seen = Survey(*one)
    require_finite("x", seen.not_finite)
    return seen


def survey_sketch(sketch: TailSketch) -> Survey:
    """`survey` of numbers that were sketched."""
    require_finite("x", sketch.n_not_finite)
    return Survey(0, sketch.n_zero, sketch.n_negative, sketch.n_positive)


def add_tables(tables: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The sum of tables; of several as int64, since it may be beyond 32 bits."""
    return tables[0] if len(tables) == 1 else np.asarray(np.sum(tables, axis=0, dtype=np.int64))


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
    """All values of one side that are not 0 and not above `xmax`."""
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
    """`take_sample` for a sketch of 16-bit floats: each of its buckets is a value."""
    selection = survey_sketch(sketch).select(side)
    buckets = sketch.buckets(selection.side)
    return drop_above(xmax, buckets.lower, buckets.count, selection)


def drop_above(xmax: float | None, values: Floats, counts: Counts, selection: Selection) -> Sample:
    """The sample of distinct ascending values, without those above `xmax`."""
    if xmax is not None:
        kept = values <= xmax
        if above := int(counts[~kept].sum()):
            selection.excluded["above xmax"] = above
        values, counts = values[kept], counts[kept]
    return Sample(values, _count_below(counts), selection)


def gather(
    source: Source, side: str, low: float, high: float = math.inf, room: int | None = None
) -> npt.NDArray[Any]:
    """The values of abs(x) on one side that lie in [low, high] and are not 0.

    The result has the dtype of the source; 16-bit floats become float64. `room` is the largest
    number of values that is possible; without it they are counted first. ValueError if there are
    more: then the source gives other numbers than before.
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
    """How many elements a side leaves out, by reason."""
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
    """`take_sample` where each element counts as often as its weight says."""
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
    """The weights of the elements that are not masked; a mask of the weights must be that of x."""
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
