"""Matrices and tensors of an open container, whose bytes are read lazily."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats._common.threads import run_ranges
from htstats.compression.container._info import MatrixInfo
from htstats.compression.container._records import Record, read_payload
from htstats.compression.container._rice import Rows, decode_rows
from htstats.compression.matrix import (
    BLOCK_DTYPES,
    CompressedMatrix,
    NoiseLaw,
    gaussian_rows,
    rebuild_rows,
    stack_rows,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["StoredMatrix", "StoredTensor", "Tie"]


class Tie(NamedTuple):
    """A second name of a matrix or tensor."""

    name: str
    tied_to: str


@dataclass(frozen=True)
class StoredMatrix:
    """A matrix in an open container; its bytes are read lazily.

    Attributes
    ----------
    info : MatrixInfo
        Shape, dtype, threshold, the law of the noise.
    nnz : int
        Number of entries of B.
    stored_bytes : int
        Bytes of the matrix in the file, including its fields and checksums.
    """

    info: MatrixInfo
    nnz: int
    stored_bytes: int
    _file: BinaryIO = field(repr=False)
    _chunks: tuple[tuple[int, int, Record], ...] = field(repr=False)

    def sparse(self, start: int = 0, stop: int | None = None) -> csr_array:
        """Rows `start` to `stop` of B (all by default). Only their records are read."""
        start, stop = self._range(start, stop)
        blocks = [rows for _, rows in self._rows(start, stop)]
        return stack_rows(blocks, self.info.shape, self.info.dtype)

    def matrix(self) -> CompressedMatrix:
        """The matrix with all of B in memory."""
        info = vars(self.info).copy()
        del info["name"], info["source_shape"], info["source_dtype"]
        return CompressedMatrix(sparse=self.sparse(), **info)

    def row_block(self, start: int, stop: int, *, n_threads: int = 1) -> npt.NDArray[Any]:
        """Rows `start` to `stop` of W(t), as `CompressedMatrix.row_block` gives them."""
        start, stop = self._range(start, stop)
        out = np.empty((stop - start, self.info.shape[1]), BLOCK_DTYPES[self.info.dtype])
        for first, rows in self._rows(start, stop):
            self._rebuild(first, rows, out[first - start :], n_threads)
        return out

    def row_blocks(self, *, n_threads: int = 1) -> Iterator[npt.NDArray[Any]]:
        """Yield W(t) from top to bottom, with the rows of one record at a time, in one buffer."""
        most = max((stop - start for start, stop, _ in self._chunks), default=0)
        buffer = np.empty((most, self.info.shape[1]), BLOCK_DTYPES[self.info.dtype])
        for first, rows in self._rows(0, self.info.shape[0]):
            self._rebuild(first, rows, buffer, n_threads)
            yield buffer[: len(rows.indptr) - 1]

    def gaussian_rows(self, start: int, stop: int) -> Floats:
        """Rows `start` to `stop` of G itself, as `CompressedMatrix.gaussian_rows` gives them."""
        start, stop = self._range(start, stop)
        return gaussian_rows(NoiseLaw.of(self.info), start, stop, self.info.shape[1])

    def _rebuild(self, first: int, rows: Rows, out: npt.NDArray[Any], n_threads: int) -> None:
        """Write rows to the beginning of `out`; each thread writes a range of them."""
        n_rows, law = len(rows.indptr) - 1, NoiseLaw.of(self.info)

        def rebuild(part: slice) -> None:
            cut = _cut(rows, part.start, part.stop)
            rebuild_rows(law, first + part.start, *cut, out[part])

        run_ranges(rebuild, n_rows, n_rows * out.shape[1], n_threads)

    def _range(self, start: int, stop: int | None) -> tuple[int, int]:
        end = self.info.shape[0]
        stop = end if stop is None else checks.count("stop", stop, below=end + 1)
        return checks.count("start", start, below=stop + 1), stop

    def _rows(self, start: int, stop: int) -> Iterator[tuple[int, Rows]]:
        """Yield (first row, rows) of the records that overlap [start, stop), cut to this range."""
        for first, last, record in self._chunks:
            if first < stop and last > start:
                rows = decode_rows(
                    record.meta,
                    read_payload(self._file, record),
                    last - first,
                    self.info.shape[1],
                    self.info.dtype,
                )
                low, high = max(first, start), min(last, stop)
                yield low, _cut(rows, low - first, high - first)


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that is stored unchanged; `dtype` is its name in safetensors, in lower case."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    stored_bytes: int
    _file: BinaryIO = field(repr=False)
    _chunks: tuple[Record, ...] = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, row-major and little-endian, a few MiB at a time."""
        for record in self._chunks:
            yield read_payload(self._file, record)


def _cut(rows: Rows, start: int, stop: int) -> Rows:
    low, high = int(rows.indptr[start]), int(rows.indptr[stop])
    indptr = rows.indptr[start : stop + 1] - low
    return Rows(indptr, rows.indices[low:high], rows.values[low:high])
