"""Open a column of numbers: a text file, a 1-D .npy, or standard input.

Columns that are too long for the memory budget are stored as float64 in an unnamed temporary file.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats._common.messages import quote_text
from htstats.weights.columns._text import BLOCK_BYTES, TextColumn, read_lines

__all__ = ["HELD", "SUFFIXES", "Column", "is_column", "open_column", "read_column"]

# Suffixes of text files with columns; each may be followed by .gz.
SUFFIXES = (".txt", ".csv", ".tsv", ".dat")

# Largest number of elements kept in memory; a longer column is stored in a temporary file.
HELD = 1 << 25

# First bytes of files that are not text.
NPY, GZIP, ZIP = b"\x93NUMPY", b"\x1f\x8b", b"PK\x03\x04"


class Column:
    """A column of numbers that can be read repeatedly, as a matrix with one column.

    Attributes
    ----------
    name : str
        The name from the header, or that of the file.
    shape : tuple of int
        (n, 1).
    dtype : str
        The dtype of the blocks: "float64", "float32" or "float16".
    source_dtype : str
        "text", or the dtype of the .npy.
    n_rounded : int
        The number of integers beyond 2^53 that float64 does not represent exactly.
    """

    def __init__(
        self, name: str, values: npt.NDArray[Any] | IO[bytes], source_dtype: str, n_rounded: int = 0
    ) -> None:
        self.name, self.source_dtype, self.n_rounded = name, source_dtype, n_rounded
        self._values = values
        if isinstance(values, np.ndarray):
            n, is_float = len(values), values.dtype.kind == "f"
            self.dtype = values.dtype.name if is_float else "float64"
        else:
            n, self.dtype = os.fstat(values.fileno()).st_size // 8, "float64"
            weakref.finalize(self, values.close)
        self.shape = n, 1

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers in the dtype of the blocks."""
        return self.shape[0] * np.dtype(self.dtype).itemsize

    def row_blocks(self, max_bytes: int = 1 << 21) -> Iterator[npt.NDArray[Any]]:
        """Yield blocks of shape (rows, 1); float16 is returned as uint16 with the same bits."""
        step = max(1, max_bytes // np.dtype(self.dtype).itemsize)
        for start in range(0, self.shape[0], step):
            block = self._part(start, min(start + step, self.shape[0]))
            block = np.ascontiguousarray(block, dtype=self.dtype)
            yield (block.view(np.uint16) if self.dtype == "float16" else block).reshape(-1, 1)

    def toarray(self) -> npt.NDArray[Any]:
        """All numbers as a 1-D array; integers keep their stored dtype."""
        return self._part(0, self.shape[0])

    def _part(self, start: int, stop: int) -> npt.NDArray[Any]:
        if isinstance(self._values, np.memmap):
            return _read_mapped(self._values, start, stop)
        if isinstance(self._values, np.ndarray):
            return self._values[start:stop]
        out = np.empty(stop - start)
        left, at = out.view(np.uint8).data, 8 * start
        while left:
            got = os.preadv(self._values.fileno(), [left[: 1 << 30]], at)
            left, at = left[got:], at + got
        return out


def is_column(path: str) -> bool:
    """Whether a path is a column: "-", a pipe, a file with a text suffix, or a 1-D .npy."""
    name = path.lower().removesuffix(".gz")
    if path == "-" or name.endswith(SUFFIXES) or _is_pipe(path):
        return True
    return name.endswith(".npy") and _open_npy(path) is not None


def read_column(path: str | os.PathLike[str], column: str | int | None = None) -> Floats:
    """Read the numbers of a text file, a 1-D .npy file, or standard input.

    Parameters
    ----------
    path : path
        A .txt, .csv, .tsv or .dat file, optionally with an additional .gz; a 1-D .npy file of
        floats or integers; "-" for standard input, whose format is recognized by its content.
    column : str or int, optional
        The name of the column in the header, or its number, counted from 1. A string of digits is
        a number if no column has that name. The argument is required if there are several columns.

    Returns
    -------
    ndarray of shape (n,)
        float64; decimals are rounded as Python's `float` rounds them.

    Raises
    ------
    ValueError
        If a line is not a finite number (the message names the line); if there are several columns
        and `column` does not select one; if the file is empty, binary or damaged.
    OSError
        If the file does not exist or cannot be read.

    Notes
    -----
    Blank lines and comments, which start with ``#``, are skipped. In .csv files, commas, semicolons
    or tabs separate the cells; the first line decides which. In .tsv files, tabs do. In other
    files, white space does, unless the first line has a comma or a semicolon. The first line is a
    header if all of its cells start with a letter. If the second line then has one cell more, its
    first cell is the name of the row. Cells may be quoted. Nothing is guessed: NaN, infinity, NA,
    empty cells, thousands separators, decimal commas, hexadecimal numbers and underscores are
    errors.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "sizes.csv")
    >>> _ = path.write_text("city,people\\nA,300\\nB,1e5\\n")
    >>> read_column(path, "people")
    array([   300., 100000.])
    """
    values = open_column(os.fspath(path), column, held=None).toarray()
    return np.asarray(values, dtype=np.float64)


def open_column(
    path: str,
    column: str | int | None = None,
    *,
    whole: bool = False,
    held: int | None = HELD,
    block_bytes: int = BLOCK_BYTES,
) -> Column:
    """Open a column for fits. The input itself is read only once.

    Parameters
    ----------
    path, column
        As in `read_column`.
    whole : bool
        If true, a number that is not an integer is an error.
    held : int or None
        Largest number of elements to keep in memory; None for no limit.
    block_bytes : int
        Number of bytes of text that are read at a time. A longer line is an error.
    """
    name = "standard input" if path == "-" else path
    shown = "stdin" if path == "-" else path if _is_pipe(path) else os.path.basename(path)
    if path.lower().endswith(".npy"):
        _require_first(name, column)
        found = _open_npy(path)
        if found is None:
            raise ValueError(f"{path}: not a 1-D .npy file of numbers")
        return _column_of(shown, found)
    with _open_stream(path, name) as stream:
        start = stream.peek(8)[:8]  # type: ignore[attr-defined]
        if start.startswith(NPY):
            _require_first(name, column)
            return _column_of(shown, _read_npy(stream, name))
        if start.startswith(ZIP):
            raise ValueError(f"{name}: not a text file but a zip archive")
        kind = os.path.splitext(path.lower().removesuffix(".gz"))[1] if path != "-" else ""
        text = TextColumn(name, kind, column, whole)
        parts = (text.numbers(line, block) for line, block in read_lines(stream, name, block_bytes))
        values = _gather(parts, held)
    if text.layout is None:
        raise ValueError(f"{name}: no numbers: it is empty, or has only comments")
    column_name = text.layout.name or shown
    found_column = Column(column_name, values, "text", text.n_rounded)
    if not found_column.shape[0]:
        raise ValueError(f"{name}: no numbers below the header {column_name!r}")
    return found_column


def _gather(parts: Iterator[Floats], held: int | None) -> npt.NDArray[Any] | IO[bytes]:
    """Collect all numbers in memory, or in a temporary file if there are more than `held`."""
    from tempfile import TemporaryFile

    kept: list[Floats] = []
    n, file = 0, None
    try:
        for part in parts:
            kept.append(part)
            n += len(part)
            if held is not None and n > held:
                file = TemporaryFile() if file is None else file
                _write(file, kept)
        if file is None:
            return np.concatenate(kept) if kept else np.empty(0)
        _write(file, kept)
    except BaseException:
        if file is not None:
            file.close()
        raise
    return file


def _write(file: IO[bytes], kept: list[Floats]) -> None:
    """Move the kept numbers to a file."""
    for part in kept:
        file.write(part.data)
    file.flush()
    kept.clear()


@contextmanager
def _open_stream(path: str, name: str) -> Iterator[IO[bytes]]:
    """Open a file or standard input as a stream of bytes; decompress it if it is gzip."""
    import gzip
    import zlib

    if path == "-":
        raw: Any = sys.stdin.buffer
        raw = raw if hasattr(raw, "peek") else io.BufferedReader(raw)
    else:
        raw = open(path, "rb")
    try:
        if raw.peek(2)[:2] != GZIP:
            yield raw
            return
        with gzip.open(raw) as unpacked, io.BufferedReader(unpacked) as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{name}: damaged gzip file: {error}") from None
    finally:
        if path != "-":
            raw.close()


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False


def _require_first(name: str, column: str | int | None) -> None:
    if column is not None and str(column) != "1":
        raise ValueError(f"{name}: column must be 1 for a 1-D array, got {column!r}")


def _open_npy(path: str) -> npt.NDArray[Any] | None:
    """The memory-mapped array of a .npy if it is 1-D and has a supported dtype, else None."""
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception:  # NumPy's parser of headers can raise any exception
        return None  # the reader of checkpoints will report the error
    return values if _is_usable(values) else None


def _read_npy(stream: IO[bytes], name: str) -> npt.NDArray[Any]:
    try:
        values = np.load(io.BytesIO(stream.read()), allow_pickle=False)
    except Exception as error:  # NumPy's parser of headers can raise any exception
        raise ValueError(f"{name}: damaged .npy: {quote_text(error, 200)}") from None
    if not _is_usable(values):
        raise ValueError(f"{name}: must be a 1-D array of numbers, got {values.dtype} of shape "
                         f"{values.shape}")  # fmt: skip
    return np.asarray(values)


def _read_mapped(values: np.memmap[Any, Any], start: int, stop: int) -> npt.NDArray[Any]:
    """Copy a part of a memory-mapped array, so that its pages do not stay in memory."""
    name, itemsize = str(values.filename), values.dtype.itemsize
    offset = values.offset + start * itemsize
    part = np.fromfile(name, values.dtype, stop - start, offset=offset)
    if len(part) != stop - start:
        raise ValueError(f"{name}: truncated while it was read")
    return part


def _is_usable(values: Any) -> bool:
    return values.ndim == 1 and values.dtype.kind in "iuf" and values.dtype.itemsize <= 8


def _column_of(name: str, values: npt.NDArray[Any]) -> Column:
    native = values.dtype.newbyteorder("=")
    values = values if values.dtype == native else np.array(values, native)
    column = Column(name, values, values.dtype.name)
    if native.kind in "iu" and native.itemsize == 8:
        for start in range(0, len(values), 1 << 18):
            part = column._part(start, min(start + (1 << 18), len(values)))
            large = part[(part > 2**53) | ((part < -(2**53)) & (native.kind == "i"))]
            column.n_rounded += sum(int(v) != int(float(v)) for v in large.tolist())
    return column
