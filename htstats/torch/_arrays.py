"""Tensors of arrays of any layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["tensor_of"]


def tensor_of(x: npt.NDArray[Any], dtype: npt.DTypeLike | None = None) -> torch.Tensor:
    """A tensor with the elements of `x`, which shares the memory of `x` where torch can.

    torch does not take negative strides, foreign byte orders and memory that is not aligned, and
    warns of arrays that are read-only. These are copied.
    """
    array = np.ascontiguousarray(x, x.dtype.newbyteorder("=") if dtype is None else dtype)
    if not (array.flags.writeable and array.flags.aligned):
        array = array.copy()
    return torch.from_numpy(array)
