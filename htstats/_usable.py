"""The usable values of a sample: what a fit sees of the numbers that it is given."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._arrays import HALF_DTYPES, widen
from htstats._core import tail
from htstats._data_checks import find_missing
from htstats._moments import share
from htstats._prune import Prospect
from htstats._scan import distinct
from htstats._source import (
    NATIVE,
    Source,
    Watch,
    as_source,
    as_source_again,
    checksum_of,
    read_weights,
)
from htstats.sketch import TailSketch

__all__ = [
    "NATIVE",
    "SIDES",
    "Histogram",
    "Sample",
    "Source",
    "Survey",
    "Watch",
    "as_source",
    "as_source_again",
    "checksum_of",
    "gather",
    "histogram",
    "left_out",
    "of_sketch",
    "require_side",
    "survey",
    "up_to",
    "usable",
]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

SIDES = ("abs", "positive", "negative")

# Bits of the significand behind a slot's number.
HISTOGRAM_KEPT = 23 - tail.DROPPED[0]

# Patterns of the largest finite values.
ALL_BELOW = {np.float32: 0x7F7FFFFF, np.float64: 0x7FEFFFFFFFFFFFFF}

# Elements that are summed up and counted while they are in a core's cache.
CACHED = 1 << 14

# A table of a histogram counts up to 2^32 - 1.
MAX_COUNT = 1 << 31


class Sample(NamedTuple):
    """Usable values, ascending and distinct, as float64; the counts before each and in all; and
    what was left out."""

    values: Floats
    first: Counts
    excluded: dict[str, int]

    @property
    def counts(self) -> Counts:
        """How often each value is there."""
        counts: Counts = np.diff(self.first)
        return counts


class Survey(NamedTuple):
    """How many elements are what; positive and negative ones are finite and not 0."""

    not_finite: int
    zeros: int
    negative: int
    positive: int


def survey(source: Source) -> Survey:
    """Count the elements of each kind; ValueError where one is not finite."""
    look: Any = tail.survey_f32 if source.dtype == "float32" else tail.survey_f64
    wide = source.dtype in HALF_DTYPES
    counts = [look(widen(part, source.dtype) if wide else part) for part in source.parts()]
    one = counts[0] if len(counts) == 1 else map(sum, zip((0,) * 4, *counts, strict=True))
    seen = Survey(*one)
    if seen.not_finite:
        raise ValueError(f"x must be finite, got {seen.not_finite} NaN or infinite values")
    return seen


class Histogram(NamedTuple):
    """How many elements each occupied bucket has; see htst_tail.h for the numbers of slots."""

    dtype: Any
    slots: Counts  # ascending; those of negative values follow those of positive ones
    counts: Counts
    seen: Survey

    def prospect(self, side: str) -> Prospect:
        """Bounds of distances from the buckets of a side."""
        single = self.dtype is np.float32
        bits, half = (np.int32 if single else np.int64), tail.SLOTS[not single] // 2
        slots, counts = self.slots % half, self.counts
        if side == "abs":
            slots, place = np.unique(slots, return_inverse=True)
            counts = np.zeros(len(slots), np.int64)
            np.add.at(counts, place, self.counts)
        else:
            mine = (self.slots >= half) == (side == "negative")
            slots, counts = slots[mine], counts[mine]
        if len(slots) == 0:
            raise ValueError("x must have at least two distinct usable values, got 0")
        edges = [(slots + k << tail.DROPPED[not single]).astype(bits) for k in (0, 1)]
        lower, upper = (edge.view(self.dtype).astype(np.float64) for edge in edges)
        return Prospect(lower, upper, counts)

    def excluded(self, side: str) -> dict[str, int]:
        """What the side leaves out, by reason."""
        return left_out(side, self.seen.zeros, self.seen.negative, self.seen.positive)


def histogram(source: Source, n_threads: int) -> Histogram:
    """Count a float32 or float64 source by buckets; ValueError where an element is not finite."""
    single = source.dtype == "float32"
    add: Any = tail.histogram_f32 if single else tail.histogram_f64
    n_slots, infinite = tail.SLOTS[not single], 0xFF if single else 0x7FF
    tables: list[npt.NDArray[Any]] = []

    def work(part: npt.NDArray[Any], where: slice) -> tuple[npt.NDArray[np.uint32], int]:
        table, total = np.zeros(n_slots, np.uint32), 0
        for start in range(where.start, where.stop, CACHED):
            piece = part[start : min(start + CACHED, where.stop)]
            total += checksum_of(piece)
            add(piece, table)
        return table, total

    def look(part: npt.NDArray[Any]) -> list[int]:
        totals = []
        for start in range(0, part.size, MAX_COUNT):
            piece = part[start : start + MAX_COUNT]
            found = share(partial(work, piece), piece.size, piece.size, n_threads)
            totals += [total for _, total in found]
            tables[:] = [_add_up([*tables, *(table for table, _ in found)])]
        return totals

    if source.watch is None:
        for part in source.parts():
            look(part)
    else:
        source.watch.read_with(look)
    table = tables[0] if tables else np.zeros(n_slots, np.uint32)
    slots = _occupied(table)
    counts = table[slots].astype(np.int64)
    half = n_slots // 2
    if bad := int(counts[slots % half >= infinite << HISTOGRAM_KEPT].sum()):
        raise ValueError(f"x must be finite, got {bad} NaN or infinite values")
    lowest = slots % half == 0  # zeros, and denormals beside them
    negative = int(counts[~lowest & (slots > half)].sum())
    seen = Survey(0, 0, negative, int(counts[~lowest].sum()) - negative)
    if lowest.any():
        found = survey(source)
        tiny = {0: found.positive - seen.positive, half: found.negative - seen.negative}
        counts[lowest] = [tiny[slot] for slot in slots[lowest].tolist()]
        slots, counts, seen = slots[counts > 0], counts[counts > 0], found
    return Histogram(np.float32 if single else np.float64, slots, counts, seen)


def _add_up(tables: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Their sum, which may be beyond 32 bits."""
    return tables[0] if len(tables) == 1 else np.asarray(np.sum(tables, axis=0, dtype=np.int64))


