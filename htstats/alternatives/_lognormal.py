"""The lognormal above xmin, with any mu or with mu >= 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from htstats.alternatives._base import Alternative, Floats, log_ratio, needs_spread
from htstats.alternatives._family import climb, family_maximum, root
from htstats.alternatives._integrals import SQUARE, integral, legendre
from htstats.alternatives._power_law import bounded_rate

__all__ = ["LOGNORMAL_RIDGE", "Lognormal", "LognormalPositive"]

# A lognormal whose median lies this many sigma below xmin is a power law to one part in 1e3.
LOGNORMAL_RIDGE = 30.0
RIDGE = f"a ridge towards a power law: mu held {LOGNORMAL_RIDGE:g} sigma below log(xmin)"
# The same up to an xmax: with this sigma, in units of log(xmax/xmin), the law is nearly straight.
WIDEST = 30.0
WIDE = f"a ridge towards a power law: sigma held at {WIDEST:g} log(xmax/xmin)"
AT_ZERO = "mu stands on its bound 0"
# Integers are cells one wide: a sigma a twentieth of the last one puts all into any of them.
NARROWEST = 0.05
NARROW = "sigma stands on its bound: the values are one or two neighbours"
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

    @property
    def _start(self) -> float:
        return (math.log(self.xmin) - self.mu) / self.sigma

    def _kernel(self, x: Floats) -> Floats:
        t = log_ratio(x, self.xmin)
        step, z = t / self.sigma, self._start
        fall: Floats = -step * (step / 2 + z) if z > 0 else -((z + step) ** 2) / 2
        return np.asarray(fall - t)

    def _log_mass(self, a: Floats, b: Floats) -> Floats:
        ta = log_ratio(a, self.xmin)
        start = self._start + ta / self.sigma
        length = (log_ratio(b, self.xmin) - ta) / self.sigma
        mass = log_normal_mass(start, length, max(self._start, 0.0))
        return np.asarray(math.log(self.xmin) + math.log(self.sigma) + mass)

    def quantiles(self, logq: Floats) -> Floats:
        if math.isfinite(self.xmax):
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
        starts there.
        """
        if not discrete:
            mu, sigma, note = cut_normal(x, xmin, xmax)
            return cls(xmin, mu, sigma, xmax=xmax, note=note)
        low, high = xmin - 0.5, xmax if math.isinf(xmax) else math.floor(xmax) + 0.5
        mu, sigma, _ = cut_normal(x, low, high)
        return cls._rounded(x, xmin, xmax, mu, sigma)

    @classmethod
    def _rounded(cls, x: Floats, xmin: float, xmax: float, mu: float, sigma: float) -> Lognormal:
        """In (log low - mu)/sigma, whose bound is the ridge, and log sigma."""
        values, counts = np.unique(x, return_counts=True)
        log_low = math.log(xmin - 0.5)

        def law(p: Floats, note: str = "") -> Lognormal:
            sigma = math.exp(p[1])
            mu = log_low - float(p[0]) * sigma
            return cls(xmin, mu, sigma, discrete=True, xmax=xmax, note=note)

        def negative(p: Floats) -> float:
            return -law(p)._log_likelihood(values, counts) / x.size

        floor = math.log(NARROWEST / values[-1])
        ceiling = 20.0 if math.isinf(xmax) else math.log(WIDEST * math.log(xmax / xmin + 1))
        box = [(-1e7, LOGNORMAL_RIDGE), (floor, ceiling)]
        start = [(log_low - mu) / sigma, math.log(sigma)]
        if start[0] > LOGNORMAL_RIDGE - 1:  # from the ridge itself the way down is not seen
            start[0] = LOGNORMAL_RIDGE / 2
            start[1] += math.log(2)
        point = climb(negative, start, box)
        return law(point, _note(point, box, xmax))


def _note(point: Floats, box: list[tuple[float, float]], xmax: float) -> str:
    if box[0][1] - point[0] < 1e-3:
        return RIDGE
    if point[1] - box[1][0] < 1e-3:
        return NARROW
    return WIDE if math.isfinite(xmax) and box[1][1] - point[1] < 1e-3 else ""


def cut_normal(x: Floats, xmin: float, xmax: float) -> tuple[float, float, str]:
    """mu, sigma and a note: the normal law of log x, cut at log xmin and log xmax.

    Without xmax two moments of t = log(x/xmin) give one equation in z = (log xmin - mu)/sigma: with
    h the normal hazard E t = sigma (h - z) and var t/(E t)^2 = (1 - h (h - z))/(h - z)^2, which
    grows from 0 to 1 (the exponential law of t, a power law of x). The sample may exceed it: then
    there is no maximum, z stops at LOGNORMAL_RIDGE, and sigma is the best one there.
    """
    t = log_ratio(x, xmin)
    mean = float(np.mean(t))
    spread = float(np.mean((t - mean) ** 2))
    needs_spread("lognormal", spread)
    if math.isfinite(xmax):
        return _cut_twice(mean, spread, xmin, float(log_ratio(xmax, xmin)))
    log_xmin, target = math.log(xmin), spread / mean**2
    if target < 1 / UNCUT**2:
        return log_xmin + mean, math.sqrt(spread), ""
    if target >= _relative_variance(LOGNORMAL_RIDGE):
        half, square = LOGNORMAL_RIDGE * mean / 2, spread + mean**2
        sigma = half + math.sqrt(half**2 + square)
        return log_xmin - LOGNORMAL_RIDGE * sigma, sigma, RIDGE
    z = root(lambda z: target - _relative_variance(z), 0.0, 1.0, UNCUT, LOGNORMAL_RIDGE)
    if z is None:
        z = UNCUT
    sigma = mean / _excess(z)
    return log_xmin - z * sigma, sigma, ""


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


def _cut_twice(mean: float, spread: float, xmin: float, length: float) -> tuple[float, float, str]:
    square = spread + mean**2
    # away from both cuts nothing is cut
    if min(mean, length - mean) > -UNCUT * math.sqrt(spread):
        return math.log(xmin) + mean, math.sqrt(spread), ""
    least = 0.5 / (WIDEST * length) ** 2
    start = -bounded_rate(mean / length) / length
    found = family_maximum(
        lambda theta, phi: integral(theta, phi, 0.0, length, SQUARE, 0.0),
        mean, square, _tilted(mean, start, least, length), (-1e12, 1e12), least,
    )  # fmt: skip
    sigma = math.sqrt(0.5 / found.phi)
    return math.log(xmin) + found.theta * sigma**2, sigma, WIDE if found.phi_on_bound else ""


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
        free = Lognormal.fit(x, xmin, discrete, xmax)
        if free.mu >= 0:
            return cls(xmin, free.mu, free.sigma, discrete=discrete, xmax=xmax, note=free.note)
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
