"""A checkpoint in memory with the interface of `htstats.weights`: what commands are tested with."""

import sys
from types import SimpleNamespace

import numpy as np


class Matrix:
    """A 2-D view of an array, given out in blocks that overwrite each other."""

    def __init__(self, name, array, dtype=None):
        self.name = name
        self.source_shape = array.shape
        columns = array.size // max(len(array), 1) if array.ndim != 2 else array.shape[1]
        self._flat = np.ascontiguousarray(array).reshape(len(array), columns)
        self.shape = self._flat.shape
        self.dtype = dtype or array.dtype.name
        self.passes = 0
        self.largest = 0

    def row_blocks(self, max_bytes):
        self.passes += 1
        step = max(1, max_bytes // max(self._flat[:1].nbytes, 1))
        buffer = np.empty_like(self._flat[:step])
        for start in range(0, len(self._flat), step):
            block = self._flat[start : start + step]
            self.largest = max(self.largest, block.nbytes)
            buffer[: len(block)] = block
            yield buffer[: len(block)]
            buffer[...] = 7  # whoever kept a view would notice


class ThreadedMatrix(Matrix):
    """With random access, so that threads read for themselves."""

    def read_rows(self, start, stop, out):
        out[...] = self._flat[start:stop].view(out.dtype)


class Weights(dict):
    def __init__(self, arrays, broken=()):
        super().__init__()
        self.tensors = {}
        for name, array in arrays.items():
            dtype = array.dtype.name
            data = array.tobytes()
            self.tensors[name] = SimpleNamespace(
                name=name, dtype=dtype, shape=array.shape, nbytes=array.nbytes,
                chunks=lambda n, data=data: (data[i : i + 1000] for i in range(0, len(data), 1000)),
            )  # fmt: skip
            if array.ndim >= 2 and array.dtype.kind in "fV":
                bits = array.view(np.uint16) if dtype == "bfloat16" else array
                self[name] = Matrix(name, bits, dtype)


def install(monkeypatch, arrays):
    """Make `open_weights` answer with these arrays, whatever the path."""
    fake = SimpleNamespace(open_weights=lambda path: Weights(arrays))
    monkeypatch.setitem(sys.modules, "htstats.weights", fake)
