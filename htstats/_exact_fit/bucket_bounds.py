"""Compute a lower bound of the distance of every candidate xmin, using only bucket counts.

htst_prune.h derives the bounds. Once the distance of one candidate is known, the scan skips each
bucket with a larger bound, and thus all candidates in it. A guess of the smallest distance
determines where the scan looks for the first candidate.
"""

from __future__ import annotations

import numpy as np

from htstats._common.arrays import Counts, Floats
from htstats._core.prune import Prune

__all__ = ["Prospect"]


class Prospect:
    """The occupied buckets, ascending: their edges, their counts and, if known, their sums.

    Attributes
    ----------
    lower : array
        The lower edge of each bucket.
    tail : array
        The number of values at or above each lower edge. The last element is an additional 0.
    """

    def __init__(
        self, lower: Floats, upper: Floats, count: Counts, total: Floats | None = None
    ) -> None:
        smallest, largest = np.finfo(np.float64).smallest_subnormal, np.finfo(np.float64).max
        self.lower = np.maximum(lower, smallest)  # no bucket contains zeros
        upper = np.minimum(upper, largest)  # no bucket contains infinity
        self.tail = np.empty(len(lower) + 1, np.int64)
        work = np.empty(4 * len(lower))
        self._bounds = Prune(self.lower, upper, count, total, work, self.tail)

    def bound(self, b: int) -> float:
        """A lower bound of the distance of every candidate in bucket b."""
        return self._bounds.bound(b)

    def lowest(self, distance: float) -> int:
        """The lowest bucket that can contain a candidate with at most this distance."""
        return self._bounds.lowest(distance)

    def start(self, least: int, generous: float) -> int:
        """The lowest bucket whose bound is at most `generous` times a guess of the best distance.

        A scan should start there; a bad choice costs only time. The guess uses only tails with at
        least `least` values.
        """
        return min(self.lowest(generous * self._bounds.guess(least)), len(self.lower) - 1)
