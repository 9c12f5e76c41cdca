"""Count the elements of a float32 or float64 source in buckets of bit patterns."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Counts
from htstats._common.checks import require_finite
from htstats._common.threads import run_ranges
from htstats._core import tail
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.largest_values import SIDES, LargestValues
from htstats._exact_fit.sample import Survey, add_tables, survey
from htstats._exact_fit.source import Source

__all__ = ["Histogram", "Tables", "count_buckets"]

# Number of bits of the significand that the index of a slot contains.
HISTOGRAM_KEPT = 23 - tail.DROPPED[0]

# Largest number of elements that one table counts, because its counters have 32 bits.
MAX_COUNT = 1 << 31


# The number of elements in each slot, for ranges that cover an array.
Tables = list[tuple[slice, npt.NDArray[np.uint32]]]


class Histogram(NamedTuple):
    """The number of elements in each bucket. htst_tail.h defines the index of a slot.

    `tables` has the same for each range that a thread counted; it is empty if the source is not one
    array, or too large for one table."""

    dtype: Any
    slots: Counts  # indices of occupied slots, ascending; those of negative values come last
    counts: Counts
    seen: Survey
    largest: LargestValues
    tables: Tables

    def prospect(self, side: str) -> Prospect:
        """The buckets of a side, from which lower bounds of the distances are computed."""
        single = self.dtype is np.float32
        bits, half = (np.int32 if single else np.int64), tail.SLOTS[not single] // 2
        n_positive = int(np.searchsorted(self.slots, half))
        positive, negative = slice(0, n_positive), slice(n_positive, len(self.slots))
        if side == "abs" and n_positive < len(self.slots):
            slots, counts = _add_signs(self.slots, self.counts, positive, negative, half)
        else:
            mine = negative if side == "negative" else positive
            slots, counts = self.slots[mine] & half - 1, self.counts[mine]
        if len(slots) == 0:
            raise ValueError("x must have at least two distinct usable values, got 0")
        edges = [(slots + k << tail.DROPPED[not single]).astype(bits) for k in (0, 1)]
        lower, upper = (edge.view(self.dtype).astype(np.float64) for edge in edges)
        return Prospect(lower, upper, counts)


def count_buckets(source: Source, n_threads: int, side: str | None = None) -> Histogram:
    """Count a float32 or float64 source in buckets; ValueError if an element is not finite.

    The largest values of the side, by default the positive ones, are copied in the same pass."""
    largest = LargestValues(side or "positive")
    single = source.dtype == "float32"
    n_slots, infinite = tail.SLOTS[not single], 0xFF if single else 0x7FF
    table, tables = _count_slots(source, n_slots, n_threads, largest)
    slots = _occupied_slots(table)
    counts = table[slots].astype(np.int64)
    half = n_slots // 2
    magnitudes = slots & half - 1
    require_finite("x", int(counts[magnitudes >= infinite << HISTOGRAM_KEPT].sum()))
    lowest = magnitudes == 0  # slots of zeros and of the smallest denormals
    negative = int(counts[~lowest & (slots > half)].sum())
    seen = Survey(0, 0, negative, int(counts[~lowest].sum()) - negative)
    if lowest.any():
        found = survey(source)
        tiny = {0: found.positive - seen.positive, half: found.negative - seen.negative}
        counts[lowest] = [tiny[slot] for slot in slots[lowest].tolist()]
        slots, counts, seen = slots[counts > 0], counts[counts > 0], found
    return Histogram(np.float32 if single else np.float64, slots, counts, seen, largest, tables)


def _count_slots(
    source: Source, n_slots: int, n_threads: int, largest: LargestValues
) -> tuple[npt.NDArray[Any], Tables]:
    """The number of elements in each slot, and those of each range.

    The same pass computes the checksum of the source, and takes the largest values of an array."""
    add: Any = tail.histogram_f32 if source.dtype == "float32" else tail.histogram_f64
    tables: list[npt.NDArray[Any]] = []
    ranges: Tables = []
    side = SIDES.index(largest.side)

    def count_range(
        part: npt.NDArray[Any], where: slice
    ) -> tuple[slice, npt.NDArray[np.uint32], int]:
        table, x = np.zeros(n_slots, np.uint32), part[where]
        out = largest.room(x)
        total, m = add(x, side, largest.key(x.dtype), table, out)
        largest.take(out, m)
        return where, table, total

    def count_part(part: npt.NDArray[Any]) -> list[int]:
        totals = []
        if source.shape is not None:
            largest.choose(part)
        for start in range(0, part.size, MAX_COUNT):
            piece = part[start : start + MAX_COUNT]
            found = run_ranges(partial(count_range, piece), piece.size, piece.size, n_threads)
            totals += [total for _, _, total in found]
            tables[:] = [add_tables([*tables, *(table for _, table, _ in found)])]
            ranges[:] = [(where, table) for where, table, _ in found if piece.size == part.size]
        return totals

    if source.watch is None:
        for part in source.parts():
            count_part(part)
    else:
        source.watch.read_with(count_part)
    ranges = ranges if source.shape is not None else []
    return (tables[0] if tables else np.zeros(n_slots, np.uint32)), ranges


def _add_signs(
    slots: Counts, counts: Counts, positive: slice, negative: slice, half: int
) -> tuple[Counts, Counts]:
    """The slots of absolute values, and the counts of both signs together."""
    magnitudes = slots & half - 1
    lowest = magnitudes.min()
    both = np.zeros(int(magnitudes.max() - lowest) + 1, np.int64)
    for sign in (positive, negative):
        both[magnitudes[sign] - lowest] += counts[sign]
    occupied = np.flatnonzero(both)
    return occupied + lowest, both[occupied]


def _occupied_slots(table: npt.NDArray[Any]) -> Counts:
    """The ascending indices of the entries that are not 0; nearly all entries are 0."""
    rows = table.reshape(-1, 1 << 9)  # NumPy divides slowly
    some = np.flatnonzero(rows.max(axis=1))
    at = np.flatnonzero(rows[some])
    return np.asarray(some[at >> 9] << 9 | at & 511)
