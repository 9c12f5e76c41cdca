"""Thresholds that are order statistics, from a sketch and, if needed, from more passes."""

from __future__ import annotations

import copy
import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, Floats
from htstats.compression.thresholds._error_budget import error_threshold, round_up
from htstats.compression.thresholds._keys import (
    LIMITS,
    Limits,
    atoms,
    chunks,
    keys_of,
    part_of,
)
from htstats.compression.thresholds._multiset import Gathered
from htstats.compression.thresholds.rules import Rule, parse_rule
from htstats.sketch import FORMATS, TailSketch

__all__ = ["Resolver"]


class _Sieve(NamedTuple):
    """Selects the elements of one bucket by their bits.

    `below` is the number of elements in lower buckets.
    """

    first: int
    span: int
    mask: int
    below: int

    @classmethod
    def at_rank(cls, sketch: TailSketch, keep: str, rank: int) -> _Sieve:
        """The bucket that contains the key of a rank; the key must not be zero."""
        form = FORMATS[sketch.dtype]
        sign = form.exponents << form.mantissa
        if keep == "abs":
            both = sketch.buckets("abs")
            patterns, counts, mask = both.pattern, both.count, sign - 1
            zeros = 0
        else:
            positive, negative = sketch.buckets("positive"), sketch.buckets("negative")
            patterns = np.concatenate([negative.pattern[::-1], positive.pattern])
            counts = np.concatenate([negative.count[::-1], positive.count])
            mask, zeros = 2 * sign - 1, len(negative.count)
        ends = np.cumsum(counts)
        ends[zeros:] += sketch.n_zero
        at = int(np.searchsorted(ends, rank))
        first = int(patterns[at]) | (sign if at < zeros else 0)
        return cls(first, 1 << form.dropped, mask, int(ends[at] - counts[at]))

    def select(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The elements of the bucket."""
        bits = x.view(f"u{x.itemsize}")
        first, span, mask = (bits.dtype.type(v) for v in self[:3])
        return x[np.flatnonzero((bits & mask) - first < span)]


class Resolver:
    """Find tau from a sketch and, if the sketch does not determine it, from more passes.

    Parameters
    ----------
    threshold : str
        A rule other than "xmin", which needs a fit.
    sketch : TailSketch
        The sketch of the whole matrix.
    keep, noise, support : str
        As in `partition`.
    limits : Limits, optional
        The limits of each pass.

    Attributes
    ----------
    tau : float or None
        The threshold once it is known.

    Raises
    ------
    ValueError
        If the rule is unknown, cannot be met, or cannot be resolved by this class.

    Notes
    -----
    The sketch shows which bucket contains the order statistic, and one more pass gathers this
    bucket. If the bucket has more than 2^20 distinct values, the pass narrows the bracket by a
    factor of 65,536 instead, and another pass is needed. Memory stays below 64 MiB.

    Examples
    --------
    >>> x = np.arange(100.0)
    >>> resolver = Resolver("quantile:0.9", TailSketch("float64").update(x))
    >>> while resolver.tau is None:
    ...     for block in (x[:50], x[50:]):
    ...         resolver.update(block)
    ...     tau = resolver.finish()
    >>> tau
    89.0
    """

    # the state of one pass
    _gathered: Gathered
    _parts: npt.NDArray[np.int64]

    def __init__(
        self,
        threshold: str,
        sketch: TailSketch,
        *,
        keep: str = "abs",
        noise: str = "paper",
        support: str = "replaced",
        limits: Limits = LIMITS,
    ) -> None:
        rule = parse_rule(threshold)
        if sketch.n == 0:
            raise ValueError(f"threshold {threshold!r} needs at least one element, got none")
        self.tau: float | None = None
        self._limits = limits
        self._dtype = sketch.dtype
        self._mean = sketch.mean if keep == "centered" else 0.0
        self._keep = keep
        if rule.name == "std":
            self.tau = sketch.std
        elif rule.name == "error" and noise != "matched":
            std = sketch.std if noise == "paper" else 0.0
            self.tau = error_threshold(rule, sketch, keep, support, std)
        elif rule.name in ("quantile", "nnz"):
            self._find(_rank(rule, sketch.n), sketch)
        else:
            why = "the fit gives it" if rule.name == "xmin" else "it takes resolver_of"
            raise ValueError(f"threshold {threshold!r} does not follow from a sketch: {why}")

    def update(self, block: Any) -> None:
        """Read a block of the matrix; each pass must read all blocks, in any order."""
        if self.tau is not None:
            return
        for chunk in chunks(block, self._dtype, self._limits.chunk):
            if self._keep != "centered":
                chunk = self._sieve.select(chunk)
            self._read(chunk.astype(np.float64))

    def finish(self) -> float | None:
        """End a pass: tau, or None if another pass is needed."""
        if self.tau is None and self._gathered.overflowed:
            self._narrow()
        elif self.tau is None:
            found = self._gathered
            found.compress()
            self.tau = self._select(found.values, found.counts, self._rank - self._below)
        return self.tau

    def fresh(self) -> Resolver:
        """A copy without this pass's blocks, to read some of them on another worker."""
        other = copy.copy(self)
        other._reset()
        return other

    def merge(self, other: Resolver) -> None:
        """Add the blocks that another copy has read in the same pass."""
        if self.tau is not None:
            return
        self._below += other._below - other._base
        self._parts += other._parts
        self._gathered.merge(other._gathered)

    def _find(self, rank: int, sketch: TailSketch) -> None:
        """Bracket the key of a rank. A 16-bit sketch gives the key directly."""
        lows, highs, counts = _key_ranges(sketch, self._keep, self._mean)
        if rank == 0:  # tau is below all keys
            low = float(lows.min())
            self.tau = math.nextafter(low, -math.inf) if self._keep == "upper" else 0.0
            return
        self._rank = rank
        low, high = _select_rank(lows, counts, rank), _select_rank(highs, counts, rank)
        if sketch.dtype in HALF_DTYPES:
            values, counts = atoms(sketch)
            self.tau = self._select(values, counts, rank)
        elif low == high and self._keep != "centered":
            self.tau = low
        else:
            if self._keep != "centered":
                self._sieve = _Sieve.at_rank(sketch, self._keep, rank)
            self._start_pass(low, high)

    def _start_pass(self, low: float, high: float) -> None:
        # a centered key is rounded once, and so are the ends of the bracket
        slack = 2.0**-50 if self._keep == "centered" else 0.0
        self._low, self._high = low - abs(low) * slack, high + abs(high) * slack
        self._base = 0 if self._keep == "centered" else self._sieve.below
        self._reset()

    def _reset(self) -> None:
        self._below = self._base
        self._gathered = Gathered(self._limits.values)
        self._parts = np.zeros(self._limits.parts, np.int64)

    def _keys(self, values: Floats) -> Floats:
        return keys_of(values, self._keep, self._mean)

    def _read(self, values: Floats) -> None:
        keys = self._keys(values)
        self._below += int(np.count_nonzero(keys < self._low))
        inside = np.flatnonzero((keys >= self._low) & (keys <= self._high))
        part = part_of(keys[inside], self._low, self._high, len(self._parts))
        np.add.at(self._parts, part, 1)
        self._gathered.add(values[inside])

    def _narrow(self) -> None:
        part = int(np.searchsorted(np.cumsum(self._parts), self._rank - self._below))
        low, width, parts = self._low, self._high - self._low, len(self._parts)
        # include one more part on each side, because the ends of the parts are rounded
        start = low + width * (max(part - 1, 0) / parts)
        self._start_pass(max(low, start), min(self._high, low + width * ((part + 2) / parts)))

    def _select(self, values: Floats, counts: npt.NDArray[np.int64], rank: int) -> float:
        """The key of a rank among values with multiplicities, rounded up to float64."""
        if self._keep != "centered":
            return float(_select_rank(self._keys(values), counts, rank))
        mean = Fraction(self._mean)
        pairs = sorted(
            (abs(Fraction(v) - mean), c)
            for v, c in zip(values.tolist(), counts.tolist(), strict=True)
        )
        for key, number in pairs:
            rank -= number
            if rank <= 0:
                return round_up(key)
        raise AssertionError("the rank lies in the bracket")


def _rank(rule: Rule, n: int) -> int:
    """The rank of tau among the keys, from 1 for the smallest; 0 for below all keys."""
    (number,) = rule.numbers
    if rule.name == "nnz":
        return max(n - int(number), 0)
    return max(math.ceil(number * n), 1)


def _select_rank(keys: Floats, counts: npt.NDArray[np.int64], rank: int) -> float:
    order = np.argsort(keys, kind="stable")
    return float(keys[order[np.searchsorted(np.cumsum(counts[order]), rank)]])


def _key_ranges(
    sketch: TailSketch, keep: str, mean: float
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """The lowest key, the highest key and the number of elements of each bucket of the sketch."""
    positive, negative = sketch.buckets("positive"), sketch.buckets("negative")
    ends = (b.lower if sketch.dtype in HALF_DTYPES else b.upper for b in (positive, negative))
    positive_end, negative_end = ends
    start = np.concatenate([-negative_end, [0.0], positive.lower])
    stop = np.concatenate([-negative.lower, [0.0], positive_end])
    counts = np.concatenate([negative.count, [sketch.n_zero], positive.count])
    start, stop, counts = (column[counts > 0] for column in (start, stop, counts))
    if keep == "upper":
        return start, stop, counts
    one, other = np.abs(start - mean), np.abs(stop - mean)
    low = np.where((start <= mean) & (mean <= stop), 0.0, np.minimum(one, other))
    return low, np.maximum(one, other), counts
