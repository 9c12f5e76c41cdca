"""A stand-in for the package `powerlaw`: ``import htstats.compat.powerlaw as powerlaw``.

Two profiles: "1.5" (the default) and "2.0"; `use_profile` chooses, or ``Fit(..., profile="2.0")``.
They differ in three rules: which alpha is in range (> 1; in the box (0, 3)), which candidates the
scan looks at (all distinct values but the largest; but the two largest), and where discrete data
use the continuous shortcut (`estimate_discrete`; from xmin = 10 on).

What powerlaw does and this module does not:

* alpha is never clamped to its box; a candidate outside is not valid, and `noise_flag` says so;
* with xmax the estimate is that of the truncated law, not of the whole one;
* ``fit_method="KS"`` minimises D instead of being skipped;
* ``KS()`` works on every class, with or without a parent;
* ``nested=False`` is believed;
* values <= 0 are dropped with a warning, always; NaN raises ValueError;
* `loglikelihood` is there on the analytic path too;
* `loglikelihood_ratio` leaves the caller's arrays as they are;
* every distribution is normalised on [xmin, xmax];
* a truncated power law calls no arbitrary-precision function per point;
* a lognormal that runs along a ridge stops at a bound, and `noise_flag` is True.

The continuous scan is exact and takes milliseconds; the curves (`Ds`, `alphas`, ...) are computed
when they are asked for.
"""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from htstats._checks import one_of
from htstats._scan import Candidates, candidates_of
from htstats.alternatives import ALTERNATIVES, fit_alternative

__all__ = [
    "Distribution",
    "Exponential",
    "Fit",
    "Lognormal",
    "Lognormal_Positive",
    "Power_Law",
    "Stretched_Exponential",
    "Truncated_Power_Law",
    "ccdf",
    "cdf",
    "checkunique",
    "is_discrete",
    "loglikelihood_ratio",
    "nested_loglikelihood_ratio",
    "pdf",
    "plot_ccdf",
    "plot_cdf",
    "plot_pdf",
    "trim_to_range",
    "use_profile",
]

Floats = npt.NDArray[np.float64]
Range = Any  # {"alpha": (low, high)} or a function of the distribution

PROFILES = ("1.5", "2.0")
_profile = "1.5"
TINY = 10.0**sys.float_info.min_10_exp  # what powerlaw writes for a likelihood of 0


def use_profile(name: str) -> None:
    """Choose the rules of powerlaw "1.5" or "2.0" for the fits made from now on."""
    global _profile
    _profile = one_of("name", name, PROFILES)


# ---- functions of data --------------------------------------------------------------------------


def trim_to_range(data: Any, xmin: Any = None, xmax: Any = None, **kwargs: Any) -> Floats:
    """The values in [xmin, xmax]."""
    x = np.asarray(data, dtype=np.float64)
    if xmin:
        x = x[x >= xmin]
    if xmax:
        x = x[x <= xmax]
    return x


def is_discrete(data: Any) -> bool:
    """Whether all values are integers."""
    x = np.asarray(data, dtype=np.float64)
    return bool(np.all(x == np.floor(x)))


def checkunique(data: Any) -> bool:
    """Whether no value of the sorted data is repeated."""
    x = np.asarray(data)
    return not bool(np.any(x[1:] == x[:-1]))


def cdf(
    data: Any, survival: bool = False, xmin: Any = None, xmax: Any = None, **kwargs: Any
) -> tuple[Floats, Floats]:
    """Distinct values and the share of data below each (survival: at or above)."""
    x = trim_to_range(data, xmin, xmax)
    if x.size == 0:
        return np.array([np.nan]), np.array([np.nan])
    values, counts = np.unique(x, return_counts=True)
    below = (np.cumsum(counts) - counts) / x.size
    return values, 1 - below if survival else below


def ccdf(data: Any, survival: bool = True, **kwargs: Any) -> tuple[Floats, Floats]:
    """Distinct values and the share of data at or above each."""
    return cdf(data, survival=survival, **kwargs)


