"""The Marchenko-Pastur law of the bulk of a spectrum: its edge, and the spikes above it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from htstats._common.arrays import Floats

__all__ = ["Bulk", "bulk_edges", "fit_bulk"]

# WeightWatcher's numbers: the half width of the linear kernel, the points at which the density is
# compared, the density below which it is not, the sum of squares where the law does not apply, and
# the grid of sigma, relative to the sigma whose edge is the largest eigenvalue.
WIDTH, POINTS, LEAST_DENSITY, REFUSED = 0.1, 1000, 0.01, 1000.0
LOW, HIGH, STEP = 0.05, 2.0, 0.01


class Bulk(NamedTuple):
    """The fitted Marchenko-Pastur law, in WeightWatcher's names.

    Attributes
    ----------
    num_spikes : int
        The number of eigenvalues above the upper edge plus the width of its fluctuations.
    sigma_mp : float
        The fitted standard deviation, for eigenvalues scaled to the mean 1.
    mp_softrank : float
        The upper edge over the largest eigenvalue.
    bulk_min, bulk_max : float
        The edges, lambda minus and lambda plus, in units of the eigenvalues.
    W_scale : float
        The factor of W that scales the eigenvalues to the mean 1.
    """

    num_spikes: int
    sigma_mp: float
    mp_softrank: float
    bulk_min: float
    bulk_max: float
    W_scale: float


def bulk_edges(Q: float, sigma: float) -> tuple[float, float]:
    """Both edges of the Marchenko-Pastur law, sigma^2 (1 -+ 1/sqrt(Q))^2.

    References
    ----------
    .. [1] V. A. Marchenko, L. A. Pastur, "Distribution of eigenvalues for some sets of random
       matrices", Mathematics of the USSR-Sbornik 1 (1967).
    """
    root = 1 / math.sqrt(Q)
    return (sigma * (1 - root)) ** 2, (sigma * (1 + root)) ** 2


def fit_bulk(values: Floats, Q: float, M: int) -> Bulk:
    """Fit sigma to a density of the eigenvalues, as WeightWatcher's `mp_fit` does.

    Notes
    -----
    The density is a sum of triangles around the eigenvalues, scaled to the mean 1. (For square
    matrices it is that of the singular values, which the quarter circle describes.) The sum of the
    squares of its differences from the law is minimised over a grid and from there by the simplex
    method of Nelder and Mead, `scipy.optimize.brute`.
    """
    from scipy.optimize import brute

    scale = math.sqrt(len(values) / float(values.sum()))
    scaled = values * scale**2
    fitted = np.sqrt(scaled) if Q == 1 else scaled
    x, y = triangle_density(fitted)
    unit = math.sqrt(float(scaled.max())) / (1 + 1 / math.sqrt(Q))
    grid = (slice(LOW * unit, HIGH * unit, STEP * unit),)
    found = brute(_misfit, grid, args=(x, y, Q), full_output=True)
    sigma = float(found[0][0])
    low, high = bulk_edges(Q, sigma)
    # the width of the fluctuations of the largest eigenvalue, as WeightWatcher takes it
    width = math.sqrt(high ** (2 / 3) / math.sqrt(Q) * M ** (-2 / 3))
    return Bulk(
        num_spikes=int(np.count_nonzero(scaled > high + width)),
        sigma_mp=sigma,
        mp_softrank=high / float(scaled.max()),
        bulk_min=low / scale**2,
        bulk_max=high / scale**2,
        W_scale=scale,
    )


def triangle_density(values: Floats) -> tuple[Floats, Floats]:
    """The points and the density at them, where it is not almost zero."""
    x = np.linspace(0, values.max() + 0.5, POINTS)
    y = np.empty(POINTS)
    for i, point in enumerate(x):
        near = np.abs(values - point)
        near = near[near < WIDTH]
        y[i] = np.sum(1 - near / WIDTH) / (WIDTH * len(values))
    is_kept = y > LEAST_DENSITY
    return x[is_kept], y[is_kept]


def _misfit(parameters: Floats, x: Floats, y: Floats, Q: float) -> float:
    """The sum of the squares of the differences from the law."""
    sigma = float(np.atleast_1d(parameters)[0])
    if Q == 1:
        inside = np.maximum(4 - x**2, 0.0)
        law = np.sqrt(inside) / (math.pi * sigma**2)
    else:
        low, high = bulk_edges(Q, sigma)
        peak = x[y == y.max()][0]
        if high < peak or high > x.max() or low > peak:
            return float(len(y) * REFUSED**2)
        inside = np.maximum((high - x) * (x - low), 0.0)
        law = np.zeros_like(x)
        np.divide(Q * np.sqrt(inside), 2 * math.pi * sigma**2 * x, out=law, where=x > 0)
    return float(np.sum((law - y) ** 2))
