"""Fit a sample of any kind: decide whether to count it, to prune it or to sort all of it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.candidates import is_sorted_by_numpy
from htstats._exact_fit.discrete_sample import as_integers, count_integers, require_exact
from htstats._exact_fit.fitted_tail import FittedTail
from htstats._exact_fit.histogram import Tables, count_buckets
from htstats._exact_fit.largest_values import LargestValues
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.prune import scan_pruned, sort_tail
from htstats._exact_fit.sample import gather, sample_of_sketch, take_sample
from htstats._exact_fit.solve import solve_at_once, solve_integers, solve_sample
from htstats._exact_fit.sorted_tail import WORTH_A_SORT, take_sorted_tail
from htstats._exact_fit.source import NATIVE, Source, Watch, as_source, checksum_of
from htstats._exact_fit.spread_tail import can_spread, take_spread_tail
from htstats.sketch import TailSketch

__all__ = ["PRUNED_FROM", "fit_tail"]


# Below this number of values, it is faster to fit all of them in one call than to prune them first.
# `bench/studies/constants.py pruned-from` found the break-even between 200,000 and 500,000 values.
PRUNED_FROM = 300_000


def fit_tail(
    x: Any,
    side: str | None,
    options: FitOptions,
    weights: npt.ArrayLike | None = None,
    n_threads: int = 1,
) -> tuple[FittedTail, int]:
    """Fit a sample of any kind.

    Returns
    -------
    FittedTail
        The fit. Its `excluded` also counts the masked elements.
    int
        The checksum of the data (`Watch`).
    """
    if (
        weights is None
        and not options.discrete
        and options.is_plain
        and is_native(x)
        and (x.size < PRUNED_FROM if options.way is None else options.way == "at once")
        and (found := solve_at_once(x, side, options)) is not None
    ):
        return found, checksum_of(x)
    if options.discrete:
        require_exact(x)
    source = as_integers(x) if options.discrete and weights is None else as_source(x)
    watch = Watch(source, weights, n_threads)
    tail = _fit_source(x, watch.source, side, options, weights, n_threads)
    if watch.n_masked:
        excluded = {"masked": watch.n_masked, **tail.excluded}
        tail = replace(tail, excluded=MappingProxyType(excluded))
    return tail, watch.read()


def is_native(x: Any) -> bool:
    """Whether `solve_at_once` accepts x without a conversion."""
    return type(x) is np.ndarray and x.dtype in NATIVE and x.flags.c_contiguous and x.size > 0


def _fit_source(
    x: Any,
    source: Source,
    side: str | None,
    options: FitOptions,
    weights: npt.ArrayLike | None,
    n_threads: int,
) -> FittedTail:
    """Count, prune or sort the source, then scan it. `x` is the sample behind the source."""
    options = options._replace(n_threads=n_threads)
    solve = solve_integers if options.discrete else solve_sample
    if weights is not None:
        sample = take_sample(source, side, options.xmax, weights)
    elif source.dtype in HALF_DTYPES:
        sample = sample_of_sketch(_sketch(source, n_threads), side, options.xmax)
    elif options.discrete:
        sample = count_integers(source, side, options.xmax)
    elif options.is_plain and _is_pruned(source, options.way):
        buckets = count_buckets(source, n_threads, side)
        selection = buckets.seen.select(side)
        prospect = buckets.prospect(selection.side)
        largest, side = buckets.largest, selection.side
        take_tail = partial(_take_tail, source, side, prospect, largest, buckets.tables, n_threads)
        at_once = is_native(x) and options.way != "pruned" and n_threads == 1
        at_once = at_once and not is_sorted_by_numpy(x)  # one call sorts with the library
        if options.way is None and can_spread(source, buckets.tables, prospect, 0):
            at_once = False  # all values can be taken without a sort
        whole = partial(solve_at_once, x, side, options) if at_once else None
        return scan_pruned(
            prospect, selection, take_tail, options, whole, is_at_hand=source.shape is not None
        )
    else:
        sample = take_sample(source, side, options.xmax, None)
    return solve(sample, options)


def _take_tail(
    source: Source,
    side: str,
    prospect: Prospect,
    largest: LargestValues,
    tables: Tables,
    n_threads: int,
    start: int,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The distinct values from a bucket on, ascending, and the number of elements below each."""
    n = int(prospect.tail[start])
    copied = largest.source(side, float(prospect.lower[start]))
    n_threads = min(n_threads, n // WORTH_A_SORT)
    if copied is not None:
        source, side = copied, "positive"
    elif n_threads > 0 and can_spread(source, tables, prospect, start):
        return take_spread_tail(source, side, tables, prospect, start, n_threads)
    tables.clear()  # their memory serves the sort; a second call sorts too
    if n_threads > 1 and source.shape is not None:
        return take_sorted_tail(source, side, prospect, start, n_threads)
    return sort_tail(gather(source, side, float(prospect.lower[start]), room=n), n)


def _is_pruned(source: Source, way: str | None) -> bool:
    """Whether to prune: `way` decides or, if it is None, the number of values.

    Blocks are always pruned then, because they may be larger than the memory."""
    if way is not None:
        return way.startswith("pruned")
    return source.shape is None or math.prod(source.shape) >= PRUNED_FROM


def _sketch(source: Source, n_threads: int) -> TailSketch:
    """The sketch of 16-bit floats. Their checksum comes from its counts, without another pass."""
    sketch = TailSketch(source.dtype)

    def count(part: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
        return sketch.update(part, n_threads=n_threads).patterns

    if source.watch is None:
        for part in source.parts():
            count(part)
    else:
        source.watch.read_counts(count)
    return sketch
