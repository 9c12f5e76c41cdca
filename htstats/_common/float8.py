"""Convert 8-bit floats to float16 and back.

There are four formats of weights, and float16 represents every number of each format exactly. A
matrix of 8-bit floats is read as float16 (`float16_bits`), split as float16, and written in its own
format again (`to_float8`).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = [
    "FLOAT8_DTYPES",
    "SCALE_DTYPE",
    "exponent_scales",
    "float8_numbers",
    "float8_of",
    "float16_bits",
    "to_float8",
]

# Bits of the significand, bias of the exponent, and pattern of the largest finite number.
FORMATS = {
    "float8_e4m3fn": (3, 7, 0x7E),
    "float8_e4m3fnuz": (3, 8, 0x7F),
    "float8_e5m2": (2, 15, 0x7B),
    "float8_e5m2fnuz": (2, 16, 0x7F),
}

FLOAT8_DTYPES = tuple(FORMATS)

# The dtype of powers of two. They are scales of the blocks of a quantised matrix and never weights.
SCALE_DTYPE = "float8_e8m0fnu"


def float8_numbers(dtype: str) -> npt.NDArray[np.float64]:
    """The finite numbers from 0 up to the largest one. The index of a number is its pattern.

    References
    ----------
    Micikevicius et al., "FP8 formats for deep learning", 2022, table 1. Noune et al., "8-bit
    numerical formats for deep neural networks", 2022, section 3 (fnuz).
    """
    digits, bias, largest = FORMATS[dtype]
    patterns = np.arange(largest + 1)
    exponent, significand = patterns >> digits, patterns & ((1 << digits) - 1)
    whole = significand + np.where(exponent > 0, 1 << digits, 0)
    numbers: npt.NDArray[np.float64] = np.ldexp(
        whole.astype(np.float64), np.maximum(exponent, 1) - bias - digits
    )
    return numbers


def float16_bits(dtype: str) -> npt.NDArray[np.uint16]:
    """The float16 pattern of each pattern of an 8-bit float.

    Parameters
    ----------
    dtype : str
        One of `FLOAT8_DTYPES`.

    Returns
    -------
    ndarray of 256 uint16

    Notes
    -----
    The pattern of an e5m2 number is the upper byte of its float16 pattern. e4m3fn has the bias 7,
    no infinity, and NaN at 0x7f and 0xff. Its smallest denormal, 2^-9, and its largest value, 448,
    are normal numbers of float16. The "fnuz" formats have a bias larger by one, neither infinity
    nor -0, and NaN only at 0x80.
    """
    patterns = np.arange(256, dtype=np.uint16)
    if dtype == "float8_e5m2":
        return (patterns << 8).astype(np.uint16)
    numbers = float8_numbers(dtype)
    magnitudes = np.full(128, np.nan)
    magnitudes[: len(numbers)] = numbers
    positive = magnitudes.astype(np.float16).view(np.uint16) & 0x7FFF
    bits = np.concatenate([positive, positive | 0x8000])
    if dtype.endswith("fnuz"):
        bits[0x80] = 0xFE00
    return bits


def exponent_scales() -> npt.NDArray[np.float32]:
    """The number for each pattern of float8_e8m0fnu: 2^(pattern - 127), and NaN for the last one.

    References
    ----------
    Open Compute Project, "Microscaling formats (MX) specification", 2023, section 5.4.1.
    """
    scales = np.full(256, np.nan, np.float32)
    scales[:255] = np.ldexp(np.float64(1), np.arange(255) - 127)
    return scales


def float8_of(source: object) -> str | None:
    """The 8-bit format of a matrix that is read as float16; None for any other matrix."""
    stored = getattr(source, "source_dtype", None)
    is_float8 = stored in FLOAT8_DTYPES and getattr(source, "dtype", None) == "float16"
    return stored if is_float8 else None


def to_float8(block: npt.NDArray[np.float16], dtype: str) -> npt.NDArray[np.uint8]:
    """The patterns of the nearest numbers of an 8-bit format.

    Parameters
    ----------
    block : float16 array, finite
    dtype : str
        One of `FLOAT8_DTYPES`.

    Returns
    -------
    uint8 array of the same shape
        Ties are rounded to the even pattern. A value beyond the largest number becomes that number.
        Zeros keep their sign if the format has -0. A number of the format keeps its own pattern.
    """
    patterns: npt.NDArray[np.uint8] = _nearest_patterns(dtype)[block.view(np.uint16)]
    return patterns


@cache
def _nearest_patterns(dtype: str) -> npt.NDArray[np.uint8]:
    """The nearest pattern for each of the 65,536 patterns of float16.

    NaN and infinity become the largest number. The comparisons are exact, because float64
    represents numbers of float16 and halves of their sums exactly.
    """
    numbers = float8_numbers(dtype)
    middles = (numbers[:-1] + numbers[1:]) / 2
    halves = np.arange(1 << 15, dtype=np.uint16).view(np.float16).astype(np.float64)
    halves[~np.isfinite(halves)] = np.inf
    above = np.searchsorted(middles, halves, side="left")
    tie = middles[np.minimum(above, len(middles) - 1)] == halves
    above += tie & (above % 2 == 1)  # in a tie, choose the even one of the two nearest patterns
    positive = above.astype(np.uint8)
    negative = positive | 0x80
    if dtype.endswith("fnuz"):
        negative[positive == 0] = 0  # 0x80 is NaN
    return np.concatenate([positive, negative])
