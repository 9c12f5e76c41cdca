"""The power law with an exponential cutoff."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from htstats._common.arrays import Floats
from htstats._laws.zeta import ZetaLaw
from htstats.alternatives._base import Alternative, log_ratio, needs_spread
from htstats.alternatives._expint import log_expint_scaled
from htstats.alternatives._power_law import PowerLaw, bounded_rate
from htstats.alternatives.family import family_maximum, root
from htstats.alternatives.integrals import Moments, cutoff_sum, integral, legendre, log1mexp

__all__ = ["LEAST_ALPHA", "TruncatedPowerLaw"]

# If the values are concentrated far above xmin, -alpha and Lambda grow together without bound: the
# law approaches a gamma law, then a normal law, with a smaller and smaller width.
LEAST_ALPHA = -100.0
AT_LEAST = "alpha stands on its bound {:g}"
NO_CUTOFF = "Lambda stands on its bound 0: a power law fits no worse"
# Without a cutoff, the mean of x is infinite if alpha <= 2.
UNBOUNDED = Moments(math.inf, math.inf, math.inf)
# If the logs of two tail masses differ by less than this, their difference would cancel.
CLEAR = 0.05
# If the exponent changes by more than this, twenty nodes are too few.
SMOOTH = 12.0
# Largest mean of x - xmin, in units of xmin. Beyond it, Lambda xmin leaves the range of floats.
WIDEST = 1e300
# Up to this many consecutive integers are summed in one table.
TABLE = 1 << 20


@dataclass(frozen=True)
class TruncatedPowerLaw(Alternative):
    """Density ~ x^-alpha exp(-Lambda x): a power law with an exponential cutoff.

    Lambda is 0 or above. Alpha may be any number, but must be above 1 if Lambda is 0 and there is
    no xmax.

    Notes
    -----
    The normalisation is one number per pair of parameters. The likelihood needs only n, the sum of
    log x and the sum of x. So a fit takes one pass over the data and a few milliseconds.
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
        """Log mass from a to b by quadrature in log x, for tails too similar to subtract."""
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
        """Log sums from `first` to `last`.

        Sums with a common start or a common end come from one table, if it is not too long.
        """
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
        """Maximise the likelihood of the values `x`, all in [xmin, xmax], for alpha >= least_alpha.

        Notes
        -----
        The laws are an exponential family in log x and x, so the likelihood is concave. At its
        maximum the means of log x and x under the law equal those of the data. If the mean of x
        over the data is above that of the best power law, the maximum is at Lambda = 0 instead. The
        law is then that power law, and `limit` holds it.
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
            if start == 0:  # the power law may increase up to xmax
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
            # On the integers the alpha of `power` has the bound 0. On the bound, keep this alpha.
            alpha = alpha if power.is_held else power.alpha
            law = cls(xmin, alpha, 0.0, discrete=discrete, xmax=xmax)
            return replace(law, note=NO_CUTOFF, limit=power)
        law = cls(xmin, alpha, found.phi / xmin, discrete=discrete, xmax=xmax, note=note)
        return replace(law, is_held=found.theta_on_bound)


def _is_short(k: Floats) -> bool:
    low, high = float(np.min(k)), float(np.max(k))
    return math.isfinite(high) and high - low < TABLE


def _sums(xmin: float, xmax: float) -> Callable[[float, float], Moments]:
    """Moments as a function of theta = -alpha and phi = Lambda xmin, on the integers."""
    last = xmax if math.isinf(xmax) else float(math.floor(xmax))

    def moments(theta: float, phi: float) -> Moments:
        if phi == 0 and math.isinf(last) and theta >= -2:
            return UNBOUNDED
        return cutoff_sum(-theta, phi / xmin, xmin, xmin, last)

    return moments


def _means(length: float) -> Callable[[float, float], Moments]:
    """Moments as a function of theta = 1 - alpha and phi = Lambda xmin."""

    def moments(theta: float, phi: float) -> Moments:
        if phi == 0 and math.isinf(length) and theta >= -1:
            return UNBOUNDED
        return integral(theta, phi, 0.0, length)

    return moments
