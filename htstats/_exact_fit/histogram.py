"""Count the elements of a float32 or float64 source in buckets of bit patterns."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.checks import require_finite
from htstats._common.threads import run_ranges
from htstats._core import tail
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.sample import Survey, add_tables, survey
from htstats._exact_fit.source import Source

__all__ = ["Histogram", "count_buckets"]

Counts = npt.NDArray[np.int64]

# Number of bits of the significand that the index of a slot contains.
HISTOGRAM_KEPT = 23 - tail.DROPPED[0]

# Largest number of elements that one table counts, because its counters have 32 bits.
MAX_COUNT = 1 << 31


class Histogram(NamedTuple):
    """The number of elements in each bucket. htst_tail.h defines the index of a slot."""

    dtype: Any
    slots: Counts  # indices of occupied slots, ascending; those of negative values come last
    counts: Counts
    seen: Survey

    def prospect(self, side: str) -> Prospect:
        """The buckets of a side, from which lower bounds of the distances are computed."""
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


def count_buckets(source: Source, n_threads: int) -> Histogram:
    """Count a float32 or float64 source in buckets; ValueError if an element is not finite."""
    single = source.dtype == "float32"
    n_slots, infinite = tail.SLOTS[not single], 0xFF if single else 0x7FF
    table = _count_slots(source, n_slots, n_threads)
    slots = _occupied_slots(table)
    counts = table[slots].astype(np.int64)
    half = n_slots // 2
    require_finite("x", int(counts[slots % half >= infinite << HISTOGRAM_KEPT].sum()))
    lowest = slots % half == 0  # slots of zeros and of the smallest denormals
    negative = int(counts[~lowest & (slots > half)].sum())
    seen = Survey(0, 0, negative, int(counts[~lowest].sum()) - negative)
    if lowest.any():
        found = survey(source)
        tiny = {0: found.positive - seen.positive, half: found.negative - seen.negative}
        counts[lowest] = [tiny[slot] for slot in slots[lowest].tolist()]
        slots, counts, seen = slots[counts > 0], counts[counts > 0], found
    return Histogram(np.float32 if single else np.float64, slots, counts, seen)


def _count_slots(source: Source, n_slots: int, n_threads: int) -> npt.NDArray[Any]:
    """The number of elements in each slot. The same pass computes the checksum of the source."""
    add: Any = tail.histogram_f32 if source.dtype == "float32" else tail.histogram_f64
    tables: list[npt.NDArray[Any]] = []

    def count_range(part: npt.NDArray[Any], where: slice) -> tuple[npt.NDArray[np.uint32], int]:
        table = np.zeros(n_slots, np.uint32)
        return table, add(part[where], table)

    def count_part(part: npt.NDArray[Any]) -> list[int]:
        totals = []
        for start in range(0, part.size, MAX_COUNT):
            piece = part[start : start + MAX_COUNT]
            found = run_ranges(partial(count_range, piece), piece.size, piece.size, n_threads)
            totals += [total for _, total in found]
            tables[:] = [add_tables([*tables, *(table for table, _ in found)])]
        return totals

    if source.watch is None:
        for part in source.parts():
            count_part(part)
    else:
        source.watch.read_with(count_part)
    return tables[0] if tables else np.zeros(n_slots, np.uint32)


def _occupied_slots(table: npt.NDArray[Any]) -> Counts:
    """The ascending indices of the entries that are not 0; nearly all entries are 0."""
    rows = table.reshape(-1, 512)
    some = np.flatnonzero(rows.max(axis=1))
    row, place = np.nonzero(rows[some])
    return np.asarray(some[row] * rows.shape[1] + place)
