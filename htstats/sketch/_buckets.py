"""Divide the bit patterns of a dtype into buckets, and describe the buckets of a sketch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats

__all__ = ["FORMATS", "Buckets", "Format", "add_words"]


class Format(NamedTuple):
    """The division of the bit patterns of one dtype into buckets."""

    exponents: int  # values of the exponent field, including that of NaN and infinity
    mantissa: int  # fraction bits of the significand
    kept: int  # how many of them select the bucket
    words: int  # uint64 words per bucket in a table

    @property
    def dropped(self) -> int:
        return self.mantissa - self.kept

    @property
    def buckets(self) -> int:
        """The number of buckets of finite values, for one sign."""
        return (self.exponents - 1) << self.kept

    def scale(self, exponent: int) -> int:
        """Binary exponent of the last bit of a significand; 0 is the exponent of denormals."""
        return max(exponent, 1) - (self.exponents // 2 - 1) - self.mantissa

    def values(self, pattern: npt.NDArray[np.int64]) -> Floats:
        """The values for patterns of abs(x). Infinity's pattern gives the next power of two."""
        exponent, bits = pattern >> self.mantissa, pattern & ((1 << self.mantissa) - 1)
        significand = np.where(exponent > 0, bits + (1 << self.mantissa), bits)
        scale = np.maximum(exponent, 1) + self.scale(0) - 1
        with np.errstate(over="ignore"):
            values: Floats = np.ldexp(significand.astype(np.float64), scale)
        return values


FORMATS = {
    "float64": Format(2048, 52, 11, 3),
    "float32": Format(256, 23, 11, 2),
    "float16": Format(32, 10, 10, 1),
    "bfloat16": Format(256, 7, 7, 1),
}


@dataclass(frozen=True)
class Buckets:
    """The occupied buckets of one side, ascending. Bucket k contains abs(x) in [lower, upper).

    `total` is the sum of abs(x) over a bucket, exact up to one rounding to float64. For 16-bit
    dtypes, a bucket contains a single value, `lower`.
    """

    pattern: npt.NDArray[np.int64]  # bits of `lower` in the sketch's dtype
    lower: Floats
    upper: Floats
    count: npt.NDArray[np.int64]
    total: Floats


def add_words(mine: npt.NDArray[np.uint64], other: npt.NDArray[np.uint64], *, carry: bool) -> None:
    """Add the second table to the first in place.

    With `carry`, the last two words of a bucket are one number, with the low word first.
    """
    mine += other
    if carry:
        mine[..., -1] += mine[..., -2] < other[..., -2]
