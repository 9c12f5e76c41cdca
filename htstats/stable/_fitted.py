"""The numbers of a fitted stable law: estimates, standard errors, and notes on bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from htstats._common.arrays import Floats
from htstats.stable._distribution import StableDistribution
from htstats.stable._fit_ecf import ecf_covariance, fit_ecf
from htstats.stable._fit_mle import loglikelihood, maximize
from htstats.stable._fit_quantile import (
    LOWEST_ALPHA,
    Estimate,
    Given,
    fit_quantiles,
    quantile_covariance,
)
from htstats.stable._information import asymptotic_covariance
from htstats.stable._points import Points

__all__ = ["METHODS", "PARAMETERS", "FittedStable", "StableErrors", "fit_points"]

METHODS = ("mle", "quantile", "ecf")
PARAMETERS = ("alpha", "beta", "loc", "scale")
SMALLEST_SCALE = 1e-100


class StableErrors(NamedTuple):
    """Standard errors of the estimates; 0 for a parameter that was given, NaN at a bound."""

    alpha: float
    beta: float
    loc: float
    scale: float


@dataclass(frozen=True)
class FittedStable:
    """The data of a `StableFit`, without its tests; `StableFit` documents the attributes."""

    alpha: float
    beta: float
    loc: float
    scale: float
    stderr: StableErrors
    n: float
    method: str
    given: tuple[str, ...] = ()
    edge: str = ""
    binning_error: float = 0.0
    points: Points = field(repr=False, compare=False, kw_only=True)
    # the log-likelihood if the fit has computed it
    maximum: float | None = field(default=None, repr=False, compare=False, kw_only=True)

    @cached_property
    def loglikelihood(self) -> float:
        """The log-likelihood at the estimates. Some methods compute it only on request."""
        return loglikelihood(self.points, self.estimate) if self.maximum is None else self.maximum

    @property
    def estimate(self) -> Estimate:
        """alpha, beta, loc and scale."""
        return self.alpha, self.beta, self.loc, self.scale

    @property
    def tail_exponent(self) -> float:
        """The exponent of P(abs(X) > x) ~ x^-alpha: alpha, or infinity for the normal law."""
        return self.alpha if self.alpha < 2 else math.inf

    @cached_property
    def law(self) -> StableDistribution:
        """The fitted law."""
        return StableDistribution(*self.estimate, parameterization="S0")

    @property
    def known(self) -> Given:
        """The values that the caller gave for beta, loc and scale; None if estimated."""
        return Given(
            *(getattr(self, n) if n in self.given else None for n in ("beta", "loc", "scale"))
        )


def fit_points(
    points: Points, method: str, given: Given, *, start: Estimate | None = None
) -> FittedStable:
    """Fit a stable law to points. `start` is the first estimate of maximum likelihood."""
    found, value = _estimate(points, method, given, start)
    alpha, skew, loc, scale = map(float, found)
    estimate = alpha, skew, loc, scale
    free = (True, given.beta is None, given.loc is None, given.scale is None)
    edge = _edge(estimate, free)
    errors = _errors(points, estimate, method, free)
    for k, name in enumerate(PARAMETERS):
        if free[k] and (f"{name} is" in edge or (name == "beta" and estimate[0] == 2)):
            errors[k] = math.nan
    return FittedStable(
        *estimate,
        stderr=StableErrors(*errors.tolist()),
        n=points.n,
        method=method,
        given=tuple(name for name, is_free in zip(PARAMETERS, free, strict=True) if not is_free),
        edge=edge,
        binning_error=_binning_error(points, estimate),
        points=points,
        maximum=value,
    )


def _estimate(
    points: Points, method: str, given: Given, start: Estimate | None
) -> tuple[Estimate, float | None]:
    """The estimate, and its log-likelihood if the method computes it."""
    if method == "mle":
        found = maximize(points, given, start)
        return found.estimate, found.loglikelihood
    fit: Callable[[Points, Given], Estimate] = fit_quantiles if method == "quantile" else fit_ecf
    return fit(points, given), None


def _errors(points: Points, estimate: Estimate, method: str, free: tuple[bool, ...]) -> Floats:
    """The standard errors of alpha, beta, loc and scale."""
    alpha, beta, loc, scale = estimate
    # the square of the scale must be a float
    unit = 1.0 if SMALLEST_SCALE < scale < 1 / SMALLEST_SCALE else scale
    if unit != 1:
        points = replace(points, x=points.x / unit)
    covariance = _covariance(points, (alpha, beta, loc / unit, scale / unit), method, free)
    found: Floats = np.sqrt(np.diag(covariance) / points.n) * np.array([1.0, 1.0, unit, unit])
    return found


def _covariance(points: Points, estimate: Estimate, method: str, free: tuple[bool, ...]) -> Floats:
    if method == "mle" or estimate[0] == 2:
        return asymptotic_covariance(estimate, free)
    if method == "quantile":
        return quantile_covariance(points, estimate, free)
    return ecf_covariance(estimate, free)


def _edge(estimate: Estimate, free: tuple[bool, ...]) -> str:
    """A note that says what an estimate at a bound means; empty if none is at a bound."""
    alpha, beta, *_ = estimate
    if alpha == 2:
        return (
            "alpha is 2, its upper bound: the tails are no heavier than a normal law's, beta means "
            "nothing, and the law has a finite variance, 2 scale^2"
        )
    if alpha == LOWEST_ALPHA:
        return (
            f"alpha is {LOWEST_ALPHA}, the lowest that is tried: the tails are heavier, or many "
            "values are nearly equal"
        )
    if abs(beta) == 1 and free[1]:
        side = "left" if beta > 0 else "right"
        rest = f"the support ends on the {side}" if alpha < 1 else f"the {side} tail is light"
        return (
            f"beta is {beta:+.0f}, its bound: no value speaks for a heavy {side} tail, {rest}, and "
            "the errors of the others take beta as known"
        )
    return ""


def _binning_error(points: Points, estimate: Estimate) -> float:
    """An upper bound on the change of the log-likelihood by binning.

    It is the sum of each point's variance times half the curvature of the log density there.
    """
    if not points.variance.any():
        return 0.0
    law = StableDistribution(*estimate)
    step = 1e-3 * law.scale + 1e-4 * np.abs(points.x - law.loc)
    before, here, after = (law.logpdf(points.x + k * step) for k in (-1, 0, 1))
    with np.errstate(invalid="ignore"):
        curvature = np.abs(after - 2 * here + before) / step**2
    curvature = np.where(np.isfinite(curvature), curvature, 0.0)
    return points.total(points.variance * curvature) / 2
