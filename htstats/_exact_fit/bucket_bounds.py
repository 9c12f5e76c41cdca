"""What buckets of values alone say of the distance of every candidate xmin, from below.

The bounds are in htst_prune.h. Whole buckets of candidates are left out by them once one true
candidate's distance is known, and a guess of the smallest distance says where to look for that one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from htstats._core.prune import Prune

__all__ = ["Prospect"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# The guess is .7 to 1 of the smallest distance of weight-like and mixed samples. A start
# where the bounds are above so many times the guess is rarely too high: the scan from there on then
# finds a distance that leaves nothing below.
GENEROUS = 1.4


class Prospect:
    """Occupied buckets, ascending: their edges, counts, and sums of values where they are known.

    Attributes
    ----------
    lower : array
        The smallest value that each may hold.
    tail : array
        How many values lie from each lower edge on; one more, 0, at the end.
    """

    def __init__(
        self, lower: Floats, upper: Floats, count: Counts, total: Floats | None = None
    ) -> None:
        smallest, largest = np.finfo(np.float64).smallest_subnormal, np.finfo(np.float64).max
        self.lower = np.maximum(lower, smallest)  # the lowest bucket begins at 0, without it
        upper = np.minimum(upper, largest)  # the highest one ends at infinity, without it
        self.tail = np.empty(len(lower) + 1, np.int64)
        work = np.empty(4 * len(lower))
        self._bounds = Prune(self.lower, upper, count, total, work, self.tail)

    def bound(self, b: int) -> float:
        """A bound from below of the distance of each candidate in bucket b."""
        return self._bounds.bound(b)

    def lowest(self, distance: float) -> int:
        """The lowest bucket that may hold a candidate with at most this distance."""
        return self._bounds.lowest(distance)

    def start(self, least: int) -> int:
        """Where a scan should start to leave nothing of interest below; any start is right.

        The smallest distance is guessed among tails with at least `least` values.
        """
        return min(self.lowest(GENEROUS * self._bounds.guess(least)), len(self.lower) - 1)
