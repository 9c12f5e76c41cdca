"""Write a container: nothing under its name changes before it is finished."""

from __future__ import annotations

import contextlib
import errno
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy.typing as npt

from htstats._files import named_errors, publish, target_of
from htstats._records import SIGNATURE, Buffer, Record, read_payload, write_record
from htstats._version import __version__
from htstats.compressed import CompressedMatrix
from htstats.container import _info
from htstats.container._entries import StoredMatrix
from htstats.container._info import MatrixInfo
from htstats.container._log import Log
from htstats.container._rows import EncodedRows, RowEncoder

__all__ = ["ContainerWriter", "MatrixSink"]


class ContainerWriter:
    """Writes a container matrix by matrix; `path` changes only at `commit`, and then as a whole.

    Parameters
    ----------
    path : path
        The file to be. What is written lies in `<path>.partial` until then.
    options : mapping, optional
        Plain values to keep in the file: how it was made. With `resume` they must be the same.
    resume : bool
        Go on from what `<path>.partial` has finished, if it is there; `finished` says what.

    Raises
    ------
    OSError
        If the file cannot be written, or another process is writing it.
    ValueError
        If there is a partial file made with other options.

    Attributes
    ----------
    finished : list of str
        The entries that are in the file, those of an earlier run first.
    last_written : float
        When an earlier run last wrote to the partial file, in seconds of Unix time.

    Notes
    -----
    On leaving the `with` block by an exception the partial file is removed, unless `resume` was
    asked for, or the exception is an interrupt. A killed process leaves the partial file too.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        options: Mapping[str, Any] | None = None,
        resume: bool = False,
    ) -> None:
        self.target = target_of(path)
        self.partial = self.target.with_name(self.target.name + ".partial")
        self.finished: list[str] = []
        self._resume = resume
        self._options = dict(options or {})
        self._records = 0
        self._chain = 0
        with named_errors(self.partial):
            # O_NOFOLLOW: nobody else's link under that name is written through
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            self._file: BinaryIO = os.fdopen(os.open(self.partial, flags, 0o666), "r+b")
            try:
                _lock(self._file, self.partial)
                self.last_written = os.fstat(self._file.fileno()).st_mtime
                self._begin()
            except BaseException:
                self._file.close()
                raise

    def matrix(self, name: str, shape: tuple[int, int], dtype: str) -> MatrixSink:
        """Begin a matrix; its rows follow in order."""
        self._new(name)
        return MatrixSink(self, name, shape, dtype)

    def mark(self) -> tuple[int, int, int]:
        """Where the file stands, for `back_to`."""
        return self._file.tell(), self._records, self._chain

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Drop what was written of an entry since `mark`; it must not be finished."""
        with named_errors(self.partial):
            self._file.seek(mark[0])
            self._file.truncate()
        _, self._records, self._chain = mark

    def add_matrix(
        self, name: str, matrix: CompressedMatrix, source_shape: tuple[int, ...] | None = None
    ) -> None:
        """A matrix that is in memory."""
        law = vars(matrix).copy()
        sparse = law.pop("sparse")
        sink = self.matrix(name, matrix.shape, matrix.dtype)
        sink.add(sparse.indptr, sparse.indices, sparse.data)
        sink.finish(MatrixInfo(name=name, source_shape=source_shape or matrix.shape, **law))

    def add_tensor(
        self, name: str, dtype: str, shape: tuple[int, ...], chunks: Iterable[Buffer]
    ) -> None:
        """A tensor as it is: its bytes in row-major order, in pieces of any size."""
        self._new(name)
        pieces = n_bytes = 0
        for piece in _regroup(chunks, _info.CHUNK_BYTES):
            self._write("DATA", {}, [piece])
            pieces += 1
            n_bytes += len(piece)
        fields = {"name": name, "dtype": dtype, "shape": list(shape), "bytes": n_bytes}
        self._write("TENS", {**fields, "chunks": pieces})
        self._finished(name)

    def commit(self) -> None:
        """Put the file in place: synced, then renamed."""
        with named_errors(self.target):
            self._write("DONE", {"records": self._records, "chain": self._chain})
            publish(self._file, self.partial, self.target)
            self._file.close()

    @property
    def written(self) -> int:
        """Bytes so far."""
        return self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file.closed:
            return
        # on a full disk even what is buffered cannot be written
        with contextlib.suppress(OSError):
            self._file.close()
        interrupted = kind is not None and not issubclass(kind, Exception)
        if not (self._resume or interrupted):
            self.partial.unlink(missing_ok=True)

    def _begin(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        if self._resume and size:
            log = Log(self._file, size, str(self.partial))
            with contextlib.suppress(ValueError):
                log.head()
            if log.records:
                self._require_same(log.fields)
                self._recover(log)
                return
        self._file.seek(0)
        self._file.truncate()
        self._file.write(SIGNATURE)
        fields = {"format": "htz", "version": _info.VERSION, "options": self._options}
        self._write("HEAD", {**fields, "writer": f"htstats {__version__}"})

    def _require_same(self, fields: dict[str, Any]) -> None:
        ours, theirs = self._options, fields["options"]
        for key in sorted({*ours, *theirs}):
            if ours.get(key) != theirs.get(key):
                raise ValueError(
                    f"{self.partial} cannot be resumed: it was made with {key} "
                    f"{theirs.get(key)!r}, not {ours.get(key)!r}; remove it to begin anew"
                )

    def _recover(self, log: Log) -> None:
        """Keep what is whole, its payloads included; cut off the rest."""
        end, self._records, self._chain = log.at, log.records, log.chain
        with contextlib.suppress(ValueError):
            while (entry := log.entry()) is not None:
                chunks = entry._chunks
                for chunk in chunks:
                    read_payload(self._file, chunk if isinstance(chunk, Record) else chunk[2])
                name = entry.info.name if isinstance(entry, StoredMatrix) else entry.name
                self.finished.append(name)
                end, self._records, self._chain = log.at, log.records, log.chain
        self._file.seek(end)
        self._file.truncate()

    def _new(self, name: str) -> None:
        if name in self.finished:
            raise ValueError(f"name {name!r} is in the container already")

    def _write(self, kind: str, fields: dict[str, Any], payload: Iterable[Buffer] = ()) -> None:
        with named_errors(self.partial):
            frame = write_record(self._file, kind, fields, list(payload))
        self._chain = zlib.crc32(frame, self._chain)
        self._records += 1

    def _finished(self, name: str) -> None:
        with named_errors(self.partial):
            self._file.flush()
        self.finished.append(name)


class MatrixSink:
    """Takes the rows of one matrix in order and writes them in records of a fixed size."""

    def __init__(
        self, writer: ContainerWriter, name: str, shape: tuple[int, int], dtype: str
    ) -> None:
        self._writer = writer
        self._name, self._shape, self._dtype = name, shape, dtype
        self._encoder = RowEncoder(shape[1], dtype, self._write)
        self._rows = 0
        self._nnz = 0
        self._chunks = 0

    def add(
        self, indptr: npt.NDArray[Any], indices: npt.NDArray[Any], values: npt.NDArray[Any]
    ) -> None:
        """The next rows, as CSR with sorted indices; `indptr` begins with 0. Copies are taken."""
        if self._encoder.rows + len(indptr) - 1 > self._shape[0]:
            raise ValueError(f"rows of {self._name!r} must be {self._shape[0]}, got more")
        self._encoder.add(indptr, indices, values)

    def add_encoded(self, rows: EncodedRows) -> None:
        """The next rows, from an encoder elsewhere; a matrix comes either so or through `add`."""
        first, end = rows.fields["rows"]
        if self._encoder.rows or first != self._rows or end > self._shape[0]:
            raise ValueError(f"rows of {self._name!r} must go on from {self._rows}, got {first}")
        self._write(rows)

    def finish(self, info: MatrixInfo) -> None:
        """Close the matrix with what was found out about it."""
        self._encoder.flush()
        if self._rows != self._shape[0]:
            raise ValueError(f"rows of {self._name!r} must be {self._shape[0]}, got {self._rows}")
        if (info.name, info.shape, info.dtype) != (self._name, self._shape, self._dtype):
            raise ValueError(f"info must be of {self._name!r}, got that of {info.name!r}")
        counts = {"nnz": self._nnz, "chunks": self._chunks}
        self._writer._write("MATX", {**info.fields(), "generator": _info.GENERATOR, **counts})
        self._writer._finished(self._name)

    def _write(self, rows: EncodedRows) -> None:
        self._writer._write("ROWS", rows.fields, rows.payload)
        self._rows = rows.fields["rows"][1]
        self._nnz += rows.fields["nnz"]
        self._chunks += 1


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep a second writer out; where the system has no such locks, do without."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EBUSY, "another process is writing it", str(path)) from None


def _regroup(chunks: Iterable[Buffer], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`, the last one shorter."""
    pending = bytearray()
    for chunk in chunks:
        view = memoryview(chunk).cast("B")
        while len(view):
            take = size - len(pending)
            pending += view[:take]
            view = view[take:]
            if len(pending) == size:
                yield bytes(pending)
                pending.clear()
    if pending:
        yield bytes(pending)
