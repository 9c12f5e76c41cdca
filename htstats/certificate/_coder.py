"""Write whole numbers as bits, read them again, and rank supports.

All arithmetic is exact, on Python's integers. A support of k places among n is written as its rank
in the combinatorial number system, which C computes (csrc/coding/htst_rank.h). Numbers with
different ranges are combined to one mixed-radix integer. A message is therefore less than two bits
longer than log2 of the number of possible messages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from htstats._core import rank

__all__ = [
    "BitReader",
    "BitWriter",
    "MixedRadix",
    "least_bits",
    "log2_units",
    "rank_of_support",
    "support_of_rank",
]


class BitWriter:
    """Collects numbers of fixed width, the most significant bit first."""

    def __init__(self) -> None:
        self._value = 0
        self._length = 0

    def write(self, value: int, width: int) -> None:
        """Append `value`, which must be below 2^width."""
        if not 0 <= value < 1 << width:
            raise ValueError(f"value must be in [0, 2^{width}), got {value}")
        self._value = self._value << width | value
        self._length += width

    def write_below(self, value: int, limit: int) -> None:
        """Append `value`, which is in 0 .. limit - 1."""
        self.write(value, (limit - 1).bit_length())

    def finish(self) -> bytes:
        """The bits so far as bytes; zeros fill the last byte."""
        padding = -self._length % 8
        return (self._value << padding).to_bytes((self._length + padding) // 8, "big")


class BitReader:
    """Reads what `BitWriter` wrote."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def read(self, width: int) -> int:
        """The next number of `width` bits; ValueError if the data end earlier."""
        if width > self._left:
            raise ValueError(f"the message ends {width - self._left} bits too early")
        self._left -= width
        return self._value >> self._left & ((1 << width) - 1)

    def read_below(self, limit: int) -> int:
        """The next number, which is in 0 .. limit - 1."""
        value = self.read((limit - 1).bit_length())
        if value >= limit:
            raise ValueError("the message holds a number outside its range")
        return value

    def finish(self) -> None:
        """Check that nothing is left except zero bits of the last byte."""
        if self._left >= 8:
            raise ValueError(f"{self._left // 8} bytes follow the end of the message")
        if self._value & ((1 << self._left) - 1):
            raise ValueError("bits that follow the message in its last byte are not zero")


class MixedRadix:
    """One number that combines several, each below its own limit."""

    def __init__(self, limits: Sequence[int]) -> None:
        self.limits = tuple(limits)

    @property
    def size(self) -> int:
        """The number of possible values: the product of the limits."""
        return math.prod(self.limits)

    def join(self, parts: Sequence[int]) -> int:
        """The number that combines `parts`; the first part is the most significant."""
        value = 0
        for part, limit in zip(parts, self.limits, strict=True):
            if not 0 <= part < limit:
                raise ValueError(f"a part must be in [0, {limit}), got {part}")
            value = value * limit + part
        return value

    def split(self, value: int) -> list[int]:
        """The parts of a number below `size`."""
        parts = []
        for limit in reversed(self.limits):
            value, part = divmod(value, limit)
            parts.append(part)
        return parts[::-1]


def rank_of_support(places: Sequence[int]) -> int:
    """The rank of a sequence c_1 < ... < c_k among all such sequences: the sum of C(c_i, i).

    Raises
    ------
    ValueError
        If the places do not increase from 0 on, or a place is 2^32 - 1 or more.
    """
    chosen = np.array(places, np.int64)
    n = int(chosen[-1]) + 1 if len(chosen) else 0
    number, work = np.zeros((2, rank.words(n, len(chosen))), np.uint64)
    rank.write(chosen, n, work, number)
    return int.from_bytes(number.astype("<u8").tobytes(), "little")


def support_of_rank(number: int, k: int, n: int) -> list[int]:
    """The increasing sequence of `k` places below `n` that has this rank.

    Raises
    ------
    ValueError
        If the rank is not in [0, C(n, k)), or k is not in [0, n].
    """
    words = rank.words(n, k)
    if not 0 <= number < 1 << 64 * words:
        raise ValueError(f"a rank must be in [0, C({n}, {k})), got {number.bit_length()} bits")
    data = number.to_bytes(8 * words, "little")
    places = np.zeros(k, np.int64)
    work = np.zeros(2 * words, np.uint64)
    rank.read(np.frombuffer(data, "<u8").astype(np.uint64), n, work, places)
    found: list[int] = places.tolist()
    return found


def least_bits(k: int, n: int) -> int:
    """A lower bound of the bits of k <= n places and of their signs: C(n, k) >= (n/k)^k."""
    return k * (n // k).bit_length() if k else 0


def log2_units(x: int, unit: int) -> int:
    """unit x log2(x) for x >= 1, rounded down to 2^-20 and then to a whole number.

    The mantissa is squared once per bit. All numbers are whole, so the result is the same on every
    machine.
    """
    whole = x.bit_length() - 1
    mantissa = x >> (whole - 62) if whole > 62 else x << (62 - whole)
    result = whole
    for _ in range(20):
        mantissa = mantissa * mantissa >> 62
        carry = mantissa >> 63
        mantissa >>= carry
        result = 2 * result + carry
    return (unit * result + (1 << 19)) >> 20
