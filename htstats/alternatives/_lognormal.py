"""The lognormal above xmin, with any mu or with mu >= 0."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from htstats._common.arrays import Floats
from htstats.alternatives._base import Alternative, log_ratio, needs_spread
from htstats.alternatives._power_law import PowerLaw, bounded_rate
from htstats.alternatives._ridge import RIDGE, Limit, continuous_limit, rounded_limit
from htstats.alternatives.family import climb, family_maximum, root
from htstats.alternatives.integrals import SQUARE, integral, legendre

__all__ = ["LOGNORMAL_RIDGE", "Lognormal", "LognormalPositive"]

# If the median of a lognormal lies this many sigma below xmin, the law differs from a power law by
# one part in 1e3. The search beyond this point uses other coordinates.
LOGNORMAL_RIDGE = 30.0
# If the median lies this many sigma below xmin, the likelihood equals that of the power law to the
# last digit.
FARTHEST = 1e7
# The counterpart of LOGNORMAL_RIDGE for a finite xmax. With this sigma, in units of
# log(xmax/xmin), the law is nearly a power law.
WIDEST = 30.0
# Lower bound of log(phi/rate^2) in the second search for rounded laws. Below it, the likelihood of
# one value differs from that of the power law by less than 1e-16.
STRAIGHT = math.log(1e-8)
AT_ZERO = "mu stands on its bound 0"
# Least sigma of a rounded law, in units of 1/(largest value). An integer is a cell of width 1, and
# a law this narrow can lie inside a single cell.
NARROWEST = 0.05
NARROW = "sigma stands on its bound: the values are one or two neighbours"
# A z up to this size can be squared without losing digits.
FAR = 1e3
# For z below this, the cut at xmin removes a probability of less than 1e-19.
UNCUT = -9.0
SQRT2 = math.sqrt(2)


def log_normal_mass(start: Floats, length: Floats, zero: float) -> Floats:
    """Log of int exp(-(z^2 - zero^2)/2) dz from z = start over `length` >= 0, without cancellation.

    Short intervals use Gauss-Legendre quadrature. Tails use Mills' ratio, scaled by the density at
    their inner end. Long intervals that contain 0 use the difference of two distribution functions.
    """
    # An interval mirrored at 0 has the same mass.
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
        # Write z^2 - zero^2 as a product, because both squares are large near the ridge.
        return np.asarray(out - (z - zero) * (z + zero) / 2)


@dataclass(frozen=True)
class Lognormal(Alternative):
    """The law of x given xmin <= x <= xmax, where log x is normal(mu, sigma).

    On the integers it is this law, rounded.
    """

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
        """The z at which the kernel is 1: that of xmin or, if the mode is above xmin, of the mode.

        Near the ridge of a growing density the mode is far beyond xmax; xmin is then used.
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
        """Maximise the likelihood of the values `x`, all in [xmin, xmax].

        Notes
        -----
        The laws of log x given x >= xmin are an exponential family; see `cut_normal`. On the
        integers a search starts from that estimate. If the likelihood rises to that of a power law
        instead (`_ridge` says when), sigma is infinite, mu is minus infinity (plus infinity if
        alpha < 1), and `limit` is the power law.
        """
        if not discrete:
            mu, sigma = cut_normal(x, xmin, xmax)
            return cls(xmin, mu, sigma, xmax=xmax)._or_limit(x)
        low, high = xmin - 0.5, xmax if math.isinf(xmax) else math.floor(xmax) + 0.5
        mu, sigma = cut_normal(x, low, high)
        return cls._fit_rounded(x, xmin, xmax, mu, sigma)

    def _or_limit(self, x: Floats) -> Lognormal:
        """Return the same law, with the power law as its `limit` if sigma is infinite."""
        if math.isfinite(self.sigma):
            return self
        power = PowerLaw.fit(x, self.xmin, self.discrete, self.xmax)
        return replace(self, limit=power, note=RIDGE)

    @classmethod
    def _fit_rounded(
        cls, x: Floats, xmin: float, xmax: float, mu: float, sigma: float
    ) -> Lognormal:
        """Search for the rounded law in (log low - mu)/sigma and log sigma, low = xmin - 1/2.

        If the search reaches the ridge, it continues in the coordinates of `_far`.
        """
        values, counts = np.unique(x, return_counts=True)
        log_low = math.log(xmin - 0.5)
        limit = rounded_limit(values, counts, xmin, xmax)
        if math.isinf(sigma):  # a search cannot start on the ridge itself
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
        if start[0] > LOGNORMAL_RIDGE - 1:  # too close to the ridge to start there
            start[0] = LOGNORMAL_RIDGE / 2
            start[1] += math.log(2)
        point = climb(lambda p: -height(p), start, box)
        on_ridge = box[0][1] - point[0] < 1e-3
        on_ridge |= math.isfinite(xmax) and box[1][1] - point[1] < 1e-3
        if limit is None:
            found = law(point)
        elif limit.is_maximum and (on_ridge or height(point) <= limit.height):
            found = cls(xmin, *_limit_parameters(limit), discrete=True, xmax=xmax)
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
        """Search near the ridge, in (b - rate)/rate and log(phi/rate^2); see `_ridge`."""
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
        if point[1] - STRAIGHT < 1e-3:  # no maximum in floating point: the limit
            return cls(xmin, *_limit_parameters(limit), discrete=True, xmax=xmax)
        return law(point)