def pdf(
    data: Any, xmin: Any = None, xmax: Any = None, linear_bins: bool = False, **kwargs: Any
) -> tuple[Floats, Floats]:
    """Bin edges and a normalised histogram.

    Ten logarithmic bins a decade with integer edges, or bins one wide; data below 1 are measured
    in units of xmin. `bins` overrides both.
    """
    x = np.asarray(data, dtype=np.float64)
    xmin = float(xmin or np.min(x))
    xmax = float(xmax or np.max(x))
    unit = xmin if xmin < 1 else 1.0
    low, high = xmin / unit, xmax / unit
    if kwargs.get("bins") is not None:
        bins = np.asarray(kwargs["bins"], dtype=np.float64)
    elif linear_bins:
        bins = np.arange(int(low), math.ceil(high) + 1, dtype=np.float64)
    else:
        logs = math.log10(low), math.log10(high)
        bins = np.logspace(*logs, num=math.ceil((logs[1] - logs[0]) * 10))
        bins = np.unique(np.append(np.floor(bins[:-1]), math.ceil(high)))
        if bins.size < 2:  # less than a tenth of a decade
            bins = np.array([math.floor(low), math.floor(low) + 1.0])
    histogram, edges = np.histogram(x / unit, bins, density=True)
    return edges * unit, histogram / unit


def loglikelihood_ratio(
    loglikelihoods1: Any,
    loglikelihoods2: Any,
    nested: bool = False,
    normalized_ratio: bool = False,
    **kwargs: Any,
) -> tuple[float, float]:
    """R and p of Vuong's test; the arrays are not written to."""
    first = np.maximum(np.array(loglikelihoods1, dtype=np.float64), math.log(TINY))
    second = np.maximum(np.array(loglikelihoods2, dtype=np.float64), math.log(TINY))
    n = first.size
    if n == 0:
        return 0.0, 1.0
    difference = first - second
    ratio = float(np.sum(difference))
    spread = math.sqrt(n * float(np.var(difference)))
    normalized = ratio / spread if spread > 0 else math.copysign(math.inf, ratio) * (ratio != 0)
    if ratio == 0:
        normalized = 0.0
    p = special.chdtrc(1, 2 * abs(ratio)) if nested else special.erfc(abs(normalized) / 2**0.5)
    return (normalized if normalized_ratio else ratio), float(p)


def nested_loglikelihood_ratio(first: Any, second: Any, **kwargs: Any) -> tuple[float, float]:
    """`loglikelihood_ratio` of nested models."""
    return loglikelihood_ratio(first, second, nested=True, **kwargs)


def _axes(ax: Any) -> Any:
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    ax.set_xscale("log")
    ax.set_yscale("log")
    return ax


_DATA_WORDS = ("xmin", "xmax", "bins", "linear_bins", "survival", "original_data")


def _line(ax: Any, x: Floats, y: Floats, style: dict[str, Any]) -> Any:
    ax = _axes(ax)
    ax.plot(x, y, **{k: v for k, v in style.items() if k not in _DATA_WORDS})
    return ax


def plot_cdf(data: Any, ax: Any = None, survival: bool = False, **kwargs: Any) -> Any:
    """Draw the empirical distribution function; returns the axes."""
    return _line(ax, *cdf(data, survival=survival, **kwargs), kwargs)


def plot_ccdf(data: Any, ax: Any = None, survival: bool = True, **kwargs: Any) -> Any:
    """Draw the empirical survival function; returns the axes."""
    return plot_cdf(data, ax=ax, survival=survival, **kwargs)


def plot_pdf(data: Any, ax: Any = None, linear_bins: bool = False, **kwargs: Any) -> Any:
    """Draw the histogram at the middles of its bins, empty ones left out; returns the axes."""
    edges, density = pdf(data, linear_bins=linear_bins, **kwargs)
    density = np.where(density == 0, np.nan, density)
    return _line(ax, (edges[1:] + edges[:-1]) / 2, density, kwargs)


# ---- distributions ------------------------------------------------------------------------------


