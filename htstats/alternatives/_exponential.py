"""The exponential law, and the geometric law on the integers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from htstats._common.arrays import Floats
from htstats.alternatives._base import Alternative, needs_spread
from htstats.alternatives._power_law import bounded_rate, log_exponential_mass
from htstats.alternatives.family import root
from htstats.alternatives.integrals import log1mexp

__all__ = ["Exponential"]

FLAT = "Lambda stands on its bound 0: the uniform law"


@dataclass(frozen=True)
class Exponential(Alternative):
    """Density ~ exp(-Lambda x); on the integers, the geometric law.

    With an xmax, Lambda may be 0.
    """

    Lambda: float
    name: ClassVar[str] = "exponential"
    parameter_names: ClassVar[tuple[str, ...]] = ("Lambda",)

    def _kernel(self, x: Floats) -> Floats:
        return np.asarray(-self.Lambda * (x - self.xmin))

    def _log_mass(self, a: Floats, b: Floats) -> Floats:
        return np.asarray(self._kernel(a) + log_exponential_mass(self.Lambda, b - a))

    def _log_cells(self, first: Floats, last: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            size = np.maximum(last - first + 1, 0.0)
            if self.Lambda == 0:
                return np.asarray(np.log(size))
            own = float(log1mexp(-self.Lambda))
            return np.asarray(self._kernel(first) + log1mexp(-self.Lambda * size) - own)

    def _log_cell(self, k: Floats) -> Floats:
        return self._kernel(k)

    def quantiles(self, logq: Floats) -> Floats:
        # The integer part of an exponential variable is geometric: round x - xmin down.
        length = self._last + 1 - self.xmin if self.discrete else self.xmax - self.xmin
        if self.Lambda == 0:
            above = -np.expm1(logq) * length
        else:
            above = -np.log1p(np.expm1(logq) * -math.expm1(-self.Lambda * length)) / self.Lambda
        x = self.xmin + (np.floor(above) if self.discrete else above)
        return np.minimum(x, self._last)

    @classmethod
    def fit(cls, x: Floats, xmin: float, discrete: bool, xmax: float = math.inf) -> Exponential:
        """Maximise the likelihood of the values `x`, all in [xmin, xmax]."""
        scale = float(np.max(x))
        share = float(np.mean((x - xmin) / scale))  # scaled, as a sum of large values can overflow
        needs_spread(cls.name, share)
        if math.isinf(xmax):
            rate = math.log1p(1 / (share * scale)) if discrete else 1 / share / scale
            return cls(xmin, rate, discrete=discrete)
        length = math.floor(xmax) - xmin if discrete else xmax - xmin
        share = float(np.mean((x - xmin) / length))
        if share >= 0.5:
            return cls(xmin, 0.0, discrete=discrete, xmax=xmax, note=FLAT)
        if not discrete:
            return cls(xmin, bounded_rate(share) / length, xmax=xmax)
        return cls(xmin, _geometric_rate(share * length, length), discrete=True, xmax=xmax)


def _geometric_rate(mean: float, last: float) -> float:
    """Lambda of P(J = j) ~ e^(-Lambda j), 0 <= j <= last, with the given mean below last/2."""
    size = last + 1

    def excess(u: float) -> float:  # u = Lambda size
        rate = u / size
        with np.errstate(over="ignore"):
            if u < 1e-3:  # both terms are nearly 1/rate and would cancel
                value = last / 2 - u * (size - 1 / size) / 12 + u**3 * (size - size**-3) / 720
            else:
                value = float(1 / np.expm1(rate) - size / np.expm1(u))
        return value / mean - 1

    guess = math.log1p(1 / mean) * size
    found = root(excess, guess, guess / 4, 0.0, 1e3 * size)
    return (guess if found is None else found) / size
