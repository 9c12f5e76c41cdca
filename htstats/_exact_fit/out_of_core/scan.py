"""The scan of more values than memory holds: range by range, the largest values first.

What a scan in memory knows of a candidate is carried from large values down to small ones, so it is
the same to the bit when values come in ranges, each read, sorted and forgotten. Of the ranges above
its own a candidate then meets only some places, which bound its distance from below; the few
candidates whose bounds are small are measured in another descent, over all places.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._core import estimate, scan
from htstats._exact_fit.candidates import TOLERANCE
from htstats._exact_fit.out_of_core.ranges import Cells, Ranges
from htstats._exact_fit.source import Source

__all__ = ["External", "Found"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# Candidates that are looked at in each chunk for a distance to beat, and how many of them all with
# the smallest bounds are measured.
N_SAMPLES = 16
N_LIKELY = 16

# Where more are to be measured, a few of them come first; of many, if that takes readings.
MANY = 64
MANY_TO_READ_FOR = 4096

# What the sketch, its buckets and the plan of the ranges take, whatever the budget.
SKETCH_BYTES = 4 << 20


class Found(NamedTuple):
    """The best candidate; `first` of the values lie below it."""

    xmin: float
    rate: float
    distance: float
    first: int


class _Pool(NamedTuple):
    """Candidates, ascending, and bounds of their distances."""

    v: Floats
    y: Floats
    first: Counts
    rate: Floats
    distance: Floats

    def of(self, which: Any) -> _Pool:
        return _Pool(*(column[which] for column in self))

    def over(self, below: _Pool) -> _Pool:
        return _Pool(*(np.concatenate(pair) for pair in zip(below, self, strict=True)))

    def likely(self, size: int) -> _Pool:
        """So many with the smallest bounds."""
        if len(self.v) <= size:
            return self
        return self.of(np.sort(np.argsort(self.distance, kind="stable")[:size]))

    @property
    def smallest(self) -> float:
        return float(self.distance.min(initial=math.inf))


def _nobody() -> _Pool:
    nothing = np.empty(0)
    return _Pool(nothing, nothing, np.empty(0, np.int64), nothing, nothing)


class External:
    """All candidates among the values of some cells, in bounded memory.

    Parameters
    ----------
    source : Source
        Of float32 or float64; it is read as often as it takes.
    side : str
        Which values.
    cells : Cells
        All there are of the side from some value on.
    max_memory : int
        Bytes.
    min_tail : int
        Least number of values in a tail.
    """

    def __init__(
        self, source: Source, side: str, cells: Cells, max_memory: int, min_tail: int = 1
    ) -> None:
        room = max(max_memory * 3 // 8, max_memory * 5 // 8 - SKETCH_BYTES)
        self._ranges = Ranges(source, side, cells, room)
        self._n = int(cells.number.sum())
        self._min_tail = min_tail
        self._chunk = max(max_memory >> 10, 64)  # distinct values looked at together
        self._shares = max(max_memory >> 12, 16)  # a place for each such share of a tail
        self._places = max(max_memory >> 9, 256)
        self._room = max(max_memory >> 11, 64)  # candidates kept
        self._desk = _Desk(self._n, self._chunk, max(self._places, self._room))

    def best(self) -> Found | None:
        """The smallest xmin whose distance is within the tolerance of the smallest one."""
        best = self._measured(self._samples(), math.inf).smallest  # a distance to beat
        many = MANY if len(self._ranges.ranges) == 1 else MANY_TO_READ_FOR
        pool, below = _nobody(), math.inf
        while below > 0:
            some, below = self._within(best + TOLERANCE, below)
            if len(some.v) > many:
                best = min(best, self._measured(some.likely(N_LIKELY), best + TOLERANCE).smallest)
                some = some.of(some.distance <= best + TOLERANCE)
            some = self._measured(some, best + TOLERANCE)
            best = min(best, some.smallest)
            pool = _frontier(pool, some)
        if len(pool.v) == 0:
            return None
        k = int(np.flatnonzero(pool.distance <= best + TOLERANCE)[0])
        v, _, first, rate, distance = (column[k] for column in pool)
        return Found(float(v), float(rate), float(distance), int(first))

    def _samples(self) -> _Pool:
        """A few candidates with small bounds, of some from everywhere."""
        pool = _nobody()
        for desk in self._descend():
            end = self._candidates(desk, math.inf)
            if end > 0:
                limit = pool.distance.max() if len(pool.v) == N_LIKELY else math.inf
                some = desk.pool(*desk.within(0, end, limit, -(-end // N_SAMPLES)))
                pool = pool.over(some).likely(N_LIKELY)
            desk.forget(self._shares)
        return pool

    def _within(self, limit: float, below: float) -> tuple[_Pool, float]:
        """Candidates under `below` whose bound is within the limit, from above until there is no
        more room, and what they reach down to; 0 is the end."""
        pool = _nobody()
        for desk in self._descend():
            end = self._candidates(desk, below)
            while end > 0:
                start = max(0, end - (self._room - len(pool.v)))
                pool = pool.over(desk.pool(*desk.within(start, end, limit)))
                end = start
                if len(pool.v) == self._room:
                    return pool, float(desk.v[end])
            desk.forget(self._shares)
        return pool, 0.0

    def _candidates(self, desk: _Desk, below: float) -> int:
        """How many of the values on the desk are candidates; the largest of all is none."""
        end = int(np.searchsorted(desk.v, below))
        least = int(np.searchsorted(desk.first, self._n - self._min_tail, side="right"))
        return min(end, least, len(desk.v) - desk.is_first)

    def _measured(self, pool: _Pool, limit: float) -> _Pool:
        """Those whose distance is within the limit, and their distances."""
        distance = pool.distance.copy()
        for desk in self._descend():
            alive = np.flatnonzero(distance <= limit)
            if len(alive) == 0 or desk.v[-1] < pool.v[alive[0]]:
                break
            low = int(np.searchsorted(pool.v[alive], desk.v[0]))
            high = int(np.searchsorted(pool.v[alive], desk.v[-1], side="right"))
            seen = np.full(high, np.inf)  # of those that are above the limit
            met, seen_there = desk.meet(pool.of(alive[:low]), limit)
            seen[met] = seen_there
            for k in range(low, high):
                at = int(np.searchsorted(desk.v, pool.v[alive[k]]))
                seen[k] = max(desk.within(at, at + 1, limit)[1], default=np.inf)
            distance[alive[:high]] = np.maximum(distance[alive[:high]], seen)
            desk.forget(0)
        return pool._replace(distance=distance).of(distance <= limit)

    def _descend(self) -> Iterator[_Desk]:
        desk = self._desk
        desk.clear()
        left: tuple[Floats, Counts] = np.empty(0), np.empty(0, np.int64)
        for chunk in self._ranges.descending(self._chunk):
            left = np.concatenate([chunk[0], left[0]]), np.concatenate([chunk[1], left[1]])
            # estimates add up by blocks of those below the largest value of all
            begin = (len(left[0]) - desk.is_first) % estimate.BLOCK
            if begin + desk.is_first < len(left[0]):
                desk.put(left[0][begin:], left[1][begin:])
                yield desk
                left = left[0][:begin], left[1][:begin]
        if len(left[0]):
            desk.put(*left)
            yield desk


class _Desk:
    """Some values with all that is known of them, and after them some places among those above."""

    def __init__(self, n: int, chunk: int, places: int) -> None:
        chunk += estimate.BLOCK
        size = chunk + places + 1
        self._v, self._y, self._rate = (np.empty(size) for _ in range(3))
        self._first = np.empty(size + 1, np.int64)
        self._first[size] = self._n = n
        self._chunk = chunk
        self.clear()

    def clear(self) -> None:
        """Begin with the largest values."""
        self._begin = self._at = len(self._v)
        self._mark = np.zeros(4)
        self._above = 0

    @property
    def is_first(self) -> bool:
        """Whether no value was there before those that are."""
        return self._at == len(self._v)

    @property
    def v(self) -> Floats:
        return self._v[self._begin : self._at]

    @property
    def first(self) -> Counts:
        return self._first[self._begin : self._at]

    def put(self, values: Floats, counts: Counts) -> None:
        """The next values below."""
        begin, at = self._at - len(values), self._at
        tails = np.cumsum(counts[::-1])[::-1] + self._above
        self._v[begin:at], self._first[begin:at] = values, self._n - tails
        self._above = int(tails[0])
        if self.is_first:
            self._y[at - 1], self._rate[at - 1] = 0, np.inf
        part = slice(begin, at + (not self.is_first))  # with the smallest of those above
        estimate.part(
            self._v[part], self._first[part], self._n, self._mark, self._y[part], self._rate[part]
        )
        self._begin = begin

    def within(self, begin: int, end: int, limit: float, step: int = 1) -> tuple[Counts, Floats]:
        """Which of these candidates have bounds within the limit, and the bounds."""
        return self._search(self._begin, begin, end, step, limit)

    def meet(self, candidates: _Pool, limit: float) -> tuple[Counts, Floats]:
        """The same of candidates that are all below what is on the desk."""
        start = self._begin - len(candidates.v)
        here = slice(start, self._begin)
        self._v[here], self._y[here], self._rate[here] = candidates.v, candidates.y, candidates.rate
        self._first[here] = candidates.first
        return self._search(start, 0, len(candidates.v), 1, limit)

    def pool(self, which: Counts, bound: Floats) -> _Pool:
        at = self._begin + which
        return _Pool(self._v[at], self._y[at], self._first[at], self._rate[at], bound)

    def forget(self, shares: int) -> None:
        """Leave some places: the smallest value and, with shares, those where each such share of a
        tail deviates most to either side from the law of all that was put down."""
        kept = np.zeros(len(self.v), bool)
        if shares:
            tails = (self._n - self.first).astype(np.float64)
            level = np.floor(shares * np.log(tails))
            starts = np.append(0, np.flatnonzero(level[1:] != level[:-1]) + 1)
            sizes = np.diff(np.append(starts, len(level)))
            y = self._y[self._begin : self._at]
            rate = self._rate[self._begin]
            if np.isfinite(rate):
                tails -= tails[0] * np.exp(rate * (y[0] - y))
            for extreme in (np.maximum, np.minimum):
                kept |= tails == np.repeat(extreme.reduceat(tails, starts), sizes)
        kept[0] = True
        places = np.flatnonzero(kept) + self._begin
        if shares:
            places = np.append(places, np.arange(self._at, len(self._v)))
        while len(places) > len(self._v) - self._chunk:
            places = np.append(places[:1], places[2::2])
        at = len(self._v) - len(places)
        for column in (self._v, self._y, self._rate, self._first):
            column[at : len(self._v)] = column[places]
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


def _frontier(one: _Pool, other: _Pool) -> _Pool:
    """Those of both that no smaller candidate is as good as."""
    order = np.argsort(np.concatenate([one.v, other.v]), kind="stable")
    both = other.over(one).of(order)
    before = np.minimum.accumulate(np.append(np.inf, both.distance[:-1]))
    return both.of(both.distance < before)
