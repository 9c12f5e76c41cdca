"""Quantiles of one law for arrays, by Newton's method on the law's table.

For each tail the table gives log(-log P) on a grid in s = asinh(t/width). Linear interpolation on
the grid gives a first s, and Newton's method, which needs two values of the table for each step,
gives the quantile. A quantile outside the grid, or one that has not converged, is NaN: the caller
computes it directly.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from htstats._common.arrays import Floats

__all__ = ["InverseTable"]

GRID = 4096
STEPS = 3  # a fixed number, so that no quantile depends on the others of its array
# After a step of this size relative to s, the next one is below rounding.
LAST_STEP = 1e-8
LEAST_S = 1e-3  # a smaller s counts as this, unless the support ends at s = 0
LOG_HALF = -math.log(2)


class InverseTable:
    """The quantiles of a standard law, in the coordinate t of its table.

    Parameters
    ----------
    value : callable
        The table's function of this name at an array of t.
    low, high, width : float
        The table covers t = width sinh(s) for s in [low, high].
    one_sided : bool
        True if the support ends at t = 0.

    Notes
    -----
    The object cannot be changed, and threads may share it.
    """

    def __init__(
        self,
        value: Callable[[str, Floats], Floats],
        low: float,
        high: float,
        width: float,
        *,
        one_sided: bool,
    ) -> None:
        self._at, self._width = value, width
        self._least = 0.0 if one_sided else LEAST_S
        self._s = np.linspace(low, high, GRID + 2)[1:-1]
        self._levels = {}
        for tail in ("logcdf", "logsf"):
            with np.errstate(divide="ignore"):
                found = np.log(-self._value(tail, self._s))
            # rising in s for the right tail, in -s for the left one
            rising = np.maximum.accumulate(found if tail == "logsf" else found[::-1])
            self._levels[tail] = rising

    def _value(self, name: str, s: Floats) -> Floats:
        return self._at(name, self._width * np.sinh(s))

    def solve(self, lower: Floats, upper: Floats) -> Floats:
        """The t with log P(X <= x) = lower and log P(X > x) = upper; NaN where the table fails."""
        t = np.empty(lower.shape)
        is_left = lower < LOG_HALF
        for tail, level, where in (("logcdf", lower, is_left), ("logsf", upper, ~is_left)):
            t[where] = self._newton(tail, level[where])
        return t

    def _newton(self, tail: str, level: Floats) -> Floats:
        """The t with this log probability of a tail; NaN where the search does not converge."""
        with np.errstate(all="ignore"):
            target = np.log(-level)
            s = first = self._first(tail, target)
            middle = self._s[GRID // 2]
            sign = 1.0 if tail == "logsf" else -1.0
            for _ in range(STEPS):
                s = np.clip(np.where(np.isnan(s), middle, s), self._s[0], self._s[-1])
                log_tail, log_density = self._value(tail, s), self._value("logpdf", s)
                slope = np.exp(log_density - log_tail) * self._width * np.cosh(s) / -log_tail
                step = sign * (target - np.log(-log_tail)) / slope
                s = s + step
            is_close = np.abs(step) <= LAST_STEP * np.maximum(np.abs(s), self._least)
            is_close &= ~np.isnan(first)
            return np.where(is_close, self._width * np.sinh(s), np.nan)

    def _first(self, tail: str, target: Floats) -> Floats:
        """An s near the solution; NaN outside the grid."""
        levels, s = self._levels[tail], self._s if tail == "logsf" else self._s[::-1]
        return np.interp(target, levels, s, left=np.nan, right=np.nan)
