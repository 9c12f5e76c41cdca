"""Read and check the byte form of a sketch (`TailSketch.to_bytes`)."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats.sketch._buckets import Format

__all__ = ["CODES", "MAGIC", "VERSION", "Reader", "extremes_agree", "open_sketch", "read_buckets"]

MAGIC, VERSION, CODES = b"HTSK", 1, ("float64", "float32", "float16", "bfloat16")


class Reader:
    """Read bytes from front to back; raise ValueError if there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._stop = max(len(data) - 4, 0)  # the checksum

    def require(self, size: int) -> None:
        if size > self._stop - self._at:
            raise ValueError("data must be a sketch: it is cut short or changed")

    def take(self, size: int) -> bytes:
        self.require(size)
        self._at += size
        return self._data[self._at - size : self._at]

    def integers(self, dtype: str, count: int) -> npt.NDArray[Any]:
        return np.frombuffer(self.take(np.dtype(dtype).itemsize * count), dtype)

    def end(self) -> None:
        if self._at != self._stop:
            raise ValueError("data must be a sketch: bytes follow its end")


def open_sketch(data: bytes) -> tuple[str, Reader]:
    """Return the dtype and a reader for the bytes after it.

    Raises ValueError if the checksum is wrong.
    """
    reader = Reader(bytes(data))
    if reader.take(4) != MAGIC:
        raise ValueError("data must be a sketch: it does not begin with 'HTSK'")
    version, code = reader.integers("<u2", 2)
    if version != VERSION or code >= len(CODES):
        raise ValueError(f"data must be a sketch of version 1, got {version}, dtype {code}")
    if len(data) < 8 or zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise ValueError("data must be a sketch: it is cut short or changed")
    return CODES[code], reader


def read_buckets(
    reader: Reader, words_each: int, limit: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64], int]:
    """The numbers of the buckets, which must be below `limit`; their words; the positive count."""
    counts = reader.integers("<u8", 2)
    n = int(counts[0]) + int(counts[1])
    reader.require(n * (4 + 8 * words_each))
    numbers = reader.integers("<u4", n).astype(np.int64)
    words = reader.integers("<u8", n * words_each).reshape(words_each, n).T
    reader.end()
    if (words[:, 0] == 0).any():
        raise ValueError("data must be a sketch: it lists buckets that hold nothing")
    sides = np.split(np.arange(n), [int(counts[0])])
    if any((np.diff(numbers[side]) <= 0).any() for side in sides) or (numbers >= limit).any():
        raise ValueError("data must be a sketch: its buckets are out of order or range")
    return numbers, words, int(counts[0])


def extremes_agree(
    form: Format, slots: npt.NDArray[np.uint64], first: int, smallest: int, largest: list[int]
) -> bool:
    """Whether the extremes and the sums of low bits are consistent with the buckets.

    The patterns of the smallest and largest values must be in the outermost buckets.
    """
    counts = slots[..., 0]
    patterns = np.flatnonzero(counts.any(axis=0)) + first
    tops = [pattern >> form.dropped for pattern in largest]
    ends = [(np.flatnonzero(c) + first).max(initial=0) for c in counts]
    bottom = int(patterns.min(initial=form.buckets if len(patterns) else 0))
    wrong = tops != ends or any(largest) != bool(len(patterns))
    wrong |= smallest >> form.dropped != bottom
    if form.words == 2:
        wrong |= bool((slots[..., 1] >> np.uint64(form.dropped) > counts).any())
    return not wrong
