"""Exact power-law fits: every candidate xmin, by sketch, prune and solve."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats import _checks, _law
from htstats._arrays import HALF_DTYPES
from htstats._discrete import DiscreteScan, ZetaLaw, scan_integers, whole
from htstats._prune import Prospect
from htstats._scan import TOLERANCE, Candidates, best_of, distinct, prepared
from htstats._tally import as_integers, tallied
from htstats._usable import (
    SIDES,
    Sample,
    Source,
    as_source,
    gather,
    histogram,
    left_out,
    of_sketch,
    require_side,
    usable,
)
from htstats.sketch import TailSketch

if TYPE_CHECKING:
    from htstats.alternatives import Comparison, ComparisonTable
    from htstats.goodness import ConfidenceInterval, GoodnessOfFit

__all__ = ["SIDES", "Curve", "PowerLawFit", "fit_power_law"]

Floats = npt.NDArray[np.float64]

KS = ("left", "two-sided")

# Below this many values sorting them all is faster than pruning them first.
PRUNED_FROM = 1_000_000

# Where the guess itself leaves more than this share, all is scanned at once.
TOO_MUCH_TO_TRY = 0.5

# The first guess is sought among tails with at least so many values: any start is right.
TAIL_OF_A_GUESS = 50

# A curve takes some sqrt(n) exponentials a candidate: half a minute for so many.
MAX_CURVE = 1_000_000


class Curve(NamedTuple):
    """Every candidate: its xmin in units of the data, its alpha, its distance."""

    xmins: Floats
    alphas: Floats
    distances: Floats


@dataclass(frozen=True)
class PowerLawFit:
    """A fitted tail: density proportional to x^-alpha from `xmin` on, and up to `xmax` if given.

    Attributes
    ----------
    alpha : float
        Density exponent; above 1, or any real number where there is an `xmax`.
    xmin : float
        Where the tail begins, one of the values (or what was given); in units of the data.
    distance : float
        Kolmogorov-Smirnov distance of the tail, see `fit_power_law` for `ks`; in [0, 1].
    n : int
        Usable values: what the scan saw.
    n_tail : int
        Values at or above `xmin` among them.
    excluded : mapping of str to int
        Values that were left out, by reason: "zero", "negative", "positive", "above xmax".
    side, ks : str
        As they were asked for; `side` is "positive" where nothing was said and nothing is negative.
    discrete : bool
        Whether the values are integers to the model.
    xmax : float or None
        Where the law ends, in units of the data; None: nowhere.
    curve : Curve or None
        (xmins, alphas, distances) of all candidates, where they were asked for.

    Examples
    --------
    >>> fit = fit_power_law([1.0, 1.1, 1.3, 1.7, 2.5, 4.0, 9.0], xmin=1.0)
    >>> fit
    PowerLawFit(alpha=2.299 +- 0.491 from xmin=1, KS 0.124, tail 7 of 7)
    >>> round(float(fit.logsf(2.0)), 4)
    -0.9005
    """

    alpha: float
    xmin: float
    distance: float
    n: int
    n_tail: int
    excluded: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    side: str = "positive"
    discrete: bool = False
    ks: str = "left"
    xmax: float | None = None
    curve: Curve | None = field(default=None, repr=False, compare=False)
    # what the methods that look at the data again need: the caller's array, not a copy
    _source: _Again | None = field(default=None, repr=False, compare=False)

    @property
    def tail_exponent(self) -> float:
        """alpha - 1: the survival function falls as x to the minus this, where it has no end."""
        return self.alpha - 1

    @property
    def stderr(self) -> float:
        """Standard error of alpha for the chosen xmin, from the Fisher information of the law.

        (alpha - 1) / sqrt(n_tail) without an xmax; of integers the variance of log K is the
        information of one value.
        """
        if self.discrete:
            return 1 / math.sqrt(self.n_tail * self._zeta.information())
        return _law.stderr(self.alpha - 1, self._length, self.n_tail)

    @property
    def n_excluded(self) -> int:
        """How many values were left out, for all reasons together; `excluded` says why."""
        return sum(self.excluded.values())

    @property
    def loglikelihood(self) -> float:
        """Of the tail, at its maximum, where the mean of log(x / xmin) is that of the law."""
        if self.discrete:
            return self.n_tail * self._zeta.mean_loglikelihood()
        rate, length = self.alpha - 1, self._length
        at_xmin = _law.log_density_at_xmin(rate, length) - math.log(self.xmin)
        return self.n_tail * (at_xmin - self.alpha * _law.mean(rate, length))

    def logpdf(self, x: npt.ArrayLike) -> Any:
        """Log density of the tail at `x`; minus infinity outside [xmin, xmax].

        Of a discrete fit the log probability; minus infinity also between the integers.
        """
        if self.discrete:
            return self._zeta.logpmf(x)[()]
        t = self._log_ratio(x)
        at_xmin = _law.log_density_at_xmin(self.alpha - 1, self._length) - math.log(self.xmin)
        inside = (t >= 0) & self._is_below_xmax(x)
        with np.errstate(invalid="ignore"):
            return np.where(inside, at_xmin - self.alpha * t, -np.inf)[()]

    def logsf(self, x: npt.ArrayLike) -> Any:
        """Log of P(X > x) for X in the tail; 0 below `xmin`, minus infinity from `xmax` on."""
        if self.discrete:
            return self._zeta.logsf(x)[()]
        t = np.clip(self._log_ratio(x), 0.0, self._length)
        return np.asarray(_law.log_survival(t, self.alpha - 1, self._length))[()]

    def logcdf(self, x: npt.ArrayLike) -> Any:
        """Log of P(X <= x) for X in the tail; minus infinity up to `xmin`, 0 from `xmax` on.

        At `xmin` itself a discrete law has its first probability.
        """
        if self.discrete:
            return self._zeta.logcdf(x)[()]
        t = np.clip(self._log_ratio(x), 0.0, self._length)
        return np.asarray(_law.log_cdf(t, self.alpha - 1, self._length))[()]

    def ppf(self, q: npt.ArrayLike) -> Any:
        """Quantiles of the tail for `q` in [0, 1]; NaN outside."""
        q = np.asarray(q, np.float64)
        inside = (q >= 0) & (q <= 1)
        if self.discrete:
            with np.errstate(divide="ignore"):
                levels = np.log1p(-np.where(inside, q, np.nan))
            return self._zeta.isf(levels)[()]
        t = _law.quantile(np.where(inside, q, 0.0), self.alpha - 1, self._length)
        t = np.clip(t, 0.0, self._length)
        with np.errstate(over="ignore"):
            values = self.xmin * np.exp(t)
        if self.xmax is not None:
            values = np.minimum(values, self.xmax)
        return np.where(inside, values, np.nan)[()]

    def sample(self, size: int | tuple[int, ...], rng: np.random.Generator) -> Floats:
        """`size` values of the tail."""
        drawn: Floats
        if self.discrete:
            drawn = self._zeta.isf(np.log1p(-rng.random(size)))
        elif self.xmax is None:
            with np.errstate(over="ignore"):
                drawn = self.xmin * np.exp(rng.standard_exponential(size) / (self.alpha - 1))
        else:
            drawn = self.ppf(rng.random(size))
        return drawn

    def usable(self) -> Floats:
        """The values the scan saw, ascending; ValueError where the fit came from a sketch."""
        if self._source is None:
            raise ValueError("this fit was made from a sketch: fit the array to look at it again")
        again = self._source
        sample, _ = usable(as_source(again.x), again.side, again.rule["xmax"], again.weights)
        return np.repeat(sample.values, sample.counts)

    def goodness_of_fit(
        self, n_resamples: int = 2500, *, refit_xmin: bool = True, **options: Any
    ) -> GoodnessOfFit:
        """The bootstrap p-value; see `htstats.goodness.goodness_of_fit`, also for `options`.

        Each resample is fitted by this fit's own rule (range of xmin, xmax, min_tail, ks, discrete,
        rounding to 16 bits); with `refit_xmin` False, at this fit's xmin.
        """
        from htstats.goodness import goodness_of_a_fit

        return goodness_of_a_fit(self, n_resamples, refit_xmin=refit_xmin, **options)

    def confidence_interval(
        self, level: float = 0.95, method: str = "asymptotic", **options: Any
    ) -> ConfidenceInterval:
        """Of alpha, and by bootstrap of xmin; see `htstats.goodness.confidence_interval`."""
        from htstats.goodness import interval_of_a_fit

        return interval_of_a_fit(self, level, method, **options)

    def compare(self, alternative: str, *, nested: bool | None = None) -> Comparison:
        """The power law against one alternative, by name; with an xmax both laws end there.

        See `htstats.alternatives`.
        """
        from htstats.alternatives import compare

        return compare(
            self.usable(),
            "power_law",
            alternative,
            xmin=self.xmin,
            xmax=self.xmax,
            discrete=self.discrete,
            nested=nested,
        )

    def compare_all(self) -> ComparisonTable:
        """The power law against every alternative."""
        from htstats.alternatives import compare_all

        return compare_all(self.usable(), xmin=self.xmin, xmax=self.xmax, discrete=self.discrete)

    @property
    def _length(self) -> float:
        """log(xmax / xmin)."""
        return math.inf if self.xmax is None else _log_ratio(self.xmin, self.xmax)

    @property
    def _zeta(self) -> ZetaLaw:
        """The law of a discrete fit."""
        return ZetaLaw(
            self.alpha, self.xmin, math.inf if self.xmax is None else math.floor(self.xmax)
        )

    def _log_ratio(self, x: npt.ArrayLike) -> Floats:
        """log(x / xmin); minus infinity for x <= 0."""
        x = np.asarray(x, np.float64)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            z = (x - self.xmin) / self.xmin
            # the difference is exact near xmin; far from it the ratio may leave the range
            logs = np.where(z < 2.0**1000, np.log1p(z), np.log(x) - math.log(self.xmin))
        return np.where(x <= 0, -np.inf, logs)

    def _is_below_xmax(self, x: npt.ArrayLike) -> Any:
        return True if self.xmax is None else np.asarray(x) <= self.xmax

    def __repr__(self) -> str:
        end = "" if self.xmax is None else f" to xmax={self.xmax:.6g}"
        return (
            f"PowerLawFit(alpha={self.alpha:.4g} +- {self.stderr:.3g} from xmin={self.xmin:.6g}"
            f"{end}, KS {self.distance:.3g}, tail {self.n_tail} of {self.n})"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "excluded": dict(self.excluded)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, excluded=MappingProxyType(state["excluded"]))


class _Again(NamedTuple):
    """The arguments that give the usable values again."""

    x: Any
    dtype: str
    side: str
    weights: npt.ArrayLike | None
    rule: dict[str, Any]  # arguments of fit_power_law beside the data


class _Options(NamedTuple):
    """What a fit was asked for, checked."""

    xmin: float | tuple[float, float] | None = None
    xmax: float | None = None
    ks: str = "left"
    min_tail: int = 1
    curve: bool = False


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
        Real numbers of any shape; zeros are left out and counted. Integers are taken as float64.
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
        How often each element of `x` counts, in the shape of `x`.
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
        If `x` is not real numbers, or an iterator, which can be read only once.

    Notes
    -----
    Method: alpha = 1 + n / sum(log(x / xmin)), with an xmax the root of the truncated law's
    likelihood equation. Where the sample is large, a sketch of it bounds the distance of every
    candidate from below; what lies above the most promising bucket is gathered, sorted and scanned;
    buckets whose bound is above the distance found are out, and if one below is not, the scan is
    made once more from there. Equal to trying all. Cost: n log n of what is sorted, and about n.
    Discrete samples are counted (integers below 65536) or sorted, and scanned whole, with Newton's
    method for the estimates: some 0.1 us more for each distinct value.
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
    options = _checked(xmin, xmax, ks, min_tail, curve)
    _checks.count("n_threads", n_threads, at_least=1)
    if side is not None:
        _checks.one_of("side", side, SIDES)
    source = as_integers(x) if discrete and weights is None else as_source(x)
    rule = {"xmin": xmin, "xmax": xmax, "min_tail": min_tail, "ks": ks, "discrete": discrete}
    plain = not discrete and options == _Options(ks=options.ks, min_tail=options.min_tail)
    solved = _solved_integers if discrete else _solved
    if weights is None and source.dtype in HALF_DTYPES:
        sketch = _sketch(source, n_threads)
        side = require_side(side, sketch.n_negative)
        fit = solved(of_sketch(sketch, side, options.xmax), side, options)
    elif weights is None and plain and _is_large(source):
        found = histogram(source, n_threads)
        side = require_side(side, found.seen.negative)
        prospect = found.prospect(side)
        gathered = partial(_gathered, source, side, prospect)
        fit = _pruned(prospect, side, found.excluded(side), gathered, options)
    elif discrete and weights is None:
        sample, side = tallied(source, side, options.xmax)
        fit = solved(sample, side, options)
    else:
        sample, side = usable(source, side, options.xmax, weights)
        fit = solved(sample, side, options)
    vars(fit)["_source"] = _Again(x, source.dtype, side, weights, rule)  # nobody has seen it yet
    return fit


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
    options = _Options(ks=ks, min_tail=min_tail)
    if sketch.dtype in HALF_DTYPES:
        return _solved(of_sketch(sketch, side), side, options)
    buckets = sketch.buckets(side)
    if len(buckets.lower) == 0:
        _needs_two(buckets.lower)
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
    options = _checked(None, None, ks, min_tail, False)
    if side is not None:
        _checks.one_of("side", side, SIDES)
    if sketch.n_not_finite:
        raise ValueError(f"x must be finite, got {sketch.n_not_finite} NaN or infinite values")
    chosen = require_side(side, sketch.n_negative)

    def gathered(low: float) -> npt.NDArray[Any]:
        if reread is None:
            raise ValueError(f"reread must be given: a sketch of {sketch.dtype} holds no values")
        source = as_source(reread)
        if source.dtype != sketch.dtype:
            raise ValueError(f"reread must be {sketch.dtype} as the sketch is, got {source.dtype}")
        return gather(source, chosen, low)

    return fit_pruned(sketch, chosen, gathered, options.min_tail, ks=ks)


def _pruned(
    prospect: Prospect,
    side: str,
    excluded: dict[str, int],
    gathered: Callable[[float], npt.NDArray[Any]],
    options: _Options,
) -> PowerLawFit:
    """Scan from the lowest bucket that may hold the answer on."""
    start = prospect.start(max(options.min_tail, TAIL_OF_A_GUESS))
    if prospect.tail[start] > TOO_MUCH_TO_TRY * prospect.tail[0]:
        start = 0  # a second scan would cost more than the first could save
    while True:
        values = gathered(float(prospect.lower[start]))
        if len(values) != prospect.tail[start]:
            raise ValueError("x must give the same numbers each time it is read")
        values.sort()
        try:
            fit = _solved(Sample(*distinct(values), excluded), side, options)
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


def _checked(xmin: Any, xmax: Any, ks: str, min_tail: int | None, curve: bool) -> _Options:
    """The options of a fit, or an error that names the wrong one."""
    _checks.one_of("ks", ks, KS)
    least = 1 if min_tail is None else _checks.count("min_tail", min_tail, at_least=1)
    end = None if xmax is None else _checks.positive("xmax", xmax)
    if isinstance(xmin, tuple | list):
        if len(xmin) != 2:
            raise ValueError(f"xmin must be a number or a pair (lo, hi), got {xmin!r}")
        low, high = (_checks.nonnegative("xmin", edge) for edge in xmin)
        if not low < high:
            raise ValueError(f"xmin must be (lo, hi) with lo < hi, got {xmin!r}")
        return _Options((low, high), end, ks, least, curve)
    start = None if xmin is None else _checks.positive("xmin", xmin)
    if start is not None and end is not None and not start < end:
        raise ValueError(f"xmax must be above xmin, got {xmax!r} with xmin={xmin!r}")
    return _Options(start, end, ks, least, curve)


def _solved(sample: Sample, side: str, options: _Options) -> PowerLawFit:
    """Scan the candidates of a sample."""
    values, first = sample.values, sample.first
    n = int(first[-1])
    if isinstance(options.xmin, float):
        values, first = _from(options.xmin, values, first)
    _needs_two(values)
    begin, end = _candidates(values, first, options)
    k, distance, rate, curve = _best(values, first, begin, end, options)
    if k < 0:
        raise ValueError(
            f"no candidate xmin is allowed by xmin={options.xmin!r}, min_tail={options.min_tail}"
        )
    return PowerLawFit(
        alpha=rate + 1,
        xmin=float(values[k]),
        distance=distance,
        n=n,
        n_tail=int(first[-1] - first[k]),
        excluded=MappingProxyType(sample.excluded),
        side=side,
        ks=options.ks,
        xmax=options.xmax,
        curve=curve,
    )


def _best(
    values: Floats, first: npt.NDArray[np.int64], begin: int, end: int, options: _Options
) -> tuple[int, float, float, Curve | None]:
    """Index, distance and rate of the best candidate, -1 if none; and the curve if it is wanted."""
    two_sided = options.ks == "two-sided"
    if begin >= end:
        return -1, math.inf, math.nan, None
    if options.xmax is None and not options.curve:
        return *best_of(values, first, two_sided, begin, end, TOLERANCE), None
    xmax, low = (math.inf, 1.0) if options.xmax is None else (options.xmax, -math.inf)
    found = prepared(values, first, xmax, two_sided)
    k, distance = found.best(begin, end, alpha_low=low, tolerance=TOLERANCE)
    return k, distance, float(found.rate[k]), _curve(found, begin, end) if options.curve else None


def _solved_integers(sample: Sample, side: str, options: _Options) -> PowerLawFit:
    """The same with the zeta distribution."""
    values, first = whole("x", sample.values), sample.first
    if isinstance(options.xmin, float):
        xmin = float(whole("xmin", np.array([options.xmin]))[0])
        values, first = _from(xmin, values, first)
    _needs_two(values)
    begin, end = _candidates(values, first, options)
    if options.curve:
        _require_short(end - begin)
    found: DiscreteScan = scan_integers(
        values,
        np.diff(first),
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
    return PowerLawFit(
        alpha=found.alpha,
        xmin=found.xmin,
        distance=found.distance,
        n=int(sample.first[-1]),
        n_tail=found.n_tail,
        excluded=MappingProxyType(sample.excluded),
        side=side,
        discrete=True,
        ks=options.ks,
        xmax=options.xmax,
        curve=curve,
    )


def _needs_two(values: Floats) -> None:
    if len(values) < 2:
        which = f" ({float(values[0])!r})" if len(values) else ""
        raise ValueError(
            f"x must have at least two distinct usable values, got {len(values)}{which}"
        )


def _from(xmin: float, values: Floats, first: npt.NDArray[np.int64]) -> Any:
    """The tail from a fixed xmin on, which stands in front with a count of 0 if it is no value."""
    if len(values) and not xmin < values[-1]:
        raise ValueError(
            f"xmin must be below the largest usable value, {float(values[-1])!r}, got {xmin!r}"
        )
    k = int(np.searchsorted(values, xmin))
    values, first = values[k:], first[k:] - first[k]
    if len(values) and values[0] > xmin:
        values, first = np.append(xmin, values), np.append(0, first)
    return values, first


def _candidates(values: Floats, first: npt.NDArray[np.int64], options: _Options) -> tuple[int, int]:
    """Which of the values are candidates."""
    n = int(first[-1])
    if isinstance(options.xmin, float):
        return 0, int(n >= options.min_tail)
    begin, end = 0, len(values) - 1
    if options.min_tail > 1:
        last = int(np.searchsorted(first[:-1], n - options.min_tail, side="right"))
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


def _log_ratio(low: float, high: float) -> float:
    """log(high / low); the difference is exact for near ones, the ratio of far ones overflows."""
    z = (high - low) / low
    return math.log1p(z) if z < 2.0**1000 else math.log(high) - math.log(low)
