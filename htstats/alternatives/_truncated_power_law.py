"""The power law with an exponential cutoff."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from htstats._laws.zeta import ZetaLaw
from htstats.alternatives._base import Alternative, Floats, log_ratio, needs_spread
from htstats.alternatives._expint import log_expint_scaled
from htstats.alternatives._power_law import PowerLaw, bounded_rate
from htstats.alternatives.family import family_maximum, root
from htstats.alternatives.integrals import Moments, cutoff_sum, integral, legendre, log1mexp

__all__ = ["LEAST_ALPHA", "TruncatedPowerLaw"]

# Where the values crowd far above xmin, alpha and Lambda run away together (a gamma law, then a
# normal one, of ever smaller width).
LEAST_ALPHA = -100.0
AT_LEAST = "alpha stands on its bound {:g}"
NO_CUTOFF = "Lambda stands on its bound 0: a power law fits no worse"
# without a cutoff and alpha <= 2 the mean of x is infinite
UNBOUNDED = Moments(math.inf, math.inf, math.inf)
# Tails nearer than this in the log are one too many for a difference.
CLEAR = 0.05
# An exponent that changes by so much is beyond one rule of twenty nodes.
SMOOTH = 12.0
# In units of xmin: beyond, Lambda xmin leaves the floats.
WIDEST = 1e300
# Up to so many integers in a row are added up at once.
TABLE = 1 << 20


@dataclass(frozen=True)
class TruncatedPowerLaw(Alternative):
    """Density ~ x^-alpha exp(-Lambda x): a power law with an exponential cutoff.

    Lambda is 0 or above; alpha any number, but above 1 where Lambda is 0 and there is no xmax.

    Notes
    -----
    The normalisation is one number per pair of parameters, and the likelihood needs only n, the sum
    of log x and that of x: a fit costs one pass over the data, and some milliseconds.
    """

    alpha: float
    Lambda: float
    name: ClassVar[str] = "truncated_power_law"
    parameter_names: ClassVar[tuple[str, ...]] = ("alpha", "Lambda")

    def _is_limit(self) -> bool:
        same = isinstance(self.limit, PowerLaw) and self.limit.alpha == self.alpha
        return self.Lambda == 0 and same

    def _kernel(self, x: Floats) -> Floats:
        return np.asarray(-self.alpha * log_ratio(x, self.xmin) - self.Lambda * (x - self.xmin))

    def _log_mass(self, a: Floats, b: Floats) -> Floats:
        if self.Lambda == 0:
            return PowerLaw(self.xmin, self.alpha)._log_mass(a, b)
        beyond = self._log_beyond(a)
        if np.all(np.isinf(b)):
            return beyond
        with np.errstate(invalid="ignore"):
            step = np.where(np.isinf(b), -np.inf, self._log_beyond(b) - beyond)
        out = np.asarray(beyond + log1mexp(np.minimum(step, 0.0)))
        close = ~(step < -CLEAR)
        if close.any():
            out[close] = self._log_piece(a[close], b[close])
        return out

    def _log_beyond(self, a: Floats) -> Floats:
        inner = log_expint_scaled(self.alpha, self.Lambda * a)
        return np.asarray(np.log(a) + self._kernel(a) + inner)

    def _log_piece(self, a: Floats, b: Floats) -> Floats:
        """Where the tails beyond a and b are nearly the same: by quadrature in log x."""
        low, high = log_ratio(a, self.xmin), log_ratio(b, self.xmin)
        nodes, weights = legendre()
        t = low[:, None] + (high - low)[:, None] * nodes
        exponent = (1 - self.alpha) * t - self.Lambda * self.xmin * np.expm1(t)
        peak = np.max(exponent, axis=1, keepdims=True)
        with np.errstate(divide="ignore"):
            out = peak[:, 0] + np.log((np.exp(exponent - peak) @ weights) * (high - low))
        for k in np.flatnonzero(np.ptp(exponent, axis=1) > SMOOTH):
            found = integral(1 - self.alpha, self.Lambda * self.xmin, low[k], high[k])
            out[k] = found.log_total
        return np.asarray(math.log(self.xmin) + out)

    def _log_cell(self, k: Floats) -> Floats:
        return self._kernel(k)

    def _log_cells(self, first: Floats, last: Floats) -> Floats:
        """Sums from a common start, or to a common end, from one table where it is not too long."""
        if first.size > 1 and np.all(first == first[0]) and _is_short(last):
            low = float(np.min(last))
            terms = self._kernel(np.arange(low, np.max(last) + 1))
            terms[0] = self._log_sum(float(first[0]), low)
            return np.logaddexp.accumulate(terms)[(last - low).astype(np.int64)]
        if first.size > 1 and np.all(last == last[0]) and _is_short(first):
            high = float(np.max(first))
            terms = self._kernel(np.arange(np.min(first), high + 1)[::-1])
            terms[0] = self._log_sum(high, float(last[0]))
            return np.logaddexp.accumulate(terms)[(high - first).astype(np.int64)]
        ends, where = np.unique(np.array([first, last]), axis=1, return_inverse=True)
        sums = [self._log_sum(*pair) for pair in ends.T]
        return np.array(sums, np.float64)[where].reshape(first.shape)

    def _log_sum(self, first: float, last: float) -> float:
        if last < first:
            return -math.inf
        return cutoff_sum(self.alpha, self.Lambda, self.xmin, first, last).log_total

    @classmethod
    def fit(
        cls,
        x: Floats,
        xmin: float,
        discrete: bool,
        xmax: float = math.inf,
        least_alpha: float = LEAST_ALPHA,
    ) -> TruncatedPowerLaw:
        """The maximum of the likelihood for the values `x`, all in [xmin, xmax], alpha bounded.

        Notes
        -----
        An exponential family in log x and x: the likelihood is concave, and its maximum where both
        means are the law's, or, where the data's mean of x is above that of the best power law, at
        Lambda = 0, where the law is that power law: `limit`.
        """
        t = float(np.mean(log_ratio(x, xmin)))
        needs_spread(cls.name, t)
        with np.errstate(over="ignore"):
            above = float(np.mean((x - xmin) / xmin))
        if not above < WIDEST:
            raise ValueError(f"x must be below 1e300 xmin for {cls.name}, got {float(np.max(x))!r}")
        if discrete:
            moments, top = _sums(xmin, xmax), -least_alpha
            start = -ZetaLaw.fit(x, xmin, xmax).alpha
            if start == 0:  # of a power law that may grow up to xmax
                grown = root(lambda theta: t - moments(theta, 0.0).t, 0.0, 1.0, 0.0, top)
                start = top if grown is None else grown
        else:
            length = float(log_ratio(xmax, xmin))
            start = -1 / t if math.isinf(xmax) else -bounded_rate(t / length) / length
            moments, top = _means(length), 1 - least_alpha
        found = family_maximum(moments, t, above, start, (-math.inf, top))
        note = AT_LEAST.format(least_alpha) if found.theta_on_bound else ""
        alpha = -found.theta if discrete else 1 - found.theta
        if found.phi_on_bound and not found.theta_on_bound:
            power = PowerLaw.fit(x, xmin, discrete, xmax)
            alpha = alpha if power.is_held else power.alpha  # of integers it grows to no xmax
            law = cls(xmin, alpha, 0.0, discrete=discrete, xmax=xmax)
            return replace(law, note=NO_CUTOFF, limit=power)
        law = cls(xmin, alpha, found.phi / xmin, discrete=discrete, xmax=xmax, note=note)
        return replace(law, is_held=found.theta_on_bound)


def _is_short(k: Floats) -> bool:
    low, high = float(np.min(k)), float(np.max(k))
    return math.isfinite(high) and high - low < TABLE


def _sums(xmin: float, xmax: float) -> Callable[[float, float], Moments]:
    """Of theta = -alpha and phi = Lambda xmin on the integers."""
    last = xmax if math.isinf(xmax) else float(math.floor(xmax))

    def moments(theta: float, phi: float) -> Moments:
        if phi == 0 and math.isinf(last) and theta >= -2:
            return UNBOUNDED
        return cutoff_sum(-theta, phi / xmin, xmin, xmin, last)

    return moments


def _means(length: float) -> Callable[[float, float], Moments]:
    """Of theta = 1 - alpha and phi = Lambda xmin."""

    def moments(theta: float, phi: float) -> Moments:
        if phi == 0 and math.isinf(length) and theta >= -1:
            return UNBOUNDED
        return integral(theta, phi, 0.0, length)

    return moments
