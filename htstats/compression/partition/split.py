"""Count and copy the kept elements of a block of rows, in two passes or in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES
from htstats._common.checks import require_finite
from htstats._common.threads import run_ranges
from htstats._core import partition as _core
from htstats._core import split as _split
from htstats.compression.partition.bounds import Bounds
from htstats.sketch import FORMATS
from htstats.sketch.exact_sums import ExactSums, HalfSums, SumsOfSplit

__all__ = ["Room", "RowCounts", "count_rows", "fill_rows", "split_block"]


_COUNT: dict[str, Callable[..., int]] = {
    "float32": _core.count_b32,
    "float64": _core.count_b64,
    "float16": _core.count_b16,
    "bfloat16": _core.count_b16,
}
_FILL: dict[str, Callable[..., None]] = {
    "float32": _core.fill_b32,
    "float64": _core.fill_b64,
    "float16": _core.fill_f16,
    "bfloat16": _core.fill_bf16,
}
_SPLIT: dict[str, Callable[..., int]] = {
    "float32": _split.split_b32,
    "float64": _split.split_b64,
    "float16": _split.split_f16,
    "bfloat16": _split.split_bf16,
}

# With this many elements, int32 may be too narrow for indices.
MANY = 2**31


class RowCounts(NamedTuple):
    """Number of kept elements of each row, and the kernels' notes for the fill."""

    counts: npt.NDArray[np.int64]
    hits: npt.NDArray[np.uint8]


def count_rows(block: npt.NDArray[Any], bounds: Bounds, n_threads: int = 1) -> RowCounts:
    """Count the kept elements of each row of a C-contiguous block (16-bit floats as uint16).

    Raises
    ------
    ValueError
        If an element is NaN or infinite.
    """

    def work(part: slice) -> tuple[RowCounts, int]:
        return _count(block[part], bounds)

    parts = run_ranges(work, block.shape[0], block.size, n_threads)
    require_finite("W", sum(bad for _, bad in parts), "elements")
    return RowCounts(
        np.concatenate([part.counts for part, _ in parts]),
        np.concatenate([part.hits for part, _ in parts]),
    )


def fill_rows(
    block: npt.NDArray[Any],
    bounds: Bounds,
    rows: RowCounts,
    n_threads: int = 1,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]:
    """CSR of the kept elements of a block after `count_rows`: (indptr, indices, values).

    Indices are int32, or int64 if the number of columns or of entries needs it.
    """
    indptr = np.zeros(len(rows.counts) + 1, np.int64)
    np.cumsum(rows.counts, out=indptr[1:])
    nnz = int(indptr[-1])
    index = np.int32 if max(nnz, *block.shape) < 2**31 else np.int64
    room = np.empty(nnz, index), _empty_values(nnz, bounds.dtype)

    def work(part: slice) -> None:
        _fill(block[part], bounds, rows.hits[part], indptr[part.start : part.stop + 1], room)

    run_ranges(work, len(rows.counts), block.size, n_threads)
    return indptr, *room


class Room(NamedTuple):
    """Memory that all blocks reuse, because new memory would cost more time than the split."""

    indices: npt.NDArray[np.int32]
    values: npt.NDArray[Any]

    @classmethod
    def of(cls, size: int, dtype: str) -> Room:
        """Memory for blocks of up to `size` elements, and some more that a kernel may write."""
        return cls(np.empty(size + _split.OWN, np.int32), _empty_values(size + _split.OWN, dtype))

    @property
    def size(self) -> int:
        """The largest number of elements of a block."""
        return len(self.values) - _split.OWN


