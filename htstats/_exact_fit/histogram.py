"""How many elements of a float32 or float64 source each bucket of bit patterns has."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.threads import run_ranges
from htstats._core import tail
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.sample import CACHED, Survey, _add_up, left_out, survey
from htstats._exact_fit.source import Source, checksum_of

__all__ = ["Histogram", "count_buckets"]

Counts = npt.NDArray[np.int64]

# Bits of the significand behind a slot's number.
HISTOGRAM_KEPT = 23 - tail.DROPPED[0]

# A table of a histogram counts up to 2^32 - 1.
MAX_COUNT = 1 << 31


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


def count_buckets(source: Source, n_threads: int) -> Histogram:
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
            found = run_ranges(partial(work, piece), piece.size, piece.size, n_threads)
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


def _occupied(table: npt.NDArray[Any]) -> Counts:
    """Where a table that is nearly all 0 is not, ascending."""
    rows = table.reshape(-1, 512)
    some = np.flatnonzero(rows.max(axis=1))
    row, place = np.nonzero(rows[some])
    return np.asarray(some[row] * rows.shape[1] + place)
