"""The values of a source in descending ranges, each small enough for memory.

A range is held as its values, or, where these are denser than the floats that they can be, as a
count for each float: float32 takes some 50 ranges of the default size at most, whatever the number
of elements, and a few as a rule. Each is one reading of the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._core import tail
from htstats._scan import distinct
from htstats._usable import SIDES, Source

__all__ = ["Cells", "Ranges"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# Counts are 32-bit: those that have reached this are put aside each time that so many elements more
# have been counted.
HEAVY = 1 << 31

# Of the bytes of a range, the part that a table may have which only cuts cells into smaller ones.
SHARE_OF_A_CUT = 1 / 16


class Cells(NamedTuple):
    """Intervals of patterns, ascending: first and last of each, and how many values are there."""

    low: Counts
    high: Counts
    number: Counts


class _Range(NamedTuple):
    low: int
    high: int
    number: int
    is_dense: bool


class Ranges:
    """What lies in some cells, largest values first.

    Parameters
    ----------
    source : Source
        Of float32 or float64; it is read as often as it takes.
    side : str
        Which values.
    cells : Cells
        All there are of the side from some value on, cut at places that suit.
    room : int
        Bytes that a range may take.
    """

    def __init__(self, source: Source, side: str, cells: Cells, room: int) -> None:
        self._source, self._side, self._room = source, side, room
        single = source.dtype == "float32"
        self._bits: Any = np.int32 if single else np.int64
        self._float: Any = np.float32 if single else np.float64
        self._count: Any = tail.count_f32 if single else tail.count_f64
        self._select: Any = tail.select_f32 if single else tail.select_f64
        self._item = np.dtype(self._float).itemsize
        # one for all ranges: given back and asked for again, it would leave holes
        self._buffer = np.empty(max(room, self._item) // 8 + 1, np.float64)
        self._ranges = self._joined(self._cut(cells))

    def descending(self, size: int) -> Iterator[tuple[Floats, Counts]]:
        """Distinct values and their counts in chunks of at most `size`, each ascending, and good
        until the next one is asked for."""
        for each in self._ranges:
            yield from self._counted(each, size) if each.is_dense else self._sorted(each, size)

    def _counted(self, r: _Range, size: int) -> Iterator[tuple[Floats, Counts]]:
        if r.low == r.high:  # which is all there is to know
            yield self._values(np.array([r.low])), np.array([r.number])
            return
        table, more = self._table(r.low, r.high, 0)
        if int(table.sum(dtype=np.int64)) + sum(more.values()) != r.number:
            raise ValueError("x must give the same numbers each time it is read")
        for stop in range(len(table), 0, -size):
            slots, counts = _occupied(table, more, max(stop - size, 0), stop)
            if len(slots):
                yield self._values(slots + r.low), counts

    def _sorted(self, r: _Range, size: int) -> Iterator[tuple[Floats, Counts]]:
        x = self._buffer.view(self._float)[: r.number]
        at = 0
        for part in self._source.parts():
            at += self._select(part, SIDES.index(self._side), r.low, r.high, x[at:])
            if at > r.number:
                break
        if at != r.number:
            raise ValueError("x must give the same numbers each time it is read")
        x.sort()
        held = 0  # how many of the smallest value were above this part
        for stop in range(len(x), 0, -size):
            start = max(stop - size, 0)
            values, first = distinct(x[start:stop])
            counts = np.diff(first)
            counts[-1] += held
            held = 0
            if start and x[start - 1] == x[start]:
                held = int(counts[0])
                values, counts = values[1:], counts[1:]
            if len(values):
                yield values, counts

    def _values(self, patterns: Counts) -> Floats:
        values: Floats = patterns.astype(self._bits).view(self._float).astype(np.float64)
        return values

    def _table(
        self, low: int, high: int, shift: int
    ) -> tuple[npt.NDArray[np.uint32], dict[int, int]]:
        """Counts of (pattern - low) >> shift, and what has to be added to some of them."""
        table = self._buffer.view(np.uint32)[: (high - low >> shift) + 1]
        table[:] = 0
        more: dict[int, int] = {}
        since = 0
        for part in self._source.parts():
            for start in range(0, part.size, HEAVY):
                piece = part[start : start + HEAVY]
                if since + piece.size > HEAVY:
                    _set_aside(table, more)
                    since = 0
                self._count(piece, SIDES.index(self._side), low, high, shift, table)
                since += piece.size
        return table, more

    def _fits(self, span: Any, number: Any) -> Any:
        return (span <= self._room // 4) | (number <= self._room // self._item)

    def _cut(self, cells: Cells) -> Cells:
        """The cells, with smaller ones in place of those that no range could hold: one reading
        counts their values by finer intervals of patterns."""
        slots = max(int(self._room * SHARE_OF_A_CUT) // 4, 4)
        while True:
            low, high, number = cells
            large = np.flatnonzero(~self._fits(high - low + 1, number))
            if len(large) == 0:
                return cells
            i = j = int(large[0])
            shift = _shift(int(high[i] - low[i]), slots)
            for k in large.tolist():  # others at the same time, where that cuts them as finely
                if _shift(int(high[k] - low[i]), slots) > shift:
                    break
                j = k
            table, more = self._table(int(low[i]), int(high[j]), shift)
            found, counts = _occupied(table, more, 0, len(table))
            if int(counts.sum()) != int(number[i : j + 1].sum()):
                raise ValueError("x must give the same numbers each time it is read")
            start = low[i] + (found << shift)
            finer = Cells(start, np.minimum(start + (1 << shift) - 1, high[j]), counts)
            pairs = zip(cells, finer, strict=True)
            cells = Cells(*(np.concatenate([old[:i], new, old[j + 1 :]]) for old, new in pairs))

    def _joined(self, cells: Cells) -> list[_Range]:
        """As few ranges as hold the cells, the highest first."""
        low, high, number = cells
        tails = np.cumsum(number[::-1])  # of the last 1, 2, ... cells
        ranges: list[_Range] = []
        stop = len(low)
        while stop > 0:
            last, above = int(high[stop - 1]), int(tails[len(low) - stop] - number[stop - 1])
            sparse = int(np.searchsorted(tails, above + self._room // self._item, "right"))
            dense = int(np.searchsorted(low, last + 1 - self._room // 4))
            start = min(len(low) - sparse, dense)
            total = int(number[start:stop].sum())
            is_dense = 4 * (last - int(low[start]) + 1) < self._item * total
            ranges.append(_Range(int(low[start]), last, total, is_dense))
            stop = start
        return ranges


def _shift(span: int, slots: int) -> int:
    """How many bits to leave out so that patterns 0 ... span take at most so many slots."""
    return max((span // slots).bit_length(), 0)


def _set_aside(table: npt.NDArray[np.uint32], more: dict[int, int]) -> None:
    """Move large counts out of a table."""
    for start in range(0, len(table), 1 << 20):
        for slot in np.flatnonzero(table[start : start + (1 << 20)] >= HEAVY).tolist():
            more[start + slot] = more.get(start + slot, 0) + int(table[start + slot])
            table[start + slot] = 0


def _occupied(
    table: npt.NDArray[np.uint32], more: dict[int, int], start: int, stop: int
) -> tuple[Counts, Counts]:
    """The slots that are not empty, from start to stop, and their whole counts."""
    extra = [slot for slot in more if start <= slot < stop]
    slots = np.flatnonzero(table[start:stop]) + start
    if extra:
        slots = np.union1d(slots, extra)
    counts = table[slots].astype(np.int64)
    for slot in extra:
        counts[np.searchsorted(slots, slot)] += more[slot]
    return slots, counts
