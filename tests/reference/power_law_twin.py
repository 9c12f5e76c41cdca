"""The power-law fit by its definition in long double: every candidate, every value of its tail."""

import numpy as np

L = np.longdouble
TOLERANCE = 1e-13


def log_ratio(low, high):
    """log(high / low) to the last digits of a long double, also for neighbours."""
    low, high = np.asarray(low, L), np.asarray(high, L)
    with np.errstate(invalid="ignore"):
        return np.where(high <= 2 * low, np.log1p((high - low) / low), np.log(high) - np.log(low))


def rate_of_truncated(mean, length):
    """rate with mean = 1/rate - length / (exp(rate length) - 1), by bisection."""

    def excess(u):
        if abs(u) < 1e-4:
            return L(1) / 2 - u / 12 + u**3 / 720 - mean / length
        return 1 / u - (1 / np.expm1(u) if u < 11000 else 0) - mean / length

    low, high = L(-1), L(1)
    while excess(low) < 0:
        low *= 2
    while excess(high) > 0:
        high *= 2
    for _ in range(70):  # the bracket is within a factor of 2, or [-1, 1]
        middle = (low + high) / 2
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2 / length


def candidates(x, *, ks="left", xmax=None, counts=None):
    """(distinct values but the largest, alphas, distances); with counts, x must be distinct."""
    x = np.asarray(x, np.float64)
    values, times = np.unique(x, return_counts=True)
    if counts is not None:
        times = np.asarray(counts)[np.argsort(x)]
    first = np.append(0, np.cumsum(times))
    alphas, distances = [], []
    for k in range(len(values) - 1):
        n = L(first[-1] - first[k])
        t = log_ratio(values[k], values[k:])
        if xmax is None:
            rate = n / np.sum(times[k:] * t)
            model = -np.expm1(-rate * t)
        else:
            length = log_ratio(values[k], xmax)
            rate = rate_of_truncated(np.sum(times[k:] * t) / n, length)
            u = rate * length
            if abs(u) < 1e-15:
                model = t / length
            elif rate > 0:
                model = np.expm1(-rate * t) / np.expm1(-u)
            else:
                rest = np.exp(rate * log_ratio(values[k:], xmax))
                model = rest * (np.expm1(rate * t) / np.expm1(u))
        below = (first[k:-1] - first[k]) / n
        upto = (first[k + 1 :] - first[k]) / n
        seen = below if ks == "left" else upto
        alphas.append(1 + rate)
        distances.append(max(np.max(model - below), np.max(seen - model)))
    return values[:-1], np.array(alphas, L), np.array(distances, L)


def answer(distances, allowed=None):
    """Index of the smallest xmin whose distance is within 1e-13 of the smallest."""
    d = distances if allowed is None else np.where(allowed, distances, L("inf"))
    return int(np.argmax(d <= d.min() + TOLERANCE))


def is_on_the_edge(distances, k):
    """Whether the answer hangs on digits that a float64 does not have."""
    edge = distances.min() + TOLERANCE
    return bool(np.any(np.abs(distances[: k + 1] - edge) < 2e-15))


def brute_force(x):
    """(candidates, distances): left-limit distance of every xmin but the largest."""
    values, _, distances = candidates(x)
    return values, distances
