"""The lognormal above xmin, with any mu or with mu >= 0."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from htstats.alternatives._base import Alternative, Floats, log_ratio, needs_spread
from htstats.alternatives._power_law import PowerLaw, bounded_rate
from htstats.alternatives._ridge import RIDGE, Limit, continuous_limit, rounded_limit
from htstats.alternatives.family import climb, family_maximum, root
from htstats.alternatives.integrals import SQUARE, integral, legendre

__all__ = ["LOGNORMAL_RIDGE", "Lognormal", "LognormalPositive"]

# A lognormal whose median lies this many sigma below xmin is a power law to one part in 1e3: the
# search for one goes on in other coordinates.
LOGNORMAL_RIDGE = 30.0
# At so many sigma the likelihood is that of the power law to the last digit.
FARTHEST = 1e7
# The same up to an xmax: with this sigma, in units of log(xmax/xmin), the law is nearly straight.
WIDEST = 30.0
# Of log phi, where the second search of rounded laws goes, in units of rate^2: below, the
# likelihood of a value differs from the power law's by less than 1e-16.
STRAIGHT = math.log(1e-8)
AT_ZERO = "mu stands on its bound 0"
# Integers are cells one wide: a sigma a twentieth of the last one puts all into any of them.
NARROWEST = 0.05
NARROW = "sigma stands on its bound: the values are one or two neighbours"
# So many sigma are squared without a loss of digits.
FAR = 1e3
# below this z the cut at xmin takes less than 1e-19
UNCUT = -9.0
SQRT2 = math.sqrt(2)


def log_normal_mass(start: Floats, length: Floats, zero: float) -> Floats:
    """log of int exp(-(z^2 - zero^2)/2) dz from z = start over `length` >= 0, without cancelling.

    Short pieces by Gauss and Legendre; tails by Mills' ratio, scaled by the density at their inner
    end; what is on both sides of 0 as the difference of two distribution functions.
    """
    # a mirrored piece has the same mass
    mirrored = start + length / 2 < 0
    with np.errstate(invalid="ignore"):
        z = np.where(mirrored, -(start + length), start)
    out = np.empty(z.shape)
    short = length * np.maximum(np.abs(z), 1.0) < 2.0
    tail = ~short & (z > 0)
    rest = ~short & ~tail
    nodes, weights = legendre()
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        step = length[short][:, None] * nodes
        fall = -step * (z[short][:, None] + step / 2)
        out[short] = np.log(length[short]) + np.log(np.exp(fall) @ weights)
        far = z[tail] + length[tail]
        drop = np.where(np.isinf(far), -np.inf, -length[tail] * (z[tail] + length[tail] / 2))
        inner, outer = special.erfcx(z[tail] / SQRT2), special.erfcx(far / SQRT2)
        out[tail] = np.log(math.sqrt(math.pi / 2) * (inner - np.exp(drop) * outer))
        middle = special.ndtr(z[rest] + length[rest]) - special.ndtr(z[rest])
        out[rest] = np.log(middle * math.sqrt(2 * math.pi)) + z[rest] ** 2 / 2
        # z^2 - zero^2 as a product: near the ridge both are large
        return np.asarray(out - (z - zero) * (z + zero) / 2)


@dataclass(frozen=True)
class Lognormal(Alternative):
    """log x is normal(mu, sigma), given xmin <= x <= xmax; on the integers this law, rounded."""

    mu: float
    sigma: float
    name: ClassVar[str] = "lognormal"
    parameter_names: ClassVar[tuple[str, ...]] = ("mu", "sigma")

    def _is_limit(self) -> bool:
        return math.isinf(self.sigma)

    @property
    def _start(self) -> float:
        return (math.log(self.xmin) - self.mu) / self.sigma

    def _kernel(self, x: Floats) -> Floats:
        t = log_ratio(x, self.xmin)
        step, z = t / self.sigma, self._start
        fall: Floats = -step * (step / 2 + z) if self._zero else -((z + step) ** 2) / 2
        return np.asarray(fall - t)

    @property
    def _zero(self) -> float:
        """Where the kernel is 1: at xmin or, if that is left of the mode, at the mode.

        Near the ridge of a growing density the mode is far beyond xmax, and xmin is nearer.
        """
        z = self._start
        if z < -FAR and math.isfinite(self.xmax):
            end = z + float(log_ratio(self.xmax + 1, self.xmin)) / self.sigma
            return z if end < 0 else 0.0
        return max(z, 0.0)

    def _log_mass(self, a: Floats, b: Floats) -> Floats:
        ta = log_ratio(a, self.xmin)
        start = self._start + ta / self.sigma
        length = (log_ratio(b, self.xmin) - ta) / self.sigma
        mass = log_normal_mass(start, length, self._zero)
        return np.asarray(math.log(self.xmin) + math.log(self.sigma) + mass)

    def quantiles(self, logq: Floats) -> Floats:
        if math.isfinite(self.xmax) or self.reached_limit() is not None:
            return super().quantiles(logq)
        low = self.xmin - 0.5 if self.discrete else self.xmin
        start = (math.log(low) - self.mu) / self.sigma
        z = -special.ndtri_exp(logq + special.log_ndtr(-start))
        with np.errstate(over="ignore"):
            x = np.exp(self.mu + self.sigma * z)
        return np.asarray(np.maximum(np.floor(x + 0.5) if self.discrete else x, self.xmin))

    @classmethod
    def fit(cls, x: Floats, xmin: float, discrete: bool, xmax: float = math.inf) -> Lognormal:
        """The maximum of the likelihood for the values `x`, all in [xmin, xmax].

        Notes
        -----
        log x given x >= xmin is an exponential family; see `cut_normal`. On the integers the search
        starts there. Where the likelihood rises to that of a power law instead (`_ridge` says
        when), sigma is infinite and mu minus infinity, or infinity if alpha < 1; `limit` is the
        power law.
        """
        if not discrete:
            mu, sigma = cut_normal(x, xmin, xmax)
            return cls(xmin, mu, sigma, xmax=xmax)._or_limit(x)
        low, high = xmin - 0.5, xmax if math.isinf(xmax) else math.floor(xmax) + 0.5
        mu, sigma = cut_normal(x, low, high)
        return cls._rounded(x, xmin, xmax, mu, sigma)

    def _or_limit(self, x: Floats) -> Lognormal:
        """With the power law in its place, if sigma is infinite."""
        if math.isfinite(self.sigma):
            return self
        power = PowerLaw.fit(x, self.xmin, self.discrete, self.xmax)
        return replace(self, limit=power, note=RIDGE)

    @classmethod
    def _rounded(cls, x: Floats, xmin: float, xmax: float, mu: float, sigma: float) -> Lognormal:
        """In (log low - mu)/sigma and log sigma; from the ridge on, in `_far`'s coordinates."""
        values, counts = np.unique(x, return_counts=True)
        log_low = math.log(xmin - 0.5)
        limit = rounded_limit(values, counts, xmin, xmax)
        if math.isinf(sigma):  # the way down is not seen from there
            sigma = LOGNORMAL_RIDGE * float(np.mean(np.log(x) - log_low))
            mu = log_low - LOGNORMAL_RIDGE / 2 * sigma

        def law(p: Floats) -> Lognormal:
            sigma = math.exp(p[1])
            return cls(xmin, log_low - float(p[0]) * sigma, sigma, discrete=True, xmax=xmax)

        def height(p: Floats) -> float:
            return law(p)._log_likelihood(values, counts) / x.size

        floor = math.log(NARROWEST / values[-1])
        ceiling = 20.0 if math.isinf(xmax) else math.log(WIDEST * math.log(xmax / xmin + 1))
        box = [(-1e7, LOGNORMAL_RIDGE), (floor, ceiling)]
        start = [(log_low - mu) / sigma, math.log(sigma)]
        if start[0] > LOGNORMAL_RIDGE - 1:  # from the ridge itself the way down is not seen
            start[0] = LOGNORMAL_RIDGE / 2
            start[1] += math.log(2)
        point = climb(lambda p: -height(p), start, box)
        on_ridge = box[0][1] - point[0] < 1e-3
        on_ridge |= math.isfinite(xmax) and box[1][1] - point[1] < 1e-3
        if limit is None:
            found = law(point)
        elif limit.is_maximum and (on_ridge or height(point) <= limit.height):
            found = cls(xmin, *_at(limit), discrete=True, xmax=xmax)
        elif on_ridge:
            found = cls._far(values, counts, xmin, xmax, limit)
        else:
            found = law(point)
        if found.sigma <= math.exp(floor + 1e-3):
            return replace(found, note=NARROW, is_held=True)
        return found._or_limit(x)

    @classmethod
    def _far(
        cls, values: Floats, counts: npt.NDArray[np.int64], xmin: float, xmax: float, limit: Limit
    ) -> Lognormal:
        """A maximum near the ridge, in (b - rate)/rate and log(phi/rate^2); see `_ridge`."""
        log_low, n = math.log(xmin - 0.5), int(np.sum(counts))
        rate = limit.rate if limit.rate != 0 else 1 / float(log_ratio(xmax, xmin))

        def law(p: Floats) -> Lognormal:
            variance = 0.5 / (math.exp(p[1]) * rate**2)
            mu = log_low - (limit.rate + p[0] * rate) * variance
            return cls(xmin, mu, math.sqrt(variance), discrete=True, xmax=xmax)

        def negative(p: Floats) -> float:
            return -law(p)._log_likelihood(values, counts) / n

        box = [(-2.0, 2.0), (STRAIGHT, 3.0)]
        point = climb(negative, [0.0, math.log(1e-3)], box)
        if point[1] - STRAIGHT < 1e-3:  # there is none to any float
            return cls(xmin, *_at(limit), discrete=True, xmax=xmax)
        return law(point)


