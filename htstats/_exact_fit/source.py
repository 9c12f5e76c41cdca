"""Read the sample given by the caller (an array, or blocks), and compute its checksum.

An array and blocks are both read in parts, which are flat contiguous arrays for the kernels. A
sample may be read several times. It is never copied as a whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, Elements, as_elements, widen
from htstats._common.data_checks import (
    find_missing,
    is_buffer,
    list_elements,
    present_elements,
    require_numbers,
    require_sample,
)
from htstats._common.threads import run_ranges
from htstats._core import checksum

__all__ = [
    "NATIVE",
    "Source",
    "Watch",
    "as_source",
    "as_source_again",
    "checksum_of",
    "read_weights",
]

# Dtypes that the kernels read without a conversion.
NATIVE = {np.dtype(np.float64): "float64", np.dtype(np.float32): "float32"}


class Source(NamedTuple):
    """Numbers of one dtype that can be read several times.

    Attributes
    ----------
    dtype : str
    parts : function
        Each call reads the numbers from the start. It returns an iterator of flat contiguous
        arrays without masked elements. 16-bit floats are returned as their bits, in uint16.
    shape : tuple of int or None
        The shape of the array; None if the sample consists of blocks.
    mask : array of bool, optional
        The mask of the array: True for a masked element.
    n_masked : list of one int, optional
        The number of masked elements that the last reading left out.
    watch : Watch, optional
        Computes the checksum during the first reading.
    """

    dtype: str
    parts: Callable[[], Iterator[npt.NDArray[Any]]]
    shape: tuple[int, ...] | None
    mask: npt.NDArray[np.bool_] | None = None
    n_masked: list[int] | None = None
    watch: Watch | None = None

    def floats(self) -> Iterator[npt.NDArray[Any]]:
        """The parts as float32 or float64: 16-bit floats become float64."""
        if self.dtype not in HALF_DTYPES:
            return self.parts()
        return (widen(part, self.dtype) for part in self.parts())


class _Called:
    """Blocks from a function, which is called once for each reading."""

    def __init__(self, call: Callable[[], Any], name: str) -> None:
        self._call, self._name = call, name

    def __iter__(self) -> Iterator[Any]:
        given = self._call()
        if hasattr(given, "shape"):
            return iter((given,))  # one block, not its rows
        if not hasattr(given, "__iter__"):
            raise TypeError(
                f"{self._name} must give an array or blocks when it is called, "
                f"got {type(given).__name__}"
            )
        return iter(given)


def as_source_again(reread: Any, name: str) -> Source:
    """Make a source from a sample, or from a function without arguments that returns a sample.

    The function is called for each reading, so it may return an iterator."""
    is_call = callable(reread) and not hasattr(reread, "__iter__") and not hasattr(reread, "shape")
    return as_source(_Called(reread, name) if is_call else reread, name)


def as_source(x: Any, name: str = "x") -> Source:
    """Make a source from any sample that a fit accepts; error messages call the sample `name`.

    Raises
    ------
    TypeError
        If `x` does not consist of real numbers, can be read only once, or has blocks of several
        dtypes.
    """
    if type(x) is np.ndarray and x.dtype in NATIVE and x.flags.c_contiguous:
        straight = x.reshape(-1)  # as_elements gives the same result, but slower
        return Source(NATIVE[x.dtype], lambda: iter((straight,)), x.shape)
    require_sample(x, name)
    x = list_elements(x)
    if not _is_blocks(x, name):
        mask = find_missing(x)
        data, dtype = as_elements(x if mask is None else present_elements(x, mask), name)
        flat = data.reshape(-1)
        left_out = [0 if mask is None else int(mask.sum())]
        shape = data.shape if mask is None else mask.shape
        return Source(dtype, lambda: iter((flat,)), shape, mask, left_out)
    first = next((_read_block(block, name) for block in x), None)
    if first is None:
        return Source("float64", lambda: iter(()), None)
    dtype, n_masked = first[0].dtype, [0]

    def parts() -> Iterator[npt.NDArray[Any]]:
        n_masked[0] = 0
        for block in x:
            (data, found), missing = _read_block(block, name)
            if found != dtype:
                raise TypeError(f"{name} must have blocks of one dtype, got {dtype} and {found}")
            n_masked[0] += missing
            yield data.reshape(-1)

    return Source(dtype, parts, None, None, n_masked)


def _read_block(block: Any, name: str) -> tuple[Elements, int]:
    """The elements of a block, and the number of masked ones."""
    if isinstance(block, tuple):
        raise TypeError(
            f"{name} must be real numbers, got tuples as blocks: give one number of each, "
            f"[row[-1] for row in {name}]"
        )
    require_numbers(block, name)
    mask = find_missing(block)
    if mask is None:
        return as_elements(block, name), 0
    return as_elements(present_elements(block, mask), name), int(mask.sum())


def _is_blocks(x: Any, name: str) -> bool:
    if type(x) is np.ndarray or hasattr(x, "__array__") or not hasattr(x, "__iter__"):
        return False
    if isinstance(x, list | tuple):
        return len(x) > 0 and all(len(getattr(block, "shape", ())) > 0 for block in x)
    if isinstance(x, str | bytes | range) or hasattr(x, "__array_interface__") or is_buffer(x):
        return False
    if iter(x) is x:
        raise TypeError(
            f"{name} must be an array, or blocks that can be read again, got {type(x).__name__}, "
            f"which can be read only once: a fit reads twice; give a list, or an object whose "
            f"__iter__ starts anew"
        )
    return True


CHECKSUMS: dict[Any, Any] = {
    np.dtype(np.float32): checksum.checksum_f32,
    np.dtype(np.float64): checksum.checksum_f64,
    np.dtype(np.uint16): checksum.checksum_u16,
}


def checksum_of(part: npt.NDArray[Any], n_threads: int = 1) -> int:
    """The checksum of a contiguous array: below 2^64, the same for every order of its elements."""
    sum_of = CHECKSUMS[part.dtype]
    flat = part if part.ndim == 1 else part.reshape(-1)
    if n_threads == 1:
        found: int = sum_of(flat)
        return found
    sums: list[int] = run_ranges(lambda at: sum_of(flat[at]), flat.size, flat.size, n_threads)
    return sum(sums) % 2**64


class Watch:
    """Computes the checksum of a source while the source is read for the first time.

    The checksum does not depend on the order of the elements, because the fit does not either. With
    weights it depends on the order, because each weight belongs to the element at its position.
    """

    def __init__(self, source: Source, weights: Any = None, n_threads: int = 1) -> None:
        self.source = source._replace(parts=self._parts, watch=self)
        self.checksum: int | None = None
        self.n_masked = 0
        self._given, self._n_threads = source, n_threads
        self._weights = None if weights is None else np.ascontiguousarray(read_weights(weights))

    def read(self) -> int:
        """The checksum. The source is read for it, unless it has already been read."""
        if self.checksum is None:
            for _ in self._parts():
                pass
        assert self.checksum is not None
        return self.checksum

    def _parts(self) -> Iterator[npt.NDArray[Any]]:
        if self.checksum is not None:
            yield from self._given.parts()
            return
        total = 0
        for part in self._given.parts():
            total += self._checksum(part)
            yield part
        self._finish(total)

    def read_with(self, look: Callable[[npt.NDArray[Any]], list[int]]) -> None:
        """Let `look` do the first reading; for each part it returns the checksums of its pieces."""
        self._finish(sum(sum(look(part)) for part in self._given.parts()))

    def read_counts(self, count: Callable[[npt.NDArray[Any]], npt.NDArray[np.uint64]]) -> None:
        """Let `count` do the first reading of 16-bit floats.

        It returns the counts of the patterns of all parts so far, which determine the checksum."""
        counts = np.zeros(1 << 16, np.uint64)
        for part in self._given.parts():
            counts = count(part)
        self._finish(checksum.checksum_counts_u16(counts))

    def _finish(self, total: int) -> None:
        self.checksum = total % 2**64
        self.n_masked = sum(self._given.n_masked or ())

    def _checksum(self, part: npt.NDArray[Any]) -> int:
        if self._weights is None:
            return checksum_of(part, self._n_threads)
        return zlib.crc32(part.data) + (zlib.crc32(self._weights.data) << 32)


def read_weights(weights: Any) -> npt.NDArray[Any]:
    """The weights as a NumPy array, including masked ones."""
    require_sample(weights, "weights")
    values: Any = np.ma.getdata(weights) if np.ma.isMA(weights) else list_elements(weights)
    given = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    if given.dtype.kind not in "iufb":
        raise TypeError(f"weights must be integers, got dtype {given.dtype}")
    return given
