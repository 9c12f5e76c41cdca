"""Fisher's information of a stable law, by quadrature over the panels of its scores."""

from __future__ import annotations

import numpy as np

from htstats.stable import _functions
from htstats.stable._fit_mle import score_panels
from htstats.stable._fit_quantile import Estimate
from htstats.stable._points import Floats

__all__ = ["asymptotic_covariance", "information", "tail_range"]

# What lies beyond has too little mass to matter, though the scores grow as log x.
TAIL_MASS = 1e-9
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)


def information(estimate: Estimate) -> Floats:
    """The information of one value on (alpha, beta, loc, scale), of shape (4, 4).

    At alpha = 2 the row of alpha and at abs(beta) = 1 or alpha = 2 that of beta are 0: the
    information is then that on the others. (On alpha at 2 it is infinite, on beta 0.)
    """
    alpha, beta, _, scale = estimate
    low, high = tail_range(alpha, beta)
    panels = score_panels(alpha, beta, low, high)
    edges = panels.edges[_needed(panels.edges, low, high)]
    half = np.diff(edges)[:, None] / 2
    t = (edges[:-1, None] + half + half * NODES).reshape(-1)
    z = np.sinh(t)
    values, slope = panels(z)
    mass = np.exp(values[0]) * np.cosh(t) * (half * WEIGHTS).reshape(-1)
    scores = np.zeros((4, z.size))
    if alpha < 2:
        scores[0] = -values[1] / (2 - alpha)
        if len(values) > 2:
            scores[1] = values[2] / (1 - beta * beta)
    scores[2], scores[3] = -slope / scale, (-1 - z * slope) / scale
    with np.errstate(invalid="ignore"):
        scores = np.where(mass > 0, scores, 0.0)
    return np.asarray(np.einsum("ik,jk,k->ij", scores, scores, mass))


def asymptotic_covariance(estimate: Estimate, free: tuple[bool, ...]) -> Floats:
    """The covariance of sqrt(n) times the estimates of maximum likelihood; 0 for those given.

    Those at a bound count as given.
    """
    matrix = information(estimate)
    kept = np.array(free) & (np.diag(matrix) > 0)
    out = np.zeros((4, 4))
    if kept.any():
        scale = np.sqrt(np.diag(matrix)[kept])
        inner = matrix[np.ix_(kept, kept)] / np.outer(scale, scale)
        out[np.ix_(kept, kept)] = np.linalg.pinv(inner, hermitian=True) / np.outer(scale, scale)
    return out


def tail_range(alpha: float, beta: float) -> tuple[float, float]:
    """Points of the standard law that leave no more than `TAIL_MASS` on either side."""
    reach = np.log(2 / TAIL_MASS) / min(alpha, 1.0) + 3
    x = np.sinh(np.linspace(-reach, reach, 401))
    if abs(beta) == 1:  # the light side ends within 40, the mass of `TAIL_MASS` included
        x = x[x * beta > -40]
    left = np.asarray(_functions.cdf(x, alpha, beta)) < TAIL_MASS
    right = np.asarray(_functions.sf(x, alpha, beta)) < TAIL_MASS
    low = x[max(int(np.count_nonzero(left)) - 1, 0)]
    high = x[min(x.size - int(np.count_nonzero(right)), x.size - 1)]
    return float(low), float(high)


def _needed(edges: Floats, low: float, high: float) -> slice:
    """The panel ends that the range needs."""
    first = np.searchsorted(edges, np.arcsinh(low), side="right") - 1
    last = np.searchsorted(edges, np.arcsinh(high), side="left")
    return slice(max(int(first), 0), int(last) + 1)
