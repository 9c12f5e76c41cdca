"""The stretched exponential, Weibull's law above xmin."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import optimize

from htstats._common.arrays import Floats
from htstats.alternatives._base import Alternative, log_ratio, needs_spread
from htstats.alternatives._power_law import PowerLaw, bounded_rate
from htstats.alternatives._ridge import RIDGE, Limit, continuous_limit, rounded_limit
from htstats.alternatives.family import climb, root
from htstats.alternatives.integrals import log1mexp

__all__ = ["LEAST_BETA", "StretchedExponential"]

# As beta falls to 0, x^beta behaves like a logarithm and the law becomes a power law. (`_ridge`
# says when the likelihood leads there.) Lambda = ((alpha - 1)/beta)^(1/beta) / xmin then leaves the
# range of floats. With an xmax, and on the integers, the first search ends at this beta.
LEAST_BETA = 0.02
# In units of 1/mean(t). With this beta the likelihood equals that of the power law to the last
# digit.
STRAIGHT = 1e-8
LOG_FLOAT = 708.0
# Largest beta log(max/xmin). In a steeper law all values are practically equal.
STEEPEST = 1e6
# Largest beta on the integers, in units of the largest value k. The cell of k has the width 1/k in
# log k, and with this beta the cell holds all of the mass or none of it.
STEEPEST_CELL = 60.0
# With u = e^40, the mass e^-u beyond xmax is 0 in floating point: the law has no upper end.
NO_END = -40.0
# Below this rate the density grows all the way to xmax.
LOG_GROWING = math.log(1e-12)
# Step in log beta of the grid on which the maxima are searched for.
STEP = 0.3

OUTSIDE = "Lambda is beyond the floats: (Lambda xmin)^beta = {:.6g}"
GROWING = "Lambda stands on its bound 0: a power law with a growing density"
TIED = "beta stands on its upper bound: the values are nearly one"


def _log_expm1(y: Floats) -> Floats:
    return np.asarray(y + log1mexp(-y))


@dataclass(frozen=True)
class StretchedExponential(Alternative):
    """The law with survival function exp((Lambda xmin)^beta - (Lambda x)^beta).

    On the integers it is this law, rounded.

    Attributes
    ----------
    Lambda, beta : float
        1/scale, in units of 1/x, and the exponent.
    log_rate : float
        log (Lambda xmin)^beta, set only if Lambda is outside the range of floats, and therefore 0
        or infinity.
    """

    Lambda: float
    beta: float
    log_rate: float = field(default=math.nan, kw_only=True)
    name: ClassVar[str] = "stretched_exponential"
    parameter_names: ClassVar[tuple[str, ...]] = ("Lambda", "beta")

    def _is_limit(self) -> bool:
        return self.beta == 0 or (self.Lambda == 0 and math.isnan(self.log_rate))

    def reached_limit(self) -> Alternative | None:
        if self.beta == 0 or not self._is_limit():
            return self.limit if self.beta == 0 else None
        if isinstance(self.limit, PowerLaw) and self.beta == 1 - self.limit.alpha:
            return self.limit
        return PowerLaw(self.xmin, 1 - self.beta, xmax=self.xmax)

    @property
    def _log_rate(self) -> float:
        """Log of (Lambda xmin)^beta."""
        if self.Lambda == 0 or math.isinf(self.Lambda):
            return self.log_rate
        return self.beta * (math.log(self.Lambda) + math.log(self.xmin))

    def _hazard(self, a: Floats, b: Floats) -> Floats:
        """Log of (Lambda b)^beta - (Lambda a)^beta."""
        ta = log_ratio(a, self.xmin)
        step = self.beta * (log_ratio(b, self.xmin) - ta)
        with np.errstate(divide="ignore"):
            return np.asarray(self._log_rate + self.beta * ta + _log_expm1(step))

    def _kernel(self, x: Floats) -> Floats:
        t = log_ratio(x, self.xmin)
        return np.asarray((self.beta - 1) * t - self._since_xmin(t))

    def _since_xmin(self, t: Floats) -> Floats:
        with np.errstate(over="ignore"):
            return np.asarray(
                np.sign(t) * np.exp(self._log_rate + _log_expm1(self.beta * np.abs(t)))
                * np.where(t < 0, np.exp(self.beta * t), 1.0)
            )  # fmt: skip

    def _log_mass(self, a: Floats, b: Floats) -> Floats:
        v = self._hazard(a, b)
        with np.errstate(over="ignore"):
            inside = np.where(v < -37, v, log1mexp(-np.exp(np.maximum(v, -37.0))))
        constant = math.log(self.xmin) - math.log(self.beta) - self._log_rate
        return np.asarray(constant - self._since_xmin(log_ratio(a, self.xmin)) + inside)

    def quantiles(self, logq: Floats) -> Floats:
        if (limit := self.reached_limit()) is not None:
            return limit.quantiles(logq)
        low = self.xmin - 0.5 if self.discrete else self.xmin
        if math.isfinite(self.xmax):
            high = np.array([self._last + 0.5 if self.discrete else self.xmax])
            with np.errstate(over="ignore"):
                share = float(np.expm1(-np.exp(self._hazard(np.array([low]), high)))[0])
            logq = np.log1p(np.expm1(logq) * -share)
        start = float(log_ratio(low, self.xmin))
        with np.errstate(divide="ignore", over="ignore"):
            needed = np.log(-logq) - self._log_rate - self.beta * start
            x = self.xmin * np.exp(start + np.logaddexp(0.0, needed) / self.beta)
        x = np.floor(x + 0.5) if self.discrete else x
        return np.clip(x, self.xmin, self._last)

    @classmethod
    def fit(
        cls, x: Floats, xmin: float, discrete: bool, xmax: float = math.inf
    ) -> StretchedExponential:
        """Maximise the likelihood of the values `x`, all in [xmin, xmax].

        Notes
        -----
        For each beta the best (Lambda xmin)^beta is 1 / mean expm1(beta t), t = log(x/xmin). The
        remaining likelihood is concave in beta, because log(sum expm1(beta t)/beta) is the log of a
        Laplace transform. With an xmax it may have two maxima: a grid of beta finds the sign
        changes of the slope, and the highest maximum is used. On the integers a search finds the
        maximum. If the likelihood rises to that of a power law instead (`_ridge` says when), beta
        is 0 and Lambda is infinite; if alpha < 1, Lambda is 0 and beta is 1 - alpha. `limit` is
        that power law.
        """
        low = xmin - 0.5 if discrete else xmin
        t = log_ratio(x, low)
        needs_spread(cls.name, float(np.max(t)))
        profile = _Profile(t, low)
        if not discrete and math.isfinite(xmax):
            return _Bounded(profile, xmin, xmax).best(cls)._or_limit(x)
        beta, note = profile.best()
        if not discrete and beta == 0:
            return cls(xmin, math.inf, 0.0)._or_limit(x)
        if not discrete:
            return cls._create(xmin, profile.log_rate(beta), beta, note)
        beta = max(beta, profile.low)
        return cls._fit_rounded(profile.log_rate(beta), beta, x, xmin, xmax, profile)

    def _or_limit(self, x: Floats) -> StretchedExponential:
        """Return the same law, with the power law as `limit` if the parameters are the limit's."""
        if not self._is_limit():
            return self
        power = PowerLaw.fit(x, self.xmin, self.discrete, self.xmax)
        beta = 0.0 if self.beta == 0 else 1 - power.alpha
        return replace(self, beta=beta, limit=power, note=self.note or RIDGE)

    @classmethod
    def _create(
        cls, xmin: float, log_rate: float, beta: float, note: str, xmax: float = math.inf
    ) -> StretchedExponential:
        """Create the law from log (Lambda xmin)^beta and beta."""
        log_scale = log_rate / beta - math.log(xmin)
        if abs(log_scale) <= LOG_FLOAT:
            scale, rate = math.exp(log_scale), math.nan
        else:
            scale, rate = (math.inf if log_scale > 0 else 0.0), log_rate
            note = note or OUTSIDE.format(math.exp(log_rate))
        return cls(xmin, scale, beta, log_rate=rate, note=note, xmax=xmax, is_held=note == TIED)

    @classmethod
    def _fit_rounded(
        cls,
        log_rate: float,
        beta: float,
        x: Floats,
        xmin: float,
        xmax: float,
        profile: _Profile,
    ) -> StretchedExponential:
        """Search for the rounded law, from the continuous estimate that starts at xmin - 1/2."""
        values, counts = np.unique(x, return_counts=True)
        limit = rounded_limit(values, counts, xmin, xmax)
        start = [log_rate + beta * (math.log(xmin) - math.log(xmin - 0.5)), math.log(beta)]

        def law(p: Floats, note: str = "") -> StretchedExponential:
            found = cls._create(xmin, float(p[0]), math.exp(p[1]), note, xmax)
            return replace(found, discrete=True)

        def height(p: Floats) -> float:
            return law(p)._log_likelihood(values, counts) / x.size

        top = math.log(STEEPEST_CELL * values[-1])
        box = [(-LOG_FLOAT, LOG_FLOAT), (math.log(profile.low), top)]
        point = climb(lambda p: -height(p), start, box)
        on_ridge = point[1] - box[1][0] < 1e-6
        if limit is not None and limit.is_maximum and limit.rate > 0:
            if on_ridge or height(point) <= limit.height:
                return cls(xmin, math.inf, 0.0, discrete=True, xmax=xmax)._or_limit(x)
        elif limit is not None and on_ridge and limit.rate > 0:
            return cls._far(limit, values, counts, xmin, xmax)._or_limit(x)
        return law(point, TIED if top - point[1] < 1e-6 else "")

    @classmethod
    def _far(
        cls, limit: Limit, values: Floats, counts: npt.NDArray[np.int64], xmin: float, xmax: float
    ) -> StretchedExponential:
        """Search near the ridge, in log(a/rate), a = (Lambda xmin)^beta beta, and log beta."""
        n = int(np.sum(counts))
        least = math.log(STRAIGHT * limit.rate)

        def law(p: Floats) -> StretchedExponential:
            log_rate = float(p[0]) + math.log(limit.rate) - float(p[1])
            return replace(cls._create(xmin, log_rate, math.exp(p[1]), "", xmax), discrete=True)

        def negative(p: Floats) -> float:
            return -law(p)._log_likelihood(values, counts) / n

        box = [(-2.0, 2.0), (least, math.log(0.1 * limit.rate))]
        point = climb(negative, [0.0, math.log(1e-3 * limit.rate)], box)
        if point[1] - least < 1e-3:  # no maximum in floating point: the limit
            return cls(xmin, math.inf, 0.0, discrete=True, xmax=xmax)
        return law(point)


