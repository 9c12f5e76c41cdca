"""Exact power-law fits: every candidate xmin, by sketch, prune and solve."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats import _checks
from htstats._arrays import HALF_DTYPES, as_elements
from htstats._core import scan
from htstats._prune import prospect
from htstats.sketch import Buckets, TailSketch

if TYPE_CHECKING:
    from htstats.alternatives import Comparison, ComparisonTable
    from htstats.goodness import ConfidenceInterval, GoodnessOfFit

__all__ = ["PowerLawFit", "fit_power_law"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

SIDES = ("abs", "positive", "negative")

# Below this many values sorting them all is faster than pruning them first.
PRUNED_FROM = 1_000_000

# Where the guess itself leaves more than this share, all is scanned at once.
TOO_MUCH_TO_TRY = 0.5

# The first guess is sought among tails with at least so many values: any start is right.
TAIL_OF_A_GUESS = 50


@dataclass(frozen=True)
class PowerLawFit:
    """A fitted tail: density proportional to x^-alpha from `xmin` on.

    Attributes
    ----------
    alpha : float
        Density exponent, above 1.
    xmin : float
        Where the tail begins, one of the values (or what was given); in units of the data.
    distance : float
        Kolmogorov-Smirnov distance of the tail, left limit (see `fit_power_law`); in [0, 1].
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
    curve: tuple[Floats, Floats, Floats] | None = field(default=None, repr=False, compare=False)
    # what the methods that look at the data again need: the caller's array, not a copy
    _source: _Source | None = field(default=None, repr=False, compare=False)

    @property
    def tail_exponent(self) -> float:
        """alpha - 1: the survival function falls as x to the minus this."""
        return self.alpha - 1

    @property
    def stderr(self) -> float:
        """Standard error of alpha for the chosen xmin, (alpha - 1) / sqrt(n_tail)."""
        return (self.alpha - 1) / math.sqrt(self.n_tail)

    @property
    def n_excluded(self) -> int:
        """How many values were left out, for all reasons together."""
        return sum(self.excluded.values())

    @property
    def loglikelihood(self) -> float:
        """Of the tail, at its maximum: the sum of log(x / xmin) is n_tail / (alpha - 1)."""
        a = self.alpha
        return self.n_tail * (math.log((a - 1) / self.xmin) - a / (a - 1))

    def logpdf(self, x: npt.ArrayLike) -> Any:
        """Log density of the tail at `x`; minus infinity below `xmin`."""
        ratio = self._log_ratio(x)
        return np.where(
            ratio >= 0, math.log((self.alpha - 1) / self.xmin) - self.alpha * ratio, -np.inf
        )[()]

    def logsf(self, x: npt.ArrayLike) -> Any:
        """Log of P(X > x) for X in the tail; 0 below `xmin`."""
        return -(self.alpha - 1) * np.maximum(self._log_ratio(x), 0.0)[()]

    def logcdf(self, x: npt.ArrayLike) -> Any:
        """Log of P(X <= x) for X in the tail; minus infinity up to `xmin`."""
        survival = np.asarray(self.logsf(x))
        with np.errstate(divide="ignore"):
            return np.log(-np.expm1(survival))[()]

    def ppf(self, q: npt.ArrayLike) -> Any:
        """Quantiles of the tail for `q` in [0, 1]; NaN outside."""
        q = np.asarray(q, np.float64)
        inside = (q >= 0) & (q <= 1)
        with np.errstate(divide="ignore"):
            logs = -np.log1p(-np.where(inside, q, 0.0)) / (self.alpha - 1)
        return np.where(inside, self.xmin * np.exp(logs), np.nan)[()]

    def sample(self, size: int, rng: np.random.Generator) -> Floats:
        """`size` values of the tail."""
        drawn: Floats = self.xmin * np.exp(rng.standard_exponential(size) / (self.alpha - 1))
        return drawn

    def usable(self) -> Floats:
        """The values the scan saw, ascending; ValueError where the fit came from a sketch."""
        if self._source is None:
            raise ValueError("this fit was made from a sketch: fit the array to look at it again")
        source = self._source
        sample = _whole(source.data, source.dtype, source.side, source.xmax, source.weights)
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
        """The power law against one alternative, by name; see `htstats.alternatives`."""
        from htstats.alternatives import compare

        return compare(self.usable(), "power_law", alternative, xmin=self.xmin, nested=nested)

    def compare_all(self) -> ComparisonTable:
        """The power law against every alternative."""
        from htstats.alternatives import compare_all

        return compare_all(self.usable(), xmin=self.xmin)

    def __repr__(self) -> str:
        return (
            f"PowerLawFit(alpha={self.alpha:.4g} +- {self.stderr:.3g} from xmin={self.xmin:.6g}, "
            f"KS {self.distance:.3g}, tail {self.n_tail} of {self.n})"
        )

    def _log_ratio(self, x: npt.ArrayLike) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: Floats = np.log(np.asarray(x, np.float64) / self.xmin)
        return np.where(np.asarray(x) <= 0, -np.inf, ratio)


