"""Which way a source takes: counted, pruned or sorted as a whole."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.discrete_sample import count_integers
from htstats._exact_fit.fitted_tail import PowerLawFit
from htstats._exact_fit.histogram import count_buckets
from htstats._exact_fit.options import Options
from htstats._exact_fit.prune import scan_pruned
from htstats._exact_fit.sample import gather, require_side, sample_of_sketch, take_sample
from htstats._exact_fit.solve import solve_at_once, solve_integers, solve_sample
from htstats._exact_fit.source import NATIVE, Source
from htstats.sketch import TailSketch

__all__ = ["PRUNED_FROM", "fit_source", "is_native"]


# Below this many values sorting them all is faster than pruning them first.
PRUNED_FROM = 300_000


def is_native(x: Any) -> bool:
    """Whether x is what `solved_at_once` takes."""
    return type(x) is np.ndarray and x.dtype in NATIVE and x.flags.c_contiguous and x.size > 0


def fit_source(
    x: Any,
    source: Source,
    side: str | None,
    discrete: bool,
    weights: npt.ArrayLike | None,
    options: Options,
    n_threads: int,
) -> PowerLawFit:
    """The fit of a sample of any kind, counted, pruned or sorted as a whole."""
    solve = solve_integers if discrete else solve_sample
    if weights is not None:
        sample, side = take_sample(source, side, options.xmax, weights)
    elif source.dtype in HALF_DTYPES:
        sketch = _sketch(source, n_threads)
        side = require_side(side, sketch.n_negative)
        sample = sample_of_sketch(sketch, side, options.xmax)
    elif discrete:
        sample, side = count_integers(source, side, options.xmax)
    elif options.is_plain and _is_large(source):
        found = count_buckets(source, n_threads)
        side = require_side(side, found.seen.negative)
        prospect = found.prospect(side)
        gathered = partial(_gather, source, side, prospect)
        whole = partial(solve_at_once, x, side, options) if is_native(x) else None
        excluded = found.excluded(side)
        return scan_pruned(prospect, side, excluded, gathered, options, whole)
    else:
        sample, side = take_sample(source, side, options.xmax, None)
    return solve(sample, side, options)


def _gather(source: Source, side: str, prospect: Prospect, low: float) -> npt.NDArray[Any]:
    room = int(prospect.tail[np.searchsorted(prospect.lower, low)])
    return gather(source, side, low, room=room)


def _is_large(source: Source) -> bool:
    """Whether pruning may pay; blocks may be larger than the memory."""
    return source.shape is None or math.prod(source.shape) >= PRUNED_FROM


def _sketch(source: Source, n_threads: int) -> TailSketch:
    sketch = TailSketch(source.dtype)
    for part in source.parts():
        sketch.update(part, n_threads=n_threads)
    if sketch.n_not_finite:
        raise ValueError(f"x must be finite, got {sketch.n_not_finite} NaN or infinite values")
    return sketch