def _at(limit: Limit) -> tuple[float, float]:
    """mu and sigma of the limit."""
    return (math.inf if limit.rate < 0 else -math.inf), math.inf


def cut_normal(x: Floats, xmin: float, xmax: float) -> tuple[float, float]:
    """mu and sigma of the normal law of log x, cut at log xmin and log xmax; of `_at` on a ridge.

    Without xmax two moments of t = log(x/xmin) give one equation in z = (log xmin - mu)/sigma: with
    h the normal hazard E t = sigma (h - z) and var t/(E t)^2 = (1 - h (h - z))/(h - z)^2, which
    grows from 0 to 1 (the exponential law of t, a power law of x). The sample may exceed it: then
    there is no maximum.
    """
    t = log_ratio(x, xmin)
    mean = float(np.mean(t))
    spread = float(np.mean((t - mean) ** 2))
    needs_spread("lognormal", spread)
    length = math.inf if math.isinf(xmax) else float(log_ratio(xmax, xmin))
    limit = continuous_limit(t, length)
    if limit.is_maximum:
        return _at(limit)
    if math.isfinite(xmax):
        return _cut_twice(mean, spread, xmin, length)
    log_xmin, target = math.log(xmin), spread / mean**2
    if target < 1 / UNCUT**2:
        return log_xmin + mean, math.sqrt(spread)
    if target >= _relative_variance(LOGNORMAL_RIDGE):
        z = root(
            lambda z: target - _relative_variance(z),
            LOGNORMAL_RIDGE,
            1.0,
            LOGNORMAL_RIDGE,
            FARTHEST,
        )
        if z is None:  # beyond: the power law to any float
            return _at(limit)
    else:
        z = root(lambda z: target - _relative_variance(z), 0.0, 1.0, UNCUT, LOGNORMAL_RIDGE)
    if z is None:
        z = UNCUT
    sigma = mean / _excess(z)
    return log_xmin - z * sigma, sigma