class _Source(NamedTuple):
    """The arguments that give the usable values again."""

    data: npt.NDArray[Any]
    dtype: str
    side: str
    xmax: float | None
    weights: npt.ArrayLike | None
    rule: dict[str, Any]  # arguments of fit_power_law beside the data


class _Sample(NamedTuple):
    """Usable values, ascending and distinct, their counts, and what was left out."""

    values: Floats
    counts: Counts
    excluded: dict[str, int]


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
    x : array_like or tensor
        Real numbers of any shape; zeros are left out and counted.
    side : {"abs", "positive", "negative"}, optional
        Which tail, where `x` has negative values: then it must be said.
    xmin : float or (float, float), optional
        Fixed, or the range (both ends in) of the candidates; by default every distinct value but
        the largest is one.
    xmax : float, optional
        Values above it are left out and counted.
    discrete : bool
        Must be False: discrete fits are not there yet.
    weights : array_like of int, optional
        How often each element of `x` counts.
    ks : {"left"}
        The distance is the maximum of abs(F(x_j) - E(x_j-)), E the share of the tail below x_j.
    min_tail : int, optional
        Candidates with fewer values in their tail are left out.
    n_threads : int
        Threads for the sketch; the result does not depend on it.
    curve : bool
        Also keep (candidates, distances, alphas) in `curve`; the whole sample is then sorted.

    Returns
    -------
    PowerLawFit
        Of the first candidate of smallest distance.

    Raises
    ------
    ValueError
        If `x` is not finite, has negative values and `side` is not given, or has fewer than two
        distinct usable values.
    TypeError
        If `x` is not real numbers.

    Notes
    -----
    Method: alpha = 1 + n / sum(log(x / xmin)). Where the sample is large, a sketch of it bounds the
    distance of every candidate from below; what lies above the most promising bucket is gathered,
    sorted and scanned; buckets whose bound is above the distance found are out, and if one below
    is not, the scan is made once more from there. Equal to trying all, for candidates and distance;
    alpha to some units in the last place.

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
    if discrete:
        raise ValueError("discrete must be False: discrete fits are not there yet")
    _checks.one_of("ks", ks, ("left",))
    _checks.count("n_threads", n_threads, at_least=1)
    least = 1 if min_tail is None else _checks.count("min_tail", min_tail, at_least=1)
    data, dtype = as_elements(x, "x")
    side = _side(side, data, dtype)
    rule = {"xmin": xmin, "xmax": xmax, "min_tail": min_tail, "ks": ks, "discrete": discrete}
    source = _Source(data, dtype, side, xmax, weights, rule)
    if weights is None and dtype in HALF_DTYPES and xmax is None:
        fit = _fit(_values(_sketch(data, dtype, n_threads), side), xmin, least, side, curve)
    elif data.size >= PRUNED_FROM and weights is None and xmin is xmax is None and not curve:
        sketch = _sketch(data, dtype, n_threads)
        flat = data.reshape(-1)
        fit = fit_pruned(sketch, side, lambda low: gather(flat, side, low), least)
    else:
        fit = _fit(_whole(data, dtype, side, xmax, weights), xmin, least, side, curve)
    return replace(fit, _source=source)


