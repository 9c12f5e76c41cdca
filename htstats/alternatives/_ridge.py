"""Ridges: cases in which a likelihood has no maximum, but rises to that of the power law.

In t = log(x/xmin) >= 0 the power law is exponential, f(t) ~ exp(-a t), a = alpha - 1. Two families
have it as a limit:

* the lognormal, f ~ exp(-b t - phi t^2), phi > 0, at phi = 0 (sigma = 1/sqrt(2 phi) and the
  absolute value of mu = log(xmin) - b sigma^2 grow without bound);
* the stretched exponential, f ~ exp(beta t - a expm1(beta t)/beta), at beta = 0 (where
  (Lambda xmin)^beta = a/beta grows without bound).

Let a be the maximum likelihood estimate of the power law: mean(t) = E(t). Here `mean` is the mean
over the data, and E is the mean under exp(-a t) on [0, L], L = log(xmax/xmin). At the limit, take
the derivative of the log-likelihood of one value with respect to the parameter that leads into the
family, with the other parameter at its best value. It is

    lognormal              E(t^2) - mean(t^2)                    in phi,
    stretched exponential  mean(t) - E(t) - a (mean(t^2) - E(t^2))/2
                         = a/2 (E(t^2) - mean(t^2))              in beta.

(The change of the other parameter does not matter, because the power law is at its maximum in a.)
Both derivatives have the same sign. So the limit is a local maximum of both families if and only if

    mean(t^2) >= E(t^2).

Without an xmax, E(t^2) = 2 mean(t)^2. The condition then says that the coefficient of variation of
log(x/xmin) is at least 1, the value of the exponential law.

For the lognormal, a limit that is a local maximum is also the global maximum, because the family is
exponential and its likelihood is concave in (b, phi). The same is true of the stretched exponential
without an xmax. Its likelihood at the best rate is beta mean(t) - log(mean expm1(beta t)/beta) plus
a constant, and mean expm1(beta t)/beta is the Laplace transform of a positive measure, whose log is
convex. With an xmax, and on the integers, other maxima may exist. The code searches for them and
compares their heights.

On the integers both families are rounded: k stands for the cell [k - 1/2, k + 1/2]. The derivative
of the log of a cell's mass is minus the mean of t^2 within the cell. So the mean over the data of
E(t^2 | cell) replaces mean(t^2), at the rate a for which mean E(t | cell) = E(t). The limit is then
a rounded power law. The `limit` that is returned, however, is the zeta law, the usual power law on
the integers: the choice of a discrete power law says nothing about the other family.

References
----------
Malevergne, Pisarenko and Sornette (2011), Physical Review E 83, 036111: the test of the power law
against the lognormal by the coefficient of variation is uniformly most powerful unbiased.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats.alternatives._base import log_ratio
from htstats.alternatives._power_law import bounded_rate, log_exponential_mass
from htstats.alternatives.family import root
from htstats.alternatives.integrals import SQUARE, integral, legendre

__all__ = ["RIDGE", "Limit", "continuous_limit", "rounded_limit"]

RIDGE = "a ridge towards a power law: no maximum, the bound of the likelihood is the power law's"
# Relative rounding error of the two moments. If the second moments differ by less than this, the
# likelihood of one value can gain at most the square of it, which is lost in floating point.
ROUNDING = 1e-14
# For |u| up to this, twenty nodes integrate exp(-u s) s^2 over [0, 1] to rounding error.
FLAT = 8.0
# Largest |log(rate mean(t))| in the search for the rate of a rounded law.
FARTHEST = 40.0


class Limit(NamedTuple):
    """The power law nearest to the data, as the exponential law of t = log(x/xmin).

    Attributes
    ----------
    rate : float
        alpha - 1.
    excess : float
        mean(t^2)/E(t^2) - 1.
    height : float
        Log-likelihood of one value: of the density of t or, on the integers, of the rounded law.
    """

    rate: float
    excess: float
    height: float

    @property
    def is_maximum(self) -> bool:
        """Whether the likelihood falls in both families when the parameters leave the limit."""
        return self.excess >= -ROUNDING


def continuous_limit(t: Floats, length: float) -> Limit:
    """The limit for values t in [0, length], whose mean lies inside; `length` may be infinite."""
    mean, square = float(np.mean(t)), float(np.mean(t * t))
    if math.isinf(length):
        rate, expected = 1 / mean, 2 * mean**2
    else:
        rate = bounded_rate(mean / length) / length
        expected = integral(-rate, 0.0, 0.0, length, SQUARE, 0.0).s
    height = -rate * mean - float(log_exponential_mass(rate, np.array(length)))
    return Limit(rate, square / expected - 1, height)


def rounded_limit(
    values: Floats, counts: npt.NDArray[np.int64], xmin: float, xmax: float
) -> Limit | None:
    """The limit for the integers `values`, each `counts` times; None if there is no best rate."""
    low = xmin - 0.5
    start, width = log_ratio(values - 0.5, low), np.log1p(1 / (values - 0.5))
    length = math.inf if math.isinf(xmax) else float(log_ratio(math.floor(xmax) + 0.5, low))
    share = counts / np.sum(counts)
    middle = float(share @ (start + width / 2))

    def pull(rate: float) -> float:  # decreases with the rate
        first, _ = _cell_means(rate, start, width)
        return _law_means(rate, length)[0] - float(share @ first)

    if math.isinf(length):
        found = root(lambda v: pull(math.exp(v) / middle), 0.0, 0.5, -FARTHEST, FARTHEST)
        rate = None if found is None else math.exp(found) / middle
    else:
        most = math.exp(FARTHEST) / length
        rate = root(pull, 1 / middle - 1 / (length - min(middle, length / 2)), 1.0, -most, most)
    if rate is None:
        return None
    _, square = _cell_means(rate, start, width)
    mass = log_exponential_mass(rate, width) - rate * start
    total = float(log_exponential_mass(rate, np.array(length)))
    excess = float(share @ square) / _law_means(rate, length)[1] - 1
    return Limit(rate, excess, float(share @ mass) - total)


def _law_means(rate: float, length: float) -> tuple[float, float]:
    """E(t) and E(t^2) of the density exp(-rate t) on [0, length]."""
    if math.isinf(length):
        return 1 / rate, 2 / rate**2
    first, second = _unit_means(np.array([rate * length]))
    return length * float(first[0]), length**2 * float(second[0])


def _cell_means(rate: float, start: Floats, width: Floats) -> tuple[Floats, Floats]:
    """E(t) and E(t^2) of the density exp(-rate t) on [start, start + width]."""
    first, second = _unit_means(rate * width)
    return start + width * first, start**2 + 2 * start * width * first + width**2 * second


def _unit_means(u: Floats) -> tuple[Floats, Floats]:
    """E(s) and E(s^2) of the density exp(-u s) on [0, 1]."""
    nodes, weights = legendre()
    flat = np.abs(u) <= FLAT
    share = weights * np.exp(-np.where(flat, u, 0.0)[:, None] * nodes)
    total = np.sum(share, axis=1)
    with np.errstate(over="ignore"):
        steep = np.where(flat, FLAT, u)
        ends = 1 / np.expm1(steep)
    first = np.where(flat, share @ nodes / total, 1 / steep - ends)
    return first, np.where(flat, share @ nodes**2 / total, 2 / steep**2 - (1 + 2 / steep) * ends)
