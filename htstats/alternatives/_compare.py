"""Fit laws by name, and compare them by likelihood ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from htstats._common.arrays import Floats, as_points, as_sample
from htstats._common.checks import positive
from htstats._common.data_checks import require_all_finite
from htstats._common.tables import format_table
from htstats._laws.zeta import require_whole
from htstats.alternatives._base import Alternative
from htstats.alternatives._exponential import Exponential
from htstats.alternatives._lognormal import Lognormal, LognormalPositive
from htstats.alternatives._power_law import PowerLaw
from htstats.alternatives._stretched_exponential import StretchedExponential
from htstats.alternatives._truncated_power_law import TruncatedPowerLaw

__all__ = [
    "ALTERNATIVES",
    "Comparison",
    "ComparisonTable",
    "LikelihoodRatio",
    "compare",
    "compare_all",
    "fit_alternative",
    "likelihood_ratio",
]

LAWS = (
    PowerLaw,
    Exponential,
    StretchedExponential,
    Lognormal,
    LognormalPositive,
    TruncatedPowerLaw,
)
ALTERNATIVES: Mapping[str, type[Any]] = MappingProxyType({law.name: law for law in LAWS})
# Pairs (simpler, richer): the richer law contains the simpler one or has it as a limit.
_NESTED = {
    ("power_law", "truncated_power_law"),
    ("exponential", "truncated_power_law"),
    ("exponential", "stretched_exponential"),
    ("lognormal_positive", "lognormal"),
}


def fit_alternative(
    x: npt.ArrayLike, name: str, *, xmin: float, xmax: float | None = None, discrete: bool = False
) -> Alternative:
    """Fit the distribution `name` to the values of `x` in [xmin, xmax] by maximum likelihood.

    Parameters
    ----------
    x : array_like
        Data; values outside [xmin, xmax] are ignored.
    name : str
        A key of `ALTERNATIVES`.
    xmin : float
        Lower end of the tail, > 0.
    xmax : float, optional
        Upper end of the law.
    discrete : bool
        Fit on the integers. xmin and every value in the tail must then be integers up to 2**53.

    Returns
    -------
    Alternative
        The fitted law, with `loglikelihood`, `n_tail`, and a `note` if an estimate is on a bound.
        If the likelihood has no maximum but rises to that of another law, `limit` is that law and
        the parameters are those of the limit.

    Raises
    ------
    ValueError
        If the name is unknown, `x` contains NaN or inf, the tail has no value above xmin or no two
        different values, or xmax is not above xmin; or, with `discrete`, if a value is not an
        integer.

    Examples
    --------
    >>> law = fit_alternative([1.0, 2.0, 3.0], "exponential", xmin=1.0)
    >>> law.Lambda
    1.0
    """
    if name not in ALTERNATIVES:
        raise ValueError(f"name must be one of {', '.join(ALTERNATIVES)}, got {name!r}")
    xmin, end = positive("xmin", xmin), math.inf if xmax is None else positive("xmax", xmax)
    if not xmin < end:
        raise ValueError(f"xmax must be above xmin, got {xmax!r} with xmin={xmin!r}")
    tail = tail_of(x, xmin, end)
    if tail.size == 0:
        raise ValueError(f"x has no value at or above xmin = {xmin!r}")
    if discrete:
        require_whole("x", tail)
        require_whole("xmin", np.array([xmin]))
    law = ALTERNATIVES[name].fit(tail, xmin, discrete, end)
    total = float(np.sum(law.logpdf(tail)))
    fitted: Alternative = replace(law, n_tail=tail.size, loglikelihood=total)
    return fitted


def tail_of(x: npt.ArrayLike, xmin: float, xmax: float) -> Floats:
    """Return the unmasked values in [xmin, xmax]; raise ValueError if a value is not finite."""
    data = as_sample(x)
    require_all_finite("x", data)
    return data[(data >= xmin) & (data <= xmax)]


class LikelihoodRatio(NamedTuple):
    """The sum R of the log density differences, R in its standardised form, and the p-value."""

    R: float
    normalized: float
    pvalue: float


def likelihood_ratio(
    first: npt.ArrayLike, second: npt.ArrayLike, *, nested: bool = False
) -> LikelihoodRatio:
    """Vuong's test on pointwise log-likelihoods of two models of the same data.

    Parameters
    ----------
    first, second : array_like
        Log densities at the same points.
    nested : bool
        Whether one model contains the other; 2 abs(R) is then compared with chi-squared(1).

    Returns
    -------
    LikelihoodRatio
        R, `normalized` and the p-value.

    Raises
    ------
    ValueError
        If there are no points, the shapes differ, or both are infinite at the same point.

    Notes
    -----
    R > 0 favours the first model. Identical models give R = 0 and p = 1. `normalized` is
    R / (sigma sqrt(n)), where sigma is the standard deviation (ddof = 0) of the differences.

    References
    ----------
    Clauset, Shalizi and Newman (2009), appendix C, eqs. C.3-C.7.

    Examples
    --------
    >>> likelihood_ratio([-1.0, -2.0], [-1.0, -2.0])
    LikelihoodRatio(R=0.0, normalized=0.0, pvalue=1.0)
    """
    one, two = as_points(first, "first"), as_points(second, "second")
    if one.shape != two.shape:
        raise ValueError(f"second must have the shape of first, got {two.shape} and {one.shape}")
    if one.size == 0:
        raise ValueError("first must not be empty")
    with np.errstate(invalid="ignore"):
        difference = one - two
    if np.any(np.isnan(difference)):
        raise ValueError("first and second must not be NaN or infinite at the same point")
    ratio = float(np.sum(difference))
    if math.isnan(ratio):
        raise ValueError("first and second must not each be impossible at some point")
    if math.isinf(ratio):
        return LikelihoodRatio(ratio, ratio, 0.0)
    spread = math.sqrt(difference.size * float(np.var(difference)))
    if spread > 0:
        normalized = ratio / spread
    else:
        normalized = 0.0 if ratio == 0 else math.copysign(math.inf, ratio)
    if nested:
        return LikelihoodRatio(ratio, normalized, float(special.chdtrc(1, 2 * abs(ratio))))
    return LikelihoodRatio(ratio, normalized, float(special.erfc(abs(normalized) / math.sqrt(2))))


@dataclass(frozen=True)
class Comparison:
    """The likelihood ratio test of two fitted laws.

    Attributes
    ----------
    first, second : Alternative
        The two laws, both fitted to the values in [xmin, xmax].
    R : float
        Log-likelihood ratio; positive favours `first`.
    normalized : float
        R divided by its standard deviation.
    pvalue : float
        Probability of an R this far from 0 if both were equally good.
    nested : bool
        Whether the nested test was used.
    undecided : str
        The reason why the test gives no verdict at any level (`pvalue` is then 1); empty if the
        test gives a verdict.

    Notes
    -----
    There is no verdict, and R = 0, if the likelihoods of both laws rise to that of the same law
    (`Alternative.limit`). A lognormal and a stretched exponential rise to the power law if the
    coefficient of variation of log(x/xmin) is 1 or more. There is also no verdict if all values are
    equal, or if the less likely law is on a bound of the search (`Alternative.is_held`).
    """

    first: Alternative
    second: Alternative
    R: float
    normalized: float
    pvalue: float
    nested: bool
    undecided: str = ""

    @property
    def note(self) -> str:
        """`undecided` if it is not empty, otherwise the notes of the two laws."""
        notes = [law.note for law in (self.first, self.second) if law.note]
        return self.undecided or "; ".join(notes)

    def better(self, level: float = 0.1) -> str:
        """The name of the favoured law, or "undecided" if pvalue > level."""
        if self.undecided or self.pvalue > level or self.R == 0:
            return "undecided"
        return self.first.name if self.R > 0 else self.second.name

    def __str__(self) -> str:
        note = self.note and f" ({self.note})"
        return (
            f"{self.first.name} against {self.second.name}: R = {self.R:.4g}, "
            f"p = {self.pvalue:.3g}, {self.better()}{note}"
        )


def compare(
    x: npt.ArrayLike,
    first: str,
    second: str,
    *,
    xmin: float,
    xmax: float | None = None,
    discrete: bool = False,
    nested: bool | None = None,
) -> Comparison:
    """Fit two laws to the values in [xmin, xmax] and compare them by likelihood ratio.

    Parameters
    ----------
    x, xmin, xmax, discrete
        As in `fit_alternative`; if `xmax` is given, both laws end there.
    first, second : str
        Keys of `ALTERNATIVES`.
    nested : bool, optional
        Whether one law contains the other. By default the two names decide: the power law is nested
        in the truncated power law, the exponential in the stretched exponential and in the
        truncated power law, and the positive lognormal in the lognormal.

    Returns
    -------
    Comparison
        The two fitted laws and the result of the test.

    Raises
    ------
    ValueError
        As in `fit_alternative`.

    Examples
    --------
    >>> x = np.exp(np.random.default_rng(0).standard_normal(2000))
    >>> compare(x, "power_law", "lognormal", xmin=1.0).better()
    'lognormal'
    """
    laws = [
        fit_alternative(x, name, xmin=xmin, xmax=xmax, discrete=discrete)
        for name in (first, second)
    ]
    tail = tail_of(x, xmin, math.inf if xmax is None else xmax)
    return _compare(laws[0], laws[1], tail, nested)


def _compare(a: Alternative, b: Alternative, tail: Floats, nested: bool | None) -> Comparison:
    if nested is None:
        nested = (a.name, b.name) in _NESTED or (b.name, a.name) in _NESTED
    if reason := _common_limit(a, b):
        return Comparison(a, b, 0.0, 0.0, 1.0, nested, reason)
    found = likelihood_ratio(a.logpdf(tail), b.logpdf(tail), nested=nested)
    if reason := _no_verdict(a, b, tail, found.R):
        return Comparison(a, b, found.R, found.normalized, 1.0, nested, reason)
    return Comparison(a, b, found.R, found.normalized, found.pvalue, nested)


def _common_limit(a: Alternative, b: Alternative) -> str:
    """The reason why two laws are indistinguishable (a common limit); empty if they are not."""
    limits = [law.reached_limit() for law in (a, b)]
    names = {
        law.name if limit is None else limit.name for law, limit in zip((a, b), limits, strict=True)
    }
    if len(names) > 1 or a.name == b.name:
        return ""
    rising = [law.name for law, limit in zip((a, b), limits, strict=True) if limit is not None]
    return f"the likelihood of {' and '.join(rising)} rises to that of {names.pop()}, not above it"


def _no_verdict(a: Alternative, b: Alternative, tail: Floats, ratio: float) -> str:
    if tail[0] == np.max(tail) == np.min(tail) and a.name != b.name:
        return "all values are equal"
    worse = b if ratio > 0 else a
    if worse.is_held and ratio != 0:
        return (
            f"{worse.name} stands on a bound of the search, where it might be better: {worse.note}"
        )
    return ""


@dataclass(frozen=True)
class ComparisonTable:
    """Comparisons of a power law with every alternative; `print` shows a table."""

    rows: tuple[Comparison, ...]

    def __str__(self) -> str:
        header = ["alternative", "R", "p", "favoured", "parameters", "note"]
        cells = []
        for row in self.rows:
            values = " ".join(f"{k}={v:.4g}" for k, v in row.second.parameters.items())
            ratio, pvalue = f"{row.R:.4g}", f"{row.pvalue:.3g}"
            cells.append(
                [
                    row.second.name,
                    ratio,
                    pvalue,
                    row.better(),
                    values,
                    row.undecided or row.second.note,
                ]
            )
        return format_table(header, cells)


def compare_all(
    x: npt.ArrayLike, *, xmin: float, xmax: float | None = None, discrete: bool = False
) -> ComparisonTable:
    """Compare the power law with every alternative on [xmin, xmax]; arguments as in `compare`.

    Examples
    --------
    >>> x = 1 + np.random.default_rng(0).standard_exponential(2000)
    >>> [row.better() for row in compare_all(x, xmin=1.0).rows][:2]
    ['exponential', 'stretched_exponential']
    """
    power = fit_alternative(x, "power_law", xmin=xmin, xmax=xmax, discrete=discrete)
    tail = tail_of(x, xmin, math.inf if xmax is None else xmax)
    others = (name for name in ALTERNATIVES if name != "power_law")
    laws = (fit_alternative(tail, name, xmin=xmin, xmax=xmax, discrete=discrete) for name in others)
    return ComparisonTable(tuple(_compare(power, law, tail, None) for law in laws))
