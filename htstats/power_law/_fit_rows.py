"""The fit of a matrix that is read in blocks of rows, in bounded memory."""

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
from htstats._exact_fit.candidates import TOLERANCE, distinct
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

__all__ = ["COPIES_OF_A_FIT", "LEAST_FOR_A_FIT", "fit_rows"]

# A fit holds its values as float64, sorted, beside the matrix itself.
COPIES_OF_A_FIT = 5

# With less the sketch alone, and a block, would be most of it.
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
    """`fit_power_law` of the elements of a matrix that is read in blocks.

    Parameters
    ----------
    source : object with shape, dtype and row_blocks(max_bytes)
        Such as a `WeightMatrix`; it is read two or three times as a rule, once where its elements
        have 16 bits, and more often where not even counts of the tail fit: see the notes.
    side : {"abs", "positive", "negative"}
        Which tail.
    xmin, xmax, ks, min_tail
        As in `fit_power_law`.
    sketch : TailSketch, optional
        Of all of the matrix, if it is known: one reading less.
    max_memory : int
        Bytes that may be in use beside what is before the call; at least 16 MiB. A row that is
        longer than a sixteenth of them comes on top.
    n_threads : int
        For the sketch, where the source has `read_rows`; the result does not depend on it.
    report : callable, optional
        Called with the bytes of each block read.

    Returns
    -------
    PowerLawFit
        That of the whole matrix in memory, to the bit.

    Raises
    ------
    ValueError
        If the matrix is not finite, has too few distinct values, or is not the same when it is read
        again; if `max_memory` is too small, also for what lies between `xmin` and `xmax` or, with
        two-sided distances, for the tail: only the plain scan goes on outside of memory.

    Notes
    -----
    What pruning leaves is scanned at once if it fits. If not (a matrix that is a power law nearly
    from its smallest elements on), its values are held as a count for each float, in one to four
    bytes, where they are denser than the floats that they can be. Of float32 that takes some 110
    MB for 2^31 elements, so the default budget reads them **twice**: for the sketch and for the
    counts. What still does not fit is scanned in k ranges of values, from the largest ones down,
    each of which is one reading; of float64 a range is 2.1e7 elements in the default budget. The
    candidates pass in four or five such descents: 1 + 4 k or 1 + 5 k readings, and some more where
    cells of values have to be cut first. In the first two a distance to beat is found and measured,
    in the third all candidates pass against places where the distances of such candidates are
    large, and those that remain are measured. Data whose candidates are all alike to 1e-13 over
    many tails would need more.

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
    if sketch is None:
        each = max(budget.block // n_threads, 1)
        sketch = sketch_rows(source, report=report, max_bytes=each, n_threads=n_threads)
    require_finite("x", sketch.n_not_finite)

    def parts() -> Iterator[npt.NDArray[Any]]:
        return (b.data.reshape(-1) for b in read_blocks(source, report, budget.block))

    again = Source(source.dtype, parts, None)
    return PowerLawFit.of(_fit_sketched(sketch, side, again, options, budget))


def _fit_sketched(
    sketch: TailSketch, side: str, source: Source, options: FitOptions, budget: Budget
) -> FittedTail:
    """The fit of a source whose sketch is known."""
    if sketch.dtype in HALF_DTYPES:
        return solve_sample(sample_of_sketch(sketch, side, options.xmax), options)
    max_memory = sum(budget)
    most = max_memory // (np.dtype(source.dtype).itemsize + 8 * COPIES_OF_A_FIT)
    if not options.is_plain:
        return _fit_between(sketch, side, source, options, most)
    gathered = partial(_gathered, source, side, sketch, most=most)
    try:
        return fit_pruned(sketch, side, gathered, options.min_tail, ks=options.ks)
    except _TooManyError as error:
        low = error.low
    if options.ks != "left":
        raise ValueError(
            f"max_memory must be enough for the tail where ks is {options.ks!r}: got {max_memory}"
        )
    # what it needed is forgotten by now
    return _fit_outside(sketch, side, source, low, options.min_tail, budget)


def _fit_between(
    sketch: TailSketch, side: str, source: Source, options: FitOptions, most: int
) -> FittedTail:
    """The fit with an xmin, a range of them or an xmax: all that lies there, in memory."""
    low = options.xmin[0] if isinstance(options.xmin, tuple) else options.xmin or 0.0
    high = math.inf if options.xmax is None else options.xmax
    buckets = sketch.buckets(side)
    # the largest of all is looked at in any case: an xmin must be below it
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
    sample = Sample(*distinct(values), selection)
    if isinstance(options.xmin, tuple) and len(sample.values) < 2 <= usable:
        raise ValueError(
            f"no candidate xmin is allowed by xmin={options.xmin!r}, min_tail={options.min_tail}"
        )
    return replace(solve_sample(sample, options), n=usable)


def _gathered(
    source: Source, side: str, sketch: TailSketch, low: float, *, most: int
) -> npt.NDArray[Any]:
    """What lies from a bucket's lower edge on."""
    buckets = sketch.buckets(side)
    n = int(buckets.count[buckets.upper > low].sum())
    if n > most:
        raise _TooManyError(low)
    return gather(source, side, low, room=n)


class _TooManyError(Exception):
    """Too much from a value on to be scanned in memory."""

    def __init__(self, low: float) -> None:
        super().__init__(low)
        self.low = low


def _fit_outside(
    sketch: TailSketch, side: str, source: Source, low: float, min_tail: int, budget: Budget
) -> FittedTail:
    """The same scan, and the same bounds below it, range by range."""
    buckets = sketch.buckets(side)
    prospect = Prospect(buckets.lower, buckets.upper, buckets.count, buckets.total)
    last = buckets.pattern + (1 << FORMATS[sketch.dtype].dropped) - 1
    cells = Cells(np.maximum(buckets.pattern, 1), last, buckets.count)  # zeros are in none
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
