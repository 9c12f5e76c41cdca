"""The distributions a power law is compared with, fitted to the tail x >= xmin.

Each class fits by maximum likelihood and has `logpdf`, `logcdf`, `logsf` and `sample`.
Where the likelihood has no maximum (a lognormal that wants to become a power law runs to
mu = -infinity) the estimate stops at a stated bound and `note` says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from htstats._arrays import as_float64
from htstats._checks import count, positive
from htstats._tables import format_table

__all__ = [
    "ALTERNATIVES",
    "Alternative",
    "Comparison",
    "ComparisonTable",
    "Exponential",
    "LikelihoodRatio",
    "Lognormal",
    "LognormalPositive",
    "PowerLaw",
    "StretchedExponential",
    "TruncatedPowerLaw",
    "compare",
    "compare_all",
    "fit_alternative",
    "likelihood_ratio",
    "log_expint",
]

Floats = npt.NDArray[np.float64]

# a lognormal whose median lies this many sigma below xmin is a power law to one part in 1e3
LOGNORMAL_RIDGE = 30.0
# towards beta = 0 x**beta is a logarithm and the law a power law; below this bound the Lambda that
# goes with it, ((alpha - 1)/beta)**(1/beta), leaves the floats
STRETCH_BOUNDS = (0.02, 20.0)
# a cutoff this far beyond xmin is not seen by any sample
CUTOFF_BOUNDS = (1e-12, 1e3)
ALPHA_BOUNDS = (1.0, 50.0)


def log_expint(a: float, z: npt.ArrayLike) -> Floats:
    """log E_a(z), the exponential integral of real order: E_a(z) = int_1^inf t^-a e^(-z t) dt.

    Parameters
    ----------
    a : float
        The order, any real number.
    z : array_like
        Arguments > 0 (and 0 where a > 1).

    Notes
    -----
    z >= 1: the continued fraction of DLMF 8.19.17 by Lentz's method. Below 1:
    the power series at an order in (1/2, 3/2], then the forward recurrence DLMF 8.19.12, which is
    stable there. Relative error of E below 1e-13 for a in [-10, 20].

    Examples
    --------
    >>> float(np.exp(log_expint(1.0, 1.0)))  # doctest: +ELLIPSIS
    0.219383934395...
    """
    z = np.asarray(z, dtype=np.float64)
    out = np.empty(z.shape)
    large = z >= max(1.0, 1.0 - a)
    out[large] = _log_expint_fraction(a, z[large])
    out[~large] = _log_expint_recurrence(a, z[~large])
    return out


def _log_expint_fraction(a: float, z: Floats) -> Floats:
    b = z + a
    c = np.full(z.shape, 1e300)
    d = 1.0 / b
    h = d.copy()
    for i in range(1, 2000):
        step = -i * (a - 1 + i)
        b = b + 2.0
        d = 1.0 / (step * d + b)
        c = b + step / c
        delta = c * d
        h = h * delta
        if not np.any(np.abs(delta - 1) > 1e-15):
            break
    return np.asarray(np.log(h) - z)


def _log_expint_recurrence(a: float, z: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        if a <= 0.5:
            s = 1 - a
            return np.asarray(np.log(special.gammaincc(s, z)) + special.gammaln(s) - s * np.log(z))
        steps = max(0, math.ceil(a - 1.5))
        order = a - steps  # in (1/2, 3/2]
        e = _expint_near_one(order, z)
        for k in range(steps):
            product = np.where(z > 0, z * e, 0.0)
            e = (np.exp(-z) - product) / (order + k)
        return np.asarray(np.log(e))


def _expint_near_one(order: float, z: Floats) -> Floats:
    """E_order(z) by DLMF 8.19.10, whose two poles at order 1 cancel under one expm1."""
    delta = order - 1
    if delta == 0:
        return np.asarray(special.exp1(z))
    # log Gamma(1 - delta), relative to delta: 1 - delta itself would round it away
    k = np.arange(2, 56)
    log_gamma = np.euler_gamma * delta + float(np.sum(special.zeta(k, 1) * delta**k / k))
    total = -np.expm1(log_gamma + delta * np.log(z)) / delta
    term = np.ones(z.shape)
    for i in range(1, 22):  # 1/22! < 2^-53 for z < 1
        term = term * (-z / i)
        total = total - term / (i - delta)
    return np.asarray(total)


def _log1mexp(x: Floats) -> Floats:
    """log(1 - e^x) for x <= 0."""
    with np.errstate(divide="ignore"):
        return np.where(x > -math.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


@dataclass(frozen=True)
class Alternative:
    """One distribution on x >= xmin; its subclasses say which.

    Attributes
    ----------
    xmin : float
        Where the support begins, in units of x.
    discrete : bool
        Whether the support is the integers from xmin.
    n_tail : int
        Values fitted; 0 where the parameters were given.
    loglikelihood : float
        Of the values fitted; NaN where the parameters were given.
    note : str
        Empty, or why the estimate stands on a bound.
    """

    xmin: float
    discrete: bool = field(default=False, kw_only=True)
    n_tail: int = field(default=0, kw_only=True)
    loglikelihood: float = field(default=math.nan, kw_only=True)
    note: str = field(default="", kw_only=True)

    name: ClassVar[str] = ""
    parameter_names: ClassVar[tuple[str, ...]] = ()

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return {name: float(getattr(self, name)) for name in self.parameter_names}

    # what a subclass gives: the continuous law above `low`
    def _logpdf(self, x: Floats, low: float) -> Floats:
        raise NotImplementedError

    def _logsf(self, x: Floats, low: float) -> Floats:
        raise NotImplementedError

    def _isf(self, logq: Floats, low: float) -> Floats:
        raise NotImplementedError

    # discrete: the continuous law above xmin - 1/2, rounded; overridden where a sum is closed
    def _logpmf(self, k: Floats) -> Floats:
        low = self.xmin - 0.5
        below, above = self._logsf(k - 0.5, low), self._logsf(k + 0.5, low)
        return below + _log1mexp(np.minimum(above - below, 0.0))

    def _logsf_discrete(self, k: Floats) -> Floats:
        return self._logsf(k + 0.5, self.xmin - 0.5)

    def logpdf(self, x: npt.ArrayLike) -> Floats:
        """Log density (discrete: log probability), -inf below xmin and between integers."""
        x = np.asarray(x, dtype=np.float64)
        inside = x >= self.xmin
        if self.discrete:
            inside = inside & (x == np.floor(x))
        safe = np.where(inside, x, self.xmin)
        value = self._logpmf(safe) if self.discrete else self._logpdf(safe, self.xmin)
        return np.where(np.isnan(x), np.nan, np.where(inside, value, -np.inf))

    def logsf(self, x: npt.ArrayLike) -> Floats:
        """log P(X > x)."""
        x = np.asarray(x, dtype=np.float64)
        inside = x >= self.xmin
        safe = np.where(inside, np.floor(x) if self.discrete else x, self.xmin)
        value = self._logsf_discrete(safe) if self.discrete else self._logsf(safe, self.xmin)
        return np.where(np.isnan(x), np.nan, np.where(inside, np.minimum(value, 0.0), 0.0))

    def logcdf(self, x: npt.ArrayLike) -> Floats:
        """log P(X <= x)."""
        return _log1mexp(self.logsf(x))

    def sample(self, size: int, rng: np.random.Generator | int) -> Floats:
        """`size` independent draws; `rng` is a generator or a seed."""
        size = count("size", size)
        rng = np.random.default_rng(rng)
        low = self.xmin - 0.5 if self.discrete else self.xmin
        x = self._isf(np.log1p(-rng.random(size)), low)
        return np.floor(x + 0.5) if self.discrete else x

    def __str__(self) -> str:
        values = ", ".join(f"{k} = {v:.6g}" for k, v in self.parameters.items())
        return f"{self.name}({values}; x >= {self.xmin:.6g})"


@dataclass(frozen=True)
class PowerLaw(Alternative):
    """Density (alpha - 1)/xmin (x/xmin)^-alpha; discrete k^-alpha / zeta(alpha, xmin)."""

    alpha: float
    name: ClassVar[str] = "power_law"
    parameter_names: ClassVar[tuple[str, ...]] = ("alpha",)

    def _logpdf(self, x: Floats, low: float) -> Floats:
        return np.asarray(math.log((self.alpha - 1) / low) - self.alpha * np.log(x / low))

    def _logsf(self, x: Floats, low: float) -> Floats:
        return np.asarray((1 - self.alpha) * np.log(x / low))

    def _isf(self, logq: Floats, low: float) -> Floats:
        return np.asarray(low * np.exp(logq / (1 - self.alpha)))

    def _logpmf(self, k: Floats) -> Floats:
        return np.asarray(-self.alpha * np.log(k) - np.log(special.zeta(self.alpha, self.xmin)))

    def _logsf_discrete(self, k: Floats) -> Floats:
        total = special.zeta(self.alpha, self.xmin)
        return np.asarray(np.log(special.zeta(self.alpha, k + 1) / total))

    def sample(self, size: int, rng: np.random.Generator | int) -> Floats:
        """`size` independent draws; discrete ones by bisection of the exact survival."""
        if not self.discrete:
            return super().sample(size, rng)
        u = 1 - np.random.default_rng(rng).random(count("size", size))
        logu = np.log(u)
        low = np.full(u.shape, self.xmin - 1)  # logsf(low) > log u
        high = np.full(u.shape, self.xmin)
        while np.any(grow := (self._logsf_discrete(high) >= logu) & (high < 2.0**52)):
            low, high = np.where(grow, high, low), np.where(grow, 2 * high, high)
        while np.any(high - low > 1):
            middle = np.floor((low + high) / 2)
            above = self._logsf_discrete(middle) >= logu
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return high

    @classmethod
    def fit(cls, x: Floats, xmin: float, discrete: bool) -> PowerLaw:
        total = float(np.sum(np.log(x / xmin)))
        _needs_spread(cls.name, total)
        if not discrete:
            return cls(xmin, 1 + x.size / total)
        logs = float(np.sum(np.log(x)))

        def negative(alpha: float) -> float:
            return float(alpha * logs + x.size * np.log(special.zeta(alpha, xmin)))

        best = optimize.minimize_scalar(
            negative, bounds=(1 + 1e-6, ALPHA_BOUNDS[1]), method="bounded", options={"xatol": 1e-11}
        )
        return cls(xmin, float(best.x), discrete=True)


@dataclass(frozen=True)
class Exponential(Alternative):
    """Density Lambda exp(-Lambda (x - xmin)); discrete the geometric law."""

    Lambda: float
    name: ClassVar[str] = "exponential"
    parameter_names: ClassVar[tuple[str, ...]] = ("Lambda",)

    def _logpdf(self, x: Floats, low: float) -> Floats:
        return np.asarray(math.log(self.Lambda) - self.Lambda * (x - low))

    def _logsf(self, x: Floats, low: float) -> Floats:
        return np.asarray(-self.Lambda * (x - low))

    def _isf(self, logq: Floats, low: float) -> Floats:
        return np.asarray(low - logq / self.Lambda)

    @classmethod
    def fit(cls, x: Floats, xmin: float, discrete: bool) -> Exponential:
        excess = float(np.mean(x - xmin))
        _needs_spread(cls.name, excess)
        if discrete:
            return cls(xmin, math.log1p(1 / excess), discrete=True)
        return cls(xmin, 1 / excess)


@dataclass(frozen=True)
class StretchedExponential(Alternative):
    """Survival exp((Lambda xmin)^beta - (Lambda x)^beta)."""

    Lambda: float
    beta: float
    name: ClassVar[str] = "stretched_exponential"
    parameter_names: ClassVar[tuple[str, ...]] = ("Lambda", "beta")

    def _logpdf(self, x: Floats, low: float) -> Floats:
        scaled = self.beta * (math.log(self.Lambda) + np.log(x))
        return np.asarray(math.log(self.beta) + scaled - np.log(x) + self._logsf(x, low))

    def _logsf(self, x: Floats, low: float) -> Floats:
        power = math.exp(self.beta * math.log(self.Lambda * low)) if low > 0 else 0.0
        if power == 0:
            return np.asarray(-((self.Lambda * x) ** self.beta))
        return np.asarray(-power * np.expm1(self.beta * np.log(x / low)))

    def _isf(self, logq: Floats, low: float) -> Floats:
        power = (self.Lambda * low) ** self.beta
        if power == 0:
            return np.asarray((-logq) ** (1 / self.beta) / self.Lambda)
        return np.asarray(low * np.exp(np.log1p(-logq / power) / self.beta))

    @classmethod
    def fit(cls, x: Floats, xmin: float, discrete: bool) -> StretchedExponential:
        logs = np.log(x / xmin)
        total = float(np.sum(logs))
        _needs_spread(cls.name, total)

        def rate(beta: float) -> float:  # the best (Lambda xmin)^beta for this beta
            return x.size / float(np.sum(np.expm1(beta * logs)))

        def negative(t: float) -> float:
            beta = math.exp(t)
            with np.errstate(over="ignore"):
                c = rate(beta)
            if c <= 0:
                return math.inf
            return -(x.size * (t + math.log(c)) + beta * total)

        low, high = map(math.log, STRETCH_BOUNDS)
        high = min(high, math.log(600 / float(np.max(logs))))
        best = optimize.minimize_scalar(
            negative, bounds=(low, high), method="bounded", options={"xatol": 1e-9}
        )
        beta = math.exp(best.x)
        # the rate may leave the floats long before the likelihood notices
        scale = math.exp(min(max(math.log(rate(beta)) / beta, -700.0), 700.0)) / xmin
        note = ""
        if best.x - low < 1e-3:
            note = f"beta stands on its bound {STRETCH_BOUNDS[0]}: a ridge towards a power law"
        elif high - best.x < 1e-3:
            note = "beta stands on its upper bound"
        start = cls(xmin, scale, beta, note=note)
        if not discrete:
            return start

        def make(p: Floats) -> StretchedExponential:
            with np.errstate(over="ignore"):
                return cls(xmin, float(np.exp(p[0])), float(np.exp(p[1])), discrete=True, note=note)

        box = [(-700.0, 700.0), (low, math.log(STRETCH_BOUNDS[1]))]
        found: StretchedExponential = _minimise(make, [math.log(scale), math.log(beta)], box, x)
        return found


@dataclass(frozen=True)
class Lognormal(Alternative):
    """log x is normal(mu, sigma), given x >= xmin."""

    mu: float
    sigma: float
    name: ClassVar[str] = "lognormal"
    parameter_names: ClassVar[tuple[str, ...]] = ("mu", "sigma")

    def _score(self, x: Floats | float) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray((np.log(x) - self.mu) / self.sigma)

    def _logpdf(self, x: Floats, low: float) -> Floats:
        log_total = special.log_ndtr(-self._score(low))
        kernel = -0.5 * self._score(x) ** 2 - math.log(self.sigma * math.sqrt(2 * math.pi))
        return np.asarray(kernel - np.log(x) - log_total)

    def _logsf(self, x: Floats, low: float) -> Floats:
        return np.asarray(special.log_ndtr(-self._score(x)) - special.log_ndtr(-self._score(low)))

    def _isf(self, logq: Floats, low: float) -> Floats:
        z = -special.ndtri_exp(logq + special.log_ndtr(-self._score(low)))
        return np.asarray(np.exp(self.mu + self.sigma * z))

    @classmethod
    def fit(cls, x: Floats, xmin: float, discrete: bool) -> Lognormal:
        mu, sigma, note = _fit_lognormal(x, xmin)
        start = cls(xmin, mu, sigma, note=note)
        return cls._finish(start, x, -math.inf) if discrete else start

    @classmethod
    def _finish(cls, start: Lognormal, x: Floats, lowest: float) -> Lognormal:
        """The discrete estimate, from the continuous one."""

        def make(p: Floats) -> Lognormal:
            sigma = float(np.exp(p[1]))
            return cls(start.xmin, float(p[0]), sigma, discrete=True, note=start.note)

        floor = math.log(start.xmin) - LOGNORMAL_RIDGE * 10 * start.sigma
        box = [(max(lowest, floor), math.log(np.max(x)) + 10), (-20.0, 20.0)]
        found: Lognormal = _minimise(make, [start.mu, math.log(start.sigma)], box, x)
        return found


def _fit_lognormal(x: Floats, xmin: float) -> tuple[float, float, str]:
    """mu, sigma of a normal truncated from below: two moments give one equation in z.

    With z = (log xmin - mu)/sigma and h the normal hazard, E y = sigma (h - z) and
    E y^2 = sigma^2 (1 - z (h - z)); E y^2/(E y)^2 grows from 1 to 2 (the exponential law of y,
    a power law of x), which the sample may exceed: then there is no maximum.
    """
    y = np.log(x / xmin)
    mean, square = float(np.mean(y)), float(np.mean(y * y))
    _needs_spread("lognormal", square - mean * mean)
    log_xmin = math.log(xmin)

    def gap(z: float) -> float:
        return float(np.sqrt(2 / np.pi) / special.erfcx(z / np.sqrt(2)) - z)

    def ratio(z: float) -> float:
        g = gap(z)
        return (1 - z * g) / (g * g)

    target = square / mean**2
    lowest = -1e5
    note = ""
    if target >= ratio(LOGNORMAL_RIDGE):
        z = LOGNORMAL_RIDGE
        note = f"a ridge towards a power law: mu held {LOGNORMAL_RIDGE:g} sigma below log(xmin)"
    else:
        z = optimize.brentq(lambda z: ratio(z) - target, lowest, LOGNORMAL_RIDGE, xtol=1e-13)
    sigma = mean / gap(z)
    return log_xmin - z * sigma, sigma, note


@dataclass(frozen=True)
class LognormalPositive(Lognormal):
    """A lognormal with mu >= 0: no ridge, at the price of a bound."""

    name: ClassVar[str] = "lognormal_positive"

    @classmethod
    def fit(cls, x: Floats, xmin: float, discrete: bool) -> LognormalPositive:
        mu, sigma, note = _fit_lognormal(x, xmin)
        if mu < 0:
            y = np.log(x)

            def negative(t: float) -> float:
                law = cls(xmin, 0.0, math.exp(t))
                return -float(np.sum(law._logpdf(x, xmin)))

            spread = math.log(math.sqrt(float(np.mean(y * y))) + 1e-12)
            best = optimize.minimize_scalar(
                negative, bounds=(spread - 5, spread + 5), method="bounded", options={"xatol": 1e-9}
            )
            mu, sigma, note = 0.0, math.exp(best.x), "mu stands on its bound 0"
        start = cls(xmin, mu, sigma, note=note)
        if not discrete:
            return start
        found = cls._finish(start, x, 0.0)
        return cls(xmin, found.mu, found.sigma, discrete=True, note=note)


@dataclass(frozen=True)
class TruncatedPowerLaw(Alternative):
    """Density proportional to x^-alpha exp(-Lambda x): a power law with an exponential cutoff.

    Notes
    -----
    The normalisation E_alpha(Lambda xmin) is one number per pair of parameters and the likelihood
    needs only n, sum log x and sum x: a fit costs one pass over the data.
    """

    alpha: float
    Lambda: float
    name: ClassVar[str] = "truncated_power_law"
    parameter_names: ClassVar[tuple[str, ...]] = ("alpha", "Lambda")

    def _logpdf(self, x: Floats, low: float) -> Floats:
        total = float(log_expint(self.alpha, self.Lambda * low))
        return np.asarray(-self.alpha * np.log(x / low) - self.Lambda * x - total - math.log(low))

    def _logsf(self, x: Floats, low: float) -> Floats:
        ratio = log_expint(self.alpha, self.Lambda * x) - log_expint(self.alpha, self.Lambda * low)
        return np.asarray((1 - self.alpha) * np.log(x / low) + ratio)

    def _logpmf(self, k: Floats) -> Floats:
        total = _log_cutoff_sum(self.alpha, self.Lambda, np.array([self.xmin]))[0]
        return np.asarray(-self.alpha * np.log(k) - self.Lambda * k - total)

    def _logsf_discrete(self, k: Floats) -> Floats:
        total = _log_cutoff_sum(self.alpha, self.Lambda, np.array([self.xmin]))[0]
        unique, where = np.unique(k, return_inverse=True)
        sums = _log_cutoff_sum(self.alpha, self.Lambda, unique + 1)
        return np.asarray(sums[where].reshape(k.shape) - total)

    def sample(self, size: int, rng: np.random.Generator | int) -> Floats:
        """`size` independent draws by bisection of the survival function."""
        u = 1 - np.random.default_rng(rng).random(count("size", size))
        logu = np.log(u)
        if self.discrete:
            return self._sample_discrete(logu)
        low, high = np.zeros(u.shape), np.ones(u.shape)  # of log(x/xmin)
        while np.any(grow := self._logsf(self.xmin * np.exp(high), self.xmin) > logu):
            high = np.where(grow, 2 * high, high)
        for _ in range(56):
            middle = (low + high) / 2
            above = self._logsf(self.xmin * np.exp(middle), self.xmin) > logu
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.asarray(self.xmin * np.exp((low + high) / 2))

    def _sample_discrete(self, logu: Floats) -> Floats:
        low, high = np.full(logu.shape, self.xmin - 1), np.full(logu.shape, self.xmin)
        while np.any(grow := self._logsf_discrete(high) >= logu):
            low, high = np.where(grow, high, low), np.where(grow, 2 * high, high)
        while np.any(high - low > 1):
            middle = np.floor((low + high) / 2)
            above = self._logsf_discrete(middle) >= logu
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return high

    @classmethod
    def fit(cls, x: Floats, xmin: float, discrete: bool) -> TruncatedPowerLaw:
        logs = float(np.mean(np.log(x / xmin)))
        mean = float(np.mean(x / xmin))
        _needs_spread(cls.name, logs)
        low = np.array([xmin])

        def negative(p: Floats) -> float:
            alpha, z = float(p[0]), math.exp(p[1])
            if discrete:
                total = float(_log_cutoff_sum(alpha, z / xmin, low)[0]) + alpha * math.log(xmin)
            else:
                total = float(log_expint(alpha, z))
            return alpha * logs + z * mean + total

        floor, ceiling = map(math.log, CUTOFF_BOUNDS)
        box = [ALPHA_BOUNDS, (floor, ceiling)]
        starts = [[min(1 + 1 / logs, 40.0), math.log(1e-3 / mean)], [1.5, -math.log(mean)]]
        runs = [_nelder_mead(negative, start, box) for start in starts]
        value, (alpha, t) = min(runs, key=lambda run: run[0])
        pareto = 1 + 1 / logs
        # a maximum at no cutoff is flat in log Lambda: any value down to the bound is as good
        edge = negative(np.array([min(pareto, ALPHA_BOUNDS[1]), floor]))
        note = ""
        if edge <= value + 1e-12 * abs(value):
            alpha, t = min(pareto, ALPHA_BOUNDS[1]), floor
            note = "Lambda stands on its bound: a power law fits no worse"
        elif alpha - ALPHA_BOUNDS[0] < 1e-7:
            note = "alpha stands on its bound 1"
        return cls(xmin, float(alpha), math.exp(t) / xmin, discrete=discrete, note=note)


def _log_cutoff_sum(alpha: float, rate: float, start: Floats) -> Floats:
    """log of sum_{k >= start} k^-alpha e^(-rate k): terms, then Euler and Maclaurin's integral."""
    head = 32
    k = start[:, None] + np.arange(head)
    terms = -alpha * np.log(k) - rate * k
    m = start + head
    edge = -alpha * np.log(m) - rate * m
    d1 = alpha / m + rate  # minus the logarithmic derivative
    # f', f''' of f = exp(g), with g' = -d1, g'' = alpha/m^2, g''' = -2 alpha/m^3
    g2, g3 = alpha / m**2, -2 * alpha / m**3
    third = -(d1**3) - 3 * d1 * g2 + g3
    correction = 0.5 + d1 / 12 + third / 720
    tail = (1 - alpha) * np.log(m) + log_expint(alpha, rate * m)
    with np.errstate(divide="ignore"):
        rest = np.logaddexp(tail, edge + np.log(np.maximum(correction, 1e-300)))
    return np.asarray(np.logaddexp(special.logsumexp(terms, axis=1), rest))


