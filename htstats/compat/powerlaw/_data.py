"""Functions of data without a law: trimming, empirical distributions, likelihood ratios."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
from scipy import special

from htstats._common.arrays import Floats, as_points
from htstats._common.data_checks import find_missing, present_elements, require_sample

__all__ = [
    "TINY",
    "as_data",
    "ccdf",
    "cdf",
    "checkunique",
    "is_discrete",
    "loglikelihood_ratio",
    "nested_loglikelihood_ratio",
    "pdf",
    "trim_to_range",
]

TINY = 10.0**sys.float_info.min_10_exp  # powerlaw replaces a likelihood of 0 with this number


def as_data(data: Any) -> Floats:
    """Return the data as float64, without masked elements.

    Raises
    ------
    TypeError
        If the data are not real numbers, or are pairs, keys or strings.
    ValueError
        If the data have more than one dimension and masked elements.
    """
    if type(data) is np.ndarray and data.dtype == np.float64:
        return data
    require_sample(data, "data")
    mask = find_missing(data)
    if mask is None:
        return as_points(data, "data")
    if mask.ndim > 1:
        raise ValueError(f"data must be one-dimensional, got {mask.ndim} dimensions")
    return as_points(present_elements(data, mask), "data")


def trim_to_range(data: Any, xmin: Any = None, xmax: Any = None) -> Floats:
    """The values in [xmin, xmax]."""
    x = as_data(data)
    if xmin:
        x = x[x >= xmin]
    if xmax:
        x = x[x <= xmax]
    return x


def is_discrete(data: Any) -> bool:
    """Whether all values are integers."""
    x = as_data(data)
    return bool(np.all(x == np.floor(x)))


def checkunique(data: Any) -> bool:
    """Whether no value of the sorted data is repeated."""
    x = as_data(data)
    return not bool(np.any(x[1:] == x[:-1]))


def cdf(
    data: Any, survival: bool = False, xmin: Any = None, xmax: Any = None
) -> tuple[Floats, Floats]:
    """Distinct values and the proportion of the data below each (survival: at or above each)."""
    x = trim_to_range(data, xmin, xmax)
    if x.size == 0:
        return np.array([np.nan]), np.array([np.nan])
    values, counts = np.unique(x, return_counts=True)
    below = np.cumsum(counts) - counts
    return values, (x.size - below if survival else below) / x.size


def ccdf(
    data: Any, survival: bool = True, xmin: Any = None, xmax: Any = None
) -> tuple[Floats, Floats]:
    """Distinct values and the proportion of the data at or above each."""
    return cdf(data, survival=survival, xmin=xmin, xmax=xmax)


def pdf(
    data: Any,
    xmin: Any = None,
    xmax: Any = None,
    linear_bins: bool = False,
    bins: Any = None,
) -> tuple[Floats, Floats]:
    """Bin edges and a normalised histogram.

    By default there are ten logarithmic bins per decade, with integer edges; with `linear_bins` the
    bins have the width 1. If xmin is below 1, the unit of the edges and of the width is xmin.
    `bins`, the number of bins or their edges in units of the data, overrides both.
    """
    x = as_data(data)
    x = x[x > 0]
    if x.size == 0:
        raise ValueError("data must have a value above 0")
    xmin = float(xmin or np.min(x))
    xmax = float(xmax or np.max(x))
    if bins is not None:
        histogram, edges = np.histogram(x, bins, density=True)
        return edges.astype(np.float64), histogram
    unit = xmin if xmin < 1 else 1.0
    low, high = xmin / unit, xmax / unit
    if linear_bins:
        chosen = np.arange(int(low), math.ceil(high) + 1, dtype=np.float64)
    else:
        logs = math.log10(low), math.log10(high)
        chosen = np.logspace(*logs, num=math.ceil((logs[1] - logs[0]) * 10))
        chosen = np.unique(np.append(np.floor(chosen[:-1]), math.ceil(high)))
    if chosen.size < 2:  # the data span less than a tenth of a decade
        chosen = np.array([math.floor(low), math.floor(low) + 1.0])
    histogram, edges = np.histogram(x / unit, chosen, density=True)
    return edges * unit, histogram / unit


def loglikelihood_ratio(
    loglikelihoods1: Any,
    loglikelihoods2: Any,
    nested: bool | None = False,
    normalized_ratio: bool = False,
) -> tuple[float, float]:
    """R and p of Vuong's test; the arrays are not changed."""
    first, second = _finite_logs(loglikelihoods1), _finite_logs(loglikelihoods2)
    n = first.size
    if n == 0:
        return 0.0, 1.0
    difference = first - second
    ratio = float(np.sum(difference))
    spread = math.sqrt(n * float(np.var(difference)))
    if ratio == 0:
        normalized = 0.0
    else:
        normalized = ratio / spread if spread > 0 else math.copysign(math.inf, ratio)
    p = special.chdtrc(1, 2 * abs(ratio)) if nested else special.erfc(abs(normalized) / 2**0.5)
    return (normalized if normalized_ratio else ratio), float(p)


def _finite_logs(given: Any) -> Floats:
    logs = as_points(given, "loglikelihoods")
    return np.where(np.isneginf(logs), math.log(TINY), logs)


def nested_loglikelihood_ratio(
    loglikelihoods1: Any, loglikelihoods2: Any, normalized_ratio: bool = False
) -> tuple[float, float]:
    """Call `loglikelihood_ratio` for nested models."""
    return loglikelihood_ratio(
        loglikelihoods1, loglikelihoods2, nested=True, normalized_ratio=normalized_ratio
    )