class _Profile:
    """The likelihood as a function of beta alone, at the best rate; t = log(x/xmin)."""

    def __init__(self, t: Floats, xmin: float) -> None:
        self.t, self._top, self.mean = t, float(np.max(t)), float(np.mean(t))
        self.low = LEAST_BETA
        while abs(self.log_rate(self.low) / self.low - math.log(xmin)) > LOG_FLOAT:
            self.low *= 1.5
        self.high = max(STEEPEST / self._top, 2 * self.low)
        self.least = min(STRAIGHT / self.mean, self.low / 2)

    def _sums(self, beta: float) -> tuple[float, float]:
        """Means of expm1(beta t) and t exp(beta t), both divided by exp(beta top)."""
        lifted = np.exp(beta * (self.t - self._top))
        return float(np.mean(-np.expm1(-beta * self.t) * lifted)), float(np.mean(self.t * lifted))

    def log_rate(self, beta: float) -> float:
        return -beta * self._top - math.log(self._sums(beta)[0])

    def pull(self, beta: float) -> float:
        """The derivative of log mean expm1(beta t)."""
        size, lifted = self._sums(beta)
        return lifted / size

    def slope(self, beta: float) -> float:
        return 1 / beta + self.mean - self.pull(beta)

    def best(self) -> tuple[float, str]:
        """The best beta (0 on the ridge) and a note."""
        if continuous_limit(self.t, math.inf).is_maximum:
            return 0.0, ""
        guess = min(max(1 / self.mean, self.low), self.high)
        if self.slope(self.least) <= 0:  # because of rounding
            return 0.0, ""
        found = root(self.slope, guess, guess / 2, self.least, self.high)
        return (self.high, TIED) if found is None else (found, "")