class Distribution:
    """One distribution on [xmin, xmax], fitted to `data` or with `parameters` given."""

    name = ""
    _names: tuple[str, ...] = ()
    _lower: tuple[float, ...] = ()

    def __init__(
        self,
        xmin: Any = 1,
        xmax: Any = None,
        discrete: bool = False,
        fit_method: str = "Likelihood",
        data: Any = None,
        parameters: Any = None,
        parameter_range: Range = None,
        initial_parameters: Any = None,
        discrete_approximation: Any = "round",
        parent_Fit: Any = None,
        parameter_ranges: Range = None,
        **kwargs: Any,
    ) -> None:
        self.xmin = float(xmin) if xmin is not None else 1.0
        self.xmax = float(xmax) if xmax else None
        self.discrete = discrete
        self.fit_method = fit_method
        self.discrete_approximation = discrete_approximation
        self.estimate_discrete = kwargs.get("estimate_discrete", True)
        self.profile = kwargs.get("profile") or getattr(parent_Fit, "profile", _profile)
        self.range = parameter_range if parameter_range is not None else parameter_ranges
        self.parent_Fit = parent_Fit
        self.noise_flag: bool | None = None
        self.n = 0
        self.loglikelihood = self.D = self.D_plus = self.D_minus = math.nan
        self.V = self.Kappa = self.Asquare = math.nan
        for i in range(3):
            setattr(self, f"parameter{i + 1}", None)
            setattr(self, f"parameter{i + 1}_name", None)
        if initial_parameters is not None:
            self.parameters(np.atleast_1d(initial_parameters))
        if parameters is not None:
            self.parameters(np.atleast_1d(parameters))
        elif data is not None:
            self.fit(data)

    def parameters(self, params: Any) -> None:
        """Set the parameters, in the order of their names."""
        for i, (name, value) in enumerate(zip(self._names, params, strict=True)):
            setattr(self, name, float(value))
            setattr(self, f"parameter{i + 1}", float(value))
            setattr(self, f"parameter{i + 1}_name", name.lower())

    def _law(self, discrete: bool | None = None) -> Any:
        values = [getattr(self, name) for name in self._names]
        law = ALTERNATIVES[self.name]
        return law(self.xmin, *values, discrete=self.discrete if discrete is None else discrete)

    def in_range(self) -> bool:
        """Whether the parameters are allowed."""
        if callable(self.range):
            return bool(self.range(self))
        bounds = dict(self._standard_range())
        bounds.update(self.range or {})
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not (low is None or value > low) or not (high is None or value < high):
                return False
        return True

    def _standard_range(self) -> dict[str, tuple[float | None, float | None]]:
        return {name: (low, None) for name, low in zip(self._names, self._lower, strict=True)}

    def fit(self, data: Any = None, suppress_output: bool = False) -> None:
        """Fit by maximum likelihood (or by D, with fit_method "KS") to the data in range."""
        x = trim_to_range(self._data(data), self.xmin, self.xmax)
        self.n = x.size
        self.noise_flag = True
        try:
            law = fit_alternative(x, self.name, xmin=self.xmin, discrete=self.discrete)
        except ValueError:  # nothing to fit: too few values
            self.parameters([math.nan] * len(self._names))
            return
        self.parameters([getattr(law, name) for name in self._names])
        self._refine(x)
        self.noise_flag = not self.in_range() or "ridge" in law.note
        if self.noise_flag and not suppress_output:
            warnings.warn(f"{self.name}: no valid fit: {law.note or 'out of range'}", stacklevel=2)
        self.loglikelihood = float(np.sum(self.loglikelihoods(x)))
        self.KS(x)

    def _refine(self, x: Floats) -> None:
        """Where the closed estimate is not the one asked for: xmax, a range, or the KS method."""
        if self.xmax is None and self.fit_method != "KS" and self.in_range():
            return
        if self.xmax is None and self.fit_method != "KS" and not self.range:
            return

        def cost(p: Floats) -> float:
            with np.errstate(all="ignore"):
                self.parameters(p)
                if not self.in_range():
                    return 1e300
                if self.fit_method == "KS":
                    return self.KS(x)
                value = -float(np.sum(self.loglikelihoods(x))) / x.size
            return value if math.isfinite(value) else 1e300

        start = np.array([getattr(self, name) for name in self._names])
        closed = start.copy()
        if not self.in_range() and isinstance(self.range, dict):
            for i, name in enumerate(self._names):
                low, high = self.range.get(name, (None, None))
                if low is not None and start[i] <= low:
                    start[i] = low + 1e-3 * max(1.0, abs(low))
                if high is not None and start[i] >= high:
                    start[i] = high - 1e-3 * max(1.0, abs(high))
        options = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 4000}
        best = optimize.minimize(cost, start, method="Nelder-Mead", options=options)
        self.parameters(best.x if best.fun < 1e300 else closed)

    def _data(self, data: Any) -> Any:
        if data is None:
            if self.parent_Fit is None:
                raise ValueError("data must be given: this distribution has no parent fit")
            return self.parent_Fit.data
        return data

    def _mass(self) -> float:
        """The probability of [xmin, xmax] under the law on [xmin, inf)."""
        if self.xmax is None:
            return 1.0
        return float(-np.expm1(self._law().logsf(self.xmax)))

    def loglikelihoods(self, data: Any = None) -> Floats:
        """Log density at the data in range."""
        x = trim_to_range(self._data(data), self.xmin, self.xmax)
        if not self.in_range():
            return np.full(x.size, math.log(TINY))
        value = self._law().logpdf(x) - math.log(self._mass())
        return np.asarray(np.maximum(value, math.log(TINY)))

    def likelihoods(self, data: Any = None) -> Floats:
        """Density at the data in range."""
        return np.exp(self.loglikelihoods(data))

    def pdf(self, data: Any = None) -> Floats:
        """Density (discrete: probability) at the data in range."""
        return self.likelihoods(data)

    def _sf(self, x: Floats) -> Floats:
        return np.asarray(np.exp(self._law(discrete=False).logsf(x)))

    def cdf(self, data: Any = None, survival: bool = False) -> Floats:
        """Distribution function at the data in range; discrete power laws: P(X < x)."""
        x = trim_to_range(self._data(data), self.xmin, self.xmax)
        if not self.in_range():
            return np.full(x.size, TINY)
        total = 1.0 if self.xmax is None else 1 - float(self._sf(np.array([self.xmax]))[0])
        value = (1 - self._sf(x)) / total
        return 1 - value if survival else value

    def ccdf(self, data: Any = None, survival: bool = True) -> Floats:
        """1 - cdf."""
        return self.cdf(data, survival=survival)

    def KS(self, data: Any = None) -> float:
        """D of the data in range; sets D_plus, D_minus, V, Kappa and Asquare too."""
        values, seen = cdf(self._data(data), xmin=self.xmin, xmax=self.xmax)
        if values.size < 2:
            self.D = math.nan
            return self.D
        model = self.cdf(values)
        difference = model - seen
        self.D_plus, self.D_minus = float(np.max(difference)), float(-np.min(difference))
        self.V = self.D_plus + self.D_minus
        self.D = max(self.D_plus, self.D_minus)
        self.Kappa = 1 + float(np.mean(difference))
        self.Asquare = float(np.sum((difference**2 / (model * (1 - model) + 1e-12))[1:]))
        return self.D

    def generate_random(
        self, n: int = 1, estimate_discrete: bool | None = None, rng: Any = None
    ) -> Floats:
        """n draws; `rng` is a seed or a generator."""
        law = self._law()
        generator = np.random.default_rng(rng)
        out = law.sample(n, generator)
        while self.xmax is not None and np.any(far := out > self.xmax):
            out[far] = law.sample(int(np.sum(far)), generator)
        return np.asarray(out)

    def plot_pdf(self, data: Any = None, ax: Any = None, **kwargs: Any) -> Any:
        """Draw the density at the distinct data; returns the axes."""
        x = np.unique(trim_to_range(self._data(data), self.xmin, self.xmax))
        return _line(ax, x, self.pdf(x), kwargs)

    def plot_cdf(
        self, data: Any = None, ax: Any = None, survival: bool = False, **kwargs: Any
    ) -> Any:
        """Draw the distribution function at the distinct data; returns the axes."""
        x = np.unique(trim_to_range(self._data(data), self.xmin, self.xmax))
        return _line(ax, x, self.cdf(x, survival=survival), kwargs)

    def plot_ccdf(
        self, data: Any = None, ax: Any = None, survival: bool = True, **kwargs: Any
    ) -> Any:
        """Draw the survival function at the distinct data; returns the axes."""
        return self.plot_cdf(data, ax=ax, survival=survival, **kwargs)


