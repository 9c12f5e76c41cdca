"""The dtype policy: how each kind of input is converted before a kernel reads it.

=====================  =========================  ======================
input                  kernels read               copied
=====================  =========================  ======================
float64, float32       the same                   only if not contiguous
float16, bfloat16      their bits as uint16       only if not contiguous
8-bit floats           float16 bits as uint16     yes
integers, bool         float64, rounded           yes
other (complex, ...)   TypeError
=====================  =========================  ======================

bfloat16 comes from ``ml_dtypes``, from torch, or as uint16 bits with ``dtype="bfloat16"``. 8-bit
floats come from ``ml_dtypes`` or from torch. float16 represents each 8-bit float exactly, except
the powers of two of float8_e8m0fnu, which are scales and are not fitted.

Integers beyond 2^53 are rounded to the nearest float64. Python integers beyond 2^64, long doubles,
fractions and decimals raise TypeError; the caller must convert them. Other byte orders, strides and
read-only memory are accepted. Mappings, views of pairs, texts and sparse matrices raise a TypeError
that says what to pass. Masked elements raise ValueError, except in a sample, where they are left
out (`as_sample`).
"""

from __future__ import annotations

import numbers
import sys
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.data_checks import (
    find_missing,
    list_elements,
    present_elements,
    refuse_dtype,
    require_full,
    require_numbers,
    require_sample,
)
from htstats._common.float8 import FLOAT8_DTYPES, SCALE_DTYPE, float16_bits

__all__ = [
    "HALF_DTYPES",
    "Counts",
    "Elements",
    "Floats",
    "as_elements",
    "as_float64",
    "as_points",
    "as_sample",
    "to_numpy",
    "widen",
    "widen_half",
]

# Arrays by the type of their elements, for annotations.
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

HALF_DTYPES = ("float16", "bfloat16")


class Elements(NamedTuple):
    """A C-contiguous array for a kernel, and the dtype that its bits represent."""

    data: npt.NDArray[Any]
    dtype: str


def to_numpy(x: Any, name: str = "x") -> tuple[npt.NDArray[Any], str]:
    """Return an array, and the name of the dtype that its elements represent.

    The array is not copied if possible. bfloat16 and 8-bit floats are returned as their bits.

    Raises
    ------
    TypeError
        If `x` is a container from which NumPy would read the wrong numbers.
    ValueError
        If elements are masked.
    """
    require_numbers(x, name)
    require_full(x, name)
    x = list_elements(x)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        tensor = x.detach().cpu().resolve_conj().resolve_neg()
        if tensor.dtype == torch.bfloat16:
            return tensor.contiguous().view(torch.int16).numpy().view(np.uint16), "bfloat16"
        name = str(tensor.dtype).removeprefix("torch.")
        if name in FLOAT8_DTYPES or name == SCALE_DTYPE:
            return tensor.view(torch.uint8).numpy(), name
        return tensor.numpy(), name
    array = np.asarray(x)
    if not array.flags.aligned:  # kernels in C read whole numbers
        array = array.copy()
    if array.dtype.name == "bfloat16":  # ml_dtypes registers it under this name
        return array.view(np.uint16), "bfloat16"
    if array.dtype.name in FLOAT8_DTYPES or array.dtype.name == SCALE_DTYPE:
        return array.view(np.uint8), array.dtype.name
    return array, array.dtype.name


def as_elements(x: Any, name: str = "x", *, dtype: str | None = None) -> Elements:
    """Apply the policy above; `dtype` is the dtype that uint16 bits represent.

    Raises
    ------
    TypeError
        If `x` is not numeric, or `dtype` is given and `x` is not uint16.
    """
    array, found = to_numpy(x, name)
    if dtype is not None:
        if dtype not in HALF_DTYPES or found != "uint16":
            raise TypeError(f"dtype says what uint16 bits stand for, got {dtype!r} for {found}")
        found = dtype
    if found in HALF_DTYPES:
        native = array.dtype.newbyteorder("=")
        return Elements(np.ascontiguousarray(array, dtype=native).view(np.uint16), found)
    if found in ("float32", "float64"):
        return Elements(np.ascontiguousarray(array, dtype=found), found)
    if found in FLOAT8_DTYPES:
        return Elements(np.ascontiguousarray(float16_bits(found)[array]), "float16")
    if array.dtype.kind in "iub" and found != SCALE_DTYPE:
        return Elements(np.ascontiguousarray(array, dtype=np.float64), "float64")
    if found == SCALE_DTYPE:
        raise TypeError(f"{name} must be real numbers, got dtype {found}")
    refuse_dtype(array.dtype, name)


def as_float64(x: Any, name: str = "x") -> Floats:
    """The values as a C-contiguous float64 array; 16-bit floats widen exactly."""
    return widen(*as_elements(x, name))


def as_sample(x: Any, name: str = "x") -> Floats:
    """A sample as a 1-D array of float64, without masked elements."""
    require_sample(x, name)
    mask = find_missing(x)
    return as_float64(x if mask is None else present_elements(x, mask), name).reshape(-1)


def as_points(x: Any, name: str = "x") -> Floats:
    """The points at which a function is evaluated, as a float64 array of any shape.

    Python numbers, fractions and decimals are rounded to the nearest float64.

    Raises
    ------
    TypeError
        If `x` does not consist of real numbers.
    """
    if type(x) is float or type(x) is int:
        return np.asarray(x, np.float64)
    array, found = to_numpy(x, name)
    if found == "bfloat16":
        return widen(array, found)
    if array.dtype.kind == "O" and all(_is_number(value) for value in array.flat):
        return array.astype(np.float64)
    if found in FLOAT8_DTYPES or found == SCALE_DTYPE:
        return as_float64(x, name)
    if array.dtype.kind not in "iufb":
        refuse_dtype(array.dtype, name)
    return np.asarray(array, np.float64)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Number) and hasattr(value, "__float__")


def widen(data: npt.NDArray[Any], dtype: str) -> Floats:
    """Convert the result of `as_elements`, or a part of it, to float64; this is exact."""
    if dtype == "bfloat16":
        return widen_half(data, dtype).astype(np.float64)
    if dtype == "float16":
        return data.view(np.float16).astype(np.float64)
    return np.ascontiguousarray(data, dtype=np.float64)


def widen_half(
    bits: npt.NDArray[np.uint16], dtype: str, out: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]:
    """Convert the bits of 16-bit floats to float32; this is exact.

    Parameters
    ----------
    bits : uint16 array
    dtype : {"float16", "bfloat16"}
    out : float32 array of the same shape, optional
        Array for the result.
    """
    if out is None:
        out = np.empty(bits.shape, np.float32)
    if dtype == "bfloat16":
        np.left_shift(bits, 16, out=out.view(np.uint32), dtype=np.uint32)
    else:
        out[...] = bits.view(np.float16)
    return out