def _limit_parameters(limit: Limit) -> tuple[float, float]:
    """mu and sigma of the limit."""
    return (math.inf if limit.rate < 0 else -math.inf), math.inf


def cut_normal(x: Floats, xmin: float, xmax: float) -> tuple[float, float]:
    """Fit a normal law, cut at log xmin and log xmax, to log x; return mu and sigma.

    On a ridge the result is that of `_at`. Without an xmax, two moments of t = log(x/xmin) give one
    equation in z = (log xmin - mu)/sigma. If h is the normal hazard at z, then
    E t = sigma (h - z) and var t/(E t)^2 = (1 - h (h - z))/(h - z)^2. This ratio grows with z from
    0 to 1; at 1, t has an exponential law and x a power law. If the ratio of the sample is 1 or
    more, the likelihood has no maximum.
    """
    t = log_ratio(x, xmin)
    mean = float(np.mean(t))
    spread = float(np.mean((t - mean) ** 2))
    needs_spread("lognormal", spread)
    length = math.inf if math.isinf(xmax) else float(log_ratio(xmax, xmin))
    limit = continuous_limit(t, length)
    if limit.is_maximum:
        return _limit_parameters(limit)
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
        if z is None:  # beyond FARTHEST the law equals the power law in floating point
            return _limit_parameters(limit)
    else:
        z = root(lambda z: target - _relative_variance(z), 0.0, 1.0, UNCUT, LOGNORMAL_RIDGE)
    if z is None:
        z = UNCUT
    sigma = mean / _excess(z)
    return log_xmin - z * sigma, sigma


def _rest(z: float) -> float:
    """The r in the normal hazard z + 1/(z + r), for z >= 4: r = 2/(z + 3/(z + ...))."""
    value = 0.0
    for k in range(80, 1, -1):
        value = k / (z + value)
    return value


def _excess(z: float) -> float:
    """The normal hazard at z, minus z."""
    if z < 4:
        return float(math.sqrt(2 / math.pi) / special.erfcx(z / SQRT2) - z)
    return 1 / (z + _rest(z))


def _relative_variance(z: float) -> float:
    """Variance over squared mean of Y - z, where Y is standard normal given Y > z."""
    g = _excess(z)
    # 1 - g (z + g) equals g (r - g), because g = 1/(z + r).
    return (1 - g * (z + g)) / (g * g) if z < 4 else (_rest(z) - g) / g


def _cut_twice(mean: float, spread: float, xmin: float, length: float) -> tuple[float, float]:
    square = spread + mean**2
    # If the data lie far from both cuts, the cuts remove nothing.
    if min(mean, length - mean) > -UNCUT * math.sqrt(spread):
        return math.log(xmin) + mean, math.sqrt(spread)
    start = -bounded_rate(mean / length) / length
    for least in (0.5 / (WIDEST * length) ** 2, 0.0):
        found = family_maximum(
            lambda theta, phi: integral(theta, phi, 0.0, length, SQUARE, 0.0),
            mean, square, _best_theta(mean, start, least, length), (-1e12, 1e12), least,
        )  # fmt: skip
        if not found.phi_on_bound:
            break
    if found.phi_on_bound:  # because of rounding
        return (math.inf if start > 0 else -math.inf), math.inf
    sigma = math.sqrt(0.5 / found.phi)
    return math.log(xmin) + found.theta * sigma**2, sigma


def _best_theta(mean: float, start: float, phi: float, length: float) -> float:
    """The theta with the highest likelihood for this phi."""
    found = root(
        lambda theta: mean - integral(theta, phi, 0.0, length, SQUARE, 0.0).t,
        start, 0.1 * (1 + abs(start)), -1e12, 1e12,
    )  # fmt: skip
    return start if found is None else found


@dataclass(frozen=True)
class LognormalPositive(Lognormal):
    """A lognormal with mu >= 0: this bound removes the ridge."""

    name: ClassVar[str] = "lognormal_positive"

    @classmethod
    def fit(
        cls, x: Floats, xmin: float, discrete: bool, xmax: float = math.inf
    ) -> LognormalPositive:
        """Maximise the likelihood of the values `x`, all in [xmin, xmax].

        Notes
        -----
        The likelihood is concave in (mu/sigma^2, 1/sigma^2), and mu >= 0 is a half plane there. If
        the free maximum is outside this half plane, the maximum inside it has mu = 0.
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

        def height(v: float) -> float:  # log-likelihood of one value, up to a constant
            law = cls(xmin, 0.0, math.exp(v), discrete=discrete, xmax=xmax)
            if discrete:
                return law._log_likelihood(values, counts) / x.size
            return (max(law._start, 0.0) ** 2 - square / law.sigma**2) / 2 - law._log_total()

        def slope(v: float) -> float:
            return (height(v + 1e-5) - height(v - 1e-5)) / 2e-5

        spread = 0.5 * math.log(square + 1e-12)
        found = root(slope, spread, 0.5, spread - 40, spread + 8)
        return math.exp(spread + 8 if found is None else found)
