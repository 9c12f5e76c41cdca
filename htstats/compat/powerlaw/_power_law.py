"""The power law, continuous and discrete, with and without an upper end."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from htstats._common.arrays import Floats
from htstats._core import zeta
from htstats._laws.zeta import ZetaLaw
from htstats.alternatives.family import root
from htstats.alternatives.integrals import cutoff_sum
from htstats.compat.powerlaw._data import TINY
from htstats.compat.powerlaw._distributions import Bounds, Distribution
from htstats.compat.powerlaw._search import search_parameters
from htstats.compat.powerlaw._warnings import EDGE, warn_of_power_law

__all__ = [
    "SEARCHED",
    "Box",
    "Power_Law",
    "box_of",
    "discrete_estimates",
    "discrete_exponent",
    "truncated_rate",
    "uses_shortcut",
    "zeta_law",
]

# powerlaw 2.0 uses the formula for alpha only if it gives a value in (1.5, 3].
SEARCHED = 1.5


class Power_Law(Distribution):
    """Density ~ x^-alpha."""

    name = "power_law"
    parameter_names = ("alpha",)
    alpha: float

    @property
    def _may_move(self) -> bool:
        # In a Fit, an exponent out of range makes xmin invalid; it is not moved into the range.
        return self.parent_Fit is None or self._range is not self.parent_Fit.parameter_range

    @property
    def standard_err(self) -> float:
        """Standard error of alpha, under the name of powerlaw 2.0."""
        return (self.alpha - 1) / math.sqrt(self.n) if self.n else math.nan

    @property
    def sigma(self) -> float:
        """Standard error of alpha, under the name of powerlaw 1.5; deprecated in profile "2.0"."""
        if self.profile == "2.0":
            text = "the standard error is standard_err; sigma is deprecated since powerlaw 2.0"
            warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.standard_err

    def _standard_range(self) -> Bounds:
        return {"alpha": (0.0, 3.0) if self.profile == "2.0" else (1.0, None)}

    def _shortcut(self) -> bool:
        """Whether the continuous estimate replaces the discrete one."""
        return (
            self.discrete
            and self.xmax is None
            and uses_shortcut(self.estimate_discrete, self.xmin, self.profile)
        )

    def fit(self, data: Any = None, suppress_output: bool = True) -> None:
        """Fit the exponent: by a formula, or numerically if the law is discrete or has an xmax."""
        super().fit(data, suppress_output)
        if self.profile == "2.0" and self.verbose and self.n:
            asked = self.discrete and bool(self.estimate_discrete)
            warn_of_power_law(self, self.alpha, asked, 3)

    def _is_searched(self) -> bool:
        if self.fit_method.lower() == "ks" or self._constraints:
            return True
        closed = SEARCHED < self.alpha <= 3
        return not (closed and (not self.discrete or self._shortcut()))

    def _estimate(self, x: Floats) -> str:
        total = float(np.sum(np.log(x / self.xmin)))
        if not total > 0 and not (self.discrete and self._shortcut() and x.size):
            raise ValueError("power_law needs two different values above xmin")
        if self.discrete:
            values, counts = np.unique(x, return_counts=True)
            if values[0] > self._first:
                values, counts = np.append(self._first, values), np.append(0, counts)
            box = box_of(self._range, self.profile)
            found = discrete_estimates(
                values, counts, range(1), self.xmax, self.estimate_discrete, self.profile, box
            )
            self.set_parameters([float(found[0])])
        elif self.xmax is not None:
            span = math.log(self.xmax / self.xmin)
            rate = truncated_rate(np.array([total / x.size]), np.array([span]))
            self.set_parameters([1 + float(rate[0])])
        else:
            self.set_parameters([1 + x.size / total])
        outside = self._range is not None and not self.in_range() and self._may_move
        if self.fit_method.lower() == "ks" or self._constraints or outside:
            search_parameters(self, x)
        return ""

    def _is_defined(self) -> bool:
        # A law that can be normalised is defined, even if alpha is outside the profile's range.
        return self.alpha > 1 or (self.xmax is not None and not math.isnan(self.alpha))

    def _logpdf(self, x: Floats) -> Floats:
        if self.discrete:
            if self.alpha >= 0:
                return zeta_law(self.alpha, self._first, self.xmax).logpmf(x)
            return np.asarray(-self.alpha * np.log(x / self.xmin) - math.log(self._sums()[-1]))
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

    def _sf(self, x: Floats) -> Floats:
        if self.discrete and self.alpha >= 0:
            law = zeta_law(self.alpha, self._first, self.xmax)
            return np.asarray(np.exp(law.logsf(np.ceil(x) - 1)))
        if self.discrete:
            return np.asarray(1 - self._cdf_discrete(x))  # no cancellation: the law grows to xmax
        rate, logs = self.alpha - 1, np.log(x / self.xmin)
        if self.xmax is None:
            return np.asarray((x / self.xmin) ** -rate)
        rest = np.log(self.xmax / x)
        span = math.log(self.xmax / self.xmin)
        if rate == 0:
            return np.asarray(rest / span)
        return np.asarray(np.exp(-rate * logs) * np.expm1(-rate * rest) / math.expm1(-rate * span))

    def _cdf_discrete(self, x: Floats) -> Floats:
        """P(X < x)."""
        if self.alpha >= 0:
            beyond = zeta_law(self.alpha, self._first, self.xmax).logsf(np.ceil(x) - 1)
            return np.asarray(0.0 - np.expm1(beyond))  # 0.0 - ... avoids -0.0
        sums = self._sums()
        place = np.clip(np.ceil(x - self.xmin).astype(np.int64), 0, sums.size)
        return np.asarray(np.append(0.0, sums)[place] / sums[-1])

    def _sums(self) -> Floats:
        """Sums of (k/xmin)^-alpha up to each integer, for a law that increases up to its xmax."""
        assert self.xmax is not None
        grid = np.arange(self.xmin, math.floor(self.xmax) + 1)
        return np.asarray(np.cumsum(np.exp(-self.alpha * np.log(grid / self.xmin))))

    def _draw(self, u: Floats) -> Floats:
        rate = self.alpha - 1
        if self.discrete:
            if self.alpha >= 0:
                return super()._draw(u)
            sums = self._sums()
            return np.asarray(self.xmin + np.searchsorted(sums, u * sums[-1], side="right"))
        if self.xmax is None:
            return np.asarray(self.xmin * (1 - u) ** (-1 / rate))
        span = math.log(self.xmax / self.xmin)
        logs = u * span if rate == 0 else -np.log1p(u * math.expm1(-rate * span)) / rate
        return np.clip(self.xmin * np.exp(logs), self.xmin, self.xmax)

    def loglikelihoods(self, data: Any = None) -> Floats:
        """Log density at the data in range, also if alpha is outside the profile's range."""
        x = self._trim_to_support(data)
        return self._logpdf(x) if self._is_defined() else np.full(x.size, math.log(TINY))


