"""Exact power-law fits: every candidate xmin, by sketch, prune and solve."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats import _checks
from htstats._arrays import HALF_DTYPES
from htstats._power_law_fit import Again, Curve, PowerLawFit
from htstats._prune import Prospect
from htstats._scan import TOLERANCE, distinct
from htstats._solve import (
    Options,
    checked,
    needs_two,
    solved,
    solved_at_once,
    solved_integers,
)
from htstats._tally import as_integers, require_exact, tallied
from htstats._usable import (
    NATIVE,
    SIDES,
    Sample,
    Source,
    Watch,
    as_source,
    as_source_again,
    checksum_of,
    gather,
    histogram,
    left_out,
    of_sketch,
    require_side,
    usable,
)
from htstats.sketch import TailSketch

__all__ = ["SIDES", "Curve", "PowerLawFit", "fit_power_law"]

# Below this many values sorting them all is faster than pruning them first.
PRUNED_FROM = 300_000

# Where the guess itself leaves more than this share, all is scanned at once.
TOO_MUCH_TO_TRY = 0.5

# The first guess is sought among tails with at least so many values: any start is right.
TAIL_OF_A_GUESS = 50


def fit_power_law(
    x: Any,
    *,
    side: str | None = None,
    xmin: float | tuple[float, float] | None = None,
    xmax: float | None = None,
    discrete: bool = False,
    weights: npt.ArrayLike | None = None,
    ks: str = "left",
    min_tail: int | None = None,
    n_threads: int = 1,
    curve: bool = False,
) -> PowerLawFit:
    """Fit a power law to the tail of a sample, trying every candidate xmin.

    Parameters
    ----------
    x : array_like, tensor, memory-mapped array, or iterable of such blocks
        Real numbers of any shape; zeros and masked elements are left out and counted. Integers are
        taken as float64, rounded beyond 2**53. Nothing whose keys or pairs would be read: of a
        Counter or a dict give `list(x.values())` (or its keys, with `weights`), of a graph's
        degrees `[d for _, d in G.degree]`, of a table one column.
        Blocks must be of one dtype, and their iterable must start anew each time: it is read two
        or three times, 16-bit floats once.
    side : {"abs", "positive", "negative"}, optional
        Which tail, where `x` has negative values: then it must be said.
    xmin : float or (float, float), optional
        Fixed, or the range (both ends in) of the candidates; by default every distinct value but
        the largest is one.
    xmax : float, optional
        Where the law ends: the estimate is that of the law on [xmin, xmax], and alpha may then be
        any real number, for such a law is one for each. Values above it are left out and counted.
    discrete : bool
        Whether the values are integers to the model: whole numbers from 1 to 2**53 with the zeta
        distribution, P(X = k) = k^-alpha / zeta(alpha, xmin), and no shortcut. With an `xmax` the
        sum ends there, and alpha is 0 or above: a tail whose values crowd at `xmax`, so that
        P(X = k) would grow with k, is no candidate (the sums are scaled by their first term, which
        is then the smallest). In the distance F and E are then taken below each value ("left"),
        or below and at each value ("two-sided": the supremum over all integers).
    weights : array_like of int, optional
        How often each element of `x` counts, in the shape of `x`; where both are masked, with the
        mask of `x`.
    ks : {"left", "two-sided"}
        The distance: the maximum of abs(F(x_j) - E(x_j-)), E the share of the tail below x_j, as
        other tools have it; or the supremum of abs(F - E) over all points.
    min_tail : int, optional
        Candidates with fewer values in their tail are left out.
    n_threads : int
        Threads for the sketch; the result does not depend on it.
    curve : bool
        Also keep (xmins, alphas, distances) of all candidates in `curve`: the whole sample is then
        sorted. At most 1,000,000 candidates.

    Returns
    -------
    PowerLawFit
        Of the smallest xmin whose distance is within 1e-13 of the smallest one.

    Raises
    ------
    ValueError
        If `x` is not finite, has negative values and `side` is not given, or has fewer than two
        distinct usable values; if `discrete` and a value or `xmin` is not whole; if `xmin` is not
        below the largest of them, `xmax` is not above `xmin`, no candidate is allowed, or
        `weights` are not counts in the shape of `x`.
    TypeError
        If `x` is not real numbers (a mapping, pairs, texts, a sparse matrix, ...), or an iterator,
        which can be read only once.

    Notes
    -----
    The fit keeps `x` and `weights`, no copy of them, and a checksum: a method that looks at the
    data again raises ValueError where they are others by then.
    Method: alpha = 1 + n / sum(log(x / xmin)), with an xmax the root of the truncated law's
    likelihood equation. Where the sample is large, a sketch of it bounds the distance of every
    candidate from below; what lies above the most promising bucket is gathered, sorted and scanned;
    buckets whose bound is above the distance found are out, and if one below is not, the scan is
    made once more from there. Equal to trying all. Cost: n log n of what is sorted, and about n.
    Discrete samples are counted (integers below 65536) or sorted; ranges of candidates are left out
    by bounds of their estimates, the others have Newton's method.
    Memory: of blocks, as of an array, a histogram of some MiB and 40 bytes for each value that the
    scan gathers: .005 % - 7 % of weight-like samples, every one of a pure Pareto or where `xmin`,
    `xmax` or `curve` is given. `htstats.streaming.fit_rows` stays within a budget.
    Accuracy: distance to 1e-15, alpha to 1e-15 of it; with an xmax, alpha - 1 to some 1e-15 of the
    larger of itself and 1 / log(xmax / xmin). The result is the same to the bit for an array, its
    blocks in any order, its distinct values with counts as weights, and any number of threads.

    References
    ----------
    .. [1] A. Clauset, C. R. Shalizi, M. E. J. Newman, "Power-law distributions in empirical data",
       SIAM Review 51 (2009), equations 3.1 and 3.9.

    Examples
    --------
    >>> x = np.random.default_rng(0).pareto(1.5, 10_000) + 1
    >>> fit_power_law(x).alpha
    2.5...
    """
    options = checked(xmin, xmax, ks, min_tail, curve)
    _checks.count("n_threads", n_threads, at_least=1)
    if side is not None:
        _checks.one_of("side", side, SIDES)
    rule = {"xmin": xmin, "xmax": xmax, "min_tail": min_tail, "ks": ks, "discrete": discrete}
    fit, seen = None, None
    if (
        weights is None
        and not discrete
        and options.is_plain
        and _is_native(x)
        and x.size < PRUNED_FROM
    ):
        fit, dtype, seen = solved_at_once(x, side, options), NATIVE[x.dtype], checksum_of(x)
    if fit is None:
        if discrete:
            require_exact(x)
        source = as_integers(x) if discrete and weights is None else as_source(x)
        watched = Watch(source, weights, n_threads)
        fit = _by_its_road(x, watched.source, side, discrete, weights, options, n_threads)
        dtype, seen = source.dtype, watched.checksum
        if n_masked := watched.n_masked:
            excluded = {"masked": n_masked, **fit.excluded}
            vars(fit)["excluded"] = MappingProxyType(excluded)
    # nobody has seen it yet
    vars(fit)["_source"] = Again(x, dtype, fit.side, weights, rule, seen)
    return fit


def _is_native(x: Any) -> bool:
    """Whether x is what `solved_at_once` takes."""
    return type(x) is np.ndarray and x.dtype in NATIVE and x.flags.c_contiguous and x.size > 0


def _by_its_road(
    x: Any,
    source: Source,
    side: str | None,
    discrete: bool,
    weights: npt.ArrayLike | None,
    options: Options,
    n_threads: int,
) -> PowerLawFit:
    """The fit of a sample of any kind, counted, pruned or sorted as a whole."""
    solve = solved_integers if discrete else solved
    if weights is not None:
        sample, side = usable(source, side, options.xmax, weights)
    elif source.dtype in HALF_DTYPES:
        sketch = _sketch(source, n_threads)
        side = require_side(side, sketch.n_negative)
        sample = of_sketch(sketch, side, options.xmax)
    elif discrete:
        sample, side = tallied(source, side, options.xmax)
    elif options.is_plain and _is_large(source):
        found = histogram(source, n_threads)
        side = require_side(side, found.seen.negative)
        prospect = found.prospect(side)
        gathered = partial(_gathered, source, side, prospect)
        whole = partial(solved_at_once, x, side, options) if _is_native(x) else None
        excluded = found.excluded(side)
        return _pruned(prospect, side, excluded, gathered, options, whole)
    else:
        sample, side = usable(source, side, options.xmax, None)
    return solve(sample, side, options)


def fit_pruned(
    sketch: TailSketch,
    side: str,
    gathered: Callable[[float], npt.NDArray[Any]],
    min_tail: int = 1,
    *,
    ks: str = "left",
) -> PowerLawFit:
    """The fit of what was sketched; `gathered(low)` gives abs(x) of the side where it is >= low.

    It is called once or twice, and not at all where the sketch has each value (16-bit floats). This
    is the whole fit but for reading, which is the caller's.
    """
    options = Options(ks=ks, min_tail=min_tail)
    if sketch.dtype in HALF_DTYPES:
        return solved(of_sketch(sketch, side), side, options)
    buckets = sketch.buckets(side)
    if len(buckets.lower) == 0:
        needs_two(buckets.lower)
    excluded = left_out(side, sketch.n_zero, sketch.n_negative, sketch.n_positive)
    prospect = Prospect(buckets.lower, buckets.upper, buckets.count, buckets.total)
    return _pruned(prospect, side, excluded, gathered, options)


def fit_sketch(
    sketch: TailSketch,
    side: str | None,
    reread: Any,
    *,
    ks: str = "left",
    min_tail: int | None = None,
) -> PowerLawFit:
    """`TailSketch.fit`."""
    options = checked(None, None, ks, min_tail, False)
    if side is not None:
        _checks.one_of("side", side, SIDES)
    if sketch.n_not_finite:
        raise ValueError(f"x must be finite, got {sketch.n_not_finite} NaN or infinite values")
    chosen = require_side(side, sketch.n_negative)

    def gathered(low: float) -> npt.NDArray[Any]:
        if reread is None:
            raise ValueError(f"reread must be given: a sketch of {sketch.dtype} holds no values")
        source = as_source_again(reread, "reread")
        if source.dtype != sketch.dtype:
            raise ValueError(f"reread must be {sketch.dtype} as the sketch is, got {source.dtype}")
        buckets = sketch.buckets(chosen)
        room = int(buckets.count[buckets.upper > low].sum())
        return gather(source, chosen, low, room=room)

    return fit_pruned(sketch, chosen, gathered, options.min_tail, ks=ks)


def _pruned(
    prospect: Prospect,
    side: str,
    excluded: dict[str, int],
    gathered: Callable[[float], npt.NDArray[Any]],
    options: Options,
    whole: Callable[[], PowerLawFit | None] | None = None,
) -> PowerLawFit:
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
            fit = solved(Sample(*distinct(values), excluded), side, options)
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


def _gathered(source: Source, side: str, prospect: Prospect, low: float) -> npt.NDArray[Any]:
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
