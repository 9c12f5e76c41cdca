"""The power law, continuous and discrete, with and without an upper end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import optimize, special

from htstats.compat.powerlaw._data import TINY, Floats
from htstats.compat.powerlaw._distributions import Bounds, Distribution

__all__ = ["Power_Law", "discrete_exponent", "truncated_rate"]

# No data have a steeper tail than the discrete estimate looks at.
STEEPEST = 60.0

# Terms summed before Euler and Maclaurin's formula takes over: its error is then below 1e-15.
HEAD = 30


class Power_Law(Distribution):
    """Density ~ x^-alpha."""

    name = "power_law"
    parameter_names = ("alpha",)
    alpha: float

    @property
    def _may_move(self) -> bool:
        # inside a Fit an exponent out of range makes xmin a bad one; it is not moved into range
        return self.parent_Fit is None or self._range is not self.parent_Fit.parameter_range

    @property
    def sigma(self) -> float:
        """Standard error of alpha."""
        return (self.alpha - 1) / math.sqrt(self.n) if self.n else math.nan

    @property
    def standard_err(self) -> float:
        """The name that powerlaw 2.0 gives to `sigma`."""
        return self.sigma

    def _standard_range(self) -> Bounds:
        return {"alpha": (0.0, 3.0) if self.profile == "2.0" else (1.0, None)}

    def _shortcut(self) -> bool:
        """Whether the continuous estimate stands in for the discrete one."""
        return (
            self.discrete
            and self.xmax is None
            and uses_shortcut(self.estimate_discrete, self.xmin, self.profile)
        )

    def fit(self, data: Any = None, suppress_output: bool = True) -> None:
        """The closed estimate, zeta's, or that of the law truncated at xmax."""
        super().fit(data, suppress_output)

    def _estimate(self, x: Floats) -> str:
        low = self.xmin - 0.5 if self._shortcut() else self.xmin
        logs = np.log(x / low)
        total = float(np.sum(logs))
        if not total > 0:
            raise ValueError("power_law needs two different values above xmin")
        if self.discrete and not self._shortcut():
            mean = float(np.sum(np.log(x))) / x.size
            self.set_parameters([discrete_exponent(mean, self.xmin, self.xmax)])
        elif self.xmax is not None:
            span = math.log(self.xmax / self.xmin)
            rate = truncated_rate(np.array([total / x.size]), np.array([span]))
            self.set_parameters([1 + float(rate[0])])
        else:
            self.set_parameters([1 + x.size / total])
        outside = self._range is not None and not self.in_range() and self._may_move
        if self.fit_method.lower() == "ks" or self._constraints or outside:
            self._search(x)
        return ""

    def _defined(self) -> bool:
        # also outside the box of the profile: the law is one as soon as it can be normalised
        return self.alpha > 1 or (self.xmax is not None and not math.isnan(self.alpha))

    def _log_total(self, start: float) -> float:
        """Log of the sum of k^-alpha over the integers from `start` to xmax."""
        if self.xmax is None:
            return float(np.log(special.zeta(self.alpha, start)))
        if self.alpha > 1:
            rest = special.zeta(self.alpha, self.xmax + 1)
            return float(np.log(special.zeta(self.alpha, start) - rest))
        grid = np.arange(start, self.xmax + 1)
        return float(special.logsumexp(-self.alpha * np.log(grid)))

    def _logpdf(self, x: Floats) -> Floats:
        if self.discrete:
            return np.asarray(-self.alpha * np.log(x) - self._log_total(self.xmin))
        rate = self.alpha - 1
        if self.xmax is None:
            return np.asarray(math.log(rate) - rate * np.log(x / self.xmin) - np.log(x))
        span = math.log(self.xmax / self.xmin)
        height = -math.log(span) if rate == 0 else math.log(rate / -math.expm1(-rate * span))
        return np.asarray(height - rate * np.log(x / self.xmin) - np.log(x))

    def _cdf(self, x: Floats) -> Floats:
        if self.discrete:
            return self._cdf_discrete(x)
        rate = self.alpha - 1
        logs = np.log(x / self.xmin)
        if self.xmax is None:
            return 1 - (x / self.xmin) ** -rate
        span = math.log(self.xmax / self.xmin)
        return np.asarray(
            logs / span if rate == 0 else np.expm1(-rate * logs) / math.expm1(-rate * span)
        )

    def _cdf_discrete(self, x: Floats) -> Floats:
        """P(X < x)."""
        if self.alpha > 1:
            rest = 0.0 if self.xmax is None else float(special.zeta(self.alpha, self.xmax + 1))
            all_of_it = special.zeta(self.alpha, self.xmin)
            return np.asarray((all_of_it - special.zeta(self.alpha, x)) / (all_of_it - rest))
        assert self.xmax is not None
        grid = np.arange(self.xmin, self.xmax + 1)
        sums = np.cumsum(np.exp(-self.alpha * np.log(grid / self.xmin)))
        place = np.clip(np.ceil(x - self.xmin).astype(np.int64), 0, grid.size)
        return np.asarray(np.append(0.0, sums)[place] / sums[-1])

    def _draw(self, u: Floats) -> Floats:
        rate = self.alpha - 1
        if self.discrete:
            if self.alpha > 1:
                return super()._draw(u)
            assert self.xmax is not None
            grid = np.arange(self.xmin, self.xmax + 1)
            sums = np.cumsum(np.exp(-self.alpha * np.log(grid / self.xmin)))
            return np.asarray(grid[np.searchsorted(sums, u * sums[-1], side="right")])
        if self.xmax is None:
            return np.asarray(self.xmin * (1 - u) ** (-1 / rate))
        span = math.log(self.xmax / self.xmin)
        logs = u * span if rate == 0 else -np.log1p(u * math.expm1(-rate * span)) / rate
        return np.clip(self.xmin * np.exp(logs), self.xmin, self.xmax)

    def loglikelihoods(self, data: Any = None) -> Floats:
        """Log density at the data in range; also outside the box of the profile."""
        x = self._inside(data)
        return self._logpdf(x) if self._defined() else np.full(x.size, math.log(TINY))