def _rest(z: float) -> float:
    """r of the normal hazard z + 1/(z + r), for z >= 4: r = 2/(z + 3/(z + ...))."""
    value = 0.0
    for k in range(80, 1, -1):
        value = k / (z + value)
    return value


def _excess(z: float) -> float:
    """The normal hazard at z, less z."""
    if z < 4:
        return float(math.sqrt(2 / math.pi) / special.erfcx(z / SQRT2) - z)
    return 1 / (z + _rest(z))


def _relative_variance(z: float) -> float:
    """Variance over squared mean of a standard normal variable above z, less z."""
    g = _excess(z)
    # 1 - g (z + g) is g (r - g) where g = 1/(z + r)
    return (1 - g * (z + g)) / (g * g) if z < 4 else (_rest(z) - g) / g


def _cut_twice(mean: float, spread: float, xmin: float, length: float) -> tuple[float, float]:
    square = spread + mean**2
    # away from both cuts nothing is cut
    if min(mean, length - mean) > -UNCUT * math.sqrt(spread):
        return math.log(xmin) + mean, math.sqrt(spread)
    start = -bounded_rate(mean / length) / length
    for least in (0.5 / (WIDEST * length) ** 2, 0.0):
        found = family_maximum(
            lambda theta, phi: integral(theta, phi, 0.0, length, SQUARE, 0.0),
            mean, square, _tilted(mean, start, least, length), (-1e12, 1e12), least,
        )  # fmt: skip
        if not found.phi_on_bound:
            break
    if found.phi_on_bound:  # by a rounding
        return (math.inf if start > 0 else -math.inf), math.inf
    sigma = math.sqrt(0.5 / found.phi)
    return math.log(xmin) + found.theta * sigma**2, sigma


