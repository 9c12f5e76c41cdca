"""Check matrices and directions that a caller passes, and convert them to float64."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats, as_float64

__all__ = ["matrix", "unit"]


def matrix(W: npt.ArrayLike) -> Floats:
    """W as a finite two-dimensional array with elements."""
    weights = as_float64(W, "W")
    if weights.ndim != 2 or weights.size == 0:
        raise ValueError(f"W must be a matrix with elements, got shape {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError("W must be finite")
    return weights


def unit(name: str, vector: npt.ArrayLike) -> Floats:
    """The vector divided by its length, without overflow or underflow of the length."""
    array = as_float64(vector, name).ravel()
    largest = float(np.abs(array).max(initial=0.0))
    if not 0 < largest < math.inf:
        raise ValueError(f"{name} must be finite and not all zero")
    scaled = array / largest
    return np.asarray(scaled / np.linalg.norm(scaled))
