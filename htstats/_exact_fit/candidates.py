"""Every candidate xmin of a sample: its estimate, its distance, and the best of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._core import estimate, fit, scan, sort

__all__ = [
    "TOLERANCE",
    "Candidates",
    "best_of",
    "candidates_of",
    "distinct",
    "estimate_candidates",
    "sort_in_place",
]


Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# The estimates of so many candidates are made once, and all.
ALL_AT_ONCE = fit.ALL_AT_ONCE

# Distances closer than this are one: the smallest xmin among them is the answer of a fit.
TOLERANCE = 1e-13


@dataclass(frozen=True)
class Candidates:
    """Distinct values ascending, how many values lie before each, and their estimates.

    `logs` are relative to the largest value, `rate` is alpha - 1. With a finite `xmax` the law ends
    there, else it does not end.
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
        """(index, distance) of the first allowed candidate whose D is the smallest, or at most
        `tolerance` above it; index -1 for none."""
        end = self.values.size - 1 if end is None else end
        k, distance, _ = scan.best(
            self.values, self.logs, self.first, self.rate, self.xmax, self.two_sided, begin, end,
            alpha_low, alpha_high, sigma_below, tolerance,
            np.empty(scan.workspace(self.values.size)),
        )  # fmt: skip
        return k, distance

    def curve(self, begin: int, end: int) -> tuple[Floats, Floats]:
        """D+ and D- of candidates begin ... end - 1."""
        plus, minus = np.empty(end - begin), np.empty(end - begin)
        scan.curve(
            self.values, self.logs, self.first, self.rate, self.xmax, self.two_sided, begin, end,
            plus, minus,
        )  # fmt: skip
        return plus, minus


def candidates_of(x: Floats) -> Candidates:
    """The candidates among positive finite float64 values."""
    return estimate_candidates(*distinct(x.copy()))


def best_of(
    values: Floats, first: Counts, two_sided: bool, begin: int, end: int, tolerance: float
) -> tuple[int, float, float]:
    """(index, distance, rate) of the first of the candidates begin ... end - 1 with alpha above 1
    whose D is at most `tolerance` above the smallest; as `Candidates.best`, but that of many values
    the estimates are made by blocks, where they are looked at."""
    work = np.empty(scan.workspace(len(values)))
    if len(values) <= ALL_AT_ONCE:
        logs, rate = np.empty(len(values)), np.empty(len(values))
        estimate.rates(values, first, math.inf, logs, rate)
        return scan.best(
            values, logs, first, rate, math.inf, two_sided, begin, end, 1.0, math.inf, math.inf,
            tolerance, work,
        )  # fmt: skip
    marks = np.empty((estimate.blocks(len(values)) + 1, 4))
    estimate.marks(values, first, marks)
    return scan.best_of_marks(values, first, marks, two_sided, begin, end, 1.0, tolerance, work)


def sort_in_place(x: npt.NDArray[Any], room: npt.NDArray[Any] | None = None) -> None:
    """Sort a float32 or float64 array without a sign bit where it is; a room is as long."""
    arrange: Any = sort.sort_f32 if x.dtype == np.float32 else sort.sort_f64
    arrange(x, np.empty_like(x) if room is None else room)


def distinct(x: npt.NDArray[Any]) -> tuple[Floats, Counts]:
    """Distinct values of a float32 or float64 array without a sign bit, ascending, as float64, and
    the counts before each.

    The counts are one more than the values: the last is the number of elements. The array is
    overwritten, if it is float64 with the values.
    """
    single = x.dtype == np.float32
    values = np.empty(len(x)) if single else x
    first = np.empty(len(x) + 1, np.int64)
    fill: Any = estimate.distinct_f32 if single else estimate.distinct_f64
    sort_in_place(x, first.view(x.dtype))  # there are no counts yet
    first[0] = 0
    m = fill(x, values, first)
    return values[:m], first[: m + 1]


def estimate_candidates(
    values: Floats, first: Counts, xmax: float = math.inf, two_sided: bool = False
) -> Candidates:
    """The candidates among distinct values; `first` as `distinct` gives it."""
    logs, rate = np.empty(len(values)), np.empty(len(values))
    estimate.rates(values, first, xmax, logs, rate)
    return Candidates(values, logs, first, rate, xmax, two_sided)