def uses_shortcut(estimate_discrete: bool | None, xmin: float, profile: str) -> bool:
    """Whether discrete data take the continuous estimate above xmin - 1/2.

    Said by `estimate_discrete`; where that is None, always (1.5), or from xmin = 10 on (2.0).
    """
    if estimate_discrete is None:
        return profile == "1.5" or xmin >= 10
    return bool(estimate_discrete)


def truncated_rate(mean: Floats, span: Floats) -> Floats:
    """The rate b of an exponential law on [0, span] whose mean is `mean`; negative above span/2.

    With t = b span: 1/t - 1/(e^t - 1) = mean/span, which falls from 1 to 0; h(-t) = 1 - h(t).
    Bisection; near 0 the two terms cancel and their series is summed instead.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(mean / span, 0.0, 1.0)
    mirrored = share > 0.5
    target = np.where(mirrored, 1 - share, share)
    with np.errstate(divide="ignore"):
        high = np.minimum(1 / target, 1e9)
    low = np.zeros(target.shape)
    for _ in range(80):
        middle = (low + high) / 2
        above = _mean_of(middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    t = (low + high) / 2
    return np.where(mirrored, -t, t) / span


def _mean_of(t: Floats) -> Floats:
    small = t < 0.1
    s = np.where(small, t, 0.1)
    series = 0.5 - s / 12 + s**3 / 720 - s**5 / 30240 + s**7 / 1209600
    with np.errstate(over="ignore", divide="ignore"):
        safe = np.where(small, 1.0, t)
        closed = 1 / safe - 1 / np.expm1(safe)
    return np.where(small, series, closed)


def discrete_exponent(mean_log: float, xmin: float, xmax: float | None = None) -> float:
    """The maximum of the discrete likelihood: where the model's mean of log k is the data's."""
    if xmax is not None:
        return _bounded_exponent(mean_log, xmin, xmax)

    def excess(alpha: float) -> float:
        total, logs = zeta_and_logs(alpha, np.array([xmin]))
        return float(logs[0] / total[0]) - mean_log

    low, high = 1 + 1e-9, STEEPEST
    if excess(high) > 0:
        return high
    return float(optimize.brentq(excess, low, high, xtol=1e-14, rtol=1e-14))


def zeta_and_logs(alpha: float, start: Floats) -> tuple[Floats, Floats]:
    """Sums over the integers from `start` of k^-alpha and of log(k) k^-alpha.

    HEAD terms, then the integral, half the first term and two derivatives (Euler, Maclaurin).
    """
    k = start[:, None] + np.arange(HEAD)
    terms = k**-alpha
    m = start + HEAD
    edge, log_m, a = m**-alpha, np.log(m), alpha - 1
    total = terms.sum(axis=1) + edge * (m / a + 0.5 + alpha / (12 * m))
    total -= edge * alpha * (alpha + 1) * (alpha + 2) / (720 * m**3)
    # f = log(x) x^-alpha: f' and f''' from the product rule
    first = edge / m * (1 - alpha * log_m)
    third = edge / m**3 * (3 * alpha**2 + 6 * alpha + 2 - alpha * (alpha + 1) * (alpha + 2) * log_m)
    logs = (terms * np.log(k)).sum(axis=1) + edge * m * (log_m / a + 1 / a**2)
    logs += edge * log_m / 2 - first / 12 + third / 720
    return total, logs


def _bounded_exponent(mean_log: float, xmin: float, xmax: float) -> float:
    """The same on [xmin, xmax], where alpha may be any number."""
    if xmax - xmin < 1e6:
        logs = np.log(np.arange(xmin, xmax + 1))

        def excess(alpha: float) -> float:
            weights = special.softmax(-alpha * logs)
            return float(weights @ logs) - mean_log

        return float(optimize.brentq(excess, -STEEPEST, STEEPEST, xtol=1e-13))

    def tail_excess(alpha: float) -> float:
        total, logs = zeta_and_logs(alpha, np.array([xmin, xmax + 1]))
        return float((logs[0] - logs[1]) / (total[0] - total[1])) - mean_log

    low = 1 + 1e-4
    if tail_excess(low) < 0:
        return low
    return float(optimize.brentq(tail_excess, low, STEEPEST, xtol=1e-13))
