"""Write whole numbers as bits, read them again, and rank supports.

All arithmetic is exact, on Python's integers. A support of k places among n is written as its rank
in the combinatorial number system. Numbers with different ranges are combined to one mixed-radix
integer. A message is therefore less than two bits longer than log2 of the number of possible
messages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = [
    "BitReader",
    "BitWriter",
    "MixedRadix",
    "log2_units",
    "rank_of_support",
    "support_of_rank",
]


# If two places differ by at most this, the binomial coefficient of one is computed from the other's
# by a few multiplications.
NEAR = 64


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

    References
    ----------
    D. E. Knuth, The Art of Computer Programming, volume 4A, section 7.2.1.3, theorem L.
    """
    rank, before, coefficient = 0, 0, 0
    for i, place in enumerate(places, start=1):
        if coefficient and place - before < NEAR:
            coefficient = coefficient * (before - i + 1) // i  # C(before, i) from C(before, i - 1)
            for step in range(before + 1, place + 1):
                coefficient = coefficient * step // (step - i) if coefficient else int(step == i)
        else:
            coefficient = math.comb(place, i)
        rank += coefficient
        before = place
    return rank


def support_of_rank(rank: int, k: int, n: int) -> list[int]:
    """The increasing sequence of `k` places below `n` that has this rank.

    The place decreases step by step. Each step updates the binomial coefficient C(place, i) by one
    multiplication and one exact division. There are n steps in total.
    """
    places = []
    place, i = n - 1, k
    coefficient = math.comb(place, i) if k else 0
    while i:
        if coefficient <= rank:
            places.append(place)
            rank -= coefficient
            # C(place - 1, i - 1) = C(place, i) i / place
            coefficient = coefficient * i // place if place else int(i == 1)
            i -= 1
        else:
            # C(place - 1, i) = C(place, i) (place - i) / place
            coefficient = coefficient * (place - i) // place
        place -= 1
    return places[::-1]


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
