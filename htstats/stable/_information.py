"""Fisher's information of a stable law: the integral over the panels of its scores."""

from __future__ import annotations

import numpy as np

from htstats._common.arrays import Floats
from htstats.stable._arguments import evaluate_laws
from htstats.stable._fit_mle import Frame, score_panels
from htstats.stable._fit_quantile import Estimate
from htstats.stable._numbers import tangent

__all__ = ["asymptotic_covariance", "covariance_in_frame", "information", "tail_range"]

# The mass of each tail that the integral leaves out. It is too small to matter, although the scores
# grow like log x.
TAIL_MASS = 1e-9
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)


def information(estimate: Estimate) -> Floats:
    """Fisher's information of one value on (alpha, beta, loc, scale), of shape (4, 4).

    loc is the location of S0, or that of S1 if alpha is so small that `Frame.of` is in S1.

    At alpha = 2, the rows of alpha and beta are 0. At abs(beta) = 1, the row of beta is 0. The
    matrix is then the information on the other parameters. (At alpha = 2, the information on alpha
    is infinite, and that on beta is 0.)
    """
    alpha, beta, _, scale = estimate
    frame = Frame.of(alpha)
    low, high = (end / frame.width for end in tail_range(alpha, beta, s1=frame.s1))
    panels = score_panels(alpha, beta, low, high, frame=frame)
    edges = panels.edges[_needed(panels.edges, low, high)]
    half = np.diff(edges)[:, None] / 2
    t = (edges[:-1, None] + half + half * NODES).reshape(-1)
    z = np.sinh(t)
    values, slope = panels(z)
    mass = frame.width * np.exp(values[0]) * np.cosh(t) * (half * WEIGHTS).reshape(-1)
    scores = np.zeros((4, z.size))
    if alpha < 2:
        scores[0] = -values[1] / (2 - alpha)
        if len(values) > 2:
            scores[1] = values[2] / (1 - beta * beta)
    scores[2], scores[3] = -slope / (scale * frame.width), (-1 - z * slope) / scale
    with np.errstate(invalid="ignore"):
        scores = np.where(mass > 0, scores, 0.0)
    return np.asarray(np.einsum("ik,jk,k->ij", scores, scores, mass))


def asymptotic_covariance(estimate: Estimate, free: tuple[bool, ...]) -> Floats:
    """The covariance of sqrt(n) times the maximum likelihood estimates, loc being that of S0.

    It is 0 for parameters that are given. An estimate at a bound counts as given.
    """
    found = covariance_in_frame(estimate, free)
    return _in_s0(found, estimate) if Frame.of(estimate[0]).s1 and free[2] else found


def covariance_in_frame(estimate: Estimate, free: tuple[bool, ...]) -> Floats:
    """As `asymptotic_covariance`, with the location of `Frame.of(alpha)`."""
    matrix = information(estimate)
    kept = np.array(free) & (np.diag(matrix) > 0)
    out = np.zeros((4, 4))
    if kept.any():
        scale = np.sqrt(np.diag(matrix)[kept])
        inner = matrix[np.ix_(kept, kept)] / np.outer(scale, scale)
        out[np.ix_(kept, kept)] = np.linalg.pinv(inner, hermitian=True) / np.outer(scale, scale)
    return out


def _in_s0(covariance: Floats, estimate: Estimate) -> Floats:
    """The covariance with the location of S0 from that with the location of S1."""
    alpha, beta, _, scale = estimate
    t = tangent(alpha)
    # loc_S0 = loc_S1 + scale beta tan(pi alpha/2)
    change = np.eye(4)
    change[2] = scale * beta * np.pi / 2 * (1 + t * t), scale * t, 1.0, beta * t
    return np.asarray(change @ covariance @ change.T)


def tail_range(alpha: float, beta: float, *, s1: bool = False) -> tuple[float, float]:
    """Points of the standard law that leave no more than `TAIL_MASS` on either side."""
    reach = np.log(2 / TAIL_MASS) / min(alpha, 1.0) + 3
    x = np.sinh(np.linspace(-reach, reach, 401))
    if abs(beta) == 1:  # on the light side, less than `TAIL_MASS` lies beyond 40
        x = x[x * beta > -40]
    (left,), (right,) = (
        evaluate_laws(f, x, [(alpha, beta)], s1=s1) < TAIL_MASS for f in ("cdf", "sf")
    )
    low = x[max(int(np.count_nonzero(left)) - 1, 0)]
    high = x[min(x.size - int(np.count_nonzero(right)), x.size - 1)]
    return float(low), float(high)


def _needed(edges: Floats, low: float, high: float) -> slice:
    """The slice of the panel ends that covers the range."""
    first = np.searchsorted(edges, np.arcsinh(low), side="right") - 1
    last = np.searchsorted(edges, np.arcsinh(high), side="left")
    return slice(max(int(first), 0), int(last) + 1)