class Power_Law(Distribution):
    """Density ~ x^-alpha."""

    name = "power_law"
    _names = ("alpha",)
    alpha: float

    @property
    def sigma(self) -> float:
        """Standard error of alpha."""
        return (self.alpha - 1) / math.sqrt(self.n) if self.n else math.nan

    def _standard_range(self) -> dict[str, tuple[float | None, float | None]]:
        return {"alpha": (0.0, 3.0) if self.profile == "2.0" else (1.0, None)}

    def _shortcut(self) -> bool:
        if not self.discrete or self.xmax is not None:
            return False
        return self.xmin >= 10 if self.profile == "2.0" else bool(self.estimate_discrete)

    def fit(self, data: Any = None, suppress_output: bool = True) -> None:
        """The closed estimate, zeta's, or that of the law truncated at xmax."""
        x = trim_to_range(self._data(data), self.xmin, self.xmax)
        self.n = x.size
        low = self.xmin - 0.5 if self._shortcut() else self.xmin
        logs = float(np.sum(np.log(x / low)))
        self.parameters([1 + self.n / logs if logs > 0 else math.nan])
        self.noise_flag = True
        if not logs > 0:
            return
        if self.fit_method == "KS":
            self._refine(x)
        elif self.xmax is not None or (self.discrete and not self._shortcut()):
            self._numeric(x)
        self.noise_flag = not self.in_range()
        self.loglikelihood = float(np.sum(self.loglikelihoods(x)))
        self.KS(x)

    def _numeric(self, x: Floats) -> None:
        logs = float(np.mean(np.log(x / self.xmin)))

        def negative(alpha: float) -> float:
            self.parameters([alpha])
            if self.discrete:
                total = special.zeta(alpha, self.xmin)
                if self.xmax is not None:
                    total = total - special.zeta(alpha, self.xmax + 1)
                return float(alpha * logs + np.log(total) + alpha * math.log(self.xmin))
            span = (1 - alpha) * math.log((self.xmax or math.inf) / self.xmin)
            return alpha * logs - math.log((alpha - 1) / -math.expm1(span))

        best = optimize.minimize_scalar(
            negative, bounds=(1 + 1e-9, 50.0), method="bounded", options={"xatol": 1e-11}
        )
        self.parameters([float(best.x)])

    def _sf(self, x: Floats) -> Floats:
        if not self.discrete:
            return np.asarray((x / self.xmin) ** (1 - self.alpha))
        return np.asarray(special.zeta(self.alpha, x) / special.zeta(self.alpha, self.xmin))

    def in_range(self) -> bool:
        """Whether alpha is allowed; the density itself needs alpha > 1."""
        return self.alpha > 1 and super().in_range()

    def loglikelihoods(self, data: Any = None) -> Floats:
        """Log density at the data in range; also outside the box of the profile."""
        x = trim_to_range(self._data(data), self.xmin, self.xmax)
        if not self.alpha > 1:
            return np.full(x.size, math.log(TINY))
        return np.asarray(self._law().logpdf(x) - math.log(self._mass()))

    def cdf(self, data: Any = None, survival: bool = False) -> Floats:
        """Distribution function at the data in range; discrete: P(X < x)."""
        x = trim_to_range(self._data(data), self.xmin, self.xmax)
        top = 0.0
        if self.xmax is not None:
            top = float(self._sf(np.array([self.xmax + 1 if self.discrete else self.xmax]))[0])
        value = (1 - self._sf(x)) / (1 - top)
        return 1 - value if survival else value


