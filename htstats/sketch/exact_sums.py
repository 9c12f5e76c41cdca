"""Exact sums of floats, and the correctly rounded mean and standard deviation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from htstats._common.threads import run_ranges
from htstats._core import moments as _core
from htstats._core import sketch as _sketch
from htstats._core import split_sums as _split_sums
from htstats.sketch._buckets import FORMATS, Format

if TYPE_CHECKING:
    from fractions import Fraction


__all__ = [
    "ExactSums",
    "HalfSums",
    "SumsOfSplit",
    "moments",
    "round_fraction",
    "round_root",
    "sum_half",
]


class ExactSums:
    """Number, sum and sum of squares of the finite elements of float32 or float64 arrays.

    The sums are exact, so they do not depend on the order of updates or the number of threads.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.n = 0
        self.n_not_finite = 0
        self.sum = 0  # in units of the smallest denormal
        self.squares = 0  # in units of its square

    def update(self, x: npt.NDArray[Any], n_threads: int = 1) -> ExactSums:
        """Add the elements of a C-contiguous array."""
        single = self.dtype == "float32"
        add: Any = _core.add_f32 if single else _core.add_f64
        flat = x.reshape(-1)

        def work(part: slice) -> tuple[int, int, int]:
            words = _core.WORDS_F32 if single else _core.WORDS_F64
            sums = [np.zeros(size, np.uint64) for size in words]
            return add(flat[part], *sums), *(_integer(s) for s in sums)

        for not_finite, total, squares in run_ranges(work, flat.size, flat.size, n_threads):
            self.n_not_finite += not_finite
            self.n -= not_finite
            self.sum += total
            self.squares += squares
        self.n += flat.size
        return self

    def take(self, n: int, *parts: SumsOfSplit) -> None:
        """Add what the threads of a split have added up, `n` elements together."""
        self.n += n
        for part in parts:
            not_finite = part.kernel.not_finite()
            self.n_not_finite += not_finite
            self.n -= not_finite
            self.sum += _integer(part.words[0])
            self.squares += _integer(part.words[1])

    def merge(self, other: ExactSums) -> None:
        """Add the sums of another object of the same dtype."""
        self.n += other.n
        self.n_not_finite += other.n_not_finite
        self.sum += other.sum
        self.squares += other.squares

    @property
    def sizes(self) -> tuple[int, ...]:
        """Bytes of sum and sum of squares in the kernels' format; empty for 16-bit dtypes."""
        words = {"float32": _core.WORDS_F32, "float64": _core.WORDS_F64}.get(self.dtype, ())
        return tuple(8 * size for size in words)

    def to_bytes(self) -> list[bytes]:
        """Sum and sum of squares as little-endian two's complement."""
        return [
            value.to_bytes(size, "little", signed=True)
            for value, size in zip((self.sum, self.squares), self.sizes, strict=False)
        ]

    def from_bytes(self, *parts: bytes) -> None:
        """Set sum and sum of squares from the result of `to_bytes`."""
        if parts:
            self.sum, self.squares = (int.from_bytes(p, "little", signed=True) for p in parts)

    @property
    def total(self) -> Fraction:
        """The sum."""
        from fractions import Fraction

        return Fraction(self.sum, 1 << _denormal_bits(self.dtype))

    @property
    def total_of_squares(self) -> Fraction:
        """The sum of squares."""
        from fractions import Fraction

        return Fraction(self.squares, 1 << 2 * _denormal_bits(self.dtype))

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation (ddof 0), each rounded once; NaN if there are no elements."""
        return moments(self.n, self.total, self.total_of_squares)


class HalfSums:
    """Number, sum and sum of squares of 16-bit floats, from the count of each bit pattern."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.n_not_finite = 0  # a split raises an error for those
        self.counts = np.zeros(65536, np.uint64)

    def take(self, n: int, *parts: SumsOfSplit) -> None:
        """Add what the threads of a split have counted, `n` elements together."""
        for part in parts:
            self.counts += part.words[0]

    def update(self, bits: npt.NDArray[np.uint16], n_threads: int = 1) -> HalfSums:
        """Add the elements of a C-contiguous array of bit patterns."""
        flat = bits.reshape(-1)

        def work(part: slice) -> npt.NDArray[np.uint64]:
            counts = np.zeros_like(self.counts)
            _sketch.add_u16(flat[part], counts)
            return counts

        for counts in run_ranges(work, flat.size, flat.size, n_threads):
            self.counts += counts
        return self

    @property
    def n(self) -> int:
        """The number of elements."""
        return int(self.counts.sum())

    @property
    def total(self) -> Fraction:
        """The sum."""
        return self._both[0]

    @property
    def total_of_squares(self) -> Fraction:
        """The sum of squares."""
        return self._both[1]

    @property
    def _both(self) -> tuple[Fraction, Fraction]:
        return sum_half(self.counts, FORMATS[self.dtype])

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation (ddof 0), each rounded once; NaN if there are no elements."""
        return moments(self.n, *self._both)


class SumsOfSplit:
    """The words that one thread of a split adds to, and the object that its kernel takes."""

    def __init__(self, dtype: str) -> None:
        kind, sizes = {
            "float32": (_split_sums.F32, _core.WORDS_F32),
            "float64": (_split_sums.F64, _core.WORDS_F64),
        }.get(dtype, (_split_sums.PATTERNS, (65536, 0)))
        self.words = [np.zeros(size, np.uint64) for size in sizes]
        self.kernel = _split_sums.Sums(kind, *self.words)


def moments(n: int, total: Fraction, total_of_squares: Fraction) -> tuple[float, float]:
    """Mean and standard deviation (ddof 0) from exact sums of n values, each rounded once."""
    if n == 0:
        return math.nan, math.nan
    variance = (n * total_of_squares - total * total) / n**2
    return round_fraction(total / n), round_root(variance)


def sum_half(table: npt.NDArray[np.uint64], form: Format) -> tuple[Fraction, Fraction]:
    """Exact sum and sum of squares of 16-bit floats, from the count of each pattern."""
    from fractions import Fraction

    words = np.empty((2, form.exponents, 2, 2), np.uint64)
    _sketch.sums_u16(table, form.kept, words.reshape(-1))
    unit = form.scale(0)
    total = squares = 0
    for exponent in np.unique(np.nonzero(words[:, :-1])[1]).tolist():
        shift = form.scale(exponent) - unit
        (one, one_squared), (other, other_squared) = (
            [low | high << 64 for low, high in sums] for sums in words[:, exponent].tolist()
        )
        total += (one - other) << shift
        squares += (one_squared + other_squared) << 2 * shift
    return Fraction(total, 1 << -unit), Fraction(squares, 1 << -2 * unit)


def round_fraction(value: Fraction) -> float:
    """The float64 nearest to a fraction."""
    return value.numerator / value.denominator  # a quotient of ints is correctly rounded


def round_root(value: Fraction) -> float:
    """The float64 nearest to the square root of a fraction.

    The root is truncated after at least 64 bits. One extra bit records whether a remainder was cut
    off. The truncated root is thus on the same side of every halfway point as the exact root, and
    the final rounding is correct.
    """
    p, q = value.numerator, value.denominator
    shift = max(0, 64 - (p.bit_length() - q.bit_length()) // 2)
    whole, rest = divmod(p << 2 * shift, q)
    root = math.isqrt(whole)
    inexact = rest != 0 or root * root != whole
    return (2 * root + inexact) / (2 << shift)


def _integer(words: npt.NDArray[np.uint64]) -> int:
    return int.from_bytes(words.astype("<u8").tobytes(), "little", signed=True)


def _denormal_bits(dtype: str) -> int:
    return 149 if dtype == "float32" else 1074
