"""Mean, mode and entropy of a stable law."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from htstats._common.arrays import Floats
from htstats.stable import _arguments
from htstats.stable._table import StableTable, table_of

__all__ = ["Law", "entropy", "mean", "mode", "shift"]


class Law(Protocol):
    """The parameters of a law, as `StableDistribution` has them."""

    @property
    def alpha(self) -> float: ...
    @property
    def beta(self) -> float: ...
    @property
    def loc(self) -> float: ...
    @property
    def scale(self) -> float: ...
    @property
    def parameterization(self) -> str: ...


def tangent(alpha: float) -> float:
    """tan(pi alpha/2), computed from the distance of alpha to 1 or 2, which is exact."""
    if alpha > 1.5:
        return -math.tan(math.pi / 2 * (2 - alpha))
    if alpha > 0.5:
        return -1 / math.tan(math.pi / 2 * (alpha - 1))
    return math.tan(math.pi / 2 * alpha)


def mean(law: Law) -> float:
    """The mean. For alpha <= 1 it is infinite if only one tail is heavy, else NaN."""
    if law.alpha <= 1:
        return math.copysign(math.inf, law.beta) if abs(law.beta) == 1 else math.nan
    if law.parameterization == "S1" or law.alpha == 2:
        return law.loc
    return law.loc - law.beta * law.scale * tangent(law.alpha)


def shift(law: Law, *, s1: bool) -> float:
    """What is added to a standardised coordinate in S1 (s1) or S0 before it is scaled and moved."""
    to_s1 = law.parameterization == "S1"
    if law.beta == 0 or law.alpha == 2:
        return 0.0
    if law.alpha == 1:
        return 2 / math.pi * law.beta * math.log(law.scale) if to_s1 else 0.0
    return law.beta * tangent(law.alpha) * (int(to_s1) - int(s1))


def standard(law: Law, x0: float) -> float:
    """The point whose standardised coordinate in S0 is x0."""
    return law.loc + law.scale * (x0 + shift(law, s1=False))


# ---- mode ----------------------------------------------------------------------------------------

# Coefficients of the eighth-order central difference, and its step in s.
DIFFERENCES = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
STEP = 0.02
SMALL_ALPHA = 0.7


class Scaled:
    """log f as a function of s = asinh(t/width), with t = x_S1 for alpha up to .7, else x_S0."""

    def __init__(self, alpha: float, beta: float) -> None:
        self.law = (alpha, beta, 0.0, 1.0)
        self.name = "S1" if alpha <= SMALL_ALPHA else "S0"
        self.width = 1.0
        if self.name == "S1":
            self.width = math.gamma(min(1 / alpha, 85.0)) / math.gamma(min(2 / alpha, 170.0))

    def log_density(self, s: float) -> float:
        t = self.width * math.sinh(s)
        return float(_arguments.evaluate("logpdf", t, self.law, self.name, None, 1))

    def quantile(self, q: float) -> float:
        return math.asinh(
            float(_arguments.evaluate("ppf", q, self.law, self.name, None, 1)) / self.width
        )


def mode(law: Law) -> float:
    """The point where the density is largest: a search in asinh(t/width), then Newton's method."""
    if law.beta == 0 or law.alpha == 2:
        return law.loc
    scaled = Scaled(law.alpha, law.beta)
    low, high = scaled.quantile(0.001), scaled.quantile(0.999)
    while high - low > 0.3:
        step = (high - low) / 3
        if scaled.log_density(low + step) < scaled.log_density(high - step):
            low += step
        else:
            high -= step
    t = scaled.width * math.sinh(refine_mode(scaled, (low + high) / 2))
    return standard(law, t - law.beta * tangent(law.alpha) if scaled.name == "S1" else t)


def refine_mode(scaled: Scaled, s: float) -> float:
    """A zero of the derivative of log f: Newton's method with differences."""
    for _ in range(30):
        values = {i: scaled.log_density(s + i * STEP) for i in range(-4, 5)}
        slope = sum(c * (values[i] - values[-i]) for i, c in enumerate(DIFFERENCES, start=1))
        bend = values[1] - 2 * values[0] + values[-1]
        move = -slope / bend * STEP if bend < 0 else math.copysign(0.1, slope)
        s += max(-0.3, min(0.3, move))
        if abs(move) < 1e-12:
            break
    return s


# ---- entropy -------------------------------------------------------------------------------------

NODES = 40_001
# Below this alpha a table does not reach far enough.
LEAST_TABLE_ALPHA = 0.1


def entropy(law: Law) -> float:
    """The differential entropy in nats: closed forms, or an integral over the table."""
    alpha, beta = law.alpha, law.beta
    if alpha == 2:
        unit = 0.5 * math.log(4 * math.pi * math.e)
    elif alpha == 1 and beta == 0:
        unit = math.log(4 * math.pi)
    else:
        unit = tabulated_entropy(table_of(alpha, beta))
    return unit + math.log(law.scale)


def tabulated_entropy(table: StableTable) -> float:
    """The entropy by the trapezoid rule in asinh(t/width) over the range of the table.

    Outside the range the tails are power laws. A tail f = c x^(-1-alpha) beyond x adds
    P(X > x) (1 + 1/alpha - log f(x)).
    """
    low, high, width, s1 = table.range()
    s = np.linspace(low, high, NODES)
    x = width * np.sinh(s)
    law = (table.alpha, table.beta, 0.0, 1.0)

    def value(name: str, points: Floats) -> Floats:
        if table.alpha < LEAST_TABLE_ALPHA:
            kind = "S1" if s1 else "S0"
            return np.asarray(_arguments.evaluate(name, points, law, kind, None, 1))
        return np.asarray(table.evaluate(name, points, s1=s1))

    log_f = value("logpdf", x)
    terms = -log_f * np.exp(log_f + np.log(width * np.cosh(s)))
    terms[[0, -1]] /= 2
    total = math.fsum(terms.tolist()) * (high - low) / (NODES - 1)
    for name, i in (("cdf", 0), ("sf", -1)):
        tail = float(value(name, x[[i]])[0])
        total += tail * (1 + 1 / table.alpha - float(log_f[i])) if tail else 0.0
    return total
