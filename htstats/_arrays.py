"""The dtype policy: what each kind of input becomes before a kernel sees it.

=====================  =========================  ======================
input                  kernels see                copied
=====================  =========================  ======================
float64, float32       the same                   only if not contiguous
float16, bfloat16      its bits as uint16         only if not contiguous
8-bit floats           float16's bits as uint16   yes
integers, bool         float64                    yes
other (complex, ...)   TypeError
=====================  =========================  ======================

bfloat16 comes from ``ml_dtypes``, from torch, or as uint16 bits with ``dtype="bfloat16"``; 8-bit
floats come from ``ml_dtypes`` or from torch. float16 holds each of them exactly, except the powers
of two of float8_e8m0fnu, which are scales and no numbers to be fitted.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._float8_bits import FLOAT8_DTYPES, SCALE_DTYPE, float16_bits

__all__ = ["HALF_DTYPES", "Elements", "as_elements", "as_float64", "to_numpy", "widen"]

HALF_DTYPES = ("float16", "bfloat16")


class Elements(NamedTuple):
    """A C-contiguous array as a kernel takes it, and the dtype its bits stand for."""

    data: npt.NDArray[Any]
    dtype: str


def to_numpy(x: Any) -> tuple[npt.NDArray[Any], str]:
    """An array without a copy where possible, and the name of the dtype its elements stand for;
    bfloat16 and 8-bit floats as their bits."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        tensor = x.detach().cpu()
        if tensor.dtype == torch.bfloat16:
            return tensor.contiguous().view(torch.int16).numpy().view(np.uint16), "bfloat16"
        name = str(tensor.dtype).removeprefix("torch.")
        if name in FLOAT8_DTYPES or name == SCALE_DTYPE:
            return tensor.view(torch.uint8).numpy(), name
        return tensor.numpy(), name
    array = np.asarray(x)
    if array.dtype.name == "bfloat16":  # ml_dtypes registers it under this name
        return array.view(np.uint16), "bfloat16"
    if array.dtype.name in FLOAT8_DTYPES or array.dtype.name == SCALE_DTYPE:
        return array.view(np.uint8), array.dtype.name
    return array, array.dtype.name


def as_elements(x: Any, name: str = "x", *, dtype: str | None = None) -> Elements:
    """Apply the policy above; `dtype` says what uint16 bits stand for.

    Raises
    ------
    TypeError
        If `x` is not numeric, or `dtype` is given for anything but uint16 bits.
    """
    array, found = to_numpy(x)
    if dtype is not None:
        if dtype not in HALF_DTYPES or found != "uint16":
            raise TypeError(f"dtype says what uint16 bits stand for, got {dtype!r} for {found}")
        found = dtype
    if found in HALF_DTYPES:
        return Elements(np.ascontiguousarray(array).view(np.uint16), found)
    if found in ("float32", "float64"):
        return Elements(np.ascontiguousarray(array, dtype=found), found)
    if found in FLOAT8_DTYPES:
        return Elements(np.ascontiguousarray(float16_bits(found)[array]), "float16")
    if array.dtype.kind in "iub" and found != SCALE_DTYPE:
        return Elements(np.ascontiguousarray(array, dtype=np.float64), "float64")
    raise TypeError(f"{name} must be real numbers, got dtype {found}")


def as_float64(x: Any, name: str = "x") -> npt.NDArray[np.float64]:
    """The values as a C-contiguous float64 array; 16-bit floats widen exactly."""
    return widen(*as_elements(x, name))


def widen(data: npt.NDArray[Any], dtype: str) -> npt.NDArray[np.float64]:
    """What `as_elements` gave, or a part of it, as float64; exact."""
    if dtype == "bfloat16":
        return (data.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    if dtype == "float16":
        return data.view(np.float16).astype(np.float64)
    return np.ascontiguousarray(data, dtype=np.float64)