def fit_pruned(
    sketch: TailSketch, side: str, gathered: Callable[[float], npt.NDArray[Any]], min_tail: int = 1
) -> PowerLawFit:
    """The fit of what was sketched; `gathered(low)` gives abs(x) of the side where it is >= low.

    It is called once or twice, and not at all where the sketch has each value (16-bit floats). This
    is the whole fit but for reading, which is the caller's.
    """
    if sketch.dtype in HALF_DTYPES:
        return _fit(_values(sketch, side), None, min_tail, side, False)
    buckets = sketch.buckets(side)
    if len(buckets.count) == 0:
        raise ValueError("x must have at least two distinct usable values, got 0")
    excluded = _left_out(sketch, side)
    bounds = prospect(buckets)
    size = max(min_tail, TAIL_OF_A_GUESS)
    start = int(np.argmin(np.where(bounds.tail >= size, bounds.guess, 2.0)))
    if bounds.tail[start] > TOO_MUCH_TO_TRY * bounds.tail[0]:
        start = 0  # a second scan would cost more than the first could save
    while True:
        values, counts = distinct(gathered(float(buckets.lower[start])))
        try:
            fit = _fit(_Sample(values, counts, excluded), None, min_tail, side, False)
        except ValueError:  # too little above the guess
            if start == 0:
                raise
            start = 0
            continue
        lowest = int(np.flatnonzero(bounds.distance <= fit.distance)[0])
        if lowest >= start:
            return _with_size(fit, buckets)
        start = lowest


def gather(flat: npt.NDArray[Any], side: str, low: float) -> npt.NDArray[Any]:
    """abs(x) of one side, where it is at least `low`, in the dtype of `flat`."""
    edge = flat.dtype.type(low)
    part: npt.NDArray[Any]
    if side == "positive":
        part = flat[flat >= edge]
    elif side == "negative":
        part = -flat[flat <= -edge]
    else:
        part = np.abs(flat[(flat >= edge) | (flat <= -edge)])
    return part


def distinct(values: npt.NDArray[Any]) -> tuple[Floats, Counts]:
    """Distinct values ascending, as float64, and how often each is there."""
    ordered = np.sort(values)
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])
    counts = np.diff(np.append(first, len(ordered))).astype(np.int64)
    return ordered[first].astype(np.float64), counts


def _side(side: str | None, data: npt.NDArray[Any], dtype: str) -> str:
    if side is not None:
        return _checks.one_of("side", side, SIDES)
    negative = data > 0x8000 if dtype in HALF_DTYPES else data < 0
    if negative.any():
        raise ValueError(
            f"x has {int(negative.sum())} negative values: side must be one of 'abs', 'positive', "
            f"'negative', got None"
        )
    return "positive"


def _sketch(data: npt.NDArray[Any], dtype: str, n_threads: int) -> TailSketch:
    sketch = TailSketch(dtype).update(data, n_threads=n_threads)
    if sketch.n_not_finite:
        raise ValueError(f"x must be finite, got {sketch.n_not_finite} NaN or infinite values")
    return sketch


def _values(sketch: TailSketch, side: str) -> _Sample:
    """Of 16-bit floats each bucket is a value."""
    buckets = sketch.buckets(side)
    return _Sample(buckets.lower, buckets.count, _left_out(sketch, side))


def _left_out(sketch: TailSketch, side: str) -> dict[str, int]:
    return _nonzero(side, sketch.n_zero, sketch.n_negative, sketch.n_positive)


def _nonzero(side: str, zeros: int, negative: int, positive: int) -> dict[str, int]:
    counts = {"zero": zeros}
    if side == "positive":
        counts["negative"] = negative
    if side == "negative":
        counts["positive"] = positive
    return {reason: int(n) for reason, n in counts.items() if n}


