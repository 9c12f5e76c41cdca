"""`TailSketch`: summarize numbers in one pass by integer counts and sums that merge exactly."""

from __future__ import annotations

import copy
import math
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, as_elements
from htstats._common.checks import one_of
from htstats._common.data_checks import require_sample
from htstats._common.lazy import load_function
from htstats._common.threads import run_ranges
from htstats._core import sketch as _core
from htstats.sketch._buckets import FORMATS, Buckets, Format, add_words
from htstats.sketch._bytes import (
    CODES,
    MAGIC,
    VERSION,
    Reader,
    extremes_agree,
    open_sketch,
    read_buckets,
)
from htstats.sketch.exact_sums import ExactSums, moments, round_fraction, sum_half

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["FORMATS", "Buckets", "Format", "TailSketch"]

SIDES = ("abs", "positive", "negative")

# Positions in a `seen` array (see htst_sketch.h): counts of values outside all buckets, patterns.
_COUNTS, _SMALLEST, _LARGEST = slice(1, 6), 6, slice(7, 9)

# Elements per chunk: they stay in the cache of a core while they are summed, then counted.
_CHUNK = 1 << 17


class TailSketch:
    """Counts and sums of a stream of numbers, for each bucket of bit patterns.

    A bucket is a range of values whose patterns have the same sign, exponent and first 11 bits of
    the significand. For 16-bit dtypes, a bucket is a single value. The sketch consists only of
    integers, so any division of the data into chunks, in any order, gives the same sketch.

    Parameters
    ----------
    dtype : {"float32", "float64", "float16", "bfloat16"}
        The dtype of the numbers. Integers go into a float64 sketch.

    Raises
    ------
    ValueError
        If `dtype` is none of these.

    Notes
    -----
    Method: one set of integers for each bucket, and for the squares one for each exponent. Cost:
    one pass, a few ns per element. Memory grows with the range of observed exponents: 32 KiB per
    exponent for float32 and 96 KiB per exponent for float64. Accuracy: `mean`, `std`, `min` and
    `max` are those of the data in exact arithmetic, rounded once to float64.

    Examples
    --------
    >>> import numpy as np
    >>> from htstats import TailSketch
    >>> left, right = TailSketch("float32"), TailSketch("float32")
    >>> left.update(np.float32([3, -1, 0])).merge(right.update(np.float32([2, 6])))
    TailSketch('float32', n=5, mean=2, std=2.44949)
    >>> left.n_zero, left.n_negative, left.max
    (1, 1, 6.0)
    """

    def __init__(self, dtype: str = "float32") -> None:
        self.dtype = one_of("dtype", dtype, tuple(FORMATS))
        self._format = FORMATS[dtype]
        self._first = 0
        self._width = 0 if dtype not in HALF_DTYPES else 32768
        self._table = self._new_table(self._width)
        self._exact = ExactSums(dtype)
        self._seen = np.zeros(_core.SEEN, np.int64)

    def update(self, x: Any, *, n_threads: int = 1) -> TailSketch:
        """Add the elements of `x`, which must have the dtype of the sketch; return the sketch.

        A 16-bit sketch treats uint16 arrays as the bits of its dtype. Contiguous floats are not
        copied. The result does not depend on `n_threads`.

        Raises
        ------
        TypeError
            If `x` has another dtype.
        """
        require_sample(x, "x")
        half = self.dtype if self._half and getattr(x, "dtype", None) == np.uint16 else None
        data, dtype = as_elements(x, "x", dtype=half)
        if dtype != self.dtype:
            raise TypeError(f"x must be {self.dtype} as the sketch is, got {dtype}")
        flat = data.reshape(-1)
        if n_threads == 1:
            return self._add(flat)
        new = lambda part: TailSketch(dtype)._add(flat[part])  # noqa: E731
        for part in run_ranges(new, flat.size, flat.size, n_threads):
            self.merge(part)
        return self

    def merge(self, other: TailSketch) -> TailSketch:
        """Add the counts and sums of another sketch of the same dtype, and return this sketch.

        Raises
        ------
        TypeError
            If `other` is not a sketch, or has another dtype.
        """
        if not isinstance(other, TailSketch):
            raise TypeError(f"other must be a TailSketch, got {type(other).__name__}")
        if other.dtype != self.dtype:
            raise TypeError(f"other must be a sketch of {self.dtype}, got one of {other.dtype}")
        if other is self:
            other = copy.deepcopy(self)
        if other._width and not self._half:
            self._reach_buckets(other._first, other._first + other._width)
        offset = other._first - self._first
        mine = self._slots()[:, offset : offset + other._width]
        add_words(mine, other._slots(), carry=self._format.words > 2)
        self._exact.merge(other._exact)
        seen, more = self._seen, other._seen
        seen[_COUNTS] += more[_COUNTS]
        seen[_SMALLEST] = min((v for v in (seen[_SMALLEST], more[_SMALLEST]) if v), default=0)
        seen[_LARGEST] = np.maximum(seen[_LARGEST], more[_LARGEST])
        return self

    @property
    def patterns(self) -> npt.NDArray[np.uint64]:
        """The counts of all bit patterns of a 16-bit dtype."""
        return self._table

    @property
    def n(self) -> int:
        """The number of finite values, including zeros."""
        return self.n_zero + self.n_positive + self.n_negative

    @property
    def n_zero(self) -> int:
        """The number of zeros of either sign."""
        return int(self._slots()[:, 0].sum() if self._half else self._seen[1] + self._seen[2])

    @property
    def n_positive(self) -> int:
        """The number of finite values above 0."""
        return self._signed_count(0)

    @property
    def n_negative(self) -> int:
        """The number of finite values below 0."""
        return self._signed_count(1)

    @property
    def n_inf(self) -> int:
        """The number of infinities of either sign."""
        if self._half:
            return int(self._slots()[:, self._format.buckets].sum())
        return int(self._seen[3] + self._seen[4])

    @property
    def n_nan(self) -> int:
        """The number of NaN."""
        if self._half:
            return int(self._slots()[:, self._format.buckets + 1 :].sum())
        return int(self._seen[5])

    @property
    def n_not_finite(self) -> int:
        """The number of NaN and infinities."""
        return self.n_nan + self.n_inf

    @property
    def total(self) -> Fraction:
        """The exact sum of the finite values."""
        return self._sums()[0]

    @property
    def total_of_squares(self) -> Fraction:
        """The exact sum of squares of the finite values."""
        return self._sums()[1]

    @property
    def mean(self) -> float:
        """Mean of the finite values, rounded once; NaN if there are none."""
        return round_fraction(self.total / self.n) if self.n else math.nan

    @property
    def std(self) -> float:
        """Standard deviation (ddof 0) of the finite values, rounded once; NaN if there are none."""
        return self.moments()[1]

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation (ddof 0) together, at the cost of one of them."""
        return moments(self.n, *self._sums())

    @property
    def min(self) -> float:
        """The smallest finite value; NaN if there are none."""
        positive, negative = self._extremes(0), self._extremes(1)
        if negative is not None:
            return -negative[1]
        if self.n_zero:
            return 0.0
        return math.nan if positive is None else positive[0]

    @property
    def max(self) -> float:
        """The largest finite value; NaN if there are none."""
        positive, negative = self._extremes(0), self._extremes(1)
        if positive is not None:
            return positive[1]
        if self.n_zero:
            return 0.0
        return math.nan if negative is None else -negative[0]

    def buckets(self, side: str = "abs") -> Buckets:
        """The occupied buckets of a side: "abs" (both signs), "positive" or "negative".

        Zeros, NaN and infinities are in no bucket.
        """
        one_of("side", side, SIDES)
        form = self._format
        signs = self._slots()[:, : min(self._width, form.buckets - self._first)]
        if self._half:
            signs = signs.copy()
            signs[:, 0] = 0
        words = signs[0].copy() if side == "positive" else signs[1].copy()
        if side == "abs":
            add_words(words, signs[0], carry=form.words > 2)
        (occupied,) = words[:, 0].nonzero()
        words = words[occupied]
        pattern = (occupied + self._first).astype(np.int64) << form.dropped
        lower, upper = form.values(pattern), form.values(pattern + (1 << form.dropped))
        count = words[:, 0].astype(np.int64)
        total = count * lower
        if form.words > 1:
            ulp = (upper - lower) * 0.5**form.dropped
            low = words[:, 1].astype(np.float64)
            if form.words > 2:
                low += words[:, 2] * 2.0**64
            total = total + low * ulp
        return Buckets(pattern, lower, upper, count, total)

    def fit(self, side: str | None = None, *, reread: Any = None, **options: Any) -> Any:
        """Fit a power law to the sketched numbers. For options, see `htstats.power_law.fit_sketch`.

        Parameters
        ----------
        side : {"abs", "positive", "negative"}, optional
            The tail; it must be given if negative values were seen.
        reread : array_like, tensor, iterable of blocks, or function that gives one, optional
            The same numbers again, in any order and division; not needed for 16-bit dtypes.

        Returns
        -------
        PowerLawFit
            Bit-identical to the fit of all the numbers.

        Examples
        --------
        >>> import numpy as np
        >>> blocks = [np.float32([1, 2, 4]), np.float32([1.5, 3])]
        >>> TailSketch("float32").update(blocks[0]).update(blocks[1]).fit(reread=blocks)
        PowerLawFit(alpha=2.395 +- 0.624 from xmin=1, KS 0.232, tail 5 of 5)
        """
        return load_function("fit_sketch")(self, side, reread=reread, **options)

    def to_bytes(self) -> bytes:
        """The sketch as bytes; the same numbers give the same bytes, in any order and division.

        Notes
        -----
        Little-endian, in this order:

        ======================================  =================================================
        4 bytes                                 ``HTSK``
        uint16, uint16                          version, 1; dtype: 0 float64, 1 float32, 2 float16,
                                                3 bfloat16
        8 int64                                 counts of +0, -0, inf, -inf, NaN; smallest pattern
                                                of abs(x) > 0, largest of x > 0, largest of -x > 0
                                                (0: none); all 0 for 16-bit dtypes
        two's complement integers               sum and sum of squares in units of the smallest
                                                denormal (and its square), 48 and 80 bytes for
                                                float32, 272 and 544 for float64, none for 16 bits
        2 uint64                                occupied buckets, positive and negative
        uint32 each                             their numbers (pattern >> dropped bits), ascending,
                                                the positive ones first
        uint64 each                             their counts
        uint64 each                             their sums of low bits, as many words as the dtype
                                                has: 1 for float32, 2 for float64 (low words of
                                                all, then high words), none for 16 bits
        uint32                                  CRC-32 of all bytes before
        ======================================  =================================================

        16-bit dtypes have a bucket for each pattern, those of 0, infinity and NaN included.
        """
        signs = [np.flatnonzero(slots[:, 0]) for slots in self._slots()]
        words = np.concatenate([s[at] for s, at in zip(self._slots(), signs, strict=True)])
        parts = [
            MAGIC,
            np.array([VERSION, CODES.index(self.dtype)], "<u2").tobytes(),
            self._seen[1:].astype("<i8").tobytes(),
            *self._exact.to_bytes(),
            np.array([len(at) for at in signs], "<u8").tobytes(),
            (np.concatenate(signs) + self._first).astype("<u4").tobytes(),
            words.T.astype("<u8").tobytes(),
        ]
        data = b"".join(parts)
        return data + zlib.crc32(data).to_bytes(4, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> TailSketch:
        """The sketch that `to_bytes` wrote.

        Raises
        ------
        ValueError
            If the bytes are not a complete, unchanged sketch.
        """
        dtype, reader = open_sketch(data)
        sketch = cls(dtype)
        sketch._seen[1:] = reader.integers("<i8", len(sketch._seen) - 1)
        sketch._exact.from_bytes(*(reader.take(size) for size in sketch._exact.sizes))
        sketch._take_buckets(reader)
        sketch._require_consistent()
        return sketch

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return TailSketch.from_bytes, (self.to_bytes(),)

    def __eq__(self, other: object) -> bool:
        """Whether two sketches have the same counts and sums in every bucket."""
        return isinstance(other, TailSketch) and self.to_bytes() == other.to_bytes()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        mean, std = self.moments()
        left_out = {"nan": self.n_nan, "inf": self.n_inf}
        rest = "".join(f", {name}={number}" for name, number in left_out.items() if number)
        return f"TailSketch({self.dtype!r}, n={self.n}, mean={mean:g}, std={std:g}{rest})"

    @property
    def _half(self) -> bool:
        return self.dtype in HALF_DTYPES

    def _new_table(self, width: int) -> npt.NDArray[np.uint64]:
        slots = 65536 if self._half else 2 * width + 1
        return np.zeros(slots * self._format.words, np.uint64)

    def _add(self, flat: npt.NDArray[Any]) -> TailSketch:
        if self._half:
            _core.add_u16(flat, self._table)
            return self
        add: Any = _core.add_f32 if self.dtype == "float32" else _core.add_f64
        for start in range(0, flat.size, _CHUNK):
            chunk = flat[start : start + _CHUNK]
            self._exact.update(chunk)
            while chunk.size:
                add(chunk, self._first, self._width, self._table, self._seen)
                chunk = chunk[self._seen[0] :]
                if chunk.size:
                    self._reach(int(self._seen[_SMALLEST]), int(self._seen[_LARGEST].max()))
        return self

    def _take_buckets(self, reader: Reader) -> None:
        """Read the buckets of both signs into a table that covers their range."""
        form = self._format
        limit = 32768 if self._half else form.buckets
        numbers, words, positive = read_buckets(reader, form.words, limit)
        sides = slice(0, positive), slice(positive, None)
        if numbers.size and not self._half:
            kept = form.kept
            top = int(numbers.max()) >> kept
            self._reach_buckets(int(numbers.min()) >> kept << kept, (top + 1) << kept)
        for slots, side in zip(self._slots(), sides, strict=True):
            slots[numbers[side] - self._first] = words[side]

    def _require_consistent(self) -> None:
        """Raise ValueError if no numbers give this sketch: a forged checksum can be correct."""
        wrong = bool((self._seen < 0).any() or (self._slots()[..., 0] >= 2**52).any())
        if self._half:
            wrong |= bool(self._seen.any())
        else:
            seen = int(self._seen[_SMALLEST]), self._seen[_LARGEST].tolist()
            wrong |= not extremes_agree(self._format, self._slots(), self._first, *seen)
            self._exact.n = self.n
            self._exact.n_not_finite = self.n_not_finite
        if not wrong:  # only then are the extremes meaningful
            from fractions import Fraction

            n, total, squares = self.n, *self._sums()
            largest = Fraction(max(abs(self.min), abs(self.max)) if n else 0)
            wrong = n * squares < total**2 or squares > n * largest**2
        if wrong:
            raise ValueError("data must be a sketch: its numbers contradict each other")

    def _slots(self) -> npt.NDArray[np.uint64]:
        """The table as an array with the axes (sign, bucket, word)."""
        words = self._format.words
        return self._table[: 2 * self._width * words].reshape(2, self._width, words)

    def _reach(self, smallest: int, largest: int) -> None:
        """Extend the table to the exponents of two patterns, and by two more on each side."""
        low, high = (pattern >> self._format.mantissa for pattern in (smallest, largest))
        kept, last = self._format.kept, self._format.exponents - 1
        self._reach_buckets(max(low - 2, 0) << kept, min(high + 2, last) << kept)

    def _reach_buckets(self, start: int, stop: int) -> None:
        if self._width:
            start, stop = min(start, self._first), max(stop, self._first + self._width)
        old, offset = self._slots(), self._first - start
        nothing = self._table[-self._format.words :]
        self._table = self._new_table(stop - start)
        self._table[-self._format.words :] = nothing
        self._first, self._width = start, stop - start
        self._slots()[:, offset : offset + old.shape[1]] = old

    def _signed_count(self, sign: int) -> int:
        slots = self._slots()[sign, : self._format.buckets]
        return int(slots[1 if self._half else 0 :, 0].sum())

    def _extremes(self, sign: int) -> tuple[float, float] | None:
        """Smallest and largest abs(x) of one sign; the smallest is that of both signs."""
        if self._half:
            (at,) = self._slots()[sign, 1 : self._format.buckets, 0].nonzero()
            patterns = at[[0, -1]] + 1 if at.size else at
        else:
            largest = self._seen[_LARGEST][sign]
            patterns = np.array([self._seen[_SMALLEST], largest] if largest else [], np.int64)
        low_high = self._format.values(patterns)
        return (float(low_high[0]), float(low_high[1])) if patterns.size else None

    def _sums(self) -> tuple[Fraction, Fraction]:
        """Exact sum and sum of squares."""
        if self._half:
            return sum_half(self._table, self._format)
        return self._exact.total, self._exact.total_of_squares
