"""`Alternative`, the base class of all laws.

It derives every function from the unnormalised density (the kernel) and the kernel's integral.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats, as_points
from htstats._common.checks import count
from htstats.alternatives.integrals import legendre, log1mexp

__all__ = ["Alternative", "log_ratio", "needs_spread"]

# The probability of an integer is the difference of two tail masses if their logs differ by more
# than this. Otherwise the difference would cancel, and the kernel is integrated instead.
CLEAR = 1e-3
# Quantiles of discrete laws below xmin + TABLE are looked up in a table.
TABLE = 4096


def log_ratio(x: npt.ArrayLike, low: float) -> Floats:
    """log(x / low) for x >= low > 0, accurate also for x near low."""
    x = np.asarray(x, np.float64)
    with np.errstate(over="ignore"):
        z = (x - low) / low
    return np.where(z < 2.0**60, np.log1p(z), np.log(x) - math.log(low))


def needs_spread(name: str, spread: float) -> None:
    """Raise ValueError unless `spread` is above 0."""
    if not spread > 0:
        raise ValueError(f"{name} needs two different values above xmin")


@dataclass(frozen=True)
class Alternative(ABC):
    """Base class of the distributions on [xmin, xmax].

    Attributes
    ----------
    xmin : float
        Lower end of the support, in units of x.
    discrete : bool
        Whether the support is the set of integers from xmin to xmax.
    xmax : float
        Upper end of the support; may be infinite.
    n_tail : int
        Number of fitted values; 0 if the parameters were given.
    loglikelihood : float
        Log-likelihood of the fitted values; NaN if the parameters were given.
    note : str
        Empty, or the reason why the estimate is on a bound.
    limit : Alternative or None
        The law whose likelihood is the upper bound, if the likelihood has no maximum. The
        parameters are then those of the limit (infinite, or 0), and all functions are those of
        `limit`.
    is_held : bool
        Whether the estimate is on a bound of the search; the likelihood may be higher beyond it.
    """

    xmin: float
    discrete: bool = field(default=False, kw_only=True)
    xmax: float = field(default=math.inf, kw_only=True)
    n_tail: int = field(default=0, kw_only=True)
    loglikelihood: float = field(default=math.nan, kw_only=True)
    note: str = field(default="", kw_only=True)
    limit: Alternative | None = field(default=None, kw_only=True)
    is_held: bool = field(default=False, kw_only=True)

    name: ClassVar[str] = ""
    parameter_names: ClassVar[tuple[str, ...]] = ()

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return {name: float(getattr(self, name)) for name in self.parameter_names}

    def _is_limit(self) -> bool:
        """Whether the parameters are still those of the limit."""
        return True

    def reached_limit(self) -> Alternative | None:
        """`limit`, or None if the parameters were changed later (`dataclasses.replace`)."""
        return self.limit if self._is_limit() else None

    # ---- methods that a subclass defines ---------------------------------------------------

    @abstractmethod
    def _kernel(self, x: Floats) -> Floats:
        """Log of the density up to a constant."""

    @abstractmethod
    def _log_mass(self, a: Floats, b: Floats) -> Floats:
        """Log of the kernel's integral from a to b; -inf where a = b; b may be infinite."""

    # By default a discrete law is the continuous law from xmin - 1/2 to xmax + 1/2, rounded. Laws
    # that are normalised by a sum override these two methods.
    def _log_cells(self, first: Floats, last: Floats) -> Floats:
        """Log of the kernel's mass on the integers first ... last; -inf where there are none."""
        return self._log_mass(first - 0.5, np.maximum(last + 0.5, first - 0.5))

    def _log_cell(self, k: Floats) -> Floats:
        """Log of the kernel's mass on each single integer."""
        end = np.full(k.shape, np.inf)
        wide, beyond = self._log_mass(k - 0.5, end), self._log_mass(k + 0.5, end)
        lost = np.isneginf(wide)  # the mass is below the float range
        step = np.where(lost, -np.inf, np.minimum(beyond - np.where(lost, 0.0, wide), 0.0))
        out = np.asarray(wide + log1mexp(step))
        close = ~(step < -CLEAR)
        if close.any():
            nodes, weights = legendre()
            inner = self._kernel(k[close][:, None] - 0.5 + nodes)
            peak = np.max(inner, axis=1, keepdims=True)
            out[close] = peak[:, 0] + np.log(np.exp(inner - peak) @ weights)
        return out

    # ---- methods of all laws ---------------------------------------------------------------

    @property
    def _last(self) -> float:
        rounds = self.discrete and math.isfinite(self.xmax)
        return float(math.floor(self.xmax)) if rounds else self.xmax

    def _log_between(self, a: Floats, b: Floats) -> Floats:
        return self._log_cells(a, b) if self.discrete else self._log_mass(a, b)

    def _log_total(self) -> float:
        ends = np.array([self.xmin]), np.array([self._last])
        return float(self._log_between(*ends)[0])

    def logpdf(self, x: npt.ArrayLike) -> Floats:
        """Log density (discrete: log probability), -inf outside and between integers."""
        if (limit := self.reached_limit()) is not None:
            return limit.logpdf(x)
        x = as_points(x)
        inside = (x >= self.xmin) & (x <= self._last) & (x < math.inf)
        if self.discrete:
            inside = inside & (x == np.floor(x))
        values = np.full(x.shape, -np.inf)
        kernel = self._log_cell if self.discrete else self._kernel
        values[inside] = kernel(x[inside]) - self._log_total()
        values[np.isnan(x)] = np.nan
        return values

    def _log_likelihood(self, values: Floats, counts: npt.NDArray[np.int64]) -> float:
        """Log-likelihood of integers in range, each `counts` times."""
        return float(counts @ self._log_cell(values) - np.sum(counts) * self._log_total())

    def logsf(self, x: npt.ArrayLike) -> Floats:
        """Log of P(X > x)."""
        if (limit := self.reached_limit()) is not None:
            return limit.logsf(x)
        return self._log_beside(x, above=True)

    def logcdf(self, x: npt.ArrayLike) -> Floats:
        """Log of P(X <= x)."""
        if (limit := self.reached_limit()) is not None:
            return limit.logcdf(x)
        return self._log_beside(x, above=False)

    def _log_beside(self, x: npt.ArrayLike, above: bool) -> Floats:
        x = as_points(x)
        at = np.floor(x) if self.discrete else x
        inside = (at >= self.xmin) & (at < self._last)
        values = np.where((at < self.xmin) == above, 0.0, -np.inf)
        at = at[inside]
        if above:
            start = at + 1 if self.discrete else at
            found = self._log_between(start, np.full(at.shape, self._last))
        else:
            found = self._log_between(np.full(at.shape, self.xmin), at)
        values[inside] = np.minimum(found - self._log_total(), 0.0)
        values[np.isnan(x)] = np.nan
        return values

    def sample(self, size: int, rng: np.random.Generator | int) -> Floats:
        """`size` independent draws; `rng` is a generator or a seed."""
        size = count("size", size)
        u = np.random.default_rng(rng).random(size)
        return self.quantiles(np.log1p(-u))

    def quantiles(self, logq: Floats) -> Floats:
        """The points at which the log survival function is `logq`, an array of numbers <= 0."""
        if (limit := self.reached_limit()) is not None:
            return limit.quantiles(logq)
        return self._whole_quantiles(logq) if self.discrete else self._bisect_isf(logq)

    def _bisect_isf(self, logq: Floats) -> Floats:
        low, high = np.zeros(logq.shape), np.ones(logq.shape)  # bounds of log(x/xmin)
        top = 700.0 if math.isinf(self.xmax) else float(log_ratio(self.xmax, self.xmin))

        def is_above(t: Floats) -> npt.NDArray[np.bool_]:
            return self.logsf(self.xmin * np.exp(t)) > logq

        while np.any(grow := is_above(np.minimum(high, top)) & (high < top)):
            low, high = np.where(grow, high, low), np.where(grow, 2 * high, high)
        high = np.minimum(high, top)
        for _ in range(56):
            middle = (low + high) / 2
            yes = is_above(middle)
            low, high = np.where(yes, middle, low), np.where(yes, high, middle)
        return np.clip(self.xmin * np.exp((low + high) / 2), self.xmin, self.xmax)

    def _whole_quantiles(self, logq: Floats) -> Floats:
        """The least k with log P(X > k) <= logq, from a table and by bisection beyond it."""
        size = int(min(TABLE, self._last - self.xmin + 1))
        table = np.asarray(self.xmin + np.arange(size), np.float64)
        place = np.searchsorted(-self.logsf(table), -logq)
        k = table[np.minimum(place, table.size - 1)]
        far = place == table.size
        if far.any():
            k[far] = self._whole_beyond(logq[far], table[-1])
        return np.asarray(k, np.float64)

    def _whole_beyond(self, logq: Floats, start: float) -> Floats:
        low, high = np.full(logq.shape, start), np.full(logq.shape, start)
        top = min(self._last, 2.0**53)
        while np.any(grow := (self.logsf(high) > logq) & (high < top)):
            low, high = np.where(grow, high, low), np.where(grow, np.minimum(2 * high, top), high)
        while np.any(high - low > 1):
            middle = np.floor((low + high) / 2)
            above = self.logsf(middle) > logq
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return high

    def __str__(self) -> str:
        values = ", ".join(f"{k} = {v:.6g}" for k, v in self.parameters.items())
        end = "" if math.isinf(self.xmax) else f" <= {self.xmax:.6g}"
        start = f"{self.xmin:.6g} <= x{end}" if end else f"x >= {self.xmin:.6g}"
        return f"{self.name}({values}; {start})"
