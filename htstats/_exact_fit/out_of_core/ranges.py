"""The values of a source, largest first, in ranges each of which memory holds.

Cells of neighbouring values are held as these values, or, where they are denser than the floats
that they can be, as a count for each float, as narrow as it can be: 1, 2 or 4 bytes. So 8 GiB of
float32 of one sign are some 100 MiB. A range is what one reading gathers; where one is enough, it
is made once and stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._core import counts, tail
from htstats._exact_fit.candidates import distinct
from htstats._exact_fit.sample import SIDES
from htstats._exact_fit.source import Source

__all__ = ["Cells", "Ranges"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# Bytes of a count, by what a cell is held as; of values themselves 0.
WIDTHS = (0, 1, 2, 4)

# Bytes for a slot whose count had to start anew, and how often it did.
BYTES_ANEW = 16

# Of the bytes of a range, the part that a table may have which only cuts cells into smaller ones,
# and the part that may be wasted rather than have one piece more of a range.
SHARE_OF_A_CUT = 1 / 16
SHARE_OF_A_PIECE = 1 / 64

# Slots written down between two looks at the room for them.
ANEW = 1 << 14


class Cells(NamedTuple):
    """Intervals of patterns, ascending: first and last of each, and how many values are there."""

    low: Counts
    high: Counts
    number: Counts


class _Piece(NamedTuple):
    """Neighbouring cells that are held alike."""

    low: int
    high: int
    number: int
    width: int  # bytes of a count, 0: the values themselves

    def words(self, item: int) -> int:
        """Words of 8 bytes."""
        span = self.high - self.low + 1
        return -(-(self.width * span if self.width else item * self.number) // 8)


class _Again(NamedTuple):
    """Slots whose counts started anew, ascending, and what that adds to each."""

    slots: Counts
    more: Counts


class Ranges:
    """What lies in some cells, largest values first.

    Parameters
    ----------
    source : Source
        Of float32 or float64; it is read once for each range, whenever the values are asked for,
        and once in all where there is one range.
    side : str
        Which values.
    cells : Cells
        All there are of the side from some value on, cut at places that suit.
    room : int
        Bytes that a range may take.

    Attributes
    ----------
    ranges : list of list of pieces
        The highest first.
    """

    def __init__(self, source: Source, side: str, cells: Cells, room: int) -> None:
        self._source, self._side, self._room = source, side, room
        single = source.dtype == "float32"
        self._bits: Any = np.int32 if single else np.int64
        self._float: Any = np.float32 if single else np.float64
        self._select: Any = tail.select_f32 if single else tail.select_f64
        self._add: Any = (
            {1: counts.add_f32_u8, 2: counts.add_f32_u16, 4: counts.add_f32_u32}
            if single
            else {1: counts.add_f64_u8, 2: counts.add_f64_u16, 4: counts.add_f64_u32}
        )
        self._item = np.dtype(self._float).itemsize
        # one for all ranges: given back and asked for again, it would leave holes
        self._buffer = np.empty(room // 8 + 1)
        self._anew = np.empty(ANEW, np.int64)
        cells = self._cut(cells)
        self.ranges = self._filled(cells, self._pieces(cells))
        self._held = -1
        self._again: list[_Again] = []

    def descending(self, size: int) -> Iterator[tuple[Floats, Counts]]:
        """Distinct values and their counts in chunks of at most `size`, each ascending, and good
        until the next one is asked for."""
        for i, pieces in enumerate(self.ranges):
            if self._held != i:
                self._held = -1
                self._again = self._read(pieces)
                self._held = i
            for piece, data, again in zip(pieces, self._data(pieces), self._again, strict=True):
                if piece.width:
                    yield from self._counted(piece, data, again, size)
                else:
                    yield from self._sorted(data, size)

    def _data(self, pieces: list[_Piece]) -> list[npt.NDArray[Any]]:
        """Where each piece is in the buffer."""
        found, start = [], 0
        for piece in pieces:
            stop = start + piece.words(self._item)
            dtype = f"u{piece.width}" if piece.width else self._float
            size = piece.high - piece.low + 1 if piece.width else piece.number
            found.append(self._buffer[start:stop].view(dtype)[:size])
            start = stop
        return found

    def _read(self, pieces: list[_Piece]) -> list[_Again]:
        """Fill the buffer."""
        data = self._data(pieces)
        tallies = [_Tally(self._add[p.width], self._anew) if p.width else None for p in pieces]
        at = [0] * len(pieces)
        for where, tally in zip(data, tallies, strict=True):
            if tally is not None:
                where[:] = 0
        side = SIDES.index(self._side)
        for part in self._source.parts():
            for k, (piece, where, tally) in enumerate(zip(pieces, data, tallies, strict=True)):
                if tally is not None:
                    tally.add(part, side, piece.low, piece.high, 0, where)
                elif at[k] <= piece.number:
                    at[k] += self._select(part, side, piece.low, piece.high, where[at[k] :])
        again = [_Again(*_nothing()) if t is None else t.again() for t in tallies]
        for k, (piece, where) in enumerate(zip(pieces, data, strict=True)):
            if piece.width:
                at[k] = int(where.sum(dtype=np.int64)) + int(again[k].more.sum())
            if at[k] != piece.number:
                raise ValueError("x must give the same numbers each time it is read")
            if not piece.width:
                where.sort()
        return again

    def _counted(
        self, piece: _Piece, table: npt.NDArray[Any], again: _Again, size: int
    ) -> Iterator[tuple[Floats, Counts]]:
        for stop in range(len(table), 0, -size):
            slots, found = _occupied(table, again, max(stop - size, 0), stop)
            if len(slots):
                patterns = (slots + piece.low).astype(self._bits)
                yield patterns.view(self._float).astype(np.float64), found

    def _sorted(self, x: npt.NDArray[Any], size: int) -> Iterator[tuple[Floats, Counts]]:
        held = 0  # how many of the smallest value were above this part
        for stop in range(len(x), 0, -size):
            start = max(stop - size, 0)
            values, first = distinct(x[start:stop].copy())
            number = np.diff(first)
            number[-1] += held
            held = 0
            if start and x[start - 1] == x[start]:
                held = int(number[0])
                values, number = values[1:], number[1:]
            if len(values):
                yield values, number

    def _bytes(self, width: int, span: Any, number: Any) -> Any:
        """What cells take at most, whatever their values are."""
        if width == 0:
            return self._item * number
        return width * span + BYTES_ANEW * (number / 256.0**width)

    def _least(self, cells: Cells) -> npt.NDArray[np.float64]:
        """What each cell takes, for each of the widths."""
        span = (cells.high - cells.low + 1).astype(np.float64)
        return np.array([self._bytes(width, span, cells.number) for width in WIDTHS], np.float64)

    def _cut(self, cells: Cells) -> Cells:
        """The cells, with smaller ones in place of those that no range could hold: one reading
        counts their values by finer intervals of patterns."""
        slots = max(int(self._room * SHARE_OF_A_CUT) // 4, 4)
        most = self._room * (1 - 2 * SHARE_OF_A_PIECE) - 8
        while True:
            low, high, number = cells
            # of one pattern nothing has to be found out
            large = np.flatnonzero((self._least(cells).min(axis=0) > most) & (low < high))
            if len(large) == 0:
                return cells
            i = j = int(large[0])
            shift = _shift(int(high[i] - low[i]), slots)
            for k in large.tolist():  # others at the same time, where that cuts them as finely
                if _shift(int(high[k] - low[i]), slots) > shift:
                    break
                j = k
            first, last = int(low[i]), int(high[j])
            table = self._buffer.view(np.uint32)[: (last - first >> shift) + 1]
            table[:] = 0
            tally = _Tally(self._add[4], self._anew)
            for part in self._source.parts():
                tally.add(part, SIDES.index(self._side), first, last, shift, table)
            found, finer = _occupied(table, tally.again(), 0, len(table))
            if int(finer.sum()) != int(number[i : j + 1].sum()):
                raise ValueError("x must give the same numbers each time it is read")
            start = first + (found << shift)
            new = Cells(start, np.minimum(start + (1 << shift) - 1, last), finer)
            pairs = zip(cells, new, strict=True)
            cells = Cells(*(np.concatenate([old[:i], one, old[j + 1 :]]) for old, one in pairs))

    def _pieces(self, cells: Cells) -> list[tuple[int, int, int]]:
        """(first cell, last cell, width), the highest first: each cell as takes least, but for
        what a piece more would not save."""
        low, high, number = cells
        total = np.append(0, np.cumsum(number))
        kinds = np.argmin(self._least(cells), axis=0)
        wasted = self._room * SHARE_OF_A_PIECE
        gaps = WIDTHS[-1] * (low[1:] - high[:-1] - 1) > wasted
        starts = np.append(0, np.flatnonzero((kinds[1:] != kinds[:-1]) | gaps) + 1)
        stops = np.append(starts[1:], len(low))
        pieces: list[tuple[int, int, int]] = []
        for a, b in zip(starts[::-1].tolist(), stops[::-1].tolist(), strict=True):
            width, n = WIDTHS[kinds[a]], int(total[b] - total[a])
            if pieces:
                above, end, other = pieces[-1]
                span = float(low[above] - low[a]), float(high[b - 1] - low[a] + 1)
                extra = self._bytes(other, span[0], n) - self._bytes(width, span[1], n)
                if extra <= wasted:
                    pieces[-1] = (a, end, other)
                    continue
            pieces.append((a, b, width))
        return pieces

    def _filled(self, cells: Cells, pieces: list[tuple[int, int, int]]) -> list[list[_Piece]]:
        """As few ranges as hold the pieces, which are cut where one is full."""
        low, high, number = cells
        total = np.append(0, np.cumsum(number))
        ranges: list[list[_Piece]] = [[]]
        left: float = self._room
        for a, end, width in pieces:
            stop = end
            while stop > a:
                span = (high[stop - 1] - low[a:stop] + 1).astype(np.float64)
                takes = self._bytes(width, span, (total[stop] - total[a:stop])) + 8
                start = a + int(np.count_nonzero(takes > left))
                if start == stop and ranges[-1]:
                    ranges.append([])
                    left = self._room
                    continue
                start = min(start, stop - 1)  # one pattern alone always fits
                left -= float(takes[start - a])
                n = int(total[stop] - total[start])
                ranges[-1].append(_Piece(int(low[start]), int(high[stop - 1]), n, width))
                stop = start
        return ranges


class _Tally:
    """Counts some patterns and remembers which of the counts started anew."""

    def __init__(self, add: Any, anew: Counts) -> None:
        self._add, self._room = add, anew
        self._pending: list[Counts] = []
        self._slots, self._times = _nothing()
        self._end = 0

    def add(
        self, part: npt.NDArray[Any], side: int, low: int, high: int, shift: int, table: Any
    ) -> None:
        self._end = 1 << 8 * table.itemsize
        at = 0
        while at < part.size:
            read, found = self._add(part[at:], side, low, high, shift, table, self._room)
            at += read
            if found:
                self._pending.append(self._room[:found].copy())
        if sum(map(len, self._pending)) > max(len(self._slots), ANEW):
            self._join()

    def _join(self) -> None:
        found = [np.unique(slots, return_counts=True) for slots in self._pending]
        slots = np.concatenate([self._slots, *(slots for slots, _ in found)])
        times = np.concatenate([self._times, *(number for _, number in found)])
        self._slots, place = np.unique(slots, return_inverse=True)
        self._times = np.zeros(len(self._slots), np.int64)
        np.add.at(self._times, place, times)
        self._pending = []

    def again(self) -> _Again:
        self._join()
        return _Again(self._slots, self._times * self._end)


def _nothing() -> tuple[Counts, Counts]:
    return np.empty(0, np.int64), np.empty(0, np.int64)


def _shift(span: int, slots: int) -> int:
    """How many bits to leave out so that patterns 0 ... span take at most so many slots."""
    return max((span // slots).bit_length(), 0)


def _occupied(
    table: npt.NDArray[Any], again: _Again, start: int, stop: int
) -> tuple[Counts, Counts]:
    """The slots that are not empty, from start to stop, and their whole counts."""
    a, b = np.searchsorted(again.slots, (start, stop)).tolist()
    extra = again.slots[a:b]
    slots = np.flatnonzero(table[start:stop]) + start
    if len(extra):
        slots = np.union1d(slots, extra)
    number = table[slots].astype(np.int64)
    number[np.searchsorted(slots, extra)] += again.more[a:b]
    return slots, number