def _occupied(table: npt.NDArray[Any]) -> Counts:
    """Where a table that is nearly all 0 is not, ascending."""
    rows = table.reshape(-1, 512)
    some = np.flatnonzero(rows.max(axis=1))
    row, place = np.nonzero(rows[some])
    return np.asarray(some[row] * rows.shape[1] + place)


def require_side(side: str | None, negative: int) -> str:
    """The side that is meant, or ValueError where it must be said."""
    if side is not None:
        return side
    if negative:
        raise ValueError(
            f"x has {negative} negative values: side must be one of 'abs', 'positive', "
            f"'negative', got None"
        )
    return "positive"


def usable(
    source: Source, side: str | None, xmax: float | None, weights: npt.ArrayLike | None
) -> tuple[Sample, str]:
    """All usable values, sorted, and the side they are of."""
    if weights is not None:
        return _weighted(source, side, xmax, weights)
    seen = survey(source)
    side = require_side(side, seen.negative)
    size = {"positive": seen.positive, "negative": seen.negative}.get(
        side, seen.positive + seen.negative
    )
    values = gather(source, side, 0.0, math.inf if xmax is None else xmax, size)
    excluded = left_out(side, seen.zeros, seen.negative, seen.positive)
    if len(values) < size:
        excluded["above xmax"] = size - len(values)
    return Sample(*distinct(values), excluded), side


def of_sketch(sketch: TailSketch, side: str, xmax: float | None = None) -> Sample:
    """All usable values of a sketch of 16-bit floats: each of its buckets is a value."""
    buckets = sketch.buckets(side)
    excluded = left_out(side, sketch.n_zero, sketch.n_negative, sketch.n_positive)
    return up_to(xmax, buckets.lower, buckets.count, excluded)


def up_to(xmax: float | None, values: Floats, counts: Counts, excluded: dict[str, int]) -> Sample:
    """The sample of distinct values, ascending, without those above `xmax`."""
    if xmax is not None:
        kept = values <= xmax
        if above := int(counts[~kept].sum()):
            excluded["above xmax"] = above
        values, counts = values[kept], counts[kept]
    return Sample(values, _before(counts), excluded)


def gather(
    source: Source, side: str, low: float, high: float = math.inf, room: int | None = None
) -> npt.NDArray[Any]:
    """abs(x) of one side, where it is in [low, high] and not 0, in the dtype of the source.

    `room` is how many there are at most, where that is known; else they are counted first.
    ValueError where there are more: the source then gives other numbers than before.
    """
    dtype: Any = np.float32 if source.dtype == "float32" else np.float64
    select: Any = tail.select_f32 if dtype is np.float32 else tail.select_f64
    window = SIDES.index(side), *_keys(dtype, low, high)
    wide = source.dtype in HALF_DTYPES
    if room is None:
        nothing = np.empty(0, dtype)
        room = sum(
            select(widen(part, source.dtype) if wide else part, *window, nothing)
            for part in source.parts()
        )
    out, at = np.empty(room, dtype), 0
    for part in source.parts():
        at += select(widen(part, source.dtype) if wide else part, *window, out[at:])
        if at > room:
            raise ValueError("x must give the same numbers each time it is read")
    return out[:at]


def _keys(dtype: Any, low: float, high: float) -> tuple[int, int]:
    """Patterns of the smallest and the largest value of a dtype in [low, high], not 0."""
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


def left_out(side: str, zeros: int, negative: int, positive: int) -> dict[str, int]:
    """What a side leaves out, by reason."""
    counts = {"zero": zeros}
    if side == "positive":
        counts["negative"] = negative
    if side == "negative":
        counts["positive"] = positive
    return {reason: int(n) for reason, n in counts.items() if n}


def _before(counts: Counts) -> Counts:
    first: Counts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=first[1:])
    return first


def _weighted(
    source: Source, side: str | None, xmax: float | None, weights: npt.ArrayLike
) -> tuple[Sample, str]:
    if source.shape is None:
        raise TypeError("weights need x as one array, got blocks")
    survey(source)
    flat = widen(next(source.parts()), source.dtype)
    times = _weights(weights, source)
    zeros, negative, positive = (int(times[at].sum()) for at in (flat == 0, flat < 0, flat > 0))
    side = require_side(side, negative)
    excluded = left_out(side, zeros, negative, positive)
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
    return Sample(values, _before(counts), excluded), side


def _weights(weights: npt.ArrayLike, source: Source) -> Counts:
    """The weights of the elements that are not masked; their mask is that of the elements."""
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
