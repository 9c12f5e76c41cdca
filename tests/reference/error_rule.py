"""The rule "error:EPS,ETA" with matched noise by its definition, in fractions."""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np

from htstats.compression.thresholds._error_budget import Interval, budget_of
from htstats.compression.thresholds.rules import Rule
from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import moments


def largest_tau(eps, eta, x, keep, support):
    """Every key from the smallest up, with exact sums; None where the rule cannot be met.

    The interval's length and the budget are those of the rule where the noise is known beforehand.
    """
    rule = Rule("error", (Fraction(eps), Fraction(eta)))
    sketch = TailSketch(str(x.dtype)).update(x)
    interval, budget = Interval.of(sketch, keep, support), budget_of(rule)
    most = interval.largest_tau(budget, keep)
    if most is None:
        return None
    values = x.astype(np.float64).reshape(-1)
    smallest, steps = _steps(values.tobytes(), sketch.mean, keep, support)
    best = min(most, math.nextafter(smallest, -math.inf))
    best = None if best < 0 and keep != "upper" else best
    for key, following, variance in steps:
        if key > most:
            break
        tau = interval.largest_tau(budget - variance, keep)
        if tau is not None and tau >= key:
            best = min(tau, math.nextafter(following, -math.inf))
    return best


@lru_cache(maxsize=200)
def _steps(data, mean, keep, support):
    """The smallest key, and (key, next key, variance of the noise) of each distinct key.

    `data` are the bytes of float64 values: tests ask for many tolerances of the same ones.
    """
    values = np.frombuffer(data)
    keys = {"abs": np.abs(values), "upper": values, "centered": np.abs(values - mean)}[keep]
    order = np.argsort(keys, kind="stable")
    pairs = [(float(keys[i]), Fraction(float(values[i]))) for i in order]
    steps = []
    total = squares = Fraction(0)
    for n, (key, w) in enumerate(pairs, 1):
        total, squares = total + w, squares + w * w
        following = pairs[n][0] if n < len(pairs) else math.inf
        if key != following:
            std = moments(len(pairs) if support == "full" else n, total, squares)[1]
            steps.append((key, following, Fraction(std) ** 2))
    return pairs[0][0], steps
