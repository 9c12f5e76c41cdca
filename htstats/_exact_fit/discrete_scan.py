"""The xmin scan with the zeta distribution: every tail of a sample of integers, one chosen.

A sample is (values, first): distinct integers as float64, ascending, and how many lie before each
and in all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._core import discrete

__all__ = ["DiscreteScan", "scan_integers", "scan_tails"]


Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# the best candidate is the smallest whose distance is the least but for this
TIE = 1e-13


@dataclass(frozen=True)
class DiscreteScan:
    """The chosen candidate, and the curve where it was asked for.

    Attributes
    ----------
    alpha, xmin, distance : float
        Of the smallest candidate whose distance is within 1e-13 of the least.
    n_tail : int
        Values at `xmin` and above.
    curve : tuple of arrays or None
        Candidates, distances, estimates (NaN where there is none above `alpha_low`).
    """

    alpha: float
    xmin: float
    distance: float
    n_tail: int
    curve: tuple[Floats, Floats, Floats] | None


def scan_integers(values: Floats, counts: Counts, **options: Any) -> DiscreteScan:
    """`scan_tails` of values and how often each is there."""
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
        The sample, and how many lie before each value and in all; two of these may be the same (a
        fixed xmin below the smallest value).
    begin, end : int
        Which values are candidates; by default all but the largest.
    xmax : float
        The last integer of the law; values above it must have been left out.
    two_sided : bool
        Which distance; see htst_discrete.h.
    alpha_low : float
        Candidates whose estimate is not above it are no candidates: at least 1, where `xmax` is
        finite at least 0.
    curve : bool
        Keep distances and estimates of all candidates.

    Raises
    ------
    ValueError
        Values that are not whole or leave [1, 2^53] (`whole` says which), no candidate with an
        estimate.

    Notes
    -----
    Newton's method for alpha (one to three evaluations of the zeta function), and about as many
    evaluations for the distance of most candidates: they die where the last one did. Without an
    `xmax`, ranges of candidates die together.

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
    alpha, norm = np.empty(0), np.empty(0)
    if curve or not math.isinf(xmax):
        alpha, norm = np.empty(end - begin), np.empty(end - begin)
        discrete.estimate(values, mean, begin, xmax, alpha_low, alpha, norm)
    if math.isinf(xmax):
        k, distance, chosen = discrete.search(
            values, first, mean, two_sided, alpha_low, begin, end, TIE
        )
    else:
        k, distance = discrete.best(values, first, xmax, two_sided, begin, alpha, norm, TIE)
        chosen = float(alpha[k - begin]) if k >= 0 else math.nan
    if k < 0:
        raise ValueError(f"no candidate xmin has an estimate of alpha above {alpha_low:g}")
    kept = None
    if curve:
        distances = np.empty(end - begin)
        discrete.curve(values, first, xmax, two_sided, begin, alpha, norm, distances)
        kept = values[begin:end], distances, alpha
    return DiscreteScan(
        alpha=chosen,
        xmin=float(values[k]),
        distance=distance,
        n_tail=int(first[-1] - first[k]),
        curve=kept,
    )
