"""A 16-bit matrix that is held in memory as its bits, half the bytes of a float32 copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from htstats.spectral import Rows, open_rows

if TYPE_CHECKING:
    from htstats.weights import WeightMatrix

__all__ = ["HeldHalves"]


class HeldHalves:
    """The blocks of a matrix of 16-bit floats. The first reading of all blocks also keeps them.

    The blocks are then used while they are in the cache.
    """

    def __init__(self, matrix: WeightMatrix) -> None:
        self.shape, self.dtype = matrix.shape, matrix.dtype
        self._matrix = matrix
        self._bits = np.empty(matrix.shape, np.uint16)
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
