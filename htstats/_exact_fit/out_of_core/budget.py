"""Divide a memory budget among the parts of an out-of-core fit."""

from __future__ import annotations

from typing import NamedTuple

from htstats._common import rows

__all__ = ["Budget", "plan_memory"]

# Bytes for a sketch, its buckets and the plan of the ranges, unless the budget is small.
SKETCH_BYTES = 4 << 20


class Budget(NamedTuple):
    """The parts of a memory budget, in bytes. Their sum is the budget.

    Attributes
    ----------
    block : int
        One block of the matrix.
    sketch : int
        The sketch and its buckets.
    ranges : int
        The values, or counts, of one range.
    window : int
        The values that are scanned together, the probe points above them, and the workspace of the
        scan.
    shortlist : int
        The candidates whose distances are still to be measured. While two lists are joined, the
        candidates are in memory three times.
    scratch : int
        Temporary arrays: the next chunk of a range, and the slots whose counters overflowed.
    """

    block: int
    sketch: int
    ranges: int
    window: int
    shortlist: int
    scratch: int

    @property
    def chunk(self) -> int:
        """The number of distinct values that are scanned together."""
        return max(self.window >> 7, 64)

    @property
    def probes(self) -> int:
        """The number of probe points above these values."""
        return max(self.window >> 6, 256)

    @property
    def levels(self) -> int:
        """The number of intervals with separate probe points, per unit of log(tail size)."""
        return max(self.window >> 9, 16)

    @property
    def most_candidates(self) -> int:
        """The largest number of candidates in the shortlist."""
        return max(self.shortlist >> 7, 64)


def plan_memory(max_memory: int) -> Budget:
    """Divide a memory budget of `max_memory` bytes.

    Below 128 KiB the window and the shortlist have their smallest sizes, and the parts together
    exceed the budget.
    """
    sketch = min(SKETCH_BYTES, max_memory // 4)
    block = min(rows.BLOCK_BYTES, max_memory // 16)
    ranges = max_memory * 5 // 8 - sketch
    window, shortlist = max_memory // 8, max_memory // 16
    scratch = max_memory - (block + sketch + ranges + window + shortlist)
    return Budget(block, sketch, ranges, window, shortlist, scratch)
