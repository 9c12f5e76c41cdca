"""Read a matrix by rows, in memory or in blocks, and multiply vectors by W^T W."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, Floats, as_elements, widen_half
from htstats._common.data_checks import require_all_finite
from htstats._common.rows import RowSource, read_blocks
from htstats._common.threads import run_each
from htstats._core import products as _products
from htstats._core import single as _single

__all__ = ["SIZES", "Matrix", "Rows", "Sizes", "Vector", "open_rows", "scale_rows"]

Vector = Floats
Matrix = npt.NDArray[Any]


class Sizes(NamedTuple):
    """Sizes that determine which method is used.

    `bench/studies/constants.py gram-side` and `spectral-block` time sizes above and below them.

    Attributes
    ----------
    block_bytes : int
        Bytes of a block of rows. A block stays in the cache while several sums are computed.
    gram_side : int
        Up to this many columns (or rows), W^T W (or W W^T) is computed, in one pass over W and with
        8 MiB. This is faster than the iteration, which takes many passes, if W is read in blocks or
        is large.
    gram_side_in_memory : int
        The same limit for a W in memory that is not large: few columns are necessary there.
    large : int
        Number of bytes at which a W in memory begins to count as large.
    max_steps : int
        Largest number of Krylov steps; random dense matrices of any size need 30 to 100.
    first_vectors : int
        Number of Krylov vectors in the first buffer, which grows if more are needed.
    panels : int
        Number of panels of rows whose products with a vector are computed on several threads. The
        products of the panels are added in their order, for any number of threads.
    paneled : int
        Number of elements from which on a W in memory has panels.
    """

    block_bytes: int = 1 << 20
    gram_side: int = 1024
    gram_side_in_memory: int = 128
    large: int = 1 << 28
    max_steps: int = 500
    first_vectors: int = 32
    panels: int = 8
    paneled: int = 1 << 22


SIZES = Sizes()


class Rows(NamedTuple):
    """A matrix, divided by 2^exponent so that squares neither overflow nor underflow."""

    shape: tuple[int, int]
    dtype: str
    parts: Callable[[int], Iterable[Matrix]]  # reads the matrix in blocks of this many rows
    data: Matrix | None = None  # the whole matrix, if it is in memory
    exponent: int = 0
    sizes: Sizes = SIZES
    n_threads: int = 1

    @classmethod
    def of(cls, data: Matrix, dtype: str, exponent: int = 0, sizes: Sizes = SIZES) -> Rows:
        def parts(step: int) -> Iterator[Matrix]:
            return (data[start : start + step] for start in range(0, data.shape[0], step))

        return cls((data.shape[0], data.shape[1]), dtype, parts, data, exponent, sizes)

    def raw_blocks(self) -> Iterator[Matrix]:
        """Yield blocks as they are stored, 16-bit floats as their bits; valid until the next."""
        yield from self.parts(max(8, self.sizes.block_bytes // (8 * self.shape[1]) & ~7))

    def blocks(self) -> Iterator[Matrix]:
        """Yield blocks of float32 (also for 16-bit floats) or float64, valid until the next one."""
        for part in self.parts(max(1, self.sizes.block_bytes // (8 * self.shape[1]))):
            yield self._widen(part)

    def _widen(self, part: Matrix) -> Matrix:
        block: Matrix = widen_half(part, self.dtype) if self.dtype in HALF_DTYPES else part
        if self.exponent:
            # two factors, because the power of two itself may overflow; both products are exact
            half = self.exponent // 2
            block = block * math.ldexp(1, -half)
            block *= math.ldexp(1, half - self.exponent)
        return block

    def _panels(self) -> list[Matrix]:
        """Panels of a matrix in memory; all but the last have a multiple of eight rows."""
        assert self.data is not None
        if self.data.size < self.sizes.paneled:
            return [self.data]
        step = max(8, -(-self.shape[0] // self.sizes.panels) + 7 & ~7)
        return [self.data[start : start + step] for start in range(0, self.shape[0], step)]

    def gram(self, v: Vector) -> Vector:
        """W^T W v, in one pass over the rows."""
        out = np.zeros(self.shape[1])
        if self.data is not None and not self.exponent:
            return self._add_panels(_GRAM[self.dtype], v)
        for block in self.blocks():
            _GRAM[block.dtype.name](block, v, out)
        return out

    def single_gram(self, v: npt.NDArray[np.float32]) -> Vector:
        """W^T W v with products in float32; for a W that is not scaled, and not float64."""
        add = _SINGLE_GRAM[self.dtype]
        if self.data is not None:
            return self._add_panels(add, v)
        out = np.zeros(self.shape[1])
        for part in self.raw_blocks():
            add(part, v, out)
        return out

    def _add_panels(self, add: Callable[[Matrix, Any, Vector], None], v: Any) -> Vector:
        def work(panel: Matrix) -> Vector:
            part = np.zeros(self.shape[1])
            add(panel, v, part)
            return part

        first, *others = run_each(work, self._panels(), self.n_threads)
        for other in others:
            first += other
        return first

    def gram_and_squares(self, v: Vector) -> tuple[Vector, float]:
        """W^T W v, and the sum of the squares of all entries."""
        out, squares = np.zeros(self.shape[1]), np.zeros(2)
        for block in self.blocks():
            _add_squares(block, squares)
            _GRAM[block.dtype.name](block, v, out)
        return out, float(squares.sum())

    def squares(self) -> float:
        """The sum of the squares of all entries. The matrix may have a single row of any length."""
        squares, step = np.zeros(2), self.sizes.block_bytes // 8
        for part in self.parts(step):
            flat = part.reshape(-1)
            for start in range(0, flat.size, step):
                _add_squares(self._widen(flat[start : start + step]), squares)
        return float(squares.sum())

    @property
    def has_a_small_gram(self) -> bool:
        """Whether computing W^T W (or W W^T) is faster than the iteration."""
        sizes = self.sizes
        if self.data is None:
            return self.shape[1] <= sizes.gram_side
        is_large = self.data.nbytes > sizes.large
        return min(self.shape) <= (sizes.gram_side if is_large else sizes.gram_side_in_memory)

    def small_gram(self) -> tuple[Vector, float]:
        """W^T W, and the sum of the squares of all entries.

        For a wide matrix in memory it is W W^T, with the same eigenvalues except for zeros."""
        tall, squares = self, np.zeros(2)
        if self.data is not None and self.shape[0] < self.shape[1]:
            tall = Rows.of(self.data.T, self.dtype, self.exponent, self.sizes)
        gram = np.zeros((tall.shape[1],) * 2)
        for block in tall.blocks():
            block = np.ascontiguousarray(block)
            _add_squares(block, squares)
            wide = block.astype(np.float64, copy=False)
            with np.errstate(all="ignore"):  # the sum of squares shows an overflow
                gram += wide.T @ wide
        return gram, float(squares.sum())


_GRAM: dict[str, Any] = {
    "float16": _products.gram_f16,
    "bfloat16": _products.gram_bf16,
    "float32": _products.gram_f32,
    "float64": _products.gram_f64,
}
_SQUARES: dict[str, Any] = {"float32": _products.squares_f32, "float64": _products.squares_f64}
_SINGLE_GRAM: dict[str, Any] = {
    "float16": _single.gram_f16,
    "bfloat16": _single.gram_bf16,
    "float32": _single.gram_f32,
}


def _add_squares(block: Matrix, squares: Vector) -> None:
    _SQUARES[block.dtype.name](block.reshape(-1), squares)


def open_rows(W: Any, sizes: Sizes = SIZES, n_threads: int = 1) -> Rows:
    """Open the rows of a matrix in memory, or of a matrix that is read in blocks."""
    if isinstance(W, Rows):
        rows = W
    elif hasattr(W, "row_blocks"):
        rows = Rows(W.shape, W.dtype, lambda step: _read(W, step), sizes=sizes)
    else:
        data, dtype = as_elements(W, "W")
        if data.ndim != 2:
            raise ValueError(f"W must be a matrix with entries, got shape {data.shape}")
        rows = Rows.of(data, dtype, sizes=sizes)
    if 0 in rows.shape:
        raise ValueError(f"W must be a matrix with entries, got shape {rows.shape}")
    return rows._replace(n_threads=n_threads)


def scale_rows(rows: Rows) -> Rows:
    """Scale the matrix so that its largest entry is in [1, 2).

    Raises
    ------
    ValueError
        If an entry is not finite, or all entries are zero.
    """
    # if an entry is NaN or inf, so is the maximum: one number shows whether all entries are finite
    largest = 0.0
    for block in rows.blocks():
        largest_here = float(np.abs(block).max())
        if not math.isfinite(largest_here):
            require_all_finite("W", block)
        largest = max(largest, largest_here)
    if largest == 0:
        raise ValueError("W must have a non-zero entry, got all zeros")
    return rows._replace(exponent=int(np.frexp(largest)[1]) - 1)


def _read(source: RowSource, step: int) -> Iterator[Matrix]:
    item = np.dtype(np.uint16 if source.dtype in HALF_DTYPES else source.dtype).itemsize
    return (b.data for b in read_blocks(source, None, step * source.shape[1] * item))
