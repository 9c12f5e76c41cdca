"""Read the bytes of a tensor in row-major order, from a file or from memory."""

from __future__ import annotations

import io
import math
import os
import stat
import weakref
from typing import IO, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from htstats._common.files import FileMark

__all__ = [
    "ArraySource",
    "OpenFile",
    "Source",
    "StridedSource",
    "SwappedSource",
    "Window",
    "path_of",
    "row_major_strides",
]

# A gap of at most this many bytes is read and discarded: another system call would cost more.
# `bench/studies/constants.py worth-a-call` times both ways.
WORTH_A_CALL = 1 << 14


class Source(Protocol):
    """Bytes of a tensor, row-major and little-endian. Several threads can read at once."""

    @property
    def unit(self) -> int:
        """Offsets and lengths of reads must be multiples of this number of bytes."""
        ...

    def read(self, offset: int, out: memoryview) -> None:
        """Fill `out` with the bytes that start at `offset`."""
        ...


class OpenFile:
    """A file that stays open for reads at any offset, so that it cannot be replaced meanwhile."""

    unit = 1

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        # without O_NONBLOCK, opening a pipe would wait for a writer
        flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
        self._handle = os.open(self.path, flags)
        self._finalizer = weakref.finalize(self, os.close, self._handle)
        found = os.fstat(self._handle)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{self.path}: not a regular file")
        self.size = found.st_size

    def __reduce__(self) -> tuple[Any, ...]:
        return _open_again, (FileMark.of(self.path, self._handle),)

    def read(self, offset: int, out: memoryview) -> None:
        while out:
            # Linux reads at most 2 GiB at once
            got = os.preadv(self._handle, [out[: 1 << 30]], offset)
            if got == 0:
                raise ValueError(f"{self.path}: truncated: it ended at byte {offset}")
            out, offset = out[got:], offset + got

    def take(self, offset: int, size: int) -> bytes:
        """Read `size` bytes; the caller must have compared `size` with the size of the file."""
        out = bytearray(size)
        self.read(offset, memoryview(out))
        return bytes(out)

    def stream(self) -> IO[bytes]:
        """A file object at the beginning of the file, for parsers that need one."""
        return _Buffered(_Stream(self), self.size)


def _open_again(mark: FileMark) -> OpenFile:
    """The file of a pickled `OpenFile`."""
    file = OpenFile(mark.path)
    mark.require_same(file._handle)
    return file


class _Stream(io.RawIOBase):
    """A file object with its own position; duplicated descriptors would share one position."""

    def __init__(self, file: OpenFile) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise ValueError(f"it names a place {-base - offset} bytes before its start")
        self._at = base + offset
        return self._at

    def readinto(self, out: Any) -> int:
        size = max(min(len(out), self._file.size - self._at), 0)
        self._file.read(self._at, memoryview(out)[:size])
        self._at += size
        return size


class _Buffered(io.BufferedReader):
    """A buffered reader that never allocates more bytes than remain in the file."""

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
    """A tensor with strides (in elements, not negative) in another source. It reads whole rows."""

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
        """Read elements close together in one call; otherwise recurse along the longest stride."""
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
    """A big-endian tensor; each group of `word` bytes is reversed."""

    source: Source
    word: int

    @property
    def unit(self) -> int:
        return math.lcm(self.source.unit, self.word)

    def read(self, offset: int, out: memoryview) -> None:
        self.source.read(offset, out)
        np.frombuffer(out, f"u{self.word}").byteswap(inplace=True)


class ArraySource:
    """An array in memory with any strides. It reads whole rows."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self.path = mapped_file(array)
        self._array = array.reshape(1) if array.ndim == 0 else array
        self._dtype = array.dtype.newbyteorder("<")
        self.unit = max(math.prod(self._array.shape[1:]) * array.itemsize, 1)

    def read(self, offset: int, out: memoryview) -> None:
        first, rows = offset // self.unit, len(out) // self.unit
        part = self._array[first : first + rows]
        np.copyto(np.frombuffer(out, self._dtype).reshape(part.shape), part)


def path_of(source: Any) -> str | None:
    """The file that a source finally reads from; None for an array that is only in memory."""
    while not hasattr(source, "path"):
        if not hasattr(source, "source"):
            return None
        source = source.source
    path: str | None = source.path
    return path


def mapped_file(array: Any) -> str | None:
    """The file of a memory-mapped array or of a view of one; None for other arrays."""
    while array is not None:
        if isinstance(array, np.memmap):
            return None if array.filename is None else os.fspath(array.filename)
        array = getattr(array, "base", None)
    return None


def row_major_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides, in elements, of a C-contiguous array."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