class _Bounded:
    """The likelihood as a function of beta alone, with an xmax: one root gives the best rate.

    There may be two maxima. Example: if log(x/xmin)/log(xmax/xmin) is .0034, .6067, .6176 and .8005
    for four values, and xmax = 1.316 xmin, one maximum is at beta = 0.31 and the other at 12.2. So
    the code follows each sign change of the slope on a grid of beta, and uses the highest maximum.
    Neighbouring grid points differ by about a third. The grid misses a maximum if a minimum lies
    between the same two points.
    """

    def __init__(self, profile: _Profile, xmin: float, xmax: float) -> None:
        self._profile, self._xmin, self._xmax = profile, xmin, xmax
        self._length = float(log_ratio(xmax, xmin))

    def _log_size(self, beta: float) -> float:
        return float(_log_expm1(np.asarray(beta * self._length)))

    def _best_rate(self, beta: float) -> tuple[float, float]:
        """The best log(u), and u times the mean of y.

        Here y is expm1(beta t), scaled so that its largest possible value is 1; y has an
        exponential law with the rate u.
        """
        share = -self._profile.log_rate(beta) - self._log_size(beta)
        if share < NO_END:
            return -share, 1.0
        log_u = LOG_GROWING
        if share < -math.log(2):
            log_u = max(math.log(bounded_rate(math.exp(share))), LOG_GROWING)
        return log_u, math.exp(log_u + share)

    def _height(self, beta: float) -> float:
        """The log-likelihood of one value, at the best rate."""
        log_u, fall = self._best_rate(beta)
        ended = math.log(-math.expm1(-math.exp(min(log_u, -NO_END)))) - log_u
        return math.log(beta) + beta * self._profile.mean - fall - ended - self._log_size(beta)

    def _slope(self, beta: float) -> float:
        """The derivative of the height; the change of the rate does not matter at the best rate."""
        _, fall = self._best_rate(beta)
        end = self._length / -math.expm1(-beta * self._length)
        return 1 / beta + self._profile.mean - fall * self._profile.pull(beta) - (1 - fall) * end

    def _maxima(self, low: float, high: float) -> list[float]:
        grid = np.geomspace(low, high, max(2, math.ceil(math.log(high / low) / STEP)))
        slopes = [self._slope(beta) for beta in grid]
        found = [low] if slopes[0] <= 0 else []
        for k in range(grid.size - 1):
            if slopes[k] > 0 >= slopes[k + 1]:
                found.append(float(optimize.brentq(self._slope, grid[k], grid[k + 1], rtol=1e-14)))
        return [*found, high] if slopes[-1] > 0 else found

    def best(self, cls: type[StretchedExponential]) -> StretchedExponential:
        """Return the law at the highest maximum, or at the limit if that is as high."""
        profile, limit = self._profile, None
        if profile.mean < self._length:
            limit = continuous_limit(profile.t, self._length)
        on_ridge = limit is not None and limit.is_maximum and limit.rate > 0
        found = self._maxima(profile.low, profile.high)
        if found[:1] == [profile.low]:  # the likelihood rises towards a smaller beta
            found = found[1:] + ([] if on_ridge else self._maxima(profile.least, profile.low))
        beta = max(found, key=self._height, default=0.0)
        if limit is not None and (
            beta in (0.0, profile.least) or (on_ridge and self._height(beta) <= limit.height)
        ):
            return cls(self._xmin, math.inf, 0.0, xmax=self._xmax)
        log_u, _ = self._best_rate(beta)
        if limit is not None and limit.rate <= 0 and log_u <= LOG_GROWING:
            return cls(self._xmin, 0.0, -limit.rate, xmax=self._xmax, note=GROWING)
        note = TIED if beta == profile.high else ""
        return cls._create(self._xmin, log_u - self._log_size(beta), beta, note, self._xmax)
