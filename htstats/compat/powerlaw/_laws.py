"""The exponential, the stretched exponential and the lognormal."""

from __future__ import annotations

import math

import numpy as np

from htstats._common.arrays import Floats
from htstats.alternatives import LOGNORMAL_RIDGE
from htstats.compat.powerlaw._data import TINY
from htstats.compat.powerlaw._distributions import Distribution

__all__ = ["Exponential", "Lognormal", "Lognormal_Positive", "Stretched_Exponential"]


class Exponential(Distribution):
    """Density ~ exp(-Lambda x)."""

    name = "exponential"
    parameter_names = ("Lambda",)
    _lower = (0.0,)
    Lambda: float

    def _draw(self, u: Floats) -> Floats:
        if self.discrete or self.xmax is not None:
            return super()._draw(u)
        return np.asarray(self.xmin - np.log1p(-u) / self.Lambda)


class Stretched_Exponential(Distribution):
    """Survival function ~ exp(-(Lambda x)^beta)."""

    name = "stretched_exponential"
    parameter_names = ("Lambda", "beta")
    _lower = (-TINY, -TINY)  # the range includes 0, because a limit has the value 0
    _is_rounded = True

    def _start_near_ridge(self, x: Floats) -> Floats:
        rate, beta = 1 / float(np.mean(np.log(x / self.xmin))), 0.02
        with np.errstate(over="ignore"):
            scale = min(np.exp(min(np.log(rate / beta) / beta, 700.0)) / self.xmin, 1e300)
        return np.array([scale, beta])


class Lognormal(Distribution):
    """The law of x if log x is normal(mu, sigma)."""

    name = "lognormal"
    parameter_names = ("mu", "sigma")
    _lower: tuple[float | None, ...] = (None, 0.0)
    _is_rounded = True
    mu: float
    sigma: float

    def _start_near_ridge(self, x: Floats) -> Floats:
        sigma = LOGNORMAL_RIDGE * float(np.mean(np.log(x / self.xmin)))
        return np.array([math.log(self.xmin) - LOGNORMAL_RIDGE * sigma, sigma])


class Lognormal_Positive(Lognormal):
    """A lognormal with mu >= 0."""

    name = "lognormal_positive"
    _lower = (-1e-12, 0.0)
