"""8-bit floats: each of their 256 patterns as a float16, which holds every one of them exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["FLOAT8_DTYPES", "SCALE_DTYPE", "exponent_scales", "float16_bits"]

# bits of the significand, bias of the exponent, largest finite magnitude's pattern
_FORMATS = {
    "float8_e4m3fn": (3, 7, 0x7E),
    "float8_e4m3fnuz": (3, 8, 0x7F),
    "float8_e5m2": (2, 15, 0x7B),
    "float8_e5m2fnuz": (2, 16, 0x7F),
}

FLOAT8_DTYPES = tuple(_FORMATS)

# Powers of two for the blocks of a quantised matrix; never weights.
SCALE_DTYPE = "float8_e8m0fnu"


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
    e5m2 is the upper half of float16. e4m3fn has bias 7 and no infinity, only NaN at 0x7f and
    0xff: its smallest denormal 2^-9 and largest value 448 are normal numbers of float16. The
    formats "fnuz" have a bias larger by one, neither infinity nor -0, and NaN at 0x80 alone.

    References
    ----------
    Micikevicius et al., "FP8 formats for deep learning", 2022, table 1. Noune et al., "8-bit
    numerical formats for deep neural networks", 2022, section 3 (fnuz).
    """
    patterns = np.arange(256, dtype=np.uint16)
    if dtype == "float8_e5m2":
        return (patterns << 8).astype(np.uint16)
    digits, bias, largest = _FORMATS[dtype]
    magnitudes = patterns & 127
    exponent, significand = magnitudes >> digits, magnitudes & ((1 << digits) - 1)
    unit = np.maximum(exponent, 1).astype(np.int64) - bias - digits
    whole = significand + np.where(exponent > 0, 1 << digits, 0)
    values = np.ldexp(whole.astype(np.float64), unit)
    values[magnitudes > largest] = np.nan
    bits = values.astype(np.float16).view(np.uint16) & 0x7FFF | (patterns & 128) << 8
    if dtype.endswith("fnuz"):
        bits[0x80] = 0xFE00
    return np.asarray(bits, np.uint16)


def exponent_scales() -> npt.NDArray[np.float32]:
    """What each pattern of float8_e8m0fnu stands for: 2^(pattern - 127), and NaN for the last.

    References
    ----------
    Open Compute Project, "Microscaling formats (MX) specification", 2023, section 5.4.1.
    """
    scales = np.full(256, np.nan, np.float32)
    scales[:255] = np.ldexp(np.float64(1), np.arange(255) - 127)
    return scales