@dataclass(frozen=True)
class Box:
    """The range of alpha; `clips` says whether the simplex is clipped to it (2.0)."""

    low: float
    high: float
    clips: bool


def box_of(given: Any, profile: str) -> Box:
    """The range that `parameter_range` gives for alpha, or by default the profile's range."""
    low, high = (0.0, 3.0) if profile == "2.0" else (1.0, None)
    if isinstance(given, Mapping):
        low, high = given.get("alpha", (low, high))
    return Box(
        -math.inf if low is None else low, math.inf if high is None else high, profile == "2.0"
    )


def discrete_estimates(
    values: Floats,
    counts: npt.NDArray[np.int64],
    ks: range,
    xmax: float | None,
    estimate: bool | None,
    profile: str,
    box: Box,
) -> Floats:
    """Compute powerlaw's exponents of the tails values[k:], by its shortcut or by its search.

    powerlaw 2.0 uses the shortcut only if it gives an exponent in (1.5, 3]. Otherwise its search
    starts from that exponent.
    """
    suffix = np.cumsum((counts * np.log(values))[::-1])[::-1]
    sizes = np.cumsum(counts[::-1])[::-1]
    found = np.empty(len(ks))
    for row, k in enumerate(ks):
        xmin, n = float(values[k]), int(sizes[k])
        shortcut = xmax is None and uses_shortcut(estimate, xmin, profile)
        low = xmin - 0.5 if shortcut else xmin
        closed = 1 + n / float(counts[k:] @ np.log(values[k:] / low))
        if shortcut and (profile == "1.5" or SEARCHED < closed <= 3):
            found[row] = closed
        else:
            start = max(closed, 1.0) if profile == "2.0" else closed
            found[row] = simplex_exponent(float(suffix[k]) / n, n, start, xmin, xmax, box)
    return found


