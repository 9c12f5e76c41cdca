"""What each part of an out-of-core fit may take of a memory budget."""

from __future__ import annotations

from typing import NamedTuple

from htstats._common import rows

__all__ = ["Budget", "plan_memory"]

# Bytes of a sketch, its buckets and the plan of the ranges, if the budget is not small.
SKETCH_BYTES = 4 << 20


class Budget(NamedTuple):
    """A memory budget, divided; all fields are bytes, and their sum is the budget.

    Attributes
    ----------
    block : int
        One block of the matrix, as it is read.
    sketch : int
        The sketch and its buckets.
    ranges : int
        The values, or counts, of one range.
    window : int
        The values that are scanned together, the probe points above them, and the workspace of the
        scan.
    shortlist : int
        Candidates that are kept to be measured: three times, while two lists are joined.
    scratch : int
        Temporary arrays: the next chunk of a range, slots whose counts overflowed.
    """

    block: int
    sketch: int
    ranges: int
    window: int
    shortlist: int
    scratch: int

    @property
    def chunk(self) -> int:
        """Distinct values that are scanned together."""
        return max(self.window >> 7, 64)

    @property
    def probes(self) -> int:
        """Probe points above them."""
        return max(self.window >> 6, 256)

    @property
    def levels(self) -> int:
        """Intervals with probe points of their own, for each unit of log(tail size)."""
        return max(self.window >> 9, 16)

    @property
    def most_candidates(self) -> int:
        """Candidates that are kept."""
        return max(self.shortlist >> 7, 64)


def plan_memory(max_memory: int) -> Budget:
    """Divide a memory budget of so many bytes.

    Below 128 KiB the window and the shortlist have their least sizes and take more.
    """
    sketch = min(SKETCH_BYTES, max_memory // 4)
    block = min(rows.BLOCK_BYTES, max_memory // 16)
    ranges = max_memory * 5 // 8 - sketch
    window, shortlist = max_memory // 8, max_memory // 16
    scratch = max_memory - (block + sketch + ranges + window + shortlist)
    return Budget(block, sketch, ranges, window, shortlist, scratch)
