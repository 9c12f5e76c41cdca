"""A fit of the values that may matter: bounds of buckets say which, a scan of them decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.candidates import TOLERANCE, distinct
from htstats._exact_fit.fitted_tail import FittedTail
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.sample import Sample, Selection, sample_of_sketch, survey_sketch
from htstats._exact_fit.solve import require_two, solve_sample
from htstats.sketch import TailSketch

__all__ = ["fit_pruned", "scan_pruned"]


# Where the guess itself leaves more than this share, all is scanned at once.
TOO_MUCH_TO_TRY = 0.5

# The first guess is sought among tails with at least so many values: any start is right.
TAIL_OF_A_GUESS = 50


def fit_pruned(
    sketch: TailSketch,
    side: str,
    gathered: Callable[[float], npt.NDArray[Any]],
    min_tail: int = 1,
    *,
    ks: str = "left",
) -> FittedTail:
    """The fit of what was sketched; `gathered(low)` gives abs(x) of the side where it is >= low.

    It is called once or twice, and not at all where the sketch has each value (16-bit floats). This
    is the whole fit but for reading, which is the caller's.
    """
    options = FitOptions(ks=ks, min_tail=min_tail)
    if sketch.dtype in HALF_DTYPES:
        return solve_sample(sample_of_sketch(sketch, side), options)
    buckets = sketch.buckets(side)
    if len(buckets.lower) == 0:
        require_two(buckets.lower)
    prospect = Prospect(buckets.lower, buckets.upper, buckets.count, buckets.total)
    return scan_pruned(prospect, survey_sketch(sketch).select(side), gathered, options)


def scan_pruned(
    prospect: Prospect,
    selection: Selection,
    gathered: Callable[[float], npt.NDArray[Any]],
    options: FitOptions,
    whole: Callable[[], FittedTail | None] | None = None,
) -> FittedTail:
    """Scan from the lowest bucket that may hold the answer on; `whole()` is the fit of all, if it
    comes faster than what is gathered."""
    start = prospect.start(max(options.min_tail, TAIL_OF_A_GUESS))
    if prospect.tail[start] > TOO_MUCH_TO_TRY * prospect.tail[0]:
        start = 0  # a second scan would cost more than the first could save
    while True:
        if start == 0 and whole is not None and (fit := whole()) is not None:
            return fit
        values = gathered(float(prospect.lower[start]))
        if len(values) != prospect.tail[start]:
            raise ValueError("x must give the same numbers each time it is read")
        try:
            fit = solve_sample(Sample(*distinct(values), selection), options)
        except ValueError:  # too little above the guess
            if start == 0:
                raise
            start = 0
            continue
        # of left distances: the two-sided ones are not below them
        lowest = prospect.lowest(fit.distance + TOLERANCE) if start else 0
        if lowest >= start:
            return replace(fit, n=int(prospect.tail[0]))
        start = lowest