def split_block(
    block: npt.NDArray[Any],
    bounds: Bounds,
    n_threads: int = 1,
    *,
    room: Room | None = None,
    all_sums: ExactSums | HalfSums | None = None,
    kept_sums: ExactSums | None = None,
    instructions: int = _core.BEST,
    many: int = MANY,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]:
    """`count_rows` and `fill_rows` in one pass: (indptr, indices, values).

    With `room`, only one thread works, and indices and values are the beginnings of its arrays.
    The sums of all elements and of the kept ones are added to `all_sums` and `kept_sums`, if given,
    in the same pass. `instructions` selects the kernel, from 0 (plain C) to
    `_core.partition.BEST`. A block of `many` elements or more is counted before any element is
    copied. Neither changes the result.

    Raises
    ------
    ValueError
        If an element is NaN or infinite.

    Notes
    -----
    The threads take pieces of about 2^16 elements in turn. Each thread gathers the kept elements of
    a piece in its own arrays. Their position in the result is known as soon as all earlier pieces
    have been gathered. The arrays of the result are allocated for the case that every element is
    kept, and finally cut to size; memory pages that are never written are never allocated.
    """
    if block.size >= many:
        return _split_in_two_passes(block, bounds, n_threads, all_sums, kept_sums)
    indptr = np.zeros(len(block) + 1, np.int64)
    turns = np.zeros(_split.TURNS, np.int64)
    wanted = [None if sums is None else sums.dtype for sums in (all_sums, kept_sums)]

    def work(own: Room, indices: npt.NDArray[np.int32], values: npt.NDArray[Any]) -> _Found:
        parts = [None if dtype is None else SumsOfSplit(dtype) for dtype in wanted]
        kernels = [None if part is None else part.kernel for part in parts]
        arrays = own.indices, _bits(own.values), indptr, indices, _bits(values)
        rule = bounds.low, bounds.high, instructions
        kernel = _SPLIT[bounds.dtype]
        return _Found(kernel(_bits(block), *rule, turns, *kernels, *arrays), *parts)

    if room is not None:
        none = Room(room.indices[:0], room.values[:0])
        found = [work(none, *(array[: block.size + _split.OWN] for array in room))]
        indices, values = (array[: indptr[-1]] for array in room)
    else:
        indices, values = np.empty(block.size, np.int32), _empty_values(block.size, bounds.dtype)
        whole = indices, values

        def split_pieces(_: slice) -> _Found:
            return work(Room.of(0, bounds.dtype), *whole)

        pieces = -(-block.size // _split.PIECE)
        found = run_ranges(split_pieces, pieces, block.size, n_threads)
    require_finite("W", sum(part.n_bad for part in found), "elements")
    if room is None:
        for array in whole:
            array.resize(int(indptr[-1]), refcheck=False)
    if all_sums is not None:
        all_sums.take(block.size, *(part.all for part in found if part.all is not None))
    if kept_sums is not None:
        kept_sums.take(len(values), *(part.kept for part in found if part.kept is not None))
    return indptr, indices, values


class _Found(NamedTuple):
    """What one thread of a split found: elements that are not finite, and its sums."""

    n_bad: int
    all: SumsOfSplit | None
    kept: SumsOfSplit | None


def _split_in_two_passes(
    block: npt.NDArray[Any],
    bounds: Bounds,
    n_threads: int,
    all_sums: ExactSums | HalfSums | None,
    kept_sums: ExactSums | None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]:
    """`split_block` for so many elements that int32 may be too narrow for indices."""
    found = fill_rows(block, bounds, count_rows(block, bounds, n_threads), n_threads)
    if all_sums is not None:
        all_sums.update(block, n_threads)
    if kept_sums is not None:
        kept_sums.update(found[2], n_threads)
    return found


def _count(block: npt.NDArray[Any], bounds: Bounds) -> tuple[RowCounts, int]:
    """The counts of a block's rows, and the number of elements that are NaN or infinite."""
    rows, cols = block.shape
    counts = np.zeros(rows, np.int64)
    hits = np.zeros((rows, -(-cols // _core.SEGMENT)), np.uint8)
    infinity: tuple[int, ...] = ()
    if bounds.dtype in HALF_DTYPES:
        form = FORMATS[bounds.dtype]
        infinity = ((form.exponents - 1) << form.mantissa,)
    bad = _COUNT[bounds.dtype](_bits(block), bounds.low, bounds.high, *infinity, counts, hits)
    return RowCounts(counts, hits), bad


def _fill(
    block: npt.NDArray[Any],
    bounds: Bounds,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    room: tuple[npt.NDArray[Any], npt.NDArray[Any]],
) -> None:
    """Write the kept elements of a block's rows to their places in (indices, values)."""
    indices, values = room
    _FILL[bounds.dtype](
        _bits(block),
        bounds.low,
        bounds.high,
        hits,
        indptr,
        _core.BEST,
        indices.itemsize == 8,
        indices.view(np.uint8),
        _bits(values),
    )


def _empty_values(size: int, dtype: str) -> npt.NDArray[Any]:
    """An array for kept values: float64, or float32 for float32 and narrower dtypes."""
    return np.empty(size, np.float64 if dtype == "float64" else np.float32)


def _bits(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array's bits, as unsigned integers of the same width."""
    return x.view(f"u{x.itemsize}")
