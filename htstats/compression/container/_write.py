"""Write a container. The file under its name does not change before the container is complete."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy.typing as npt

from htstats._common.files import (
    PathLike,
    copy_mode,
    named_errors,
    publish,
    require_apart,
    target_of,
)
from htstats._version import __version__
from htstats.compression.container import _info
from htstats.compression.container._entries import StoredMatrix, Tie
from htstats.compression.container._info import MatrixInfo
from htstats.compression.container._log import Log
from htstats.compression.container._records import (
    SIGNATURE,
    Buffer,
    Record,
    read_payload,
    write_record,
)
from htstats.compression.container._rows import EncodedRows, RowEncoder
from htstats.compression.matrix import CompressedMatrix
from htstats.weights import ITEMSIZES

__all__ = ["ContainerWriter", "MatrixSink", "partial_of"]


def partial_of(path: PathLike) -> Path:
    """The path of the partial file, which becomes the container `path` when it is finished."""
    target = Path(os.path.realpath(path))
    return target.with_name(target.name + ".partial")


class ContainerWriter:
    """Write a container matrix by matrix. `path` changes only at `commit`, in a single step.

    Parameters
    ----------
    path : path
        The output file. Until `commit`, the data are in `<path>.partial`.
    options : mapping, optional
        Plain values to store in the file, which tell how it was made. With `resume`, they must be
        those of the earlier run.
    resume : bool
        If `<path>.partial` exists, keep its complete entries, which `finished` lists.
    inputs : paths
        The files that are read while this one is written. `path` must not be one of them.
    metadata : mapping of str to str, optional
        The metadata of the checkpoint, such as the ``__metadata__`` of .safetensors files.
    sizes : RecordSizes, optional
        The sizes of the records.

    Raises
    ------
    OSError
        If the file cannot be written, or another process is writing it.
    ValueError
        If the file is one of `inputs`, if `<path>.partial` is not a partial file of htstats, or if
        it was made with other options.
    TypeError
        If `metadata` has keys or values that are not text.

    Attributes
    ----------
    finished : list of str
        The names of the entries in the file, with those of an earlier run first.
    last_written : float
        When an earlier run last wrote to the partial file, in seconds of Unix time.

    Notes
    -----
    If an exception ends the `with` block, the partial file is removed, unless `resume` is true or
    the exception is an interrupt. A killed process also leaves the partial file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        options: Mapping[str, Any] | None = None,
        resume: bool = False,
        inputs: Iterable[PathLike] = (),
        metadata: Mapping[str, str] | None = None,
        sizes: _info.RecordSizes = _info.RECORD_SIZES,
    ) -> None:
        self.sizes = sizes
        self._metadata = _require_text(metadata or {})
        self._path = path
        self.partial = partial_of(path)
        self.require_apart(inputs)
        self.target = target_of(path)
        self.finished: list[str] = []
        self._tied: set[str] = set()
        self._resume = resume
        self._options = dict(options or {})
        self._records = 0
        self._chain = 0
        with named_errors(self.partial):
            # O_NOFOLLOW: do not write through another user's link with this name
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            self._file: BinaryIO = os.fdopen(os.open(self.partial, flags, 0o666), "r+b")
            try:
                _lock(self._file, self.partial)
                self.last_written = os.fstat(self._file.fileno()).st_mtime
                _require_ours(self._file, self.partial)
                copy_mode(self.target, self.partial)
                self._begin()
            except BaseException:
                self._file.close()
                raise

    def require_apart(self, inputs: Iterable[PathLike]) -> None:
        """Raise ValueError if the output would replace one of `inputs`, which are files to read."""
        require_apart(inputs, [self._path, self.partial])

    def matrix(self, name: str, shape: tuple[int, int], dtype: str) -> MatrixSink:
        """Begin a matrix; its rows follow in order."""
        self._new(name)
        return MatrixSink(self, name, shape, dtype)

    @contextlib.contextmanager
    def undo_on_error(self) -> Iterator[None]:
        """If the `with` block fails, remove what it wrote. The block must write one whole entry."""
        start, records, chain = self._file.tell(), self._records, self._chain
        try:
            yield
        except Exception:
            with named_errors(self.partial):
                self._file.seek(start)
                self._file.truncate()
            self._records, self._chain = records, chain
            raise

    def add_matrix(
        self, name: str, matrix: CompressedMatrix, source_shape: tuple[int, ...] | None = None
    ) -> None:
        """Add a matrix that is in memory."""
        law = vars(matrix).copy()
        sparse = law.pop("sparse")
        sink = self.matrix(name, matrix.shape, matrix.dtype)
        sink.add(sparse.indptr, sparse.indices, sparse.data)
        sink.finish(MatrixInfo(name=name, source_shape=source_shape or matrix.shape, **law))

    def add_tensor(
        self, name: str, dtype: str, shape: tuple[int, ...], chunks: Iterable[Buffer]
    ) -> None:
        """Add a tensor unchanged: its bytes in row-major order, in pieces of any size.

        Raises
        ------
        ValueError
            If `dtype` is not a dtype of checkpoints, or the number of bytes does not fit `shape`.
            The file is then unchanged.
        """
        self._new(name)
        if dtype not in ITEMSIZES:
            known = ", ".join(ITEMSIZES)
            raise ValueError(f"dtype of {name!r} must be one of {known}, got {dtype!r}")
        with self.undo_on_error():
            pieces = self._write_data(chunks)
            expected = math.prod(shape) * ITEMSIZES[dtype]
            if pieces["bytes"] != expected:
                raise ValueError(
                    f"bytes of {name!r} must be {expected} for shape {tuple(shape)} of {dtype}, "
                    f"got {pieces['bytes']}"
                )
        self._write("TENS", {"name": name, "dtype": dtype, "shape": list(shape), **pieces})
        self._end_entry(name)

    def add_tied(self, name: str, tied_to: str) -> None:
        """Add a second name of an entry: tied weights are stored once.

        Raises
        ------
        ValueError
            If `tied_to` is not in the container or is itself a tied name, or if `name` is already
            in the container.
        """
        self._new(name)
        if tied_to not in self.finished or tied_to in self._tied:
            raise ValueError(f"tied_to must be an entry of the container, got {tied_to!r}")
        self._write("TIED", {"name": name, "tied_to": tied_to})
        self._tied.add(name)
        self._end_entry(name)

    def commit(self) -> None:
        """Put the file in place: sync it, then rename it."""
        with named_errors(self.target):
            self._write("DONE", {"records": self._records, "chain": self._chain})
            publish(self._file, self.partial, self.target)
            self._file.close()

    @property
    def written(self) -> int:
        """Number of bytes written so far."""
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
        # on a full disk, even the rest of the buffer cannot be written
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
            if self.finished:
                return
        self._file.seek(0)
        self._file.truncate()
        self._records = self._chain = 0
        self._file.write(SIGNATURE)
        fields = {"format": "htz", "version": _info.VERSION, "options": self._options}
        self._write("HEAD", {**fields, "writer": f"htstats {__version__}"})
        if self._metadata:
            text = json.dumps(self._metadata).encode()
            self._write("META", self._write_data([text]))

    def _require_same(self, fields: dict[str, Any]) -> None:
        if fields["version"] != _info.VERSION:
            raise ValueError(
                f"{self.partial} cannot be resumed: it is of version {fields['version']} of the "
                f"format, not {_info.VERSION}; remove it to begin anew"
            )
        ours, theirs = self._options, fields["options"]
        for key in sorted({*ours, *theirs}):
            if ours.get(key) != theirs.get(key):
                raise ValueError(
                    f"{self.partial} cannot be resumed: it was made with {key} "
                    f"{theirs.get(key)!r}, not {ours.get(key)!r}; remove it to begin anew"
                )

    def _recover(self, log: Log) -> None:
        """Keep the complete entries with their payloads; cut off the rest."""
        end, self._records, self._chain = log.at, log.records, log.chain
        with contextlib.suppress(ValueError):
            while (entry := log.entry()) is not None:
                chunks = () if isinstance(entry, Tie) else entry._chunks
                for chunk in chunks if self.finished else (*log.metadata, *chunks):
                    read_payload(self._file, chunk if isinstance(chunk, Record) else chunk[2])
                name = entry.info.name if isinstance(entry, StoredMatrix) else entry.name
                if isinstance(entry, Tie):
                    self._tied.add(name)
                self.finished.append(name)
                end, self._records, self._chain = log.at, log.records, log.chain
        self._file.seek(end)
        self._file.truncate()

    def _new(self, name: str) -> None:
        if name in self.finished:
            raise ValueError(f"name {name!r} is in the container already")

    def _write_data(self, chunks: Iterable[Buffer]) -> dict[str, int]:
        """Write bytes as records DATA; return the fields for the record that closes them."""
        pieces = n_bytes = 0
        for piece in _regroup(chunks, self.sizes.tensor_bytes):
            self._write("DATA", {}, [piece])
            pieces += 1
            n_bytes += len(piece)
        return {"bytes": n_bytes, "chunks": pieces}

    def _write(self, kind: str, fields: dict[str, Any], payload: Iterable[Buffer] = ()) -> None:
        with named_errors(self.partial):
            frame = write_record(self._file, kind, fields, list(payload))
        self._chain = zlib.crc32(frame, self._chain)
        self._records += 1

    def _end_entry(self, name: str) -> None:
        with named_errors(self.partial):
            self._file.flush()
        self.finished.append(name)


