"""8-bit floats come back as such: float16 numbers rounded to the nearest of a format."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["FLOAT8", "float8_of", "to_float8"]

# Bits of the significand, bias of the exponent, pattern of the largest number: the formats whose
# every number is one of float16, in which they are split. Those called "fnuz" have no -0.
FORMATS = {
    "float8_e4m3fn": (3, 7, 0x7E),
    "float8_e5m2": (2, 15, 0x7B),
    "float8_e4m3fnuz": (3, 8, 0x7F),
    "float8_e5m2fnuz": (2, 16, 0x7F),
}

FLOAT8 = tuple(FORMATS)


def float8_of(source: object) -> str | None:
    """The 8-bit format of a matrix that is read as the float16 it equals; None for any other."""
    stored = getattr(source, "source_dtype", None)
    return stored if stored in FLOAT8 and getattr(source, "dtype", None) == "float16" else None


def to_float8(block: npt.NDArray[np.float16], dtype: str) -> npt.NDArray[np.uint8]:
    """The patterns of the nearest numbers of an 8-bit format.

    Parameters
    ----------
    block : float16 array, finite
    dtype : str
        One of `FLOAT8`.

    Returns
    -------
    uint8 array of the same shape
        Ties go to the even pattern, what lies beyond the largest number becomes that number, and
        zeros keep their sign where the format has -0. A number of the format comes back as its own
        pattern.
    """
    patterns: npt.NDArray[np.uint8] = _table(dtype)[block.view(np.uint16)]
    return patterns


def float8_numbers(dtype: str) -> npt.NDArray[np.float64]:
    """The numbers of an 8-bit format that are not negative, ascending with their patterns from 0.

    References
    ----------
    Micikevicius et al., "FP8 formats for deep learning", 2022, table 1. Noune et al., "8-bit
    numerical formats for deep neural networks", 2022, section 3 (fnuz).
    """
    digits, bias, last = FORMATS[dtype]
    patterns = np.arange(last + 1)
    exponent, significand = patterns >> digits, patterns & ((1 << digits) - 1)
    whole = significand + np.where(exponent > 0, 1 << digits, 0)
    numbers: npt.NDArray[np.float64] = np.ldexp(
        whole.astype(np.float64), np.maximum(exponent, 1) - bias - digits
    )
    return numbers


@cache
def _table(dtype: str) -> npt.NDArray[np.uint8]:
    """The pattern for each of the 65,536 patterns of float16; NaN and infinity go to the largest.

    Distances are exact: numbers of float16 and halves of their sums are numbers of float64.
    """
    numbers = float8_numbers(dtype)
    middles = (numbers[:-1] + numbers[1:]) / 2
    halves = np.arange(1 << 15, dtype=np.uint16).view(np.float16).astype(np.float64)
    halves[~np.isfinite(halves)] = np.inf
    above = np.searchsorted(middles, halves, side="left")
    tie = middles[np.minimum(above, len(middles) - 1)] == halves
    above += tie & (above % 2 == 1)  # between `above` and the next: the even one
    positive = above.astype(np.uint8)
    negative = positive | 0x80
    if dtype.endswith("fnuz"):
        negative[positive == 0] = 0  # 0x80 is NaN
    return np.concatenate([positive, negative])