class Exponential(Distribution):
    """Density ~ exp(-Lambda x)."""

    name = "exponential"
    _names = ("Lambda",)
    _lower = (0.0,)


class Stretched_Exponential(Distribution):
    """Survival ~ exp(-(Lambda x)^beta)."""

    name = "stretched_exponential"
    _names = ("Lambda", "beta")
    _lower = (0.0, 0.0)


class Truncated_Power_Law(Distribution):
    """Density ~ x^-alpha exp(-Lambda x)."""

    name = "truncated_power_law"
    _names = ("alpha", "Lambda")
    _lower = (1.0 - 1e-9, 0.0)


class Lognormal(Distribution):
    """log x is normal(mu, sigma)."""

    name = "lognormal"
    _names = ("mu", "sigma")

    def _standard_range(self) -> dict[str, tuple[float | None, float | None]]:
        return {"sigma": (0.0, None)}


class Lognormal_Positive(Lognormal):
    """A lognormal with mu >= 0."""

    name = "lognormal_positive"

    def _standard_range(self) -> dict[str, tuple[float | None, float | None]]:
        return {"mu": (-1e-12, None), "sigma": (0.0, None)}


_CLASSES: dict[str, type[Distribution]] = {
    law.name: law
    for law in (
        Power_Law,
        Lognormal,
        Exponential,
        Truncated_Power_Law,
        Stretched_Exponential,
        Lognormal_Positive,
    )
}


