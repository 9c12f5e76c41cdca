"""Fit a matrix that is read in blocks of rows, within a memory budget."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.arrays import HALF_DTYPES
from htstats._common.checks import require_finite
from htstats._common.rows import Report, RowSource, read_blocks
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.candidates import TOLERANCE, sort_distinct
from htstats._exact_fit.fitted_tail import FittedTail
from htstats._exact_fit.options import FitOptions, check_options
from htstats._exact_fit.out_of_core.budget import Budget, plan_memory
from htstats._exact_fit.out_of_core.ranges import Cells
from htstats._exact_fit.out_of_core.scan import OutOfCoreScan
from htstats._exact_fit.prune import fit_pruned
from htstats._exact_fit.sample import SIDES, Sample, gather, sample_of_sketch, survey_sketch
from htstats._exact_fit.solve import solve_sample
from htstats._exact_fit.source import Source
from htstats.power_law._result import PowerLawFit
from htstats.sketch import FORMATS, TailSketch, sketch_rows

__all__ = ["COPIES_OF_A_FIT", "LEAST_FOR_A_FIT", "fit_in_budget", "fit_rows"]

# Number of float64 numbers per value of a fit in memory: the sorted value and its estimates.
COPIES_OF_A_FIT = 5

# The smallest memory budget: the sketch and a block take 5 MiB of it.
LEAST_FOR_A_FIT = 16 << 20


def fit_rows(
    source: RowSource,
    *,
    side: str = "abs",
    xmin: float | tuple[float, float] | None = None,
    xmax: float | None = None,
    ks: str = "left",
    min_tail: int | None = None,
    sketch: TailSketch | None = None,
    max_memory: int = 256 << 20,
    n_threads: int = 1,
    report: Report | None = None,
) -> PowerLawFit:
    """Fit a power law to the elements of a matrix that is read in blocks.

    Parameters
    ----------
    source : object with shape, dtype and row_blocks(max_bytes)
        The matrix, such as a `WeightMatrix`. It is read once if its elements have 16 bits, and
        usually two or three times otherwise. It is read more often if not even the counts of the
        tail fit in memory; see the notes.
    side : {"abs", "positive", "negative"}
        Which tail.
    xmin, xmax, ks, min_tail
        As in `fit_power_law`.
    sketch : TailSketch, optional
        The sketch of the whole matrix. If it is given, the matrix is read one time less.
    max_memory : int
        Memory budget in bytes, in addition to what the process already uses; at least 16 MiB. If a
        row takes more than a sixteenth of the budget, the memory for the row is added to it.
    n_threads : int
        Number of threads for the sketch, if the source has `read_rows`. The result does not depend
        on it.
    report : callable, optional
        Called with the number of bytes of each block read.

    Returns
    -------
    PowerLawFit
        Bit-identical to the fit of the whole matrix in memory.

    Raises
    ------
    ValueError
        If the matrix is not finite, has too few distinct values, or has changed when it is read
        again. Also if `max_memory` is below 16 MiB, too small for the values between a given `xmin`
        and `xmax`, or, with two-sided distances, too small for the tail. Only the scan with the
        default options does not need these values in memory.

    Notes
    -----
    The values that pruning leaves are scanned at once if they fit in memory. They may not fit if
    the matrix is a power law nearly from its smallest elements on. Then a counter of one to four
    bytes for each float replaces the values wherever the counters take less memory. For 2^31
    float32 elements the counters take some 110 MB. With the default budget, such a matrix is read
    **twice**: for the sketch and for the counters.
    Values that still do not fit are scanned in k ranges, from the largest values down. Each range
    takes one reading. With the default budget a range holds 2.1e7 float64 elements. The scan
    descends through all ranges four or five times. This takes 1 + 4 k or 1 + 5 k readings, and a
    few more if intervals of values must be cut first. The first two descents find and measure a
    distance to beat. The third descent compares all candidates with probe points at which a poor
    candidate deviates most. The other descents measure the remaining candidates. If the distances
    of candidates agree to 1e-13 over many tails, more descents are necessary.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> W = np.float32([[1, -2.5], [3, 10]])
    >>> source = SimpleNamespace(shape=W.shape, dtype="float32", row_blocks=lambda n: iter([W]))
    >>> fit_rows(source).n_tail
    3
    """
    options = check_options(xmin, xmax, ks, min_tail)
    checks.one_of("side", side, SIDES)
    checks.count("max_memory", max_memory, at_least=LEAST_FOR_A_FIT)
    checks.count("n_threads", n_threads, at_least=1)
    budget = plan_memory(max_memory)
    tail = fit_in_budget(source, side, options, budget, sketch, n_threads=n_threads, report=report)
    return PowerLawFit.of(tail)


def fit_in_budget(
    source: RowSource,
    side: str,
    options: FitOptions,
    budget: Budget,
    sketch: TailSketch | None = None,
    *,
    n_threads: int = 1,
    report: Report | None = None,
) -> FittedTail:
    """Fit as `fit_rows` does, but with checked options and any memory budget, however small."""
    if sketch is None:
        each = max(budget.block // n_threads, 1)
        sketch = sketch_rows(source, report=report, max_bytes=each, n_threads=n_threads)
    require_finite("x", sketch.n_not_finite)

    def parts() -> Iterator[npt.NDArray[Any]]:
        return (b.data.reshape(-1) for b in read_blocks(source, report, budget.block))

    again = Source(source.dtype, parts, None)
    return _fit_sketched(sketch, side, again, options, budget)


def _fit_sketched(
    sketch: TailSketch, side: str, source: Source, options: FitOptions, budget: Budget
) -> FittedTail:
    """Fit a source of which a sketch exists."""
    if sketch.dtype in HALF_DTYPES:
        return solve_sample(sample_of_sketch(sketch, side, options.xmax), options)
    max_memory = sum(budget)
    most = max_memory // (np.dtype(source.dtype).itemsize + 8 * COPIES_OF_A_FIT)
    if not options.is_plain:
        return _fit_between(sketch, side, source, options, most)
    gather_tail = partial(_gather_above, source, side, sketch, most=most)
    try:
        return fit_pruned(sketch, side, gather_tail, options.min_tail, ks=options.ks)
    except _TooManyError as error:
        low = error.low
    if options.ks != "left":
        raise ValueError(
            f"max_memory must be enough for the tail where ks is {options.ks!r}: got {max_memory}"
        )
    # outside of `except`: the exception would keep the arrays of the failed attempt alive
    return _fit_outside(sketch, side, source, low, options.min_tail, budget)


def _fit_between(
    sketch: TailSketch, side: str, source: Source, options: FitOptions, most: int
) -> FittedTail:
    """Fit in memory with an xmin, a range of xmin or an xmax, using only the values in range."""
    low = options.xmin[0] if isinstance(options.xmin, tuple) else options.xmin or 0.0
    high = math.inf if options.xmax is None else options.xmax
    buckets = sketch.buckets(side)
    # the largest value is always needed, because xmin must be below it
    low = min([low, *buckets.lower[buckets.lower <= high][-1:].tolist()])
    within = (buckets.upper > low) & (buckets.lower <= high)
    if (n := int(buckets.count[within].sum())) > most:
        raise ValueError(
            f"max_memory must be enough for the values between xmin and xmax, up to {n}: "
            f"it is for {most}"
        )
    selection = survey_sketch(sketch).select(side)
    values = gather(source, side, low, high, room=n)
    above = int(buckets.count[buckets.lower > high].sum())
    for edge in buckets.upper[(buckets.lower <= high) & (buckets.upper > high)]:
        rest = math.nextafter(high, math.inf), math.nextafter(float(edge), 0.0)
        above += len(gather(source, side, *rest)) if rest[0] <= rest[1] else 0
    if above:
        selection.excluded["above xmax"] = above
    usable = int(buckets.count.sum()) - above
    sample = Sample(*sort_distinct(values), selection)
    if isinstance(options.xmin, tuple) and len(sample.values) < 2 <= usable:
        raise ValueError(
            f"no candidate xmin is allowed by xmin={options.xmin!r}, min_tail={options.min_tail}"
        )
    return replace(solve_sample(sample, options), n=usable)


def _gather_above(
    source: Source, side: str, sketch: TailSketch, low: float, *, most: int
) -> npt.NDArray[Any]:
    """Gather the values at or above the lower edge of a bucket.

    Raises _TooManyError if they do not fit in memory."""
    buckets = sketch.buckets(side)
    n = int(buckets.count[buckets.upper > low].sum())
    if n > most:
        raise _TooManyError(low)
    return gather(source, side, low, room=n)


class _TooManyError(Exception):
    """The values at or above `low` do not fit in memory."""

    def __init__(self, low: float) -> None:
        super().__init__(low)
        self.low = low


def _fit_outside(
    sketch: TailSketch, side: str, source: Source, low: float, min_tail: int, budget: Budget
) -> FittedTail:
    """Fit with the same scan and the same bounds, range by range."""
    buckets = sketch.buckets(side)
    prospect = Prospect(buckets.lower, buckets.upper, buckets.count, buckets.total)
    last = buckets.pattern + (1 << FORMATS[sketch.dtype].dropped) - 1
    cells = Cells(np.maximum(buckets.pattern, 1), last, buckets.count)  # no cell contains zeros
    del buckets
    start = int(np.searchsorted(prospect.lower, low))
    while True:
        part = Cells(*(column[start:] for column in cells))
        found = OutOfCoreScan(source, side, part, budget, min_tail).best()
        if found is None and start == 0:
            if min_tail > 1:
                raise ValueError(f"no candidate xmin is allowed by xmin=None, min_tail={min_tail}")
            raise ValueError("x must have at least two distinct usable values")
        limit = np.inf if found is None else found.distance + TOLERANCE
        lowest = prospect.lowest(limit) if start else 0
        if found is not None and lowest >= start:
            return FittedTail(
                alpha=found.rate + 1,
                xmin=found.xmin,
                distance=found.distance,
                n=int(prospect.tail[0]),
                n_tail=int(prospect.tail[start]) - found.first,
                excluded=MappingProxyType(survey_sketch(sketch).select(side).excluded),
                side=side,
            )
        start = lowest
