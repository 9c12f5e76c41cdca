"""A first estimate for laws with a small alpha: moments of log abs(x - mode).

The density of such a law has a sharp peak at x_S1 = 0, which is the S1 location. The peak is found
first, as the half-sample mode. With Z = (X - loc)/scale in S1 and theta = atan(beta tan(pi
alpha/2)), the moments of log abs(Z) and the probability of a positive sign are

    mean      Euler's constant (1/alpha - 1) - log(cos theta)/alpha
    variance  pi^2/(6 alpha^2) + pi^2/12 - (theta/alpha)^2
    P(Z > 0)  1/2 + theta/(pi alpha)

(Zolotarev, "One-dimensional stable distributions" (1986), section 3.6). They are solved for alpha,
beta and the scale.
"""

from __future__ import annotations

import math

import numpy as np

from htstats._common.arrays import Floats
from htstats.stable._fit_quantile import LOWEST_ALPHA, Estimate
from htstats.stable._numbers import tangent
from htstats.stable._points import Points

__all__ = ["fit_log_moments"]

SMALLEST_HALF = 4  # points; smaller sets are not halved


def fit_log_moments(points: Points) -> Estimate:
    """alpha, beta, location (S0) and scale from the mode and the moments of logs."""
    mode = half_sample_mode(points.x, points.weight)
    far = points.x != mode
    distance, weight = points.x[far] - mode, points.weight[far]
    total = math.fsum(weight)
    logs = np.log(np.abs(distance))
    mean = math.fsum(weight * logs) / total
    variance = math.fsum(weight * (logs - mean) ** 2) / total
    balance = math.pi * (math.fsum(weight[distance > 0]) / total - 0.5)  # theta/alpha
    alpha = (6 / math.pi**2 * (variance - math.pi**2 / 12 + balance**2)) ** -0.5
    alpha = min(max(alpha, LOWEST_ALPHA), 0.95)
    theta = alpha * balance
    beta = min(max(math.tan(theta) / tangent(alpha), -1.0), 1.0)
    gamma = 0.5772156649015329
    scale = math.exp(mean - gamma * (1 / alpha - 1) + math.log(math.cos(theta)) / alpha)
    return alpha, beta, mode + beta * scale * tangent(alpha), scale


def half_sample_mode(x: Floats, weight: Floats) -> float:
    """The point in the middle of the shortest half of the shortest half, and so on."""
    while x.size > SMALLEST_HALF:
        below = np.concatenate([[0.0], np.cumsum(weight)])
        # the first end with at least half of the weight, for each start
        end = np.searchsorted(below, below[:-1] + below[-1] / 2)
        kept = np.flatnonzero(end <= x.size)
        best = kept[np.argmin(x[end[kept] - 1] - x[kept])]
        if end[best] - best == x.size:
            break
        x, weight = x[best : end[best]], weight[best : end[best]]
    return float(x[x.size // 2])