# ---- the fit ------------------------------------------------------------------------------------


class Fit:
    """Fit a power law (or `xmin_distribution`) and find xmin; the alternatives are attributes."""

    def __init__(
        self,
        data: Any,
        discrete: bool = False,
        xmin: Any = None,
        xmax: Any = None,
        verbose: Any = True,
        fit_method: str = "Likelihood",
        estimate_discrete: bool = True,
        discrete_approximation: Any = "round",
        sigma_threshold: float | None = None,
        parameter_range: Range = None,
        fit_optimizer: Any = None,
        xmin_distance: str = "D",
        xmin_distribution: str = "power_law",
        *,
        profile: str | None = None,
        parameter_ranges: Range = None,
        **kwargs: Any,
    ) -> None:
        self.profile = one_of("profile", profile or _profile, PROFILES)
        self.xmin_distance = one_of("xmin_distance", xmin_distance, ("D", "V", "Asquare"))
        one_of("xmin_distribution", xmin_distribution, tuple(_CLASSES))
        self.fit_method = one_of("fit_method", fit_method, ("Likelihood", "KS"))
        self.data_original = data
        self.discrete = discrete
        self.verbose = verbose
        self.estimate_discrete = estimate_discrete
        self.discrete_approximation = discrete_approximation
        self.sigma_threshold = sigma_threshold
        self.parameter_range = parameter_range if parameter_range is not None else parameter_ranges
        self.supported_distributions = dict(_CLASSES)
        self.xmin_distribution = _CLASSES[xmin_distribution]
        self.given_xmin, self.given_xmax = xmin, xmax
        self.xmax = float(xmax) if xmax else None
        self.fixed_xmax = self.xmax is not None
        self.data, n_above = self._clean(data)
        self.xmin = self.alpha = self.sigma = math.nan
        self.D = self.V = self.Asquare = self.Kappa = math.nan
        self.noise_flag: bool | None = None
        self._candidates: Candidates | None = None
        self._curves: dict[str, Any] = {}
        self.fixed_xmin = bool(xmin) and not isinstance(xmin, (tuple, list, np.ndarray))
        if self.fixed_xmin:
            self.xmin = float(xmin)
        else:
            self.find_xmin()
        self.data = self.data[self.data >= self.xmin]
        self._settle()
        self.n = float(self.data.size)
        self.n_tail = self.n + n_above

    def _clean(self, data: Any) -> tuple[Floats, int]:
        x = np.array(data, dtype=np.float64)
        if x.ndim != 1:
            raise ValueError(f"data must be one-dimensional, got {x.ndim} dimensions")
        if np.any(np.isnan(x)):
            raise ValueError("data must not hold NaN")
        if dropped := int(np.sum(x <= 0)):
            warnings.warn(f"{dropped} values <= 0 in data are not used", stacklevel=3)
            x = x[x > 0]
        above = 0
        if self.xmax is not None:
            above = int(np.sum(x > self.xmax))
            x = x[x <= self.xmax]
        return np.sort(x), above

    def _range(self) -> tuple[int, int]:
        """Which of the distinct values are candidates."""
        assert self._candidates is not None
        values = self._candidates.values
        if self.given_xmin is None or not np.size(self.given_xmin):
            return 0, max(values.size - (1 if self.profile == "1.5" else 2), 0)
        low, high = min(self.given_xmin), max(self.given_xmin)
        begin = int(np.sum(values < low))
        end = int(np.sum(values <= high if self.profile == "1.5" else values < high))
        return begin, max(end - 1, begin)

    def _is_plain(self) -> bool:
        """Whether the exact scan answers: a continuous power law by likelihood, without xmax."""
        return (
            self.xmin_distribution is Power_Law
            and not self.discrete
            and self.xmax is None
            and self.fit_method == "Likelihood"
            and not callable(self.parameter_range)
        )

    def _alpha_box(self) -> tuple[float, float]:
        low, high = (0.0, 3.0) if self.profile == "2.0" else (1.0, math.inf)
        if self.parameter_range:
            low, high = self.parameter_range.get("alpha", (low, high))
        low = 1.0 if low is None else max(float(low), 1.0)
        # the kernel takes alpha <= high, the box is open
        return low, math.inf if high is None else float(np.nextafter(high, -math.inf))

    def find_xmin(self, xmin_distance: str | None = None) -> float:
        """Find the candidate of smallest distance, and set xmin, alpha, sigma and it."""
        kind = xmin_distance or self.xmin_distance
        if self.data.size:
            self._candidates = candidates_of(self.data)
        if self._candidates is None or self._range()[1] - self._range()[0] < 1:
            warnings.warn("fewer than two candidates for xmin: everything is NaN", stacklevel=3)
            self.noise_flag = True
            self._curves = {name: np.array([math.nan]) for name in _CURVES}
            return self.xmin
        begin, end = self._range()
        best = -1
        if self._is_plain() and kind == "D":
            low, high = self._alpha_box()
            threshold = self.sigma_threshold or math.inf
            best, _ = self._candidates.best(
                begin, end, alpha_low=low, alpha_high=high, sigma_below=threshold
            )
            self.noise_flag = best < 0
            if best < 0:
                best, _ = self._candidates.best(begin, end, alpha_low=-math.inf)
        if best < 0:
            best = begin + self._first_best(kind)
        if self.noise_flag:
            warnings.warn("no candidate is in range: the best of all is taken", stacklevel=3)
        self.xmin = float(self._candidates.values[best])
        return self.xmin

    def _first_best(self, kind: str) -> int:
        distances = np.where(np.isnan(self._curve(kind + "s")), math.inf, self._curve(kind + "s"))
        good = self.in_ranges.copy()
        if self.sigma_threshold:
            good &= self.sigmas < self.sigma_threshold
        self.noise_flag = not bool(np.any(good))
        return int(np.argmin(np.where(good, distances, math.inf) if np.any(good) else distances))

    def _settle(self) -> None:
        """The fit at xmin, by the formula itself."""
        if self.data.size == 0:
            return
        law = self._distribution(self.xmin_distribution, self.xmin)
        for name in ("D", "V", "Asquare", "Kappa"):
            setattr(self, name, getattr(law, name))
        self.alpha = float(getattr(law, "alpha", math.nan))
        self.sigma = float(getattr(law, "sigma", math.nan))
        if self.fixed_xmin:
            self.noise_flag = law.noise_flag

    def _distribution(self, law: type[Distribution], xmin: float) -> Distribution:
        return law(
            data=self.data,
            xmin=xmin,
            xmax=self.xmax,
            discrete=self.discrete,
            fit_method=self.fit_method,
            estimate_discrete=self.estimate_discrete,
            discrete_approximation=self.discrete_approximation,
            parameter_range=self.parameter_range if law is Power_Law else None,
            parent_Fit=self,
        )

    def _curve(self, name: str) -> Any:
        if name not in self._curves:
            self._fill_curves()
        return self._curves[name]

    def _fill_curves(self) -> None:
        if self._candidates is None:
            raise AttributeError("xmin was given: there is no curve of candidates")
        begin, end = self._range()
        xmins = self._candidates.values[begin:end]
        self._curves["xmins"] = xmins.copy()
        if self._is_plain() and self.xmin_distance != "Asquare":
            low, high = self._alpha_box()
            alphas = self._candidates.alpha[begin:end].copy()
            tails = self._candidates.n - self._candidates.first[begin:end]
            plus, minus = self._candidates.curve(begin, end)
            self._curves["alphas"] = alphas
            self._curves["sigmas"] = (alphas - 1) / np.sqrt(tails)
            self._curves["Ds"], self._curves["Vs"] = np.maximum(plus, minus), plus + minus
            self._curves["in_ranges"] = (alphas > low) & (alphas <= high)
            return
        data, self.data = (
            self.data,
            np.repeat(self._candidates.values, np.diff(self._candidates.first)),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            laws = [self._distribution(self.xmin_distribution, float(xmin)) for xmin in xmins]
        self.data = data
        for curve, name in (("Ds", "D"), ("Vs", "V"), ("Asquares", "Asquare")):
            self._curves[curve] = np.array([getattr(law, name) for law in laws])
        for curve, name in (("alphas", "alpha"), ("sigmas", "sigma")):
            self._curves[curve] = np.array([getattr(law, name, math.nan) for law in laws])
        self._curves["in_ranges"] = np.array([law.in_range() for law in laws])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _CURVES:
            return self._curve(name)
        if name in _CLASSES:
            law = self._distribution(_CLASSES[name], self.xmin)
            setattr(self, name, law)
            return law
        if name == "xmin_fitting_results":
            words = {"xmins": "xmins", "distances": self.xmin_distance + "s"}
            words |= {"alphas": "alphas", "sigmas": "sigmas", "valid_fits": "in_ranges"}
            return {word: self._curve(curve) for word, curve in words.items()}
        raise AttributeError(name)

    def distribution_compare(
        self, dist1: str, dist2: str, nested: bool | None = None, **kwargs: Any
    ) -> tuple[float, float]:
        """R and p of dist1 against dist2; nested None: if one name contains the other."""
        if nested is None:
            nested = dist1 in dist2 or dist2 in dist1
        laws = [getattr(self, name) for name in (dist1, dist2)]
        logs = [law.loglikelihoods(self.data) for law in laws]
        return loglikelihood_ratio(logs[0], logs[1], nested=nested, **kwargs)

    def loglikelihood_ratio(
        self, dist1: str, dist2: str, nested: bool | None = None, **kwargs: Any
    ) -> tuple[float, float]:
        """Another name of `distribution_compare`."""
        return self.distribution_compare(dist1, dist2, nested=nested, **kwargs)

    def nested_distribution_compare(
        self, dist1: str, dist2: str, nested: bool = True, **kwargs: Any
    ) -> tuple[float, float]:
        """`distribution_compare` of nested laws."""
        return self.distribution_compare(dist1, dist2, nested=nested, **kwargs)

    def _shown(self, original_data: bool) -> tuple[Any, float | None, float | None]:
        if original_data:
            return self.data_original, None, None
        return self.data, self.xmin, self.xmax

    def cdf(self, original_data: bool = False, survival: bool = False, **kwargs: Any) -> Any:
        """Empirical distribution function of the tail, or of all the data."""
        data, xmin, xmax = self._shown(original_data)
        return cdf(data, xmin=xmin, xmax=xmax, survival=survival, **kwargs)

    def ccdf(self, original_data: bool = False, survival: bool = True, **kwargs: Any) -> Any:
        """Empirical survival function of the tail, or of all the data."""
        return self.cdf(original_data, survival, **kwargs)

    def pdf(self, original_data: bool = False, **kwargs: Any) -> Any:
        """Histogram of the tail, or of all the data."""
        data, xmin, xmax = self._shown(original_data)
        return pdf(data, xmin=xmin, xmax=xmax, **kwargs)

    def plot_cdf(
        self, ax: Any = None, original_data: bool = False, survival: bool = False, **kwargs: Any
    ) -> Any:
        """Draw the empirical distribution function; returns the axes."""
        data, _, _ = self._shown(original_data)
        return plot_cdf(data, ax=ax, survival=survival, **kwargs)

    def plot_ccdf(
        self, ax: Any = None, original_data: bool = False, survival: bool = True, **kwargs: Any
    ) -> Any:
        """Draw the empirical survival function; returns the axes."""
        return self.plot_cdf(ax, original_data, survival, **kwargs)

    def plot_pdf(
        self, ax: Any = None, original_data: bool = False, linear_bins: bool = False, **kwargs: Any
    ) -> Any:
        """Draw the histogram; returns the axes."""
        data, _, _ = self._shown(original_data)
        return plot_pdf(data, ax=ax, linear_bins=linear_bins, **kwargs)


_CURVES = ("Ds", "Vs", "Asquares", "alphas", "sigmas", "xmins", "in_ranges")