class MatrixSink:
    """Take the rows of one matrix in order and write them in records of a fixed size."""

    def __init__(
        self, writer: ContainerWriter, name: str, shape: tuple[int, int], dtype: str
    ) -> None:
        self._writer = writer
        self._name, self._shape, self._dtype = name, shape, dtype
        self._encoder = RowEncoder(shape[1], dtype, self._write, sizes=writer.sizes)
        self._rows = 0
        self._nnz = 0
        self._chunks = 0

    def add(
        self, indptr: npt.NDArray[Any], indices: npt.NDArray[Any], values: npt.NDArray[Any]
    ) -> None:
        """Add copies of the next rows, as CSR with sorted indices; `indptr` begins with 0."""
        if self._encoder.rows + len(indptr) - 1 > self._shape[0]:
            raise ValueError(f"rows of {self._name!r} must be {self._shape[0]}, got more")
        self._encoder.add(indptr, indices, values)

    def add_encoded(self, rows: EncodedRows) -> None:
        """Add the next rows from another encoder. A matrix must use either this or `add`."""
        first, end = rows.fields["rows"]
        if self._encoder.rows or first != self._rows or end > self._shape[0]:
            raise ValueError(
                f"rows of {self._name!r} must continue at row {self._rows}, got {first}"
            )
        self._write(rows)

    def finish(self, info: MatrixInfo) -> None:
        """Close the matrix; `info` has the law of its noise."""
        self._encoder.flush()
        if self._rows != self._shape[0]:
            raise ValueError(f"rows of {self._name!r} must be {self._shape[0]}, got {self._rows}")
        if (info.name, info.shape, info.dtype) != (self._name, self._shape, self._dtype):
            raise ValueError(f"info must be of {self._name!r}, got that of {info.name!r}")
        counts = {"nnz": self._nnz, "chunks": self._chunks}
        self._writer._write("MATX", {**info.fields(), "generator": _info.GENERATOR, **counts})
        self._writer._end_entry(self._name)

    def _write(self, rows: EncodedRows) -> None:
        self._writer._write("ROWS", rows.fields, rows.payload)
        self._rows = rows.fields["rows"][1]
        self._nnz += rows.fields["nnz"]
        self._chunks += 1


def _lock(file: BinaryIO, path: Path) -> None:
    """Lock the file against a second writer, if the system has such locks."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EBUSY, "another process is writing it", str(path)) from None


def _require_text(metadata: Mapping[str, str]) -> dict[str, str]:
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"metadata must map text to text, got {key!r}: {value!r:.80}")
    return dict(metadata)


def _require_ours(file: BinaryIO, path: Path) -> None:
    """Raise an error for a partial file that htstats did not write, or that has hard links."""
    found = os.fstat(file.fileno())
    is_ours = stat.S_ISREG(found.st_mode) and SIGNATURE.startswith(file.read(len(SIGNATURE)))
    if not is_ours or found.st_nlink > 1:  # writing would change the file under all its names
        raise ValueError(f"{path} exists, and is not a partial file of htstats: move it away")
    file.seek(0)


def _regroup(chunks: Iterable[Buffer], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`; the last piece may be shorter."""
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
