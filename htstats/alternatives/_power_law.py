"""The power law as one of the laws that can be compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats._core import scan
from htstats._laws import pareto
from htstats._laws.zeta import ZetaLaw
from htstats.alternatives._base import Alternative, log_ratio, needs_spread
from htstats.alternatives.family import root
from htstats.alternatives.integrals import log1mexp

__all__ = ["PowerLaw", "bounded_rate", "log_exponential_mass"]

AT_ZERO = "alpha stands on its bound 0"


def log_exponential_mass(rate: float, length: Floats) -> Floats:
    """Log of int_0^length e^(-rate t) dt; the rate must be above 0 if the length is infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if rate == 0:
            return np.asarray(np.log(length))
        u = abs(rate) * length
        flat = np.log(length) - rate * length / 2  # the error is u^2/24
        curved = log1mexp(-u) - math.log(abs(rate))
        if rate < 0:
            curved = curved + u
        return np.where(u < 1e-9, flat, curved)


def bounded_rate(share: float) -> float:
    """The u for which the density ~ e^(-u t) on [0, 1] has the mean `share`; u has any sign."""
    if not 0 < share < 1:
        raise ValueError(f"the mean must be inside the interval, got a share of {share!r}")
    guess = 1 / share - 2 if share < 0.5 else 2 - 1 / (1 - share)
    found = root(
        lambda u: scan.truncated_mean(u) - share, guess, 0.1 * (1 + abs(guess)), -1e18, 1e18
    )
    return guess if found is None else found


@dataclass(frozen=True)
class PowerLaw(Alternative):
    """Density ~ x^-alpha on [xmin, xmax]; if discrete, the zeta distribution on the integers there.

    `alpha` is above 1. With a finite xmax, `alpha` may be any number (discrete: 0 or above).
    """

    alpha: float
    name: ClassVar[str] = "power_law"
    parameter_names: ClassVar[tuple[str, ...]] = ("alpha",)

    @property
    def _zeta(self) -> ZetaLaw:
        return ZetaLaw(self.alpha, float(self.xmin), self._last)

    def _kernel(self, x: Floats) -> Floats:
        return np.asarray(-self.alpha * log_ratio(x, self.xmin))

    def _log_mass(self, a: Floats, b: Floats) -> Floats:
        rate = self.alpha - 1
        inner = log_exponential_mass(rate, log_ratio(b, self.xmin) - log_ratio(a, self.xmin))
        return np.asarray(math.log(self.xmin) - rate * log_ratio(a, self.xmin) + inner)

    def logpdf(self, x: npt.ArrayLike) -> Floats:
        return self._zeta.logpmf(x) if self.discrete else super().logpdf(x)

    def logsf(self, x: npt.ArrayLike) -> Floats:
        return self._zeta.logsf(x) if self.discrete else super().logsf(x)

    def logcdf(self, x: npt.ArrayLike) -> Floats:
        return self._zeta.logcdf(x) if self.discrete else super().logcdf(x)

    def quantiles(self, logq: Floats) -> Floats:
        if self.discrete:
            return self._zeta.isf(logq)
        length = math.inf if math.isinf(self.xmax) else float(log_ratio(self.xmax, self.xmin))
        t = pareto.quantile(-np.expm1(logq), self.alpha - 1, length)
        with np.errstate(over="ignore"):
            return np.minimum(self.xmin * np.exp(t), self.xmax)

    @classmethod
    def fit(cls, x: Floats, xmin: float, discrete: bool, xmax: float = math.inf) -> PowerLaw:
        """Maximise the likelihood of the values `x`, all in [xmin, xmax]."""
        mean = float(np.mean(log_ratio(x, xmin)))
        needs_spread(cls.name, mean)
        if discrete:
            alpha = ZetaLaw.fit(x, xmin, xmax).alpha
            note = AT_ZERO if alpha == 0 else ""
            return cls(xmin, alpha, discrete=True, xmax=xmax, note=note, is_held=alpha == 0)
        if math.isinf(xmax):
            return cls(xmin, 1 + 1 / mean)
        length = float(log_ratio(xmax, xmin))
        return cls(xmin, 1 + bounded_rate(mean / length) / length, xmax=xmax)