def _whole(
    data: npt.NDArray[Any],
    dtype: str,
    side: str,
    xmax: float | None,
    weights: npt.ArrayLike | None,
) -> _Sample:
    """All usable values of an array."""
    flat = data.reshape(-1)
    if dtype == "bfloat16":
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    elif dtype == "float16":
        flat = flat.view(np.float16)
    if bad := int(np.count_nonzero(~np.isfinite(flat))):
        raise ValueError(f"x must be finite, got {bad} NaN or infinite values")
    times = np.ones(len(flat), np.int64) if weights is None else _weights(weights, data.shape)
    n = [int(times[part].sum()) for part in (flat == 0, flat < 0, flat > 0)]
    excluded = _nonzero(side, *n)
    key = {"abs": np.abs, "positive": np.positive, "negative": np.negative}[side](flat)
    usable = (key > 0) & (times > 0)
    if xmax is not None:
        above = usable & (key > _checks.positive("xmax", xmax))
        if dropped := int(times[above].sum()):
            excluded["above xmax"] = dropped
        usable &= ~above
    key, times = key[usable], times[usable]
    if weights is None:
        return _Sample(*distinct(key), excluded)
    values, place = np.unique(key.astype(np.float64), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, place, times)
    return _Sample(values, counts, excluded)


def _weights(weights: npt.ArrayLike, shape: tuple[int, ...]) -> Counts:
    given = np.asarray(weights)
    if given.shape != shape:
        raise ValueError(f"weights must have the shape of x, {shape}, got {given.shape}")
    if given.dtype.kind not in "iu" or (given < 0).any():
        raise ValueError("weights must be integers, 0 or above")
    return given.reshape(-1).astype(np.int64)


def _fit(
    sample: _Sample,
    xmin: float | tuple[float, float] | None,
    min_tail: int,
    side: str,
    curve: bool,
) -> PowerLawFit:
    """Scan the candidates of a sample."""
    values, counts = sample.values, sample.counts
    if isinstance(xmin, tuple | list):
        low, high = (_checks.nonnegative("xmin", edge) for edge in xmin)
    elif xmin is not None:
        low = _checks.positive("xmin", xmin)
        kept = values >= low
        total, values, counts = int(counts.sum()), values[kept], counts[kept]
        if len(values) and values[0] > low:
            values, counts = np.append(low, values), np.append(0, counts)
    if len(values) < 2:
        raise ValueError(f"x must have at least two distinct usable values, got {len(values)}")
    # logarithms of ratios keep more digits than those of the values
    y = np.log(values / values[0])
    new = np.append(True, y[1:] > y[:-1])  # the logarithms of neighbours may coincide
    if not new.all():
        counts = np.add.reduceat(counts, np.flatnonzero(new))
        values, y = values[new], y[new]
    m = len(y)
    first, alpha = np.empty(m + 1, np.int64), np.empty(m)
    scan.prepare(y, counts, first, alpha)
    n = int(first[-1])
    begin, end = 0, min(m - 1, int(np.searchsorted(first[:-1], n - min_tail, side="right")))
    if isinstance(xmin, tuple | list):
        begin = int(np.searchsorted(values, low))
        end = min(end, int(np.searchsorted(values, high, side="right")))
    elif xmin is not None:
        end = 1
    k, distance = (-1, 0.0)
    if begin < end:
        k, distance = scan.best(y, first, alpha, begin, end, 1.0, math.inf, math.inf)
    if k < 0:
        raise ValueError(f"no candidate xmin is allowed by xmin={xmin!r}, min_tail={min_tail}")
    return PowerLawFit(
        alpha=float(alpha[k]),
        xmin=float(values[k]),
        distance=float(distance),
        n=total if xmin is not None and not isinstance(xmin, tuple | list) else n,
        n_tail=n - int(first[k]),
        excluded=MappingProxyType(sample.excluded),
        side=side,
        curve=_curve(values, y, first, alpha, begin, end) if curve else None,
    )


def _curve(
    values: Floats, y: Floats, first: Counts, alpha: Floats, begin: int, end: int
) -> tuple[Floats, Floats, Floats]:
    plus, minus = np.empty(end - begin), np.empty(end - begin)
    scan.curve(y, first, alpha, begin, end, plus, minus)
    return values[begin:end], np.maximum(plus, minus), alpha[begin:end]


def _with_size(fit: PowerLawFit, buckets: Buckets) -> PowerLawFit:
    """The fit of the gathered part as that of all."""
    return PowerLawFit(**{**vars(fit), "n": int(buckets.count.sum())})
