"""Scan more values than fit in memory, range by range, from the largest values down.

The estimate of a candidate depends only on the values above it. It is therefore bit-identical if
ranges of values are read, sorted and dropped one after the other. In the ranges above its own, a
candidate is compared only with some probe points, which give a lower bound of its distance. The few
candidates with small bounds are then measured exactly, in another pass over all ranges.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from htstats._common.arrays import Counts, Floats
from htstats._core import estimate, scan
from htstats._exact_fit.candidates import TOLERANCE
from htstats._exact_fit.out_of_core.budget import Budget
from htstats._exact_fit.out_of_core.ranges import Cells, Ranges
from htstats._exact_fit.source import Source

__all__ = ["Found", "OutOfCoreScan", "Shortlist"]

# To find a first distance to beat, bounds are computed for N_SAMPLES candidates of each chunk, and
# the N_LIKELY candidates with the smallest bounds are measured. Both constants affect only the
# time, by about a third from 4 to 256 (`bench/studies/constants.py likely`).
N_SAMPLES = 16
N_LIKELY = 16

# If more candidates than this are to be measured, the N_LIKELY most promising ones are measured
# first, to find a smaller distance to beat. With several ranges this takes another reading of the
# source, so it is done only for more than MANY_TO_READ_FOR candidates.
MANY = 64
MANY_TO_READ_FOR = 4096


class Found(NamedTuple):
    """The best candidate; `first` is the number of values below it."""

    xmin: float
    rate: float
    distance: float
    first: int


class Shortlist(NamedTuple):
    """Candidates, ascending, with lower bounds of their distances.

    Columns: the value; y, the log of value / largest value; the number of values below it; the rate
    (alpha - 1); the bound, or the distance if it has been measured.
    """

    v: Floats
    y: Floats
    first: Counts
    rate: Floats
    distance: Floats

    def take(self, which: Any) -> Shortlist:
        """The candidates with these indices."""
        return Shortlist(*(column[which] for column in self))

    def join(self, below: Shortlist) -> Shortlist:
        """Join this list and a list of smaller candidates."""
        return Shortlist(*(np.concatenate(pair) for pair in zip(below, self, strict=True)))

    def most_promising(self, size: int) -> Shortlist:
        """The `size` candidates with the smallest bounds."""
        if len(self.v) <= size:
            return self
        return self.take(np.sort(np.argsort(self.distance, kind="stable")[:size]))

    @property
    def smallest(self) -> float:
        """The smallest distance or bound; inf if there is no candidate."""
        return float(self.distance.min(initial=math.inf))


def _empty_shortlist() -> Shortlist:
    nothing = np.empty(0)
    return Shortlist(nothing, nothing, np.empty(0, np.int64), nothing, nothing)


class OutOfCoreScan:
    """A scan of all candidates among the values of some cells, in bounded memory.

    Parameters
    ----------
    source : Source
        A source of float32 or float64. It is read as often as necessary.
    side : str
        "abs", "positive" or "negative".
    cells : Cells
        They must contain all values of the side at or above some value.
    budget : Budget
        The memory budget.
    min_tail : int
        Smallest number of values in a tail.
    tolerance : float
        Distances that differ by at most this count as equal.
    n_likely, many : int
        The number of candidates that are measured first, to find a distance to beat, and the number
        of candidates above which this is done. Both affect only the time.
    """

    def __init__(
        self,
        source: Source,
        side: str,
        cells: Cells,
        budget: Budget,
        min_tail: int = 1,
        *,
        tolerance: float = TOLERANCE,
        n_likely: int = N_LIKELY,
        many: int = MANY,
    ) -> None:
        self._ranges = Ranges(source, side, cells, budget.ranges)
        self._n = int(cells.number.sum())
        self._min_tail = min_tail
        self._budget = budget
        self._tolerance = tolerance
        self._n_likely = n_likely
        self._many = many
        self._window = _Window(self._n, budget.chunk, max(budget.probes, budget.most_candidates))

    def best(self) -> Found | None:
        """Find the smallest xmin whose distance is within the tolerance of the smallest one."""
        best = self._measure(self._sample_candidates(), math.inf).smallest  # a distance to beat
        many = self._many if len(self._ranges.ranges) == 1 else MANY_TO_READ_FOR
        pool, below = _empty_shortlist(), math.inf
        while below > 0:
            some, below = self.search_below(best + self._tolerance, below)
            if len(some.v) > many:
                likely = some.most_promising(self._n_likely)
                best = min(best, self._measure(likely, best + self._tolerance).smallest)
                some = some.take(some.distance <= best + self._tolerance)
            some = self._measure(some, best + self._tolerance)
            best = min(best, some.smallest)
            pool = _join_best(pool, some)
        if len(pool.v) == 0:
            return None
        k = int(np.flatnonzero(pool.distance <= best + self._tolerance)[0])
        v, _, first, rate, distance = (column[k] for column in pool)
        return Found(float(v), float(rate), float(distance), int(first))

    def _sample_candidates(self) -> Shortlist:
        """Choose the candidates with the smallest bounds, from N_SAMPLES of each chunk."""
        pool = _empty_shortlist()
        for window in self._windows():
            end = self._count_candidates(window, math.inf)
            if end > 0:
                limit = pool.distance.max() if len(pool.v) == self._n_likely else math.inf
                some = window.shortlist(*window.search(0, end, limit, -(-end // N_SAMPLES)))
                pool = pool.join(some).most_promising(self._n_likely)
            window.keep_probes(self._budget.levels)
        return pool

    def search_below(self, limit: float, below: float) -> tuple[Shortlist, float]:
        """Search for candidates below `below` with a bound of at most `limit`, the largest first.

        The search ends when the shortlist is full. The second result is the value down to which
        the candidates were searched; it is 0 if all of them were searched."""
        pool = _empty_shortlist()
        for window in self._windows():
            end = self._count_candidates(window, below)
            while end > 0:
                start = max(0, end - (self._budget.most_candidates - len(pool.v)))
                pool = pool.join(window.shortlist(*window.search(start, end, limit)))
                end = start
                if len(pool.v) == self._budget.most_candidates:
                    return pool, float(window.v[end])
            window.keep_probes(self._budget.levels)
        return pool, 0.0

    def _count_candidates(self, window: _Window, below: float) -> int:
        """The number of the window's smallest values that are candidates below `below`.

        The largest value of all is not a candidate. A value whose tail has fewer than min_tail
        values is not a candidate either.
        """
        end = int(np.searchsorted(window.v, below))
        least = int(np.searchsorted(window.first, self._n - self._min_tail, side="right"))
        return min(end, least, len(window.v) - window.is_first)

    def _measure(self, pool: Shortlist, limit: float) -> Shortlist:
        """Measure candidates exactly, and drop those whose distance is above the limit."""
        distance = pool.distance.copy()
        for window in self._windows():
            alive = np.flatnonzero(distance <= limit)
            if len(alive) == 0 or window.v[-1] < pool.v[alive[0]]:
                break
            low = int(np.searchsorted(pool.v[alive], window.v[0]))
            high = int(np.searchsorted(pool.v[alive], window.v[-1], side="right"))
            seen = np.full(high, np.inf)  # remains inf for candidates above the limit
            met, seen_there = window.search_above(pool.take(alive[:low]), limit)
            seen[met] = seen_there
            for k in range(low, high):
                at = int(np.searchsorted(window.v, pool.v[alive[k]]))
                seen[k] = max(window.search(at, at + 1, limit)[1], default=np.inf)
            distance[alive[:high]] = np.maximum(distance[alive[:high]], seen)
            window.keep_probes(0)
        return pool._replace(distance=distance).take(distance <= limit)

    def _windows(self) -> Iterator[_Window]:
        window = self._window
        window.clear()
        left: tuple[Floats, Counts] = np.empty(0), np.empty(0, np.int64)
        for chunk in self._ranges.chunks(self._budget.chunk):
            left = np.concatenate([chunk[0], left[0]]), np.concatenate([chunk[1], left[1]])
            # The sums of the estimates are rounded after each block of values, counted from the
            # largest value down. Yield only whole blocks: the bits then equal those in memory.
            begin = (len(left[0]) - window.is_first) % estimate.BLOCK
            if begin + window.is_first < len(left[0]):
                window.load(left[0][begin:], left[1][begin:])
                yield window
                left = left[0][:begin], left[1][:begin]
        if len(left[0]):
            window.load(*left)
            yield window


class _Window:
    """The values that are scanned together, followed by probe points among the larger values.

    Both are in one array, which is filled from its end down. A search uses the part of the array
    that begins at a candidate. `keep_probes` drops the values and keeps some as probe points.
    """

    def __init__(self, n: int, chunk: int, probes: int) -> None:
        chunk += estimate.BLOCK
        size = chunk + probes + 1
        self._v, self._y, self._rate = (np.empty(size) for _ in range(3))
        self._first = np.empty(size + 1, np.int64)
        self._first[size] = self._n = n
        self._chunk = chunk
        self.clear()

    def clear(self) -> None:
        """Empty the window, to start again with the largest values."""
        self._begin = self._at = len(self._v)
        self._mark = np.zeros(4)
        self._above = 0

    @property
    def is_first(self) -> bool:
        """Whether the window contains the largest values of all."""
        return self._at == len(self._v)

    @property
    def v(self) -> Floats:
        return self._v[self._begin : self._at]

    @property
    def first(self) -> Counts:
        return self._first[self._begin : self._at]

    def load(self, values: Floats, counts: Counts) -> None:
        """Load the next smaller values, and estimate their rates."""
        begin, at = self._at - len(values), self._at
        tails = np.cumsum(counts[::-1])[::-1] + self._above
        self._v[begin:at], self._first[begin:at] = values, self._n - tails
        self._above = int(tails[0])
        if self.is_first:
            self._y[at - 1], self._rate[at - 1] = 0, np.inf
        part = slice(begin, at + (not self.is_first))  # including the smallest value above
        estimate.part(
            self._v[part], self._first[part], self._n, self._mark, self._y[part], self._rate[part]
        )
        self._begin = begin

    def search(self, begin: int, end: int, limit: float, step: int = 1) -> tuple[Counts, Floats]:
        """Find the candidates in [begin, end) with bounds of at most `limit`, and their bounds."""
        return self._search(self._begin, begin, end, step, limit)

    def search_above(self, candidates: Shortlist, limit: float) -> tuple[Counts, Floats]:
        """The same as `search`, for candidates that are smaller than all values of the window."""
        start = self._begin - len(candidates.v)
        here = slice(start, self._begin)
        self._v[here], self._y[here], self._rate[here] = candidates.v, candidates.y, candidates.rate
        self._first[here] = candidates.first
        return self._search(start, 0, len(candidates.v), 1, limit)

    def shortlist(self, which: Counts, bound: Floats) -> Shortlist:
        at = self._begin + which
        return Shortlist(self._v[at], self._y[at], self._first[at], self._rate[at], bound)

    def keep_probes(self, levels: int) -> None:
        """Drop the values, but keep some of them as probe points.

        The smallest value is kept. If `levels` is not 0, two values are also kept in each interval
        of log(tail size) of length 1 / levels: those that deviate most, on either side, from the
        law fitted to all values so far."""
        kept = np.zeros(len(self.v), bool)
        if levels:
            tails = (self._n - self.first).astype(np.float64)
            level = np.floor(levels * np.log(tails))
            starts = np.append(0, np.flatnonzero(level[1:] != level[:-1]) + 1)
            sizes = np.diff(np.append(starts, len(level)))
            y = self._y[self._begin : self._at]
            rate = self._rate[self._begin]
            if np.isfinite(rate):
                tails -= tails[0] * np.exp(rate * (y[0] - y))
            for extreme in (np.maximum, np.minimum):
                kept |= tails == np.repeat(extreme.reduceat(tails, starts), sizes)
        kept[0] = True
        probes = np.flatnonzero(kept) + self._begin
        if levels:
            probes = np.append(probes, np.arange(self._at, len(self._v)))
        while len(probes) > len(self._v) - self._chunk:
            probes = np.append(probes[:1], probes[2::2])
        at = len(self._v) - len(probes)
        for column in (self._v, self._y, self._rate, self._first):
            column[at : len(self._v)] = column[probes]
        self._begin = self._at = at

    def _search(
        self, start: int, begin: int, end: int, step: int, limit: float
    ) -> tuple[Counts, Floats]:
        room = -(-(end - begin) // step)
        found, bound = np.empty(room, np.int64), np.empty(room)
        m = scan.within(
            self._v[start:], self._y[start:], self._first[start:], self._rate[start:],
            begin, end, step, limit, found, bound, np.empty(scan.workspace(len(self._v) - start)),
        )  # fmt: skip
        return found[:m], bound[:m]


def _join_best(one: Shortlist, other: Shortlist) -> Shortlist:
    """Join two lists; drop each candidate whose distance a smaller candidate equals or beats."""
    order = np.argsort(np.concatenate([one.v, other.v]), kind="stable")
    both = other.join(one).take(order)
    before = np.minimum.accumulate(np.append(np.inf, both.distance[:-1]))
    return both.take(both.distance < before)
