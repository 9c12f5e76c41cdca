"""Compute the estimate and the distance of every candidate xmin, and find the best candidate."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Counts, Floats
from htstats._core import estimate, scan, sort

__all__ = [
    "CURVE_PART",
    "TOLERANCE",
    "Candidates",
    "best_of",
    "candidates_of",
    "estimate_candidates",
    "is_sorted_by_numpy",
    "sort_distinct",
    "sort_in_place",
]

# Candidates of a curve in one call of the kernel. Python handles an interrupt between two calls.
CURVE_PART = 2048

# Arrays from this size on are sorted by whichever sort is faster here, NumPy's or the library's. A
# trial with N_TRIAL numbers, which takes a millisecond, decides it once.
WORTH_A_TRIAL = 1 << 17
N_TRIAL = 1 << 14

# Distances that differ by less than this count as equal; the smallest xmin among them is chosen.
TOLERANCE = 1e-13


@dataclass(frozen=True)
class Candidates:
    """The distinct values of a sample, ascending, and the estimate for each value as xmin.

    `first` has the number of elements below each value; its last entry is the number of all
    elements. `logs` are the logs of value / largest value, and `rate` is alpha - 1. The law ends at
    `xmax`.
    """

    values: Floats
    logs: Floats
    first: Counts
    rate: Floats
    xmax: float = math.inf
    two_sided: bool = False

    @property
    def alpha(self) -> Floats:
        return self.rate + 1

    @property
    def n(self) -> int:
        return int(self.first[-1])

    def n_tail(self, k: int) -> int:
        return self.n - int(self.first[k])

    def best(
        self,
        begin: int = 0,
        end: int | None = None,
        *,
        alpha_low: float = 1.0,
        alpha_high: float = np.inf,
        sigma_below: float = np.inf,
        tolerance: float = 0.0,
    ) -> tuple[int, float]:
        """Find the smallest allowed candidate whose distance is within `tolerance` of the smallest.

        The result is the index and the distance of this candidate. The index is -1 if no candidate
        is allowed."""
        end = self.values.size - 1 if end is None else end
        k, distance, _ = scan.best(
            self.values, self.logs, self.first, self.rate, self.xmax, self.two_sided, begin, end,
            alpha_low, alpha_high, sigma_below, tolerance,
            np.empty(scan.workspace(self.values.size)),
        )  # fmt: skip
        return k, distance

    def curve(self, begin: int, end: int) -> tuple[Floats, Floats]:
        """The distances D+ and D- of the candidates begin ... end - 1."""
        plus, minus = np.empty(end - begin), np.empty(end - begin)
        for start in range(begin, end, CURVE_PART):
            stop = min(start + CURVE_PART, end)
            part = slice(start - begin, stop - begin)
            scan.curve(
                self.values, self.logs, self.first, self.rate, self.xmax, self.two_sided, start,
                stop, plus[part], minus[part],
            )  # fmt: skip
        return plus, minus


def candidates_of(x: Floats) -> Candidates:
    """Make the candidates from positive finite float64 values."""
    return estimate_candidates(*sort_distinct(x.copy()))


def best_of(
    values: Floats,
    first: Counts,
    two_sided: bool,
    begin: int,
    end: int,
    tolerance: float,
    *,
    at_once: int,
) -> tuple[int, float, float]:
    """Index, distance and rate of the best of the candidates begin ... end - 1 with alpha above 1.

    `Candidates.best` gives the same result. If there are more than `at_once` values, estimates are
    computed only for the blocks that the scan reaches."""
    work = np.empty(scan.workspace(len(values)))
    if len(values) <= at_once:
        logs, rate = np.empty(len(values)), np.empty(len(values))
        estimate.rates(values, first, math.inf, logs, rate)
        return scan.best(
            values, logs, first, rate, math.inf, two_sided, begin, end, 1.0, math.inf, math.inf,
            tolerance, work,
        )  # fmt: skip
    marks = np.empty((estimate.blocks(len(values)) + 1, 4))
    estimate.marks(values, first, marks)
    return scan.best_of_marks(values, first, marks, two_sided, begin, end, 1.0, tolerance, work)


def is_sorted_by_numpy(x: npt.NDArray[Any]) -> bool:
    """Whether `sort_in_place` lets NumPy sort x. The result does not depend on it."""
    return x.size >= WORTH_A_TRIAL and _numpy_is_faster(x.dtype.name)


@functools.cache
def _numpy_is_faster(dtype: str) -> bool:
    """Whether NumPy sorts numbers of this dtype faster than the library does, by a trial.

    NumPy sorts with vectors if its version and the processor have the instructions. It is then up
    to twice as fast (AVX-512, float32); without them it takes five times as long or more."""
    x = np.random.default_rng(1).random(N_TRIAL).astype(dtype)
    room = np.empty_like(x)
    ours: Any = sort.sort_f32 if dtype == "float32" else sort.sort_f64

    def seconds(arrange: Callable[[npt.NDArray[Any]], Any]) -> float:
        copy = x.copy()
        start = time.perf_counter()
        arrange(copy)
        return time.perf_counter() - start

    rounds = [(seconds(np.ndarray.sort), seconds(lambda y: ours(y, room))) for _ in range(3)]
    by_numpy, by_us = (min(column) for column in zip(*rounds, strict=True))
    return bool(by_numpy < by_us)


def sort_in_place(x: npt.NDArray[Any], room: npt.NDArray[Any] | None = None) -> None:
    """Sort a float32 or float64 array of numbers that are not negative, in place.

    `room` is workspace, an array of the same length and dtype."""
    if is_sorted_by_numpy(x):
        x.sort()
        return
    arrange: Any = sort.sort_f32 if x.dtype == np.float32 else sort.sort_f64
    arrange(x, np.empty_like(x) if room is None else room)


def sort_distinct(x: npt.NDArray[Any]) -> tuple[Floats, Counts]:
    """The distinct values, ascending, as float64, and the number of elements below each value.

    The second array has one more element, the number of all elements. `x` is float32 or float64 and
    has no negative number. The function overwrites `x`.
    """
    single = x.dtype == np.float32
    values = np.empty(len(x)) if single else x
    first = np.empty(len(x) + 1, np.int64)
    fill: Any = estimate.distinct_f32 if single else estimate.distinct_f64
    sort_in_place(x, first.view(x.dtype))  # the counts come later, so their memory is free
    first[0] = 0
    m = fill(x, values, first)
    return values[:m], first[: m + 1]


def estimate_candidates(
    values: Floats, first: Counts, xmax: float = math.inf, two_sided: bool = False
) -> Candidates:
    """Make the candidates from distinct values; `sort_distinct` returns `values` and `first`."""
    logs, rate = np.empty(len(values)), np.empty(len(values))
    estimate.rates(values, first, xmax, logs, rate)
    return Candidates(values, logs, first, rate, xmax, two_sided)
