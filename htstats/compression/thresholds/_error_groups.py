"""Groups of elements, with bounds that show which groups may contain the threshold."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, Counts, Floats
from htstats.compression.thresholds._error_budget import Interval
from htstats.compression.thresholds._keys import part_of
from htstats.sketch import TailSketch

__all__ = ["ErrorCondition", "Groups", "Table"]

# Bound of the relative rounding error of running sums of up to 2^18 groups, each with a few
# roundings, in proportion to the sum of the absolute values of the terms.
_ROUNDED = 2.0**-34

# Covers the roundings of the exact rule (one for a standard deviation and one for tau) and those of
# the lengths.
_RULE = 2.0**-40


class ErrorCondition(NamedTuple):
    """length(tau)^2 / 4 + variance <= budget; sums are of w - centre and of its square.

    `n` is the number of all elements if the kept ones count as zeros, else None.
    """

    interval: Interval
    budget: float
    centre: np.float64
    n: int | None

    def may_fit(
        self, keys: Floats, number: Counts, total: Floats, squares: Floats, *, terms: int
    ) -> npt.NDArray[np.bool_]:
        """Whether the replaced elements may be within the budget, for each of `keys`.

        `keys` are the largest replaced keys; `number`, `total` and `squares` are the number and the
        sums of the elements up to each of them. These sums have up to `terms` terms.
        """
        zeros = 0 if self.n is None else self.n - number
        with np.errstate(all="ignore"):
            all_squares = squares + zeros * self.centre**2
            spread = all_squares - (total - zeros * self.centre) ** 2 / (number + zeros)
            spread -= (terms + 4) * 2.0**-49 * all_squares
            variance = np.maximum(spread, 0) / (number + zeros)
            left = self.interval.lengths(keys) ** 2 / 4 + variance
            over: npt.NDArray[np.bool_] = left > self.budget * (1 + _RULE)
            return ~over  # if a value overflowed, the elements may fit


class Groups(NamedTuple):
    """Groups of elements, by ranges of keys.

    `low` and `high` are the ends of each range. `below` has the number and the sums of the elements
    whose keys are below all groups.
    """

    low: Floats
    high: Floats
    number: Counts
    total: Floats  # sum of w - centre
    error: Floats  # bound of the rounding errors of the totals
    least: Floats  # lower and upper bounds of the sum of (w - centre)^2
    most: Floats
    below: tuple[int, float, float]

    @classmethod
    def empty_groups(cls) -> Groups:
        """No groups."""
        none = np.empty(0)
        return cls(none, none, np.empty(0, np.int64), none, none, none, none, (0, 0.0, 0.0))

    @classmethod
    def of_sketch(cls, sketch: TailSketch, keep: str, mean: float, law: ErrorCondition) -> Groups:
        """One group for each bucket of a sketch, of both signs, and one for the zeros."""
        positive, negative = sketch.buckets("positive"), sketch.buckets("negative")
        tops = [
            b.lower if sketch.dtype in HALF_DTYPES else np.nextafter(b.upper, b.lower)
            for b in (positive, negative)
        ]
        start = np.concatenate([-tops[1], [0.0], positive.lower])
        stop = np.concatenate([-negative.lower, [0.0], tops[0]])
        number = np.concatenate([negative.count, [sketch.n_zero], positive.count])
        sums = np.concatenate([-negative.total, [0.0], positive.total])
        with np.errstate(all="ignore"):
            one, other = start - law.centre, stop - law.centre
            total = sums - number * law.centre
            error = (np.abs(sums) + number * abs(law.centre)) * 2.0**-49
            size = number * np.maximum(one**2, other**2) + number * law.centre**2
            # a convex function lies on or below its chord
            chord = (one + other) * total - number * one * other
            least = np.maximum(total**2 / np.maximum(number, 1) - size * 2.0**-46, 0)
            most = np.minimum(chord, size) + size * 2.0**-46
        if keep == "upper":
            low, high = start, stop
        else:
            low, high = _distances(start, stop, mean if keep == "centered" else 0.0)
        everything = cls(low, high, number, total, error, least, most, (0, 0.0, 0.0))
        some = number > 0
        columns: Any = [*(column[some] for column in everything[:-1]), everything.below]
        return cls(*columns)

    @property
    def n(self) -> int:
        """Number of elements in all groups."""
        return int(self.number.sum())

    @property
    def smallest(self) -> float:
        """A lower bound of the keys."""
        return float(self.low.min(initial=math.inf))

    def number_in(self, low: float, high: float) -> int:
        """Number of elements in the groups that overlap this range of keys."""
        return int(self.number[(self.high >= low) & (self.low <= high)].sum())

    def last_within(self, low: float, high: float, room: int) -> float:
        """The lower end of the last groups below `high` that together have `room` elements.

        At least one group is included.
        """
        inside = np.flatnonzero((self.high >= low) & (self.low <= high))
        inside = inside[np.argsort(self.low[inside], kind="stable")][::-1]
        fit = np.cumsum(self.number[inside]) <= room
        fit[0] = True
        return max(low, float(self.low[inside[fit]].min()))

    def bracket(self, law: ErrorCondition, limit: float) -> tuple[float, float] | None:
        """A range of keys that contains the largest key up to `limit` that meets the condition.

        The result is None if no key meets it. Consider a threshold between two neighbouring ends
        of groups. The elements of groups that end below it are replaced; those of groups that it
        divides may or may not be.
        """
        edges = np.unique(np.concatenate([self.low, self.high]))
        edges = edges[edges <= limit]
        if len(edges) == 0:
            return None
        occupied = np.searchsorted(np.sort(self.low), edges, "right") > np.searchsorted(
            np.sort(self.high), edges, "left"
        )
        with np.errstate(all="ignore"):
            least, most = self._bounds(law, edges)
            may = np.flatnonzero(occupied & ~(least > law.budget * (1 + _RULE)))
            surely = most <= law.budget * (1 - _RULE)
        if len(may) == 0:
            return None
        top = int(may[-1])
        reaches = bool(np.any((self.low <= edges[top]) & (self.high > edges[top])))
        end = float(edges[top + 1]) if top + 1 < len(edges) else math.nextafter(limit, math.inf)
        high = math.nextafter(end, -math.inf) if reaches else float(edges[top])
        # if all keys of a group meet the condition, the answer is not below this group
        doubts = np.append(0, np.cumsum(~surely))
        first = np.searchsorted(edges, self.low)
        last = np.searchsorted(edges, self.high, "right")
        sure = (self.high <= limit) & (doubts[last] == doubts[np.minimum(first, last)])
        low = self.low[sure].max(initial=-math.inf)
        return max(float(low), self.smallest), high

    def _bounds(self, law: ErrorCondition, edges: Floats) -> tuple[Floats, Floats]:
        """Bounds of length^2/4 + variance between each edge and the next."""
        ends, starts = np.argsort(self.high), np.argsort(self.low)
        sure = np.searchsorted(self.high[ends], edges, "right")
        begun = np.searchsorted(self.low[starts], edges, "right")

        def running_sum(column: npt.NDArray[Any], order: Counts, upto: Counts) -> Any:
            return np.append(0, np.cumsum(column[order]))[upto]

        n = running_sum(self.number, ends, sure)
        more = running_sum(self.number, starts, begun) - n
        n = n + self.below[0]
        most = running_sum(self.most, ends, sure)
        # the sum of squares of the groups that the threshold divides
        loose = running_sum(self.most, starts, begun) - most
        most += self.below[2]
        least = running_sum(self.least, ends, sure) + self.below[2]
        total = running_sum(self.total, ends, sure) + self.below[1]
        error = running_sum(self.error, ends, sure)
        zeros = 0 if law.n is None else law.n - n - more
        known = np.maximum(n + zeros, 1)
        total = total - zeros * law.centre
        squares = zeros * law.centre**2
        rounded = (most + squares + np.abs(loose)) * _ROUNDED
        error += np.sqrt(known * (most + squares)) * _ROUNDED
        nearest = np.maximum(np.abs(total) - error, 0)
        spread = least + squares - (np.abs(total) + error) ** 2 / known - rounded
        widest = most + squares - nearest**2 / known + rounded
        # More elements only increase the sum of squares about the mean. The sum about the old mean
        # is an upper bound of it.
        aside = (np.abs(total) + error) / known
        widest += 2 * (np.maximum(loose, 0) + rounded + more * aside**2)
        if law.n is not None:
            widest += 2 * more * (law.centre**2 + aside**2)
        upper, fewest = (n + more, np.maximum(n, 1)) if law.n is None else (law.n, law.n)
        stops = np.append(edges[1:], edges[-1])
        return (
            law.interval.lengths(edges) ** 2 / 4 + np.maximum(spread, 0) / np.maximum(upper, 1),
            law.interval.lengths(stops) ** 2 / 4 + np.maximum(widest, 0) / fewest,
        )


def _distances(start: Floats, stop: Floats, mean: float) -> tuple[Floats, Floats]:
    """The smallest and the largest abs(w - mean) for w from start to stop.

    With a mean, the difference is rounded once, so the ends are moved apart.
    """
    one, other = np.abs(start - mean), np.abs(stop - mean)
    low = np.where((start <= mean) & (mean <= stop), 0.0, np.minimum(one, other))
    slack = 2.0**-50 if mean else 0.0
    return low * (1 - slack), np.maximum(one, other) * (1 + slack)


class Table:
    """Counts and sums of elements by key, in parts of equal width between two ends."""

    def __init__(self, low: float, high: float, parts: int) -> None:
        self._low, self._high = low, high
        self._number = np.zeros(parts, np.int64)
        self._total, self._squares = np.zeros(parts), np.zeros(parts)
        self._first, self._last = np.full(parts, np.inf), np.full(parts, -np.inf)
        self._additions = 0

    def add(self, keys: Floats, around: Floats) -> None:
        """Add elements, given their keys and w - centre."""
        if len(keys) == 0:
            return
        parts = len(self._number)
        part = part_of(keys, self._low, self._high, parts)
        self._number += np.bincount(part, minlength=parts)
        with np.errstate(over="ignore"):
            self._total += np.bincount(part, around, parts)
            self._squares += np.bincount(part, around**2, parts)
        np.minimum.at(self._first, part, keys)
        np.maximum.at(self._last, part, keys)
        self._additions += 1

    def merge(self, other: Table) -> None:
        """Add another table with the same ends."""
        self._number += other._number
        self._total += other._total
        self._squares += other._squares
        np.minimum(self._first, other._first, out=self._first)
        np.maximum(self._last, other._last, out=self._last)
        self._additions += other._additions + 1

    def groups(self, n: int, total: float, squares: float) -> Groups:
        """The non-empty parts as groups; the arguments are sums of the elements below the table."""
        some = self._number > 0
        number, sums, each = self._number[some], self._total[some], self._squares[some]
        rounded = (number + self._additions + 4) * 2.0**-52
        with np.errstate(all="ignore"):
            error: Any = rounded * np.sqrt(number * each)
            off = rounded * each + 5e-324
            least, most = np.maximum(each - off, 0), each + off
        return Groups(
            self._first[some], self._last[some], number, sums, error, least, most,
            (n, total, squares),
        )  # fmt: skip
