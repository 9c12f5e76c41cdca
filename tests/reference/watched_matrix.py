"""A matrix in memory with the interface of `htstats.weights`, and eyes on how it is read."""

import numpy as np


class Matrix:
    """A 2-D view of an array, given out in blocks that overwrite each other."""

    def __init__(self, name, array, dtype=None, most_bytes=None):
        self.name = name
        self.source_shape = array.shape
        columns = array.size // max(len(array), 1) if array.ndim != 2 else array.shape[1]
        self._flat = np.ascontiguousarray(array).reshape(len(array), columns)
        self.shape = self._flat.shape
        self.dtype = dtype or array.dtype.name
        self._most_bytes = most_bytes  # of a block, also if more are asked for
        self.passes = 0
        self.blocks = 0
        self.largest = 0

    def row_blocks(self, max_bytes):
        self.passes += 1
        max_bytes = min(max_bytes, self._most_bytes or max_bytes)
        step = max(1, max_bytes // max(self._flat[:1].nbytes, 1))
        buffer = np.empty_like(self._flat[:step])
        for start in range(0, len(self._flat), step):
            block = self._flat[start : start + step]
            self.blocks += 1
            self.largest = max(self.largest, block.nbytes)
            buffer[: len(block)] = block
            yield buffer[: len(block)]
            buffer[...] = 7  # whoever kept a view would notice


class ThreadedMatrix(Matrix):
    """With random access, so that threads read for themselves."""

    def read_rows(self, start, stop, out):
        out[...] = self._flat[start:stop].view(out.dtype)