def _nelder_mead(
    function: Callable[[Floats], float], start: list[float], box: list[tuple[float, float]]
) -> tuple[float, Floats]:
    clipped = [min(max(v, low), high) for v, (low, high) in zip(start, box, strict=True)]
    simplex = np.array([clipped, clipped, clipped], dtype=np.float64)
    for row, (low, high) in enumerate(box):
        step = 0.2 if clipped[row] + 0.2 <= high else -0.2
        simplex[row + 1, row] = max(clipped[row] + step, low)
    best = optimize.minimize(
        function,
        clipped,
        method="Nelder-Mead",
        bounds=box,
        options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 2000, "initial_simplex": simplex},
    )
    return float(best.fun), best.x


def _minimise(
    make: Callable[[Floats], Any], start: list[float], box: list[tuple[float, float]], x: Floats
) -> Any:
    values, counts = np.unique(x, return_counts=True)

    def negative(p: Floats) -> float:
        with np.errstate(all="ignore"):
            total = -float(counts @ make(p)._logpmf(values)) / x.size
        return total if math.isfinite(total) else 1e300

    return make(_nelder_mead(negative, start, box)[1])


def _needs_spread(name: str, spread: float) -> None:
    if not spread > 0:
        raise ValueError(f"{name} needs two different values above xmin")


