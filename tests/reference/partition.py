"""The split, element by element, in fractions."""

import math
from fractions import Fraction

import numpy as np
from reference.moments import exact_moments


def split(values, tau, keep, mean):
    """Boolean mask of the kept elements; `values` is a 2-D list of Python floats."""
    tau, mean = Fraction(tau), Fraction(mean)

    def kept(w):
        w = Fraction(w)
        return {"abs": abs(w), "upper": w, "centered": abs(w - mean)}[keep] > tau

    return np.array([[kept(w) for w in row] for row in values], bool)


def noise(values, mask, kind, support):
    """Mean and standard deviation of the noise."""
    flat, kept = np.asarray(values, float).ravel().tolist(), mask.ravel().tolist()
    if kind == "none" or not flat:
        return 0.0, 0.0
    if kind == "matched" and support == "full":
        flat = [0.0 if k else w for w, k in zip(flat, kept, strict=True)]
    elif kind == "matched":
        flat = [w for w, k in zip(flat, kept, strict=True) if not k]
    return exact_moments(flat) if flat else (0.0, 0.0)


def order_statistic(keys, rank):
    """The `rank`-th smallest, counted from 1; `keys` are fractions."""
    return sorted(keys)[rank - 1]


def quantile(keys, q):
    """Order statistic ceil(q n), at least the first."""
    return order_statistic(keys, max(1, math.ceil(Fraction(q) * len(keys))))
