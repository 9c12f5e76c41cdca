"""Confidence intervals of alpha and xmin, by asymptotic theory or by bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from htstats._common.arrays import Floats
from htstats._common.checks import count, one_of, probability
from htstats._common.documents import add_sections
from htstats._exact_fit.fitted_tail import FittedTail
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.sample import Sample
from htstats.power_law._bootstrap import (
    DATA,
    RAISES,
    RANDOM,
    Resampler,
    fit_positive,
    general_blocks,
    has_kernel,
    refit_blocks,
)

__all__ = [
    "ConfidenceInterval",
    "asymptotic_interval",
    "bootstrap_interval",
    "check_level",
    "confidence_interval",
]


@dataclass(frozen=True)
class ConfidenceInterval:
    """A confidence interval of alpha, and one of xmin if the bootstrap searched for xmin.

    Attributes
    ----------
    alpha : tuple of float
        Interval of the density exponent.
    xmin : tuple of float or None
        Interval of xmin, in units of x. Both ends are values of the data. It is None if xmin was
        fixed or the method is asymptotic.
    level : float
        Nominal coverage.
    method : str
        "asymptotic" or "bootstrap".
    """

    alpha: tuple[float, float]
    xmin: tuple[float, float] | None
    level: float
    method: str


INTERVAL = {
    "Parameters": f"""\
{DATA}
level : float
    Nominal coverage, in (0, 1).
method : {{"asymptotic", "bootstrap"}}
    "asymptotic": alpha +- z (alpha - 1)/sqrt(n_tail). "bootstrap": quantiles of refits.
xmin : float, optional
    Fixed xmin. By default the scan finds xmin, also in every resample.
n_resamples : int
    Number of samples that are drawn and fitted, at least 20.
{RANDOM}""",
    "Raises": RAISES,
    "Notes": """\
