"""Matrices that are held in memory. The next matrix takes the memory of the one before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES
from htstats.spectral import Rows, open_rows

if TYPE_CHECKING:
    from htstats.weights import WeightMatrix

__all__ = ["Buffers", "HeldHalves"]

# Bytes of a cache line. No vector spans two lines in an array that begins at a multiple of it.
LINE = 64


class Buffers(threading.local):
    """Memory for one matrix on each thread, which matrices use one after another.

    The kernel clears each page of new memory. For a large matrix of 16-bit floats, this takes as
    long as five products with a vector. The memory is freed with the object.
    """

    _bytes: npt.NDArray[np.uint8] | None = None

    def take(self, shape: tuple[int, int], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array in this thread's memory. It overwrites the array of the call before."""
        size = shape[0] * shape[1] * np.dtype(dtype).itemsize
        if self._bytes is None or len(self._bytes) < size + LINE:
            self._bytes = None  # freed before more is allocated
            self._bytes = np.empty(size + LINE, np.uint8)
        start = -self._bytes.ctypes.data % LINE
        return self._bytes[start : start + size].view(dtype).reshape(shape)

    def read(self, matrix: WeightMatrix) -> npt.NDArray[Any]:
        """The whole matrix, as `toarray` returns it."""
        if matrix.dtype in HALF_DTYPES:
            return matrix.toarray()
        values = self.take(matrix.shape, matrix.dtype)
        matrix.read_rows(0, matrix.shape[0], values)
        return values


class HeldHalves:
    """The blocks of a matrix of 16-bit floats. The first reading of all blocks also keeps them.

    They are kept as their bits, half the bytes of a float32 copy. The blocks are then used while
    they are in the cache.
    """

    def __init__(self, matrix: WeightMatrix, buffers: Buffers) -> None:
        self.shape, self.dtype = matrix.shape, matrix.dtype
        self._matrix = matrix
        self._bits = buffers.take(matrix.shape, np.uint16)
        self._n_read = 0

    def row_blocks(self, max_bytes: int) -> Iterator[npt.NDArray[np.uint16]]:
        """Yield the rows in blocks, from first to last."""
        rows, cols = self.shape
        step = max(1, max_bytes // max(2 * cols, 1))
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            if self._n_read < stop:
                self._matrix.read_rows(self._n_read, stop, self._bits[self._n_read : stop])
                self._n_read = stop
            yield self._bits[start:stop]

    def rows(self) -> Rows:
        """The whole matrix, for `htstats.spectral`."""
        for _ in self.row_blocks(1 << 22):
            pass
        return open_rows(Rows.of(self._bits, self.dtype))
