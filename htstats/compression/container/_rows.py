"""Encode rows of B as records of a fixed size, locally or on a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats.compression.container._info import RECORD_SIZES, RecordSizes, rows_of_a_record
from htstats.compression.container._records import Buffer
from htstats.compression.container._rice import Rows, encode_rows

__all__ = ["EncodedRows", "RowEncoder"]


class EncodedRows(NamedTuple):
    """Fields and payload of a record ROWS."""

    fields: dict[str, Any]
    payload: list[Buffer]


class RowEncoder:
    """Take the rows of a matrix in order and pass them on as records.

    Parameters
    ----------
    cols : int
        Number of columns of the matrix.
    dtype : str
        The dtype of the stored values.
    put : callable
        Called with each record when it is full.
    first : int
        The first row. It must be a multiple of `rows_of_a_record(cols)`, so that the records are
        the same as those of an encoder that started with row 0.
    sizes : RecordSizes, optional
    """

    def __init__(
        self,
        cols: int,
        dtype: str,
        put: Callable[[EncodedRows], None],
        *,
        first: int = 0,
        sizes: RecordSizes = RECORD_SIZES,
    ) -> None:
        self._cols, self._dtype, self._put = cols, dtype, put
        self._most = rows_of_a_record(cols, sizes)
        # Arrays of the record that is being filled. They are reused, because new memory is slow.
        self._indptr = np.zeros(1, np.int64)
        self._indices = np.empty(0, np.int64)
        self._values = np.empty(0, np.float64 if dtype == "float64" else np.float32)
        self._first = first
        self.rows = first

    def add(
        self, indptr: npt.NDArray[Any], indices: npt.NDArray[Any], values: npt.NDArray[Any]
    ) -> None:
        """Add copies of the next rows, as CSR with sorted indices; `indptr` begins with 0."""
        at, n = 0, len(indptr) - 1
        while at < n:
            room = self._first + self._most - self.rows
            take = min(room, n - at)
            kept = slice(int(indptr[at]), int(indptr[at + take]))
            self._append(indptr[at : at + take + 1], indices[kept], values[kept])
            at += take
            if take == room:
                self.flush()

    def flush(self) -> None:
        """Pass on the rows so far as a record, even if it is not full."""
        if self.rows == self._first:
            return
        indptr = self._indptr[: self.rows - self._first + 1]
        kept = slice(0, int(indptr[-1]))
        rows = Rows(indptr, self._indices[kept], self._values[kept])
        fields, payload = encode_rows(rows, self._cols, self._dtype)
        self._put(EncodedRows({"rows": [self._first, self.rows], **fields}, payload))
        self._first = self.rows

    def _append(
        self, indptr: npt.NDArray[Any], indices: npt.NDArray[Any], values: npt.NDArray[Any]
    ) -> None:
        filled = self.rows - self._first
        start = int(self._indptr[filled])
        end = start + len(indices)
        self._indptr = _grow(self._indptr, filled + 1, filled + len(indptr))
        self._indices = _grow(self._indices, start, end)
        self._values = _grow(self._values, start, end)
        self._indices[start:end] = indices
        self._values[start:end] = values
        ends = self._indptr[filled + 1 : filled + len(indptr)]
        np.add(indptr[1:], start - int(indptr[0]), out=ends, casting="same_kind")
        self.rows += len(indptr) - 1


def _grow(array: npt.NDArray[Any], used: int, size: int) -> npt.NDArray[Any]:
    """An array of at least `size` elements that begins with the `used` elements of `array`."""
    if size <= len(array):
        return array
    larger = np.empty(max(size, 2 * len(array)), array.dtype)
    larger[:used] = array[:used]
    return larger
