"""Read the values of a source in ranges that fit in memory, from the largest values down.

One reading of the source gathers a range. The range holds its values themselves. If there are more
values than different floats between its ends, it holds a counter of 1, 2 or 4 bytes for each such
float instead. Thus 8 GiB of float32 of one sign take some 100 MiB. If one range is enough, the
source is read once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Counts, Floats
from htstats._core import counts, tail
from htstats._exact_fit.candidates import sort_distinct
from htstats._exact_fit.sample import SIDES
from htstats._exact_fit.source import Source

__all__ = ["Cells", "Ranges"]

# Bytes of a counter. With 0, a cell is held as its values themselves.
WIDTHS = (0, 1, 2, 4)

# Bytes to record one overflow of a counter: the slot, and the number of overflows.
BYTES_ANEW = 16

# Proportions of the bytes of a range: for a table that is used only to cut cells into smaller ones,
# and for bytes that may be wasted to save a piece. Each piece takes another pass over a block.
SHARE_OF_A_CUT = 1 / 16
SHARE_OF_A_PIECE = 1 / 64

# Largest number of overflows that the kernel can report in one call.
ANEW = 1 << 14


class Cells(NamedTuple):
    """Intervals of bit patterns, ascending, with their first and last patterns and value counts."""

    low: Counts
    high: Counts
    number: Counts


class _Piece(NamedTuple):
    """Neighbouring cells that are held in the same form."""

    low: int
    high: int
    number: int
    width: int  # bytes of a counter; 0 means the values themselves

    def words(self, item: int) -> int:
        """The size in words of 8 bytes."""
        span = self.high - self.low + 1
        return -(-(self.width * span if self.width else item * self.number) // 8)


class _Overflow(NamedTuple):
    """Slots whose counters overflowed, ascending, and the number to add to each counter."""

    slots: Counts
    more: Counts


class Ranges:
    """The values in some cells, from the largest down.

    Parameters
    ----------
    source : Source
        A source of float32 or float64. If there is one range, the source is read once in all. If
        there are several, each call of `chunks` reads the source once for each range.
    side : str
        "abs", "positive" or "negative".
    cells : Cells
        They must contain all values of the side at or above some value.
    room : int
        The largest size of a range in bytes.

    Attributes
    ----------
    ranges : list of list of pieces
        The ranges, from the highest down.
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
        # one buffer for all ranges: freeing and allocating it again would fragment the memory
        self._buffer = np.empty(room // 8 + 1)
        self._anew = np.empty(ANEW, np.int64)
        cells = self._cut(cells)
        self.ranges = self._fill_ranges(cells, self._plan_pieces(cells))
        self._held = -1
        self._overflow: list[_Overflow] = []

    def chunks(self, size: int) -> Iterator[tuple[Floats, Counts]]:
        """Yield distinct values and their counts in chunks of at most `size`.

        The largest values come first. Each chunk is ascending, and valid until the next one."""
        for i, pieces in enumerate(self.ranges):
            if self._held != i:
                self._held = -1
                self._overflow = self._read(pieces)
                self._held = i
            for piece, data, overflow in zip(
                pieces, self._data(pieces), self._overflow, strict=True
            ):
                if piece.width:
                    yield from self._chunks_of_counts(piece, data, overflow, size)
                else:
                    yield from self._chunks_of_values(data, size)

    def _data(self, pieces: list[_Piece]) -> list[npt.NDArray[Any]]:
        """The part of the buffer that holds each piece."""
        found, start = [], 0
        for piece in pieces:
            stop = start + piece.words(self._item)
            dtype = f"u{piece.width}" if piece.width else self._float
            size = piece.high - piece.low + 1 if piece.width else piece.number
            found.append(self._buffer[start:stop].view(dtype)[:size])
            start = stop
        return found

    def _read(self, pieces: list[_Piece]) -> list[_Overflow]:
        """Read the source into the buffer."""
        data = self._data(pieces)
        counters = [_Counter(self._add[p.width], self._anew) if p.width else None for p in pieces]
        at = [0] * len(pieces)
        for where, counter in zip(data, counters, strict=True):
            if counter is not None:
                where[:] = 0
        side = SIDES.index(self._side)
        for part in self._source.parts():
            for k, (piece, where, counter) in enumerate(zip(pieces, data, counters, strict=True)):
                if counter is not None:
                    counter.add(part, side, piece.low, piece.high, 0, where)
                elif at[k] <= piece.number:
                    at[k] += self._select(part, side, piece.low, piece.high, where[at[k] :])
        overflow = [_Overflow(*_empty_slots()) if t is None else t.overflow() for t in counters]
        for k, (piece, where) in enumerate(zip(pieces, data, strict=True)):
            if piece.width:
                at[k] = int(where.sum(dtype=np.int64)) + int(overflow[k].more.sum())
            if at[k] != piece.number:
                raise ValueError("x must give the same numbers each time it is read")
            if not piece.width:
                where.sort()
        return overflow

    def _chunks_of_counts(
        self, piece: _Piece, table: npt.NDArray[Any], overflow: _Overflow, size: int
    ) -> Iterator[tuple[Floats, Counts]]:
        for stop in range(len(table), 0, -size):
            slots, found = _occupied_slots(table, overflow, max(stop - size, 0), stop)
            if len(slots):
                patterns = (slots + piece.low).astype(self._bits)
                yield patterns.view(self._float).astype(np.float64), found

    def _chunks_of_values(self, x: npt.NDArray[Any], size: int) -> Iterator[tuple[Floats, Counts]]:
        held = 0  # number of copies of this part's largest value in the part above
        for stop in range(len(x), 0, -size):
            start = max(stop - size, 0)
            values, first = sort_distinct(x[start:stop].copy())
            number = np.diff(first)
            number[-1] += held
            held = 0
            if start and x[start - 1] == x[start]:
                held = int(number[0])
                values, number = values[1:], number[1:]
            if len(values):
                yield values, number

    def _bytes(self, width: int, span: Any, number: Any) -> Any:
        """An upper bound of the bytes of cells with this span of patterns and number of values."""
        if width == 0:
            return self._item * number
        return width * span + BYTES_ANEW * (number / 256.0**width)

    def _least(self, cells: Cells) -> Floats:
        """The bytes of each cell (columns) for each width of the counters (rows)."""
        span = (cells.high - cells.low + 1).astype(np.float64)
        return np.array([self._bytes(width, span, cells.number) for width in WIDTHS], np.float64)

    def _cut(self, cells: Cells) -> Cells:
        """Cut cells that do not fit in a range into smaller cells.

        One reading of the source counts their values in finer intervals of patterns."""
        slots = max(int(self._room * SHARE_OF_A_CUT) // 4, 4)
        most = self._room * (1 - 2 * SHARE_OF_A_PIECE) - 8
        while True:
            low, high, number = cells
            # a cell of one pattern has one value and is never cut
            large = np.flatnonzero((self._least(cells).min(axis=0) > most) & (low < high))
            if len(large) == 0:
                return cells
            i = j = int(large[0])
            shift = _shift(int(high[i] - low[i]), slots)
            for k in large.tolist():  # cut more cells in this reading, if none gets coarser
                if _shift(int(high[k] - low[i]), slots) > shift:
                    break
                j = k
            first, last = int(low[i]), int(high[j])
            table = self._buffer.view(np.uint32)[: (last - first >> shift) + 1]
            table[:] = 0
            counter = _Counter(self._add[4], self._anew)
            for part in self._source.parts():
                counter.add(part, SIDES.index(self._side), first, last, shift, table)
            found, finer = _occupied_slots(table, counter.overflow(), 0, len(table))
            if int(finer.sum()) != int(number[i : j + 1].sum()):
                raise ValueError("x must give the same numbers each time it is read")
            start = first + (found << shift)
            new = Cells(start, np.minimum(start + (1 << shift) - 1, last), finer)
            pairs = zip(cells, new, strict=True)
            cells = Cells(*(np.concatenate([old[:i], one, old[j + 1 :]]) for old, one in pairs))

    def _plan_pieces(self, cells: Cells) -> list[tuple[int, int, int]]:
        """Group cells into pieces (first cell, last cell, width of counter), the highest first.

        Each cell gets the width that takes the fewest bytes, unless joining the piece above wastes
        less than SHARE_OF_A_PIECE."""
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

    def _fill_ranges(self, cells: Cells, pieces: list[tuple[int, int, int]]) -> list[list[_Piece]]:
        """Fill ranges with the pieces, one after the other. If a range is full, cut the piece."""
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
                start = min(start, stop - 1)  # a single pattern always fits
                left -= float(takes[start - a])
                n = int(total[stop] - total[start])
                ranges[-1].append(_Piece(int(low[start]), int(high[stop - 1]), n, width))
                stop = start
        return ranges


class _Counter:
    """Counts patterns with narrow counters, and records which counters overflowed."""

    def __init__(self, add: Any, anew: Counts) -> None:
        self._add, self._room = add, anew
        self._pending: list[Counts] = []
        self._slots, self._times = _empty_slots()
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

    def overflow(self) -> _Overflow:
        self._join()
        return _Overflow(self._slots, self._times * self._end)


def _empty_slots() -> tuple[Counts, Counts]:
    return np.empty(0, np.int64), np.empty(0, np.int64)


def _shift(span: int, slots: int) -> int:
    """The number of low bits to drop so that patterns 0 ... span take at most `slots` slots."""
    return max((span // slots).bit_length(), 0)


def _occupied_slots(
    table: npt.NDArray[Any], overflow: _Overflow, start: int, stop: int
) -> tuple[Counts, Counts]:
    """The occupied slots in [start, stop), and their counts including the overflows."""
    a, b = np.searchsorted(overflow.slots, (start, stop)).tolist()
    extra = overflow.slots[a:b]
    slots = np.flatnonzero(table[start:stop]) + start
    if len(extra):
        slots = np.union1d(slots, extra)
    number = table[slots].astype(np.int64)
    number[np.searchsorted(slots, extra)] += overflow.more[a:b]
    return slots, number