def _tilted(mean: float, start: float, phi: float, length: float) -> float:
    """The best theta for this phi."""
    found = root(
        lambda theta: mean - integral(theta, phi, 0.0, length, SQUARE, 0.0).t,
        start, 0.1 * (1 + abs(start)), -1e12, 1e12,
    )  # fmt: skip
    return start if found is None else found


@dataclass(frozen=True)
class LognormalPositive(Lognormal):
    """A lognormal with mu >= 0: no ridge, at the price of a bound."""

    name: ClassVar[str] = "lognormal_positive"

    @classmethod
    def fit(
        cls, x: Floats, xmin: float, discrete: bool, xmax: float = math.inf
    ) -> LognormalPositive:
        """The maximum of the likelihood for the values `x`, all in [xmin, xmax].

        Notes
        -----
        The likelihood is concave in (mu/sigma^2, 1/sigma^2), and mu >= 0 a half plane there: where
        the free maximum is outside, the one sought has mu = 0.
        """
        free = super().fit(x, xmin, discrete, xmax)
        assert isinstance(free, LognormalPositive)
        if free.mu >= 0:
            return free
        sigma = cls._sigma_at_zero(x, xmin, discrete, xmax)
        return cls(xmin, 0.0, sigma, discrete=discrete, xmax=xmax, note=AT_ZERO)

    @classmethod
    def _sigma_at_zero(cls, x: Floats, xmin: float, discrete: bool, xmax: float) -> float:
        values, counts = np.unique(x, return_counts=True) if discrete else (x, np.ones(1, np.int64))
        square = float(np.mean(np.log(x) ** 2))

        def height(v: float) -> float:  # of the likelihood of a value, but for a constant
            law = cls(xmin, 0.0, math.exp(v), discrete=discrete, xmax=xmax)
            if discrete:
                return law._log_likelihood(values, counts) / x.size
            return (max(law._start, 0.0) ** 2 - square / law.sigma**2) / 2 - law._log_total()

        def slope(v: float) -> float:
            return (height(v + 1e-5) - height(v - 1e-5)) / 2e-5

        spread = 0.5 * math.log(square + 1e-12)
        found = root(slope, spread, 0.5, spread - 40, spread + 8)
        return math.exp(spread + 8 if found is None else found)
