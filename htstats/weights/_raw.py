"""Tensors of a checkpoint as they are stored, including those that cannot be read."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from typing import NamedTuple

from htstats.weights._sources import Source, path_of

__all__ = ["ITEMSIZES", "RawTensor", "UnreadTensor"]

# Bytes per element by name of the dtype, in lower case.
ITEMSIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1,
    "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint64": 8, "uint32": 4, "uint16": 2,
    "uint8": 1, "bool": 1, "complex64": 8, "complex128": 16,
}  # fmt: skip


class RawTensor:
    """A tensor as it is stored.

    Attributes
    ----------
    name : str
    dtype : str
        For example "float32", "bfloat16", "float8_e4m3fn", "int64" or "bool".
    shape : tuple of int
    nbytes : int
    """

    __slots__ = ("_source", "dtype", "name", "nbytes", "shape")

    def __init__(self, name: str, dtype: str, shape: tuple[int, ...], source: Source) -> None:
        self.name, self.dtype, self.shape, self._source = name, dtype, shape, source
        self.nbytes = math.prod(shape) * ITEMSIZES[dtype]

    def chunks(self, max_bytes: int = 1 << 22) -> Iterator[memoryview]:
        """Yield the bytes, row-major and little-endian, in pieces. Each overwrites the last one.

        A piece is larger than `max_bytes` only if a row is larger and cannot be divided.
        """
        step = max(max_bytes // self._source.unit, 1) * self._source.unit
        buffer = memoryview(bytearray(min(step, self.nbytes)))
        for start in range(0, self.nbytes, step):
            piece = buffer[: self.nbytes - start]
            self._source.read(start, piece)
            yield piece

    @property
    def path(self) -> str | None:
        """The file that the tensor is read from; None for a tensor in memory."""
        return path_of(self._source)

    @property
    def place(self) -> Hashable:
        """A key for the location and layout; equal for the same tensor, such as tied weights."""
        return self._source, self.dtype, self.shape

    def __repr__(self) -> str:
        return f"RawTensor({self.name!r}, {self.dtype}, shape={self.shape})"


class UnreadTensor(NamedTuple):
    """A tensor that exists but cannot be read as weights, and the reason.

    Attributes
    ----------
    name : str
    dtype : str
        The name in the file if it is not a dtype of `RawTensor`.
    shape : tuple of int
        Empty if it is not known.
    reason : str
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    reason: str
