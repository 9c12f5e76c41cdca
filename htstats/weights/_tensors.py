"""`Weights`: the tensors of a checkpoint. `WeightMatrix`: one tensor, read in blocks of rows."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.arrays import widen_half
from htstats._common.float8 import FLOAT8_DTYPES, float16_bits
from htstats.weights._quantized import Scale, find_roles
from htstats.weights._raw import ITEMSIZES, RawTensor, UnreadTensor

__all__ = ["ITEMSIZES", "RawTensor", "UnreadTensor", "WeightMatrix", "Weights"]

# By stored dtype: the dtype of the arrays in blocks, and the dtype that their values have.
BLOCKS = {
    "float64": ("float64", np.float64),
    "float32": ("float32", np.float32),
    "float16": ("float16", np.uint16),
    "bfloat16": ("bfloat16", np.uint16),
    **dict.fromkeys(FLOAT8_DTYPES, ("float16", np.uint16)),
}


class WeightMatrix:
    """A weight tensor as a matrix, read in blocks of rows.

    Attributes
    ----------
    name : str
    shape : tuple of int
        (rows, columns). A convolution (out, in, k, k) is a matrix (out, in*k*k).
    source_shape : tuple of int
        The shape as stored.
    dtype : str
        The dtype of the blocks: "float64", "float32", "float16" or "bfloat16".
    source_dtype : str
        The dtype as stored. 8-bit floats are widened to float16, which represents them exactly.
    scale : str or None
        The name of the tensor that 8-bit floats are multiplied by. The blocks are then float32,
        with each element rounded once.

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

    __slots__ = ("_raw", "_scale", "_table", "_type", "dtype", "shape")

    def __init__(self, raw: RawTensor, scale: Scale | None = None) -> None:
        self._raw, self._scale = raw, scale
        self.shape = raw.shape[0], math.prod(raw.shape[1:])
        self.dtype, self._type = BLOCKS["float32" if scale else raw.dtype]
        self._table: npt.NDArray[Any] | None = None
        if raw.dtype in FLOAT8_DTYPES:
            self._table = float16_bits(raw.dtype)
            if scale:
                self._table = widen_half(self._table, "float16")

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
    def path(self) -> str | None:
        """The file that the matrix is read from; None for a matrix in memory."""
        return self._raw.path

    @property
    def scale(self) -> str | None:
        return None if self._scale is None else self._scale.raw.name

    @property
    def nbytes(self) -> int:
        """Bytes of all blocks of the matrix together."""
        return self.shape[0] * self.shape[1] * np.dtype(self._type).itemsize

    def row_blocks(
        self, max_bytes: int = 1 << 21, *, start: int = 0, stop: int | None = None
    ) -> Iterator[npt.NDArray[Any]]:
        """Yield the rows in blocks, from first to last. Each block overwrites the one before.

        Parameters
        ----------
        max_bytes : int
            Largest size of a block in bytes. A longer row is a separate block.
        start, stop : int
            The range of rows; all rows by default.

        Yields
        ------
        ndarray of shape (some, columns)
            float64 or float32, or uint16 with the bits of 16-bit floats.

        Raises
        ------
        ValueError
            If the file is shorter than its header says.
        """
        checks.count("max_bytes", max_bytes, at_least=1)
        rows, cols = self.shape
        stop = rows if stop is None else stop
        step = max(1, max_bytes // max(cols * np.dtype(self._type).itemsize, 1))
        buffer = np.empty((max(min(step, stop - start), 0), cols), self._type)
        for first in range(start, stop, step):
            block = buffer[: stop - first]
            self.read_rows(first, first + len(block), block)
            yield block

    def read_rows(self, start: int, stop: int, out: npt.NDArray[Any]) -> None:
        """Read rows `start` to `stop` into `out`. Several threads can call this at once.

        Raises
        ------
        ValueError
            If the rows do not exist, or `out` is not a C-contiguous array of their shape and dtype.
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
            if sys.byteorder == "big":  # sources return little-endian bytes
                out.byteswap(inplace=True)
            return
        stored = np.empty(out.shape, np.uint8)
        self._raw._source.read(offset, stored.data.cast("B"))
        np.take(self._table, stored, out=out, mode="clip")  # uint8 indices, 256 entries
        if self._scale is not None:
            self._scale.multiply(start, out.reshape(len(out), *self.source_shape[1:]))

    def toarray(self) -> npt.NDArray[Any]:
        """The whole matrix as float64, float32 or float16; bfloat16 is widened to float32."""
        if self.dtype == "bfloat16":
            wide = np.empty(self.shape, np.float32)
            row = 0
            for block in self.row_blocks():
                widen_half(block, "bfloat16", wide[row : row + len(block)])
                row += len(block)
            return wide
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
    unread : dict
        Tensors that cannot be read as real numbers: name -> `UnreadTensor`, with the reason.
    aside : dict
        Tensors that are not weights, even if they have two dimensions: parts of quantised layers,
        the state of an optimizer. Name -> reason.
    skipped : list of (name, reason)
        Entries that are not matrices, and those in `aside`.
    files : list of str
        Every file that is read. For a folder: the index and the shards.
    notes : list of str
        Notes about other files of a folder, which were not read.
    """

    def __init__(
        self,
        origin: str,
        tensors: Iterable[RawTensor],
        skipped: Iterable[tuple[str, str]] = (),
        unread: Iterable[UnreadTensor] = (),
    ) -> None:
        self.origin = origin
        self.files = [origin]
        self.notes: list[str] = []
        self.tensors: dict[str, RawTensor] = {}
        self.unread: dict[str, UnreadTensor] = {}
        self.skipped = list(skipped)
        # all matrices, including those that are not weights
        self._all: dict[str, WeightMatrix] = {}
        self._matrices: dict[str, WeightMatrix] = {}
        for raw in tensors:
            self._require_new(raw.name)
            self.tensors[raw.name] = raw
        for other in unread:
            self._require_new(other.name)
            self.unread[other.name] = other
        roles = find_roles(self.tensors, self.unread, dict(self.skipped))
        self.aside = roles.aside
        for name, raw in self.tensors.items():
            reason = why_no_matrix(raw)
            wrong = roles.wrong.get(name) or why_unread(raw)
            if not reason and not wrong:
                self._all[name] = WeightMatrix(raw, roles.scales.get(name))
            if name in self.aside or reason:
                self.skipped.append((name, self.aside.get(name, reason)))
            elif wrong:
                self.unread[name] = UnreadTensor(name, raw.dtype, raw.shape, wrong)
            else:
                self._matrices[name] = self._all[name]
        for other in self.unread.values():
            if other.name in self.aside or not may_be_matrix(other):
                self.skipped.append((other.name, self.aside.get(other.name, other.reason)))

    def _require_new(self, name: str) -> None:
        if name in self.tensors or name in self.unread:
            raise ValueError(f"{self.origin}: two tensors are named {name!r}")

    def __getitem__(self, name: str) -> WeightMatrix:
        return self._all[name]

    def __contains__(self, name: object) -> bool:
        return name in self._matrices

    def __iter__(self) -> Iterator[str]:
        return iter(self._matrices)

    def __len__(self) -> int:
        return len(self._matrices)

    @property
    def unread_matrices(self) -> dict[str, UnreadTensor]:
        """The tensors in `unread` whose shape and dtype could be those of weights."""
        return {
            name: tensor
            for name, tensor in self.unread.items()
            if may_be_matrix(tensor) and name not in self.aside
        }

    @property
    def numbers(self) -> dict[str, int]:
        """Number the matrices from 0 in the file's order, including those in `aside`."""
        return {name: number for number, name in enumerate(self._all)}

    def select(self, names: Iterable[str] | None = None) -> dict[str, WeightMatrix]:
        """The matrices with these names; all weights if `names` is None.

        Names of matrices in `aside` are allowed.

        Raises
        ------
        ValueError
            If there is no such matrix; the message lists what exists instead.
        """
        if names is None:
            return dict(self._matrices)
        found = {}
        for name in names:
            if name not in self._all:
                self._refuse(name)
            found[name] = self._all[name]
        return found

    def _refuse(self, name: str) -> None:
        if name in self.unread:
            raise ValueError(f"{self.origin}: {name!r} is not read: {self.unread[name].reason}")
        reasons = dict(self.skipped)
        if name in reasons:
            raise ValueError(f"{self.origin}: {name!r} is no matrix: {reasons[name]}")
        near = ", ".join(map(repr, list(self._matrices)[:3])) or "none at all"
        raise ValueError(f"{self.origin}: no tensor named {name!r}; there are {near} ...")

    def __repr__(self) -> str:
        return f"Weights({self.origin!r}, {len(self)} matrices, {len(self.tensors)} tensors)"


def why_no_matrix(raw: RawTensor) -> str:
    """The reason why a tensor is not a matrix; empty if it is one."""
    if raw.dtype not in BLOCKS and not why_unread(raw):
        return f"{raw.dtype}, not a float that is read"
    if len(raw.shape) < 2:
        return "a single number" if not raw.shape else f"1-D, {raw.shape[0]} elements"
    return ""


def may_be_matrix(tensor: UnreadTensor) -> bool:
    """Whether an unread tensor may have two or more dimensions, and its dtype is not an integer."""
    is_plain = tensor.dtype in ITEMSIZES and "complex" not in tensor.dtype
    return len(tensor.shape) != 1 and (tensor.dtype in BLOCKS or not is_plain)


def why_unread(raw: RawTensor) -> str:
    """The reason why floats of a matrix cannot be read; empty if they can, or are not floats."""
    return f"{raw.dtype}: complex numbers have no order" if "complex" in raw.dtype else ""