ALTERNATIVES: Mapping[str, type[Any]] = {
    law.name: law
    for law in (
        PowerLaw,
        Exponential,
        StretchedExponential,
        Lognormal,
        LognormalPositive,
        TruncatedPowerLaw,
    )
}
# simpler -> richer: the richer one contains it as a limit
_NESTED = {
    ("power_law", "truncated_power_law"),
    ("exponential", "truncated_power_law"),
    ("exponential", "stretched_exponential"),
    ("lognormal_positive", "lognormal"),
}


def fit_alternative(
    x: npt.ArrayLike, name: str, *, xmin: float, discrete: bool = False
) -> Alternative:
    """Fit the distribution `name` to the values of `x` at xmin and above.

    Parameters
    ----------
    x : array_like
        Data; values below `xmin` are not looked at.
    name : str
        A key of `ALTERNATIVES`.
    xmin : float
        Where the tail begins, > 0.
    discrete : bool
        Fit on the integers; then every tail value must be one.

    Raises
    ------
    ValueError
        Unknown name, NaN or inf in `x`, fewer than two different values in the tail.

    Examples
    --------
    >>> law = fit_alternative([1.0, 2.0, 3.0], "exponential", xmin=1.0)
    >>> law.Lambda
    1.0
    """
    if name not in ALTERNATIVES:
        raise ValueError(f"name must be one of {', '.join(ALTERNATIVES)}, got {name!r}")
    xmin = positive("xmin", xmin)
    data = as_float64(x).ravel()
    if not np.all(np.isfinite(data)):
        raise ValueError("x must be finite, got NaN or inf")
    tail = data[data >= xmin]
    if tail.size == 0:
        raise ValueError(f"x has no value at or above xmin = {xmin!r}")
    if discrete and np.any(tail != np.floor(tail)):
        raise ValueError("x must hold integers when discrete=True")
    law = ALTERNATIVES[name].fit(tail, xmin, discrete)
    return _with_likelihood(law, tail)


