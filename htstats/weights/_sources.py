"""The bytes of a tensor in row-major order, wherever they lie."""

from __future__ import annotations

import io
import math
import os
import stat
import struct
import threading
import weakref
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "ArraySource",
    "InflatedSource",
    "OpenFile",
    "Source",
    "StridedSource",
    "SwappedSource",
    "Window",
    "archive_member",
    "one_line",
    "open_archive",
    "row_major_strides",
]

# deflate cannot do better than 1032 to 1: an archive that claims more is lying
MOST_INFLATION = 1032

# What zipfile raises on members that are not as they should be.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OverflowError,
    struct.error, ValueError,
)  # fmt: skip

# A gap between elements is read and thrown away when that is cheaper than another system call.
WORTH_A_CALL = 1 << 14


def one_line(text: object) -> str:
    """A part of an error message that came out of a file: one line, and not a page long."""
    return " ".join(str(text).split())[:300]


class Source(Protocol):
    """Bytes of a tensor, row-major and little-endian, read from several threads if need be."""

    @property
    def unit(self) -> int:
        """Offsets and lengths that are read must be multiples of this."""
        ...

    def read(self, offset: int, out: memoryview) -> None:
        """Fill `out` with the bytes from `offset` on."""
        ...


class OpenFile:
    """A file held open for reading at any place: what is opened cannot be swapped under us."""

    unit = 1

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        # a pipe would be waited for, but for O_NONBLOCK
        flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
        self._handle = os.open(self.path, flags)
        self._finalizer = weakref.finalize(self, os.close, self._handle)
        found = os.fstat(self._handle)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{self.path}: not a regular file")
        self.size = found.st_size

    def read(self, offset: int, out: memoryview) -> None:
        while out:
            # Linux reads at most 2 GiB at once
            got = os.preadv(self._handle, [out[: 1 << 30]], offset)
            if got == 0:
                raise ValueError(f"{self.path}: truncated: it ended at byte {offset}")
            out, offset = out[got:], offset + got

    def take(self, offset: int, size: int) -> bytes:
        """A few bytes; `size` must have been checked against the file's."""
        out = bytearray(size)
        self.read(offset, memoryview(out))
        return bytes(out)

    def stream(self) -> IO[bytes]:
        """The file from its beginning, for parsers that want a file object."""
        return _Buffered(_Stream(self), self.size)


class _Stream(io.RawIOBase):
    """A file object with a place of its own; copies of a descriptor would share theirs."""

    def __init__(self, file: OpenFile) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise ValueError(f"seek to {base + offset}")
        self._at = base + offset
        return self._at

    def readinto(self, out: Any) -> int:
        size = max(min(len(out), self._file.size - self._at), 0)
        self._file.read(self._at, memoryview(out)[:size])
        self._at += size
        return size


class _Buffered(io.BufferedReader):
    """Does not allocate what is asked for before it is known to be there."""

    def __init__(self, raw: io.RawIOBase, size: int) -> None:
        super().__init__(raw)
        self._size = size

    def read(self, size: int | None = -1) -> bytes:
        left = max(self._size - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))


class Window(NamedTuple):
    """A range of another source."""

    source: Source
    start: int
    unit: int = 1

    def read(self, offset: int, out: memoryview) -> None:
        self.source.read(self.start + offset, out)


class StridedSource(NamedTuple):
    """A tensor whose elements lie in strides (in elements, not negative); whole rows are read."""

    source: Source
    start: int  # bytes
    itemsize: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def unit(self) -> int:
        return max(math.prod(self.shape[1:]) * self.itemsize, 1)

    def read(self, offset: int, out: memoryview) -> None:
        first, rows = offset // self.unit, len(out) // self.unit
        shape = (rows, *self.shape[1:])
        target = np.frombuffer(out, f"V{self.itemsize}").reshape(shape)
        self._gather(first * self.strides[0], self.strides, target)

    def _gather(self, at: int, strides: tuple[int, ...], out: npt.NDArray[Any]) -> None:
        """Read what lies close together at once, else take it apart along the longest stride."""
        if out.size == 0:
            return
        reach = [(n - 1) * stride for n, stride in zip(out.shape, strides, strict=True)]
        span = sum(reach) + 1
        if not reach or span * self.itemsize <= max(2 * out.size * self.itemsize, WORTH_A_CALL):
            items = np.empty(span, out.dtype)
            self.source.read(self.start + at * self.itemsize, items.view(np.uint8).data)
            steps = [stride * self.itemsize for stride in strides]
            out[...] = np.lib.stride_tricks.as_strided(items, out.shape, steps)
            return
        axis = reach.index(max(reach))
        rest = strides[:axis] + strides[axis + 1 :]
        for i in range(out.shape[axis]):
            part = out[(slice(None),) * axis + (slice(i, i + 1),)].squeeze(axis)
            self._gather(at + i * strides[axis], rest, part)