If xmin is fixed, the bootstrap draws the tail from the fit and inverts the pivot
(alpha - 1)/(alpha* - 1), whose distribution is the same for every alpha. If xmin is not fixed, the
bootstrap draws from all the data and uses percentiles of the refits. A percentile of xmin that
lies between two refits is replaced by the outer one of them. If xmin is not fixed, the asymptotic
interval is too short, because it treats xmin as known: use the bootstrap. At a nominal 95 % the
asymptotic interval covered alpha in 90.7 % of 400 Pareto samples of 500 values, and the bootstrap
interval in 96.0 % (bench/studies/coverage.py; one standard error is 1.1 points).""",
    "References": "Clauset, Shalizi and Newman (2009), eq. 3.2 and section 3.3.",
}


@add_sections(**INTERVAL)
def confidence_interval(
    x: npt.ArrayLike,
    level: float = 0.95,
    method: str = "asymptotic",
    *,
    xmin: float | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
    n_threads: int = 1,
) -> ConfidenceInterval:
    """Compute a confidence interval for alpha and, with the bootstrap, one for xmin.

    Examples
    --------
    >>> x = (1 - np.random.default_rng(42).random(500)) ** (-1 / 1.5)
    >>> low, high = confidence_interval(x, 0.99, xmin=1.0).alpha
    >>> print(low < 2.5 < high)
    True
    """
    level = check_level(level, method)
    n_resamples = count("n_resamples", n_resamples, at_least=20)
    tail, sample, options = fit_positive(x, xmin)
    if method == "bootstrap":
        return bootstrap_interval(
            tail, sample, options, level, n_resamples=n_resamples, seed=seed, n_threads=n_threads
        )
    count("seed", seed, below=2**64)
    count("n_threads", n_threads, at_least=1)
    # not `asymptotic_interval`, which multiplies in another order and thus rounds differently
    width = float(special.ndtri((1 + level) / 2)) * (tail.alpha - 1) / np.sqrt(tail.n_tail)
    return ConfidenceInterval((tail.alpha - width, tail.alpha + width), None, level, method)


def check_level(level: float, method: str) -> float:
    """Return the level; if the level or the method is invalid, raise an error that names it."""
    level = probability("level", level)
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level!r}")
    one_of("method", method, ("asymptotic", "bootstrap"))
    return level


def asymptotic_interval(tail: FittedTail, level: float) -> ConfidenceInterval:
    """The interval alpha +- z standard errors, where z is a quantile of the normal law."""
    width = float(special.ndtri((1 + level) / 2)) * tail.stderr
    return ConfidenceInterval((tail.alpha - width, tail.alpha + width), None, level, "asymptotic")


def bootstrap_interval(
    tail: FittedTail,
    sample: Sample,
    options: FitOptions,
    level: float,
    *,
    n_resamples: int,
    seed: int,
    n_threads: int,
) -> ConfidenceInterval:
    """Compute the interval for any fit, from refits with the options of the fit.

    Parameters
    ----------
    tail, sample, options
        As in `htstats.power_law._goodness.bootstrap_pvalue`.
    level, n_resamples, seed, n_threads
        As in `confidence_interval`.

    Notes
    -----
    If xmin is not fixed, the limits are percentiles of refits of samples drawn from the data with
    replacement. If xmin is fixed, a continuous fit with the default options inverts a pivot (see
    `confidence_interval`). For other fits the limits are 2 alpha minus the percentiles of refits of
    samples drawn from the model. Measured coverage at a nominal 95 % with xmin fixed, for 400
    samples of 100 values: 96.3 % (asymptotic) and 96.0 % (bootstrap) with an xmax, and 95.3 % and
    94.0 % for integers (bench/studies/coverage.py; one standard error is 1.1 points).
    """
    n_resamples = count("n_resamples", n_resamples, at_least=20)
    seed = count("seed", seed, below=2**64)
    n_threads = count("n_threads", n_threads, at_least=1)
    values, refit = sample.elements(), options.finds_xmin
    kernel = has_kernel(sample, options)
    if kernel:
        logs = np.sort(np.log(values)) if refit else np.empty(0)
        made = list(refit_blocks(tail, logs, refit, seed, n_resamples, n_threads))
    else:
        resampler = Resampler(tail, values, options._replace(curve=False), sample.dtype, seed)
        draw = resampler.draw_from_data if refit else resampler.draw_from_model
        made = list(general_blocks(resampler, draw, n_resamples, n_threads))
    alphas, xmins = (np.concatenate([block[i] for block in made]) for i in (1, 2))
    alphas = alphas[np.isfinite(alphas)]  # a sample without a candidate has alpha NaN
    tails = ((1 - level) / 2, (1 + level) / 2)
    if not refit:
        limits = _limits_of_alpha(tail.alpha, alphas, tails, kernel)
        return ConfidenceInterval(limits, None, level, "bootstrap")
    low, high = _limits_of_xmin(xmins, tails)
    if kernel:  # the xmins are logs: of several values with the same log, use the outer one
        low = float(values[np.searchsorted(logs, low, side="left")])
        high = float(values[np.searchsorted(logs, high, side="right") - 1])
    limits = _quantiles(alphas, tails)
    return ConfidenceInterval(limits, (low, high), level, "bootstrap")


def _quantiles(x: Floats, tails: tuple[float, float]) -> tuple[float, float]:
    low, high = np.quantile(x, tails)
    return float(low), float(high)


def _limits_of_alpha(
    alpha: float, refits: Floats, tails: tuple[float, float], pivot: bool
) -> tuple[float, float]:
    """The interval of alpha at a fixed xmin, from the alphas of samples drawn from the model."""
    if pivot:
        low, high = _quantiles((alpha - 1) ** 2 / (refits - 1), tails)
        return 1 + low, 1 + high
    low, high = _quantiles(refits, tails)
    return 2 * alpha - high, 2 * alpha - low


def _limits_of_xmin(xmins: Floats, tails: tuple[float, float]) -> tuple[float, float]:
    """Two quantiles of xmins. A quantile between two xmins is replaced by the outer one of them."""
    xmins = xmins[np.isfinite(xmins)]
    low = np.quantile(xmins, tails[0], method="lower")
    return float(low), float(np.quantile(xmins, tails[1], method="higher"))