def _with_likelihood(law: Any, tail: Floats) -> Alternative:
    from dataclasses import replace

    total = float(np.sum(law.logpdf(tail)))
    fitted: Alternative = replace(law, n_tail=tail.size, loglikelihood=total)
    return fitted


class LikelihoodRatio(NamedTuple):
    """R = sum of log density differences; its standardised form; the p-value."""

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
        Whether one model contains the other: then 2 abs(R) is compared with chi-squared(1).

    Notes
    -----
    R > 0 favours the first. Identical models give R = 0 and p = 1.

    References
    ----------
    Clauset, Shalizi and Newman (2009), appendix C, eqs. C.3-C.7.
    """
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if difference.size == 0:
        raise ValueError("first must not be empty")
    if np.any(np.isnan(difference)):
        raise ValueError("first and second must not be NaN or infinite at the same point")
    ratio = float(np.sum(difference))
    if math.isinf(ratio):
        return LikelihoodRatio(ratio, ratio, 0.0)
    spread = math.sqrt(difference.size * float(np.var(difference)))
    normalized = ratio / spread if spread > 0 else (0.0 if ratio == 0 else math.inf * ratio)
    if nested:
        return LikelihoodRatio(ratio, normalized, float(special.chdtrc(1, 2 * abs(ratio))))
    return LikelihoodRatio(ratio, normalized, float(special.erfc(abs(normalized) / math.sqrt(2))))


@dataclass(frozen=True)
class Comparison:
    """Which of two fitted laws the data favour.

    Attributes
    ----------
    first, second : Alternative
        The two laws, both fitted to x >= xmin.
    R : float
        Log-likelihood ratio; positive favours `first`.
    normalized : float
        R over its standard deviation.
    pvalue : float
        Probability of an R this far from 0 if both were equally good.
    nested : bool
        Whether the nested test was used.
    """

    first: Alternative
    second: Alternative
    R: float
    normalized: float
    pvalue: float
    nested: bool

    def better(self, level: float = 0.1) -> str:
        """The name of the favoured law, or "undecided" where pvalue > level."""
        if self.pvalue > level or self.R == 0:
            return "undecided"
        return self.first.name if self.R > 0 else self.second.name

    def __str__(self) -> str:
        note = self.second.note and f" ({self.second.note})"
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
    discrete: bool = False,
    nested: bool | None = None,
) -> Comparison:
    """Fit two laws to x >= xmin and compare them by likelihood ratio.

    `nested` None: known from the pair (a power law is inside the truncated one, the exponential
    inside the stretched and the truncated).

    Examples
    --------
    >>> x = np.exp(np.random.default_rng(0).standard_normal(2000))
    >>> compare(x, "power_law", "lognormal", xmin=1.0).better()
    'lognormal'
    """
    laws = [fit_alternative(x, name, xmin=xmin, discrete=discrete) for name in (first, second)]
    data = as_float64(x).ravel()
    return _compare(laws[0], laws[1], data[data >= xmin], nested)


def _compare(a: Alternative, b: Alternative, tail: Floats, nested: bool | None) -> Comparison:
    if nested is None:
        nested = (a.name, b.name) in _NESTED or (b.name, a.name) in _NESTED
    found = likelihood_ratio(a.logpdf(tail), b.logpdf(tail), nested=nested)
    return Comparison(a, b, found.R, found.normalized, found.pvalue, nested)


@dataclass(frozen=True)
class ComparisonTable:
    """A power law against every alternative; `print` it."""

    rows: tuple[Comparison, ...]

    def __str__(self) -> str:
        header = ["alternative", "R", "p", "favoured", "parameters", "note"]
        cells = []
        for row in self.rows:
            values = " ".join(f"{k}={v:.4g}" for k, v in row.second.parameters.items())
            ratio, pvalue = f"{row.R:.4g}", f"{row.pvalue:.3g}"
            cells.append([row.second.name, ratio, pvalue, row.better(), values, row.second.note])
        return format_table(header, cells)


def compare_all(x: npt.ArrayLike, *, xmin: float, discrete: bool = False) -> ComparisonTable:
    """The power law against every alternative on x >= xmin."""
    power = fit_alternative(x, "power_law", xmin=xmin, discrete=discrete)
    data = as_float64(x).ravel()
    tail = data[data >= xmin]
    others = (name for name in ALTERNATIVES if name != "power_law")
    laws = (fit_alternative(tail, name, xmin=xmin, discrete=discrete) for name in others)
    return ComparisonTable(tuple(_compare(power, law, tail, None) for law in laws))