def uses_shortcut(estimate_discrete: bool | None, xmin: float, profile: str) -> bool:
    """Whether discrete data use the continuous estimate above xmin - 1/2.

    `estimate_discrete` decides. If it is None, profile "1.5" always uses this estimate, and profile
    "2.0" uses it if xmin is at least 10.
    """
    if estimate_discrete is None:
        return profile == "1.5" or xmin >= 10
    return bool(estimate_discrete)


def truncated_rate(mean: Floats, span: Floats) -> Floats:
    """The rate b of an exponential law on [0, span] with the given mean; b < 0 if mean > span/2.

    With t = b span, the equation is h(t) = 1/t - 1/(e^t - 1) = mean/span. h falls from 1 to 0, and
    h(-t) = 1 - h(t). Bisection solves it. Near t = 0 the two terms of h cancel, and a series is
    summed instead.
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


def zeta_law(alpha: float, xmin: float, xmax: float | None) -> ZetaLaw:
    """The discrete law for an alpha above 1 or, with an xmax, for an alpha of at least 0."""
    return ZetaLaw(alpha, xmin, math.inf if xmax is None else float(math.floor(xmax)))


def discrete_exponent(mean_log: float, xmin: float, xmax: float | None = None) -> float:
    """The alpha of maximum discrete likelihood, where log k has the same mean as in the data."""
    target = mean_log - math.log(xmin)
    if xmax is not None:
        last = float(math.floor(xmax))
        found = root(lambda a: cutoff_sum(a, 0.0, xmin, xmin, last).t - target, 1.0, 1.0, -1e6, 1e6)
        return 1e6 if found is None else found
    guess = 1 + 1 / target
    found = root(
        lambda a: -zeta.log_scaled_sum(a, xmin, math.inf)[1] - target,
        guess,
        guess - 1,
        1 + 1e-9,
        1e9,
    )
    return 1 + 1e-9 if found is None else found


def simplex_exponent(
    mean_log: float, n: int, start: float, xmin: float, xmax: float | None, box: Box
) -> float:
    """The alpha at which powerlaw's search for the discrete maximum stops.

    The Nelder-Mead simplex starts at `start`, stays in the range of alpha, and stops when alpha and
    the likelihood change by less than 1e-4. If it stops at an end of the range, the maximum is
    outside, and the function returns the maximum itself. It also returns a maximum at 1 or below,
    which powerlaw does not find.
    """
    last = math.inf if xmax is None else float(math.floor(xmax))
    target = mean_log - math.log(xmin)

    def cost(p: Floats) -> float:
        alpha = float(p[0])
        if not max(box.low, 1.0) < alpha < box.high:
            return -n * math.log(TINY)
        # Two vertices of the simplex can lie on either side of the maximum. The rounding error of
        # the norm then decides which one is chosen, so compute the norm exactly as powerlaw does.
        rest = 0.0 if xmax is None else 1 - (1 - special.zeta(alpha, last + 1))
        norm = 1 - (1 - special.zeta(alpha, xmin)) - rest
        if norm > 0:
            return n * (alpha * mean_log + math.log(norm))
        return n * (alpha * target + float(zeta.log_scaled_sum(alpha, xmin, last)[0]))

    bounds = [(box.low, box.high)] if box.clips else None
    options = {"xatol": 1e-4, "fatol": 1e-4}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns if the start is outside the bounds
        found = optimize.minimize(
            cost, [start], method="Nelder-Mead", bounds=bounds, options=options
        )
    alpha = float(found.x[0])
    inside = max(box.low, 1.0) + EDGE < alpha < box.high - EDGE
    return alpha if inside else discrete_exponent(mean_log, xmin, xmax)
