"""The rule "error:EPS,ETA" if the variance of the noise depends on tau, in bounded memory.

tau meets the rule if length(tau)^2/4 + t(tau) is within the budget. t is the variance of the
replaced elements, whose keys are at most tau, so t is constant between two neighbouring keys. The
threshold is the largest key that meets the rule; smaller keys need not meet it. Bounds of the left
side for groups of keys show which groups may contain the threshold. One pass sums the elements
below these groups exactly and gathers the elements in them; exact sums then decide. If there are
too many elements to gather, the pass divides the groups into smaller ones.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, Counts, Floats
from htstats.compression.thresholds._error_budget import Interval, budget_of, unmet_error
from htstats.compression.thresholds._error_groups import ErrorCondition, Groups, Table
from htstats.compression.thresholds._keys import LIMITS, Limits, atoms, chunks, keys_of
from htstats.compression.thresholds._multiset import Gathered
from htstats.compression.thresholds.rules import Rule
from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import ExactSums, moments

__all__ = ["MatchedError"]


class _Sums(NamedTuple):
    """Exact sums of some elements."""

    n: int
    total: Fraction
    squares: Fraction

    def add(self, values: Floats, counts: Counts) -> _Sums:
        """The sums after these values are added, each as many times as its count."""
        n, total, squares = self
        for bit in range(int(counts.max(initial=0)).bit_length()):
            some = ExactSums("float64").update(values[(counts >> bit & 1) > 0])
            n += some.n << bit
            total += some.total * (1 << bit)
            squares += some.total_of_squares * (1 << bit)
        return _Sums(n, total, squares)

    def subtract(self, other: _Sums) -> _Sums:
        """The sums after those of some elements are subtracted."""
        n, total, squares = other
        return _Sums(self.n - n, self.total - total, self.squares - squares)

    @classmethod
    def of(cls, sums: ExactSums) -> _Sums:
        return cls(sums.n, sums.total, sums.total_of_squares)

    def centred_sums(self, centre: float) -> tuple[float, float]:
        """Sum of w - centre and of its square, rounded."""
        c = Fraction(centre)
        first = self.total - self.n * c
        return _float(first), _float(self.squares - c * (self.total + first))


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


_NOTHING = _Sums(0, Fraction(0), Fraction(0))


@dataclass
class _Stage:
    """The groups of one pass, and the largest key that may still meet the rule."""

    groups: Groups
    limit: float
    # whether the answer may be anywhere in the groups, so that a pass gathers only a part of them
    piecewise: bool = False


class MatchedError:
    """Find the largest tau of the rule. Another pass over the data is needed while `tau` is None.

    Parameters
    ----------
    rule : Rule
        "error" with its EPS and ETA.
    sketch : TailSketch
        The sketch of the whole matrix, which has one element or more.
    keep, support, limits
        As in `Resolver`, which has the same attribute `tau` and the same methods.

    Raises
    ------
    ValueError
        If the rule cannot be met; also from `finish`.
    """

    _following: float  # the smallest key above all keys of the pass

    def __init__(
        self, rule: Rule, sketch: TailSketch, keep: str, support: str, limits: Limits = LIMITS
    ) -> None:
        self.tau: float | None = None
        self._limits = limits
        self._rule, self._keep, self._budget = rule, keep, budget_of(rule)
        self._interval = Interval.of(sketch, keep, support)
        most = self._interval.largest_tau(self._budget, keep)
        if most is None:
            raise unmet_error(rule, 0.0, self._budget)
        self._most, self._dtype, self._n = most, sketch.dtype, sketch.n
        self._full = support == "full"
        self._mean = sketch.mean if keep == "centered" else 0.0
        centre = np.float64(sketch.mean)  # its square may overflow
        self._law = ErrorCondition(
            self._interval, float(self._budget), centre, sketch.n if self._full else None
        )
        self._smallest = math.inf
        self._stages: list[_Stage] = []
        if sketch.dtype in HALF_DTYPES:
            self._decide_atoms(sketch)
        else:
            self._stages.append(_Stage(Groups.of_sketch(sketch, keep, self._mean, self._law), most))
            self._next_reading()

    def update(self, block: Any) -> None:
        """Read a block of the matrix; each pass must read all blocks, in any order."""
        if self.tau is not None:
            return
        for chunk in chunks(block, self._dtype, self._limits.chunk):
            self._read(chunk)

    def finish(self) -> float | None:
        """End a pass: tau, or None if another pass is needed."""
        if self.tau is not None:
            return self.tau
        sums, found = _Sums.of(self._below), self._gathered
        if self._low == self._high:  # one key: the sums include its elements
            self._decide(sums, np.array([self._low]), None)
        elif found.overflowed:
            groups = self._table.groups(sums.n, *sums.centred_sums(self._law.centre))
            self._stages.append(_Stage(groups, self._high))
        else:
            found.compress()
            self._decide(sums, found.values, found.counts)
        if self.tau is None and not found.overflowed:
            self._stages[-1].limit = math.nextafter(self._low, -math.inf)
        if self.tau is None:
            self._next_reading()
        return self.tau

    def fresh(self) -> MatchedError:
        """A copy without the blocks of this pass, to read some of them on another worker."""
        other = copy.copy(self)
        other._start(self._low, self._high)
        return other

    def merge(self, other: MatchedError) -> None:
        """Add the blocks that another copy has read in the same pass."""
        if self.tau is not None:
            return
        self._below.merge(other._below)
        self._gathered.merge(other._gathered)
        self._table.merge(other._table)
        self._smallest = min(self._smallest, other._smallest)
        self._following = min(self._following, other._following)

    def _start(self, low: float, high: float) -> None:
        self._low, self._high = low, high
        self._below = ExactSums(self._dtype)  # of keys below low; if low is high, up to it
        self._gathered = Gathered(self._limits.values)
        self._table = Table(low, high, self._limits.parts)
        self._following = math.inf

    def _read(self, chunk: npt.NDArray[Any]) -> None:
        values = chunk.astype(np.float64)
        keys = self._keys(values)
        self._smallest = min(self._smallest, float(keys.min()))
        self._following = min(
            self._following, float(keys.min(where=keys > self._high, initial=math.inf))
        )
        single = self._low == self._high
        self._below.update(chunk[keys <= self._high if single else keys < self._low])
        if not single:
            inside = np.flatnonzero((keys >= self._low) & (keys <= self._high))
            self._gathered.add(values[inside])
            self._table.add(keys[inside], values[inside] - self._law.centre)

    def _keys(self, values: Floats) -> Floats:
        return keys_of(values, self._keep, self._mean)

    def _next_reading(self) -> None:
        """Choose the keys of the next pass; stop if none of them can meet the rule."""
        while self._stages:
            stage = self._stages[-1]
            bracket = stage.groups.bracket(self._law, stage.limit)
            if bracket is None:
                end = math.nextafter(stage.groups.smallest, -math.inf)
                self._stages.pop()
                if self._stages:
                    self._stages[-1].limit = end
                continue
            low, high = bracket
            inside = stage.groups.number_in(low, high)
            # A pass should leave only a small part of the elements of the pass before. If it does
            # not, later passes gather one part of the keys at a time.
            stage.piecewise |= len(self._stages) > 1 and inside > stage.groups.n // 16
            if stage.piecewise and inside > self._limits.values:
                low = stage.groups.last_within(low, high, self._limits.values // 2)
            self._start(low, high)
            return
        if self._smallest == math.inf:  # nothing was read
            self._start(-math.inf, -math.inf)
            self._stages = [_Stage(Groups.empty_groups(), -math.inf)]
        else:
            self._replace_nothing()

    def _replace_nothing(self) -> None:
        tau = min(self._most, math.nextafter(self._smallest, -math.inf))
        if tau < 0 and self._keep != "upper":
            raise unmet_error(self._rule, 0.0, self._budget)
        self.tau = tau

    def _decide_atoms(self, sketch: TailSketch) -> None:
        """Decide from all distinct values and their counts."""
        values, counts = atoms(sketch)
        keys = self._keys(values)
        self._smallest = float(keys[counts > 0].min())
        self._following = math.inf
        which = (counts > 0) & (keys <= self._most)
        self._decide(_NOTHING, values[which], counts[which])
        if self.tau is None:
            self._replace_nothing()

    def _decide(self, below: _Sums, values: Floats, counts: Counts | None) -> None:
        """Set tau if it is at one of these keys.

        Without counts there is one key, and `below` includes its elements.
        """
        if counts is None and below.n == 0:
            return
        if counts is None:
            keys, sizes = values, np.zeros(1, np.int64)
        else:
            keys, sizes = self._keys(values), counts
        order = np.argsort(keys, kind="stable")
        keys, values, sizes = keys[order], values[order], sizes[order]
        following = np.append(keys, self._following)
        ends = np.flatnonzero(following[1:] > keys)
        around = values - self._law.centre
        start, start_of_squares = below.centred_sums(self._law.centre)
        with np.errstate(all="ignore"):
            number = below.n + np.cumsum(sizes)[ends]
            total = start + np.cumsum(sizes * around)[ends]
            squares = start_of_squares + np.cumsum(sizes * around**2)[ends]
        fits = self._law.may_fit(keys[ends], number, total, squares, terms=len(keys))
        top = len(keys)
        sums = below.add(values, sizes) if fits.any() else below
        for i in ends[fits][::-1].tolist():
            less = _NOTHING.add(values[i + 1 : top], sizes[i + 1 : top])
            sums = sums.subtract(less)
            top = i + 1
            count = self._n if self._full else sums.n
            std = moments(count, sums.total, sums.squares)[1]
            tau = self._interval.largest_tau(self._budget - Fraction(std) ** 2, self._keep)
            if tau is not None and tau >= keys[i]:
                self.tau = min(tau, math.nextafter(following[i + 1], -math.inf))
                return
