"""Scan for xmin with the zeta distribution: fit it to every tail of a sample of integers.

A sample is (values, first). `values` has the distinct integers as float64, ascending. `first` has
the number of elements below each value; its last entry is the number of all elements.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from htstats._common import checks
from htstats._common.arrays import Counts, Floats
from htstats._core import discrete
from htstats._exact_fit.candidates import CURVE_PART, TOLERANCE

__all__ = ["DiscreteScan", "scan_integers", "scan_tails"]


@dataclass(frozen=True)
class DiscreteScan:
    """The chosen candidate and, if requested, the curve.

    Attributes
    ----------
    alpha, xmin, distance : float
        The results for the smallest candidate whose distance is within 1e-13 of the smallest
        distance.
    n_tail : int
        The number of elements at or above `xmin`.
    curve : tuple of arrays or None
        Candidates, distances and estimates (NaN for a candidate without an estimate above
        `alpha_low`).
    """

    alpha: float
    xmin: float
    distance: float
    n_tail: int
    curve: tuple[Floats, Floats, Floats] | None


def scan_integers(values: Floats, counts: Counts, **options: Any) -> DiscreteScan:
    """Call `scan_tails` with distinct values and the count of each value."""
    first = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=first[1:])
    return scan_tails(values, first, **options)


def scan_tails(
    values: Floats,
    first: Counts,
    *,
    begin: int = 0,
    end: int | None = None,
    xmax: float = math.inf,
    two_sided: bool = False,
    alpha_low: float = 1.0,
    curve: bool = False,
) -> DiscreteScan:
    """Fit the zeta distribution to every tail values[k:], begin <= k < end, and choose one.

    Parameters
    ----------
    values, first : array
        The sample. Two neighbours in `first` may be equal: a fixed xmin is among the values, even
        if no element is equal to it.
    begin, end : int
        The range of the candidates; by default all values except the largest.
    xmax : float
        The last integer of the law; values above it must have been left out.
    two_sided : bool
        Whether the distance is the two-sided one; htst_discrete.h defines both.
    alpha_low : float
        A value is a candidate only if its estimate is above this bound. The bound is at least 1,
        or at least 0 with a finite `xmax`.
    curve : bool
        Whether to keep the distances and estimates of all candidates.

    Raises
    ------
    ValueError
        If a value is not a whole number in [1, 2^53], or no candidate has an estimate.

    Notes
    -----
    Newton's method finds alpha with one to three evaluations of the zeta function. For most
    candidates the distance takes about as many evaluations, because the values that ruled out
    earlier candidates are tried first. Without an `xmax`, whole ranges of candidates are ruled out
    together.

    References
    ----------
    .. [1] A. Clauset, C. R. Shalizi, M. E. J. Newman, "Power-law distributions in empirical data",
       SIAM Review 51 (2009), appendix B, equation B.8.
    """
    values = np.ascontiguousarray(values, dtype=np.float64)
    m = values.size
    if m == 0:
        raise ValueError("x must have at least two distinct usable values, got 0")
    xmax = math.inf if math.isinf(xmax) else math.floor(checks.positive("xmax", xmax))
    mean = np.empty(m)
    discrete.means(values, first, mean)
    end = max(m - 1 if end is None else end, begin)
    alpha, norm = np.empty(end - begin), np.empty(end - begin)
    kept = None
    if curve or not math.isinf(xmax):
        discrete.estimate(values, mean, begin, xmax, alpha_low, alpha, norm)
    if math.isinf(xmax):
        k, distance, chosen = discrete.search(
            values, first, mean, two_sided, alpha_low, begin, end, TOLERANCE
        )
    else:
        k, distance = discrete.best(values, first, xmax, two_sided, begin, alpha, norm, TOLERANCE)
        chosen = float(alpha[k - begin]) if k >= 0 else math.nan
    if k < 0:
        raise ValueError(f"no candidate xmin has an estimate of alpha above {alpha_low:g}")
    if curve:
        distances = np.empty(end - begin)
        for start in range(0, end - begin, CURVE_PART):
            part = slice(start, start + CURVE_PART)
            discrete.curve(
                values, first, xmax, two_sided, begin + start, alpha[part], norm[part],
                distances[part],
            )  # fmt: skip
        kept = values[begin:end], distances, alpha
    return DiscreteScan(chosen, float(values[k]), distance, int(first[-1] - first[k]), kept)
