"""Find the best candidate of a sample under the options of the fit."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats._core import fit
from htstats._exact_fit.candidates import TOLERANCE, Candidates, best_of, estimate_candidates
from htstats._exact_fit.discrete_scan import DiscreteScan, scan_tails
from htstats._exact_fit.fitted_tail import Curve, FittedTail
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.sample import SIDES, Sample, count_excluded
from htstats._exact_fit.threaded_scan import WORTH_THREADS, best_on_threads
from htstats._laws.zeta import require_whole

__all__ = ["require_two", "solve_at_once", "solve_integers", "solve_sample"]

# Largest number of candidates in a curve. Each candidate takes about sqrt(n) exponentials, so this
# many candidates take half a minute.
MAX_CURVE = 1_000_000


def solve_sample(sample: Sample, options: FitOptions) -> FittedTail:
    """Fit the continuous law to a sample."""
    values, first = sample.values, sample.first
    n = int(first[-1])
    if isinstance(options.xmin, float):
        values, first = _cut_at(options.xmin, values, first)
    require_two(values)
    begin, end = _candidates(values, first, options)
    k, distance, rate, curve = _best(values, first, begin, end, options)
    if k < 0:
        raise ValueError(
            f"no candidate xmin is allowed by xmin={options.xmin!r}, min_tail={options.min_tail}"
        )
    return FittedTail(
        alpha=rate + 1,
        xmin=float(values[k]),
        distance=distance,
        n=n,
        n_tail=int(first[-1] - first[k]),
        excluded=MappingProxyType(sample.selection.excluded),
        side=sample.selection.side,
        ks=options.ks,
        xmax=options.xmax,
        curve=curve,
    )


def solve_at_once(x: npt.NDArray[Any], side: str | None, options: FitOptions) -> FittedTail | None:
    """Fit a float32 or float64 array in one call of the library.

    All options except `ks` and `min_tail` must have their defaults. The function returns None if
    the array cannot be fitted; the slower method then finds the reason and raises an error."""
    work = np.empty(fit.workspace(x.size))
    whole_fit: Any = fit.fit_f32 if x.dtype == np.float32 else fit.fit_f64
    rule = SIDES.index(side or "positive"), options.ks == "two-sided", options.min_tail, TOLERANCE
    try:
        seen, n_tail, xmin, distance, rate = whole_fit(x.reshape(-1), *rule, work)
    except ValueError:
        return None
    n, zeros, negative, positive = seen
    if not n_tail or (side is None and negative):
        return None
    side = side or "positive"
    excluded = count_excluded(side, zeros, negative, positive) if n < x.size else {}
    return FittedTail(
        alpha=rate + 1,
        xmin=xmin,
        distance=distance,
        n=n,
        n_tail=n_tail,
        excluded=MappingProxyType(excluded),
        side=side,
        ks=options.ks,
    )


def _best(
    values: npt.NDArray[Any], first: npt.NDArray[Any], begin: int, end: int, options: FitOptions
) -> tuple[int, float, float, Curve | None]:
    """Index, distance and rate of the best candidate (index -1: none), and the requested curve."""
    two_sided = options.ks == "two-sided"
    if begin >= end:
        return -1, math.inf, math.nan, None
    if options.xmax is None and not options.curve:
        m, at_once = len(values), options.estimates_at_once
        is_narrow = values.dtype == np.float32
        if (is_narrow or options.n_threads > 1) and m > max(at_once, WORTH_THREADS):
            n = options.n_threads
            return *best_on_threads(values, first, two_sided, begin, end, TOLERANCE, n), None
        if is_narrow:
            values, first = values.astype(np.float64), first.astype(np.int64)
        return *best_of(values, first, two_sided, begin, end, TOLERANCE, at_once=at_once), None
    xmax, low = (math.inf, 1.0) if options.xmax is None else (options.xmax, -math.inf)
    found = estimate_candidates(values, first, xmax, two_sided)
    k, distance = found.best(begin, end, alpha_low=low, tolerance=TOLERANCE)
    return k, distance, float(found.rate[k]), _curve(found, begin, end) if options.curve else None


def solve_integers(sample: Sample, options: FitOptions) -> FittedTail:
    """Fit the zeta distribution to a sample of integers."""
    values, first = require_whole("x", sample.values), sample.first
    if isinstance(options.xmin, float):
        xmin = float(require_whole("xmin", np.array([options.xmin]))[0])
        values, first = _cut_at(xmin, values, first)
    require_two(values)
    begin, end = _candidates(values, first, options)
    if options.curve:
        _require_short(end - begin)
    found: DiscreteScan = scan_tails(
        values,
        first,
        begin=begin,
        end=end,
        xmax=math.inf if options.xmax is None else options.xmax,
        two_sided=options.ks == "two-sided",
        alpha_low=1.0 if options.xmax is None else 0.0,
        curve=options.curve,
    )
    curve = None
    if found.curve is not None:
        xmins, distances, alphas = found.curve
        curve = Curve(xmins, alphas, distances)
    return FittedTail(
        alpha=found.alpha,
        xmin=found.xmin,
        distance=found.distance,
        n=int(sample.first[-1]),
        n_tail=found.n_tail,
        excluded=MappingProxyType(sample.selection.excluded),
        side=sample.selection.side,
        discrete=True,
        ks=options.ks,
        xmax=options.xmax,
        curve=curve,
    )


def require_two(values: Floats) -> None:
    """Raise ValueError if there are fewer than two distinct values."""
    if len(values) < 2:
        which = f" ({float(values[0])!r})" if len(values) else ""
        raise ValueError(
            f"x must have at least two distinct usable values, got {len(values)}{which}"
        )


def _cut_at(xmin: float, values: Floats, first: npt.NDArray[np.int64]) -> Any:
    """Cut off the values below a fixed xmin. If xmin is not a value, insert it with the count 0."""
    if len(values) and not xmin < values[-1]:
        raise ValueError(
            f"xmin must be below the largest usable value, {float(values[-1])!r}, got {xmin!r}"
        )
    k = int(np.searchsorted(values, xmin))
    values, first = values[k:], first[k:] - first[k]
    if len(values) and values[0] > xmin:
        values, first = np.append(xmin, values), np.append(0, first)
    return values, first


def _candidates(
    values: npt.NDArray[Any], first: npt.NDArray[Any], options: FitOptions
) -> tuple[int, int]:
    """The range of indices of the candidates among the values."""
    n = int(first[-1])
    if isinstance(options.xmin, float):
        return 0, int(n >= options.min_tail)
    begin, end = 0, len(values) - 1
    if options.min_tail > 1:
        below = first.dtype.type(max(n - options.min_tail, 0))  # not widened for the search
        last = int(np.searchsorted(first[:-1], below, side="right")) if n >= options.min_tail else 0
        end = min(end, last)
    if options.xmin is not None:
        low, high = options.xmin
        begin = int(np.searchsorted(values, low))
        end = min(end, int(np.searchsorted(values, high, side="right")))
    return begin, end


def _require_short(size: int) -> None:
    if size > MAX_CURVE:
        raise ValueError(
            f"curve must have at most {MAX_CURVE} candidates, got {size}: give a range xmin"
        )


def _curve(found: Candidates, begin: int, end: int) -> Curve:
    _require_short(end - begin)
    plus, minus = found.curve(begin, end)
    return Curve(found.values[begin:end].copy(), found.alpha[begin:end], np.maximum(plus, minus))
