"""What users hold: every tensor as bytes, and those that are matrices as blocks of rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats import _checks
from htstats.weights._sources import Source

__all__ = ["ITEMSIZES", "RawTensor", "WeightMatrix", "Weights"]

# safetensors' words in lower case; bytes of an element
ITEMSIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1,
    "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint64": 8, "uint32": 4, "uint16": 2,
    "uint8": 1, "bool": 1, "complex64": 8, "complex128": 16,
}  # fmt: skip

# What the blocks of each dtype are made of, and what they stand for.
BLOCKS = {
    "float64": ("float64", np.float64),
    "float32": ("float32", np.float32),
    "float16": ("float16", np.uint16),
    "bfloat16": ("bfloat16", np.uint16),
    "float8_e4m3fn": ("float16", np.uint16),
    "float8_e5m2": ("float16", np.uint16),
}


class RawTensor:
    """A tensor as it is stored.

    Attributes
    ----------
    name : str
    dtype : str
        Such as "float32", "bfloat16", "float8_e4m3fn", "int64", "bool".
    shape : tuple of int
    nbytes : int
    """

    __slots__ = ("_source", "dtype", "name", "nbytes", "shape")

    def __init__(self, name: str, dtype: str, shape: tuple[int, ...], source: Source) -> None:
        self.name, self.dtype, self.shape, self._source = name, dtype, shape, source
        self.nbytes = math.prod(shape) * ITEMSIZES[dtype]

    def chunks(self, max_bytes: int = 1 << 22) -> Iterator[memoryview]:
        """The bytes, row-major and little-endian, in pieces; the next one overwrites the last.

        A piece is larger than `max_bytes` only where a row is, and rows cannot be taken apart.
        """
        step = max(max_bytes // self._source.unit, 1) * self._source.unit
        buffer = memoryview(bytearray(min(step, self.nbytes)))
        for start in range(0, self.nbytes, step):
            piece = buffer[: self.nbytes - start]
            self._source.read(start, piece)
            yield piece

    def __repr__(self) -> str:
        return f"RawTensor({self.name!r}, {self.dtype}, shape={self.shape})"


class WeightMatrix:
    """A weight tensor as a matrix, read in blocks of rows.

    Attributes
    ----------
    name : str
    shape : tuple of int
        (rows, columns): a convolution (out, in, k, k) counts as (out, in*k*k).
    source_shape : tuple of int
        As stored.
    dtype : str
        Of the blocks: "float64", "float32", "float16" or "bfloat16".
    source_dtype : str
        As stored; 8-bit floats are widened to float16, which holds each of them exactly.

    Examples
    --------
    >>> import numpy as np
    >>> from htstats.weights import open_weights
    >>> weights = open_weights({"conv": np.arange(24, dtype="float32").reshape(2, 3, 2, 2)})
    >>> weights["conv"]
    WeightMatrix('conv', 2 x 12, float32)
    >>> for block in weights["conv"].row_blocks(max_bytes=48):
    ...     print(block.shape, block.sum())
    (1, 12) 66.0
    (1, 12) 210.0
    """

    __slots__ = ("_raw", "_table", "_type", "dtype", "shape")

    def __init__(self, raw: RawTensor) -> None:
        self._raw = raw
        self.shape = raw.shape[0], math.prod(raw.shape[1:])
        self.dtype, self._type = BLOCKS[raw.dtype]
        self._table = float16_bits(raw.dtype) if raw.dtype.startswith("float8") else None

    @property
    def name(self) -> str:
        return self._raw.name

    @property
    def source_shape(self) -> tuple[int, ...]:
        return self._raw.shape

    @property
    def source_dtype(self) -> str:
        return self._raw.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of the whole matrix as blocks."""
        return self.shape[0] * self.shape[1] * np.dtype(self._type).itemsize

    def row_blocks(
        self, max_bytes: int = 1 << 21, *, start: int = 0, stop: int | None = None
    ) -> Iterator[npt.NDArray[Any]]:
        """Rows from first to last in one buffer, which the next block overwrites.

        Parameters
        ----------
        max_bytes : int
            Most bytes of a block; a row that is longer is a block of its own.
        start, stop : int
            Which rows; all of them by default.

        Yields
        ------
        ndarray of shape (some, columns)
            float64 or float32; 16-bit floats as their bits, uint16.

        Raises
        ------
        ValueError
            If the file is shorter than it says.
        """
        _checks.count("max_bytes", max_bytes, at_least=1)
        rows, cols = self.shape
        stop = rows if stop is None else stop
        step = max(1, max_bytes // max(cols * np.dtype(self._type).itemsize, 1))
        buffer = np.empty((max(min(step, stop - start), 0), cols), self._type)
        for first in range(start, stop, step):
            block = buffer[: stop - first]
            self.read_rows(first, first + len(block), block)
            yield block

    def read_rows(self, start: int, stop: int, out: npt.NDArray[Any]) -> None:
        """Read rows start to stop into `out`; several threads may do so at once.

        Raises
        ------
        ValueError
            If the rows are not there, or `out` is no C-contiguous array of their shape and type.
        """
        if not 0 <= start <= stop <= self.shape[0]:
            raise ValueError(f"rows must be within 0 to {self.shape[0]}, got {start} to {stop}")
        expected = (stop - start, self.shape[1])
        if out.shape != expected or out.dtype != self._type or not out.flags.c_contiguous:
            raise ValueError(
                f"out must be a C-contiguous {np.dtype(self._type)} array of shape {expected}, "
                f"got {out.dtype} of shape {out.shape}"
            )
        if out.size == 0:
            return
        offset = start * self.shape[1] * ITEMSIZES[self.source_dtype]
        if self._table is None:
            self._raw._source.read(offset, out.data.cast("B"))
            return
        stored = np.empty(out.shape, np.uint8)
        self._raw._source.read(offset, stored.data.cast("B"))
        np.take(self._table, stored, out=out, mode="clip")  # no index is out of range: 256 entries

    def toarray(self) -> npt.NDArray[Any]:
        """The whole matrix: float64, float32 or float16; bfloat16 widened to float32, exactly."""
        if self.dtype == "bfloat16":
            wide = np.empty(self.shape, np.uint32)
            row = 0
            for block in self.row_blocks():
                np.left_shift(block, 16, out=wide[row : row + len(block)], dtype=np.uint32)
                row += len(block)
            return wide.view(np.float32)
        whole = np.empty(self.shape, self._type)
        self.read_rows(0, self.shape[0], whole)
        return whole.view(np.float16) if self.dtype == "float16" else whole

    def __repr__(self) -> str:
        rows, cols = self.shape
        return f"WeightMatrix({self.name!r}, {rows} x {cols}, {self.source_dtype})"


class Weights(Mapping[str, WeightMatrix]):
    """The matrices of a checkpoint by name, in the file's order; see `open_weights`.

    Attributes
    ----------
    tensors : dict
        Every tensor as it is stored, matrices included: name -> `RawTensor`.
    skipped : list of (name, reason)
        What is no matrix, and why.
    """

    def __init__(
        self, origin: str, tensors: Iterable[RawTensor], skipped: Iterable[tuple[str, str]] = ()
    ) -> None:
        self.origin = origin
        self.tensors: dict[str, RawTensor] = {}
        self.skipped = list(skipped)
        self._matrices: dict[str, WeightMatrix] = {}
        for raw in tensors:
            if raw.name in self.tensors:
                raise ValueError(f"{origin}: two tensors are named {raw.name!r}")
            self.tensors[raw.name] = raw
            if reason := why_no_matrix(raw):
                self.skipped.append((raw.name, reason))
            else:
                self._matrices[raw.name] = WeightMatrix(raw)

    def __getitem__(self, name: str) -> WeightMatrix:
        return self._matrices[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._matrices)

    def __len__(self) -> int:
        return len(self._matrices)

    def select(self, names: Iterable[str] | None = None) -> dict[str, WeightMatrix]:
        """The matrices of these names, all of them for None.

        Raises
        ------
        ValueError
            If there is no such matrix; the message says what is there instead.
        """
        if names is None:
            return dict(self._matrices)
        reasons = dict(self.skipped)
        for name in names:
            if name in reasons:
                raise ValueError(f"{self.origin}: {name!r} is no matrix: {reasons[name]}")
            if name not in self._matrices:
                near = ", ".join(map(repr, list(self._matrices)[:3])) or "none at all"
                raise ValueError(f"{self.origin}: no tensor named {name!r}; there are {near} ...")
        return {name: self._matrices[name] for name in names}

    def __repr__(self) -> str:
        return f"Weights({self.origin!r}, {len(self)} matrices, {len(self.tensors)} tensors)"


def why_no_matrix(raw: RawTensor) -> str:
    """Why a tensor is no matrix; empty if it is one."""
    if raw.dtype not in BLOCKS:
        return f"{raw.dtype}, not a float that is read"
    if len(raw.shape) < 2:
        return "a single number" if not raw.shape else f"1-D, {raw.shape[0]} elements"
    return ""


def float16_bits(dtype: str) -> npt.NDArray[np.uint16]:
    """The float16 pattern of each pattern of an 8-bit float.

    Notes
    -----
    e5m2 is the upper half of float16. e4m3fn has bias 7 and no infinity, only NaN at 0x7f and
    0xff: its smallest denormal 2^-9 and largest value 448 are normal numbers of float16.

    References
    ----------
    Micikevicius et al., "FP8 formats for deep learning", 2022, table 1.
    """
    patterns = np.arange(256, dtype=np.uint16)
    if dtype == "float8_e5m2":
        return (patterns << 8).astype(np.uint16)
    exponent, mantissa = (patterns >> 3) & 15, patterns & 7
    magnitude = np.where(
        exponent == 0,
        np.ldexp(mantissa.astype(np.float64), -9),
        np.ldexp(8.0 + mantissa, exponent.astype(np.int64) - 10),
    )
    magnitude[(patterns & 127) == 127] = np.nan
    bits: npt.NDArray[np.uint16] = magnitude.astype(np.float16).view(np.uint16)
    return (bits & 0x7FFF | (patterns & 128) << 8).astype(np.uint16)
