"""The compressed file, `.htz`: sparse matrices, the law of their noise, and carried tensors.

docs/format.md describes the bytes. A file is a sequence of checksummed records, written and read
front to back in bounded memory, or opened lazily by `open_container`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from htstats import _checks
from htstats._chunks import Rows, decode_rows, encode_rows
from htstats._files import named_errors, publish, target_of
from htstats._records import (
    SIGNATURE,
    Buffer,
    Meta,
    Record,
    read_payload,
    read_record,
    write_record,
)
from htstats._version import __version__
from htstats.compressed import (
    BLOCK_DTYPES,
    DTYPES,
    INDEX_END,
    KEEPS,
    NOISES,
    SEED_END,
    SUPPORTS,
    CompressedMatrix,
    gaussian_rows,
    index_dtype,
    rebuild_rows,
)

__all__ = [
    "GENERATOR",
    "Container",
    "ContainerWriter",
    "MatrixInfo",
    "MatrixSink",
    "StoredMatrix",
    "StoredTensor",
    "is_container",
    "open_container",
]

VERSION = 1

# The only one there is: csrc/htst_normal.h defines it.
GENERATOR = "philox4x32-10/as241"

# Elements of a matrix described by one record, and bytes of a carried tensor in one: what has to
# be in memory at a time. Fixed, so that a file's bytes do not depend on how it was read.
CHUNK_ELEMENTS = 1 << 20
CHUNK_BYTES = 1 << 22


@dataclass(frozen=True)
class MatrixInfo:
    """What a file says of a matrix, B apart; the fields are those of `CompressedMatrix`.

    `source_shape` is the shape that the tensor had in the checkpoint, (64, 3, 3, 3) where `shape`
    is (64, 27).
    """

    name: str
    shape: tuple[int, int]
    source_shape: tuple[int, ...]
    dtype: str
    mean: float
    std: float
    threshold: float
    rule: str
    keep: str
    noise: str
    support: str
    seed: int
    layer: int

    def fields(self) -> dict[str, Any]:
        """The fields as a record has them."""
        return {**vars(self), "shape": list(self.shape), "source_shape": list(self.source_shape)}

    @classmethod
    def of(cls, meta: Meta) -> MatrixInfo:
        """Read them back, each within its range."""
        shape, source_shape = meta.sizes("shape", INDEX_END + 1), meta.sizes("source_shape")
        if len(shape) != 2:
            raise meta.error("shape", "must have two sizes", list(shape))
        if _product(source_shape) != _product(shape):
            raise meta.error("source_shape", f"must have the elements of {shape}", source_shape)
        std = meta.number("std")
        if std < 0:
            raise meta.error("std", "must be 0 or above", std)
        return cls(
            name=meta.text("name"),
            shape=(shape[0], shape[1]),
            source_shape=source_shape,
            dtype=meta.text("dtype", DTYPES),
            mean=meta.number("mean"),
            std=std,
            threshold=meta.number("threshold"),
            rule=meta.text("rule"),
            keep=meta.text("keep", KEEPS),
            noise=meta.text("noise", NOISES),
            support=meta.text("support", SUPPORTS),
            seed=meta.integer("seed", below=SEED_END),
            layer=meta.integer("layer", below=INDEX_END),
        )


@dataclass(frozen=True)
class StoredMatrix:
    """A matrix in an open container; its bytes are read when asked for.

    Attributes
    ----------
    info : MatrixInfo
        Shape, dtype, threshold, the law of the noise.
    nnz : int
        How many entries B keeps.
    stored_bytes : int
        What the matrix takes in the file, its fields and checksums included.
    """

    info: MatrixInfo
    nnz: int
    stored_bytes: int
    _file: BinaryIO = field(repr=False)
    _chunks: tuple[tuple[int, int, Record], ...] = field(repr=False)

    def sparse(self, start: int = 0, stop: int | None = None) -> csr_array:
        """Rows `start` to `stop` of B (all by default), reading the records they are in."""
        start, stop = self._range(start, stop)
        cols = self.info.shape[1]
        parts = [rows for _, rows in self._rows(start, stop)]
        indptr = np.zeros(stop - start + 1, np.int64)
        counts = [np.diff(rows.indptr) for rows in parts]
        np.cumsum(np.concatenate([*counts, np.empty(0, np.int64)]), out=indptr[1:])
        index = index_dtype(int(indptr[-1]), *self.info.shape)
        values = np.float64 if self.info.dtype == "float64" else np.float32
        data = np.concatenate([*(rows.values for rows in parts), np.empty(0, values)])
        indices = np.concatenate(
            [*(rows.indices.astype(index) for rows in parts), np.empty(0, index)]
        )
        return csr_array((data, indices, indptr.astype(index)), shape=(stop - start, cols))

    def matrix(self) -> CompressedMatrix:
        """The matrix with all of B in memory."""
        info = vars(self.info).copy()
        del info["name"], info["source_shape"]
        return CompressedMatrix(sparse=self.sparse(), **info)

    def row_block(self, start: int, stop: int, *, n_threads: int = 1) -> npt.NDArray[Any]:
        """Rows `start` to `stop` of W(t), as `CompressedMatrix.row_block` gives them."""
        start, stop = self._range(start, stop)
        out = np.empty((stop - start, self.info.shape[1]), BLOCK_DTYPES[self.info.dtype])
        with ThreadPoolExecutor(n_threads) as pool:
            for first, rows in self._rows(start, stop):
                self._rebuild(first, rows, out[first - start :], pool, n_threads)
        return out

    def row_blocks(self, *, n_threads: int = 1) -> Iterator[npt.NDArray[Any]]:
        """W(t) from top to bottom, one record's rows at a time, in a buffer that is used again."""
        most = max((stop - start for start, stop, _ in self._chunks), default=0)
        buffer = np.empty((most, self.info.shape[1]), BLOCK_DTYPES[self.info.dtype])
        with ThreadPoolExecutor(n_threads) as pool:
            for first, rows in self._rows(0, self.info.shape[0]):
                self._rebuild(first, rows, buffer, pool, n_threads)
                yield buffer[: len(rows.indptr) - 1]

    def gaussian_rows(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Rows `start` to `stop` of G itself, as `CompressedMatrix.gaussian_rows` gives them."""
        start, stop = self._range(start, stop)
        return gaussian_rows(self.info, start, stop, self.info.shape[1])

    def _rebuild(
        self, first: int, rows: Rows, out: npt.NDArray[Any], pool: ThreadPoolExecutor, n: int
    ) -> None:
        """Write rows into the beginning of `out`, shared among threads by their ranges."""
        edges = [(len(rows.indptr) - 1) * k // n for k in range(n + 1)]

        def part(start: int, stop: int) -> None:
            rebuild_rows(self.info, first + start, *_cut(rows, start, stop), out[start:stop])

        if n == 1:
            part(0, edges[-1])
        else:
            list(pool.map(part, edges, edges[1:]))

    def _range(self, start: int, stop: int | None) -> tuple[int, int]:
        end = self.info.shape[0]
        stop = end if stop is None else _checks.count("stop", stop, below=end + 1)
        return _checks.count("start", start, below=stop + 1), stop

    def _rows(self, start: int, stop: int) -> Iterator[tuple[int, Rows]]:
        """(first row, rows) of the records that [start, stop) meets, cut to it."""
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
    """A tensor carried along as it was; `dtype` is safetensors' word for it in lower case."""

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


class Container:
    """An open `.htz` file: matrices and carried tensors by name, read when asked for.

    Made by `open_container`. `entries` keeps the checkpoint's order; iterating gives names.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from htstats.container import ContainerWriter, open_container
    >>> from htstats.partition import partition
    >>> W = np.float32([[0.1, -3, 0.2], [2, 0, -0.1]])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "w.htz"
    >>> with ContainerWriter(path) as writer:
    ...     writer.add_matrix("W", partition(W, 1.0))
    ...     writer.commit()
    >>> with open_container(path) as container:
    ...     container.matrices["W"].sparse().toarray()
    array([[ 0., -3.,  0.],
           [ 2.,  0.,  0.]], dtype=float32)
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self.options: dict[str, Any] = {}
        self.entries: dict[str, StoredMatrix | StoredTensor] = {}
        with named_errors(path):
            self._index()

    @property
    def matrices(self) -> dict[str, StoredMatrix]:
        """The compressed matrices by name."""
        return {n: e for n, e in self.entries.items() if isinstance(e, StoredMatrix)}

    @property
    def tensors(self) -> dict[str, StoredTensor]:
        """The tensors carried along by name."""
        return {n: e for n, e in self.entries.items() if isinstance(e, StoredTensor)}

    def verify(self) -> None:
        """Read and check everything.

        Raises
        ------
        ValueError
            If a checksum or a record's content is wrong.
        """
        for entry in self.entries.values():
            if isinstance(entry, StoredTensor):
                for _ in entry.chunks():
                    pass
            else:
                for _ in entry._rows(0, entry.info.shape[0]):
                    pass

    def close(self) -> None:
        """Close the file; what was read stays valid."""
        self._file.close()

    def __getitem__(self, name: str) -> StoredMatrix | StoredTensor:
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"Container({str(self.path)!r}, {len(self.matrices)} matrices, "
            f"{len(self.tensors)} carried tensors)"
        )

    def _index(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        log = _Log(self._file, size, str(self.path))
        self.options = log.head()
        while (entry := log.entry()) is not None:
            name = entry.info.name if isinstance(entry, StoredMatrix) else entry.name
            if name in self.entries:
                raise ValueError(f"{self.path}: two entries are named {name!r}")
            self.entries[name] = entry
        log.finish()


def open_container(path: str | os.PathLike[str]) -> Container:
    """Open a `.htz` file; only its records' heads are read.

    Parameters
    ----------
    path : path
        A file that `htstats compress` or `ContainerWriter` wrote.

    Returns
    -------
    Container
        A context manager; `matrices` and `tensors` are read lazily from it.

    Raises
    ------
    ValueError
        If it is no container, of a newer version, or damaged. Damage inside a payload is noticed
        when it is read; `Container.verify` reads all.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    file = path.open("rb")
    try:
        return Container(path, file)
    except BaseException:
        file.close()
        raise


def is_container(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as a `.htz` does."""
    with open(path, "rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


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
        for piece in _regroup(chunks, CHUNK_BYTES):
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
            log = _Log(self._file, size, str(self.partial))
            with contextlib.suppress(ValueError):
                log.head()
            if log.records:
                self._require_same(log.fields)
                self._recover(log)
                return
        self._file.seek(0)
        self._file.truncate()
        self._file.write(SIGNATURE)
        fields = {"format": "htz", "version": VERSION, "options": self._options}
        self._write("HEAD", {**fields, "writer": f"htstats {__version__}"})

    def _require_same(self, fields: dict[str, Any]) -> None:
        ours, theirs = self._options, fields["options"]
        for key in sorted({*ours, *theirs}):
            if ours.get(key) != theirs.get(key):
                raise ValueError(
                    f"{self.partial} cannot be resumed: it was made with {key} "
                    f"{theirs.get(key)!r}, not {ours.get(key)!r}; remove it to begin anew"
                )

    def _recover(self, log: _Log) -> None:
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
        self._chunk_rows = max(1, CHUNK_ELEMENTS // max(shape[1], 1))
        # of the record that is being filled; kept from one to the next, as fresh memory is slow
        self._indptr = np.zeros(min(self._chunk_rows, shape[0]) + 1, np.int64)
        self._indices = np.empty(0, np.int64)
        self._values = np.empty(0, np.float64 if dtype == "float64" else np.float32)
        self._first = 0
        self._rows = 0
        self._nnz = 0
        self._chunks = 0

    def add(
        self,
        indptr: npt.NDArray[Any],
        indices: npt.NDArray[Any],
        values: npt.NDArray[Any],
    ) -> None:
        """The next rows, as CSR with sorted indices; `indptr` begins with 0. Copies are taken."""
        at, n = 0, len(indptr) - 1
        if self._rows + n > self._shape[0]:
            raise ValueError(f"rows of {self._name!r} must be {self._shape[0]}, got more")
        while at < n:
            room = self._first + self._chunk_rows - self._rows
            take = min(room, n - at)
            kept = slice(int(indptr[at]), int(indptr[at + take]))
            self._append(indptr[at : at + take + 1], indices[kept], values[kept])
            at += take
            if take == room:
                self._flush()

    def _append(
        self, indptr: npt.NDArray[Any], indices: npt.NDArray[Any], values: npt.NDArray[Any]
    ) -> None:
        filled = self._rows - self._first
        start = int(self._indptr[filled])
        end = start + len(indices)
        if end > len(self._indices):
            for name in ("_indices", "_values"):
                old = getattr(self, name)
                new = np.empty(max(end, 2 * len(old)), old.dtype)
                new[:start] = old[:start]
                setattr(self, name, new)
        self._indices[start:end] = indices
        self._values[start:end] = values
        ends = self._indptr[filled + 1 : filled + len(indptr)]
        np.add(indptr[1:], start - int(indptr[0]), out=ends, casting="same_kind")
        self._rows += len(indptr) - 1

    def finish(self, info: MatrixInfo) -> None:
        """Close the matrix with what was found out about it."""
        if self._rows != self._shape[0]:
            raise ValueError(f"rows of {self._name!r} must be {self._shape[0]}, got {self._rows}")
        if (info.name, info.shape, info.dtype) != (self._name, self._shape, self._dtype):
            raise ValueError(f"info must be of {self._name!r}, got that of {info.name!r}")
        self._flush()
        self._writer._write(
            "MATX",
            {**info.fields(), "generator": GENERATOR, "nnz": self._nnz, "chunks": self._chunks},
        )
        self._writer._finished(self._name)

    def _flush(self) -> None:
        if self._rows == self._first:
            return
        indptr = self._indptr[: self._rows - self._first + 1]
        kept = slice(0, int(indptr[-1]))
        rows = Rows(indptr, self._indices[kept], self._values[kept])
        fields, payload = encode_rows(rows, self._shape[1], self._dtype)
        self._writer._write("ROWS", {"rows": [self._first, self._rows], **fields}, payload)
        self._first = self._rows
        self._nnz += fields["nnz"]
        self._chunks += 1


class _Log:
    """Steps through the records of a file, checking each against those before it."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self._file, self._size, self._name = file, size, name
        self.at = 0
        self.records = 0
        self.chain = 0
        self.fields: dict[str, Any] = {}
        self._last: Record | None = None

    def head(self) -> dict[str, Any]:
        """The options that the file was made with."""
        self._file.seek(0)
        if self._file.read(len(SIGNATURE)) != SIGNATURE:
            raise ValueError(f"{self._name}: not a .htz file")
        self.at = len(SIGNATURE)
        meta = self._next("HEAD").meta
        meta.text("format", ["htz"])
        version = meta.integer("version", at_least=1)
        if version > VERSION:
            raise ValueError(
                f"{self._name}: version {version} of the format is newer than this htstats reads "
                f"({VERSION})"
            )
        self.fields = meta.fields
        options = meta.fields.get("options")
        if not isinstance(options, dict):
            raise meta.error("options", "must be an object", options)
        return options

    def entry(self) -> StoredMatrix | StoredTensor | None:
        """The next matrix or tensor, or None before the record DONE."""
        start, chunks = self.at, list[Record]()
        while True:
            record = self._next(None)
            if record.kind in ("ROWS", "DATA"):
                chunks.append(record)
            elif record.kind == "MATX":
                return self._matrix(record, chunks, record.end - start)
            elif record.kind == "TENS":
                return self._tensor(record, chunks, record.end - start)
            elif record.kind == "DONE" and not chunks:
                self._last = record
                return None
            else:
                raise ValueError(f"{record.meta.where}: a record of this kind cannot be here")

    def finish(self) -> None:
        """Check the last record, and that nothing follows."""
        assert self._last is not None
        meta = self._last.meta
        if self.at != self._size:
            raise ValueError(f"{self._name}: {self._size - self.at} bytes follow its end")
        records, chain = self._before_last
        if (meta.integer("records"), meta.integer("chain")) != (records, chain):
            raise ValueError(f"{meta.where}: its records are not those that were written")

    def _next(self, kind: str | None) -> Record:
        record = read_record(self._file, self.at, self._size, self._name)
        if kind is not None and record.kind != kind:
            raise ValueError(f"{record.meta.where}: must be {kind}")
        if record.kind not in ("ROWS", "DATA") and record.payload_bytes:
            raise ValueError(f"{record.meta.where}: must have no payload")
        self._before_last = self.records, self.chain
        self.at = record.end
        self.records += 1
        self.chain = zlib.crc32(record.frame, self.chain)
        return record

    def _matrix(self, record: Record, chunks: list[Record], size: int) -> StoredMatrix:
        meta = record.meta
        meta.text("generator", [GENERATOR])
        info = MatrixInfo.of(meta)
        ranges, row = [], 0
        for chunk in self._whole(meta, chunks, "ROWS"):
            bounds = chunk.meta.sizes("rows")
            # no more rows than a writer puts into a record, so that none makes a reader allocate
            end = min(row + CHUNK_ELEMENTS, info.shape[0])
            if len(bounds) != 2 or bounds[0] != row or not row < bounds[1] <= end:
                raise chunk.meta.error("rows", f"must go on from {row}", list(bounds))
            ranges.append((row, bounds[1], chunk))
            row = bounds[1]
        nnz = sum(chunk.meta.integer("nnz") for chunk in chunks)
        if row != info.shape[0] or nnz != meta.integer("nnz"):
            raise ValueError(f"{meta.where}: its rows are not complete")
        return StoredMatrix(info, nnz, size, self._file, tuple(ranges))

    def _tensor(self, record: Record, chunks: list[Record], size: int) -> StoredTensor:
        meta = record.meta
        self._whole(meta, chunks, "DATA")
        n_bytes = meta.integer("bytes")
        if sum(chunk.payload_bytes for chunk in chunks) != n_bytes:
            raise ValueError(f"{meta.where}: its bytes are not complete")
        return StoredTensor(
            meta.text("name"),
            meta.text("dtype"),
            meta.sizes("shape"),
            n_bytes,
            size,
            self._file,
            tuple(chunks),
        )

    def _whole(self, meta: Meta, chunks: list[Record], kind: str) -> list[Record]:
        if meta.integer("chunks") != len(chunks) or any(c.kind != kind for c in chunks):
            raise ValueError(f"{meta.where}: must follow as many {kind} records as it says")
        return chunks


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


def _cut(rows: Rows, start: int, stop: int) -> Rows:
    low, high = int(rows.indptr[start]), int(rows.indptr[stop])
    indptr = rows.indptr[start : stop + 1] - low
    return Rows(indptr, rows.indices[low:high], rows.values[low:high])


def _product(sizes: tuple[int, ...]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product