class SwappedSource(NamedTuple):
    """A big-endian tensor; `word` bytes are turned round."""

    source: Source
    word: int

    @property
    def unit(self) -> int:
        return math.lcm(self.source.unit, self.word)

    def read(self, offset: int, out: memoryview) -> None:
        self.source.read(offset, out)
        np.frombuffer(out, f"u{self.word}").byteswap(inplace=True)


class ArraySource:
    """An array in memory, of any strides; whole rows are read."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array = array.reshape(1) if array.ndim == 0 else array
        self._dtype = array.dtype.newbyteorder("<")
        self.unit = max(math.prod(self._array.shape[1:]) * array.itemsize, 1)

    def read(self, offset: int, out: memoryview) -> None:
        first, rows = offset // self.unit, len(out) // self.unit
        part = self._array[first : first + rows]
        np.copyto(np.frombuffer(out, self._dtype).reshape(part.shape), part)


class InflatedSource:
    """A deflated member of an archive: read forward, and from the beginning again when needed.

    The archive's checksum is verified whenever the end is reached.
    """

    unit = 1

    def __init__(self, open_stream: Callable[[], IO[bytes]], where: str) -> None:
        self._open, self._where = open_stream, where
        self._lock = threading.Lock()
        self._stream: IO[bytes] | None = None
        self._at = 0

    def read(self, offset: int, out: memoryview) -> None:
        with self._lock:
            try:
                self._seek(offset)
                while out:
                    self._take(out[: 1 << 20])
                    out = out[1 << 20 :]
            except DAMAGE as error:
                self._stream = None
                raise ValueError(f"{self._where}: damaged: {one_line(error)}") from None

    def _seek(self, offset: int) -> None:
        if self._stream is None or offset < self._at:
            self._stream, self._at = self._open(), 0
        scratch = memoryview(bytearray(min(1 << 16, offset - self._at)))
        while self._at < offset:
            self._take(scratch[: offset - self._at])

    def _take(self, out: memoryview) -> None:
        assert self._stream is not None
        piece = self._stream.read(len(out))
        if len(piece) != len(out):
            raise EOFError("it ends too early")
        out[:] = piece
        self._at += len(piece)


def open_archive(file: OpenFile) -> zipfile.ZipFile:
    """The directory of a zip file.

    Raises
    ------
    ValueError
        If there is none, or it makes no sense.
    """
    try:
        return zipfile.ZipFile(file.stream())
    except Exception as error:  # zipfile lets struct, Unicode and overflow errors through
        raise ValueError(f"{file.path}: not a whole zip archive: {one_line(error)}") from None


def archive_member(file: OpenFile, info: zipfile.ZipInfo) -> tuple[Source, int]:
    """The bytes of a member and their number; stored members are read where they lie.

    Raises
    ------
    ValueError
        If its headers contradict each other or the file's size.
    """
    where = f"{file.path}: {one_line(info.filename)}"
    if info.flag_bits & 1:
        raise ValueError(f"{where}: encrypted")
    if info.compress_type == zipfile.ZIP_STORED:
        header = file.take(info.header_offset, 30) if _fits(file, info.header_offset, 30) else b""
        start = info.header_offset + 30 + sum(header[26:30:2]) + 256 * sum(header[27:30:2])
        if (
            not header.startswith(b"PK\3\4")
            or info.compress_size != info.file_size
            or not _fits(file, start, info.file_size)
        ):
            raise ValueError(f"{where}: its place in the archive is damaged")
        return Window(file, start), info.file_size
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise ValueError(f"{where}: compressed by method {info.compress_type}, which is not read")
    if info.compress_size > file.size or info.file_size > MOST_INFLATION * info.compress_size:
        raise ValueError(f"{where}: claims {info.file_size} bytes, more than it can hold")

    def stream() -> IO[bytes]:
        return zipfile.ZipFile(file.stream()).open(info)

    return InflatedSource(stream, where), info.file_size


def _fits(file: OpenFile, start: int, size: int) -> bool:
    return start >= 0 and size >= 0 and start + size <= file.size


def row_major_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides, in elements, of a C-contiguous array."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
