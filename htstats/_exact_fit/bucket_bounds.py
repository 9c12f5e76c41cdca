"""Lower bounds of the distance of every candidate xmin, from the counts of buckets alone.

htst_prune.h derives the bounds. Once the distance of one candidate is known, each bucket with a
larger bound is skipped with all its candidates. A guess of the smallest distance says where to look
for that first candidate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from htstats._core.prune import Prune

__all__ = ["Prospect"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# The guess was measured to be .7 to 1 times the smallest distance (samples like weights, and
# mixtures). The scan starts at the lowest bucket whose bound is at most GENEROUS times the guess:
# then it rarely has to start again from a lower one. The result does not depend on it.
GENEROUS = 1.4


class Prospect:
    """Buckets that hold values, ascending: their edges, their counts, and their sums if known.

    Attributes
    ----------
    lower : array
        The lower edge of each bucket.
    tail : array
        How many values are at or above each lower edge; one more element, 0, at the end.
    """

    def __init__(
        self, lower: Floats, upper: Floats, count: Counts, total: Floats | None = None
    ) -> None:
        smallest, largest = np.finfo(np.float64).smallest_subnormal, np.finfo(np.float64).max
        self.lower = np.maximum(lower, smallest)  # zeros are in no bucket
        upper = np.minimum(upper, largest)  # nor is infinity
        self.tail = np.empty(len(lower) + 1, np.int64)
        work = np.empty(4 * len(lower))
        self._bounds = Prune(self.lower, upper, count, total, work, self.tail)

    def bound(self, b: int) -> float:
        """A lower bound of the distance of every candidate in bucket b."""
        return self._bounds.bound(b)

    def lowest(self, distance: float) -> int:
        """The lowest bucket that can hold a candidate with at most this distance."""
        return self._bounds.lowest(distance)

    def start(self, least: int) -> int:
        """The bucket where a scan should start; a bad choice costs time alone.

        The smallest distance is guessed among tails with at least `least` values.
        """
        return min(self.lowest(GENEROUS * self._bounds.guess(least)), len(self.lower) - 1)
