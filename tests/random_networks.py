"""What tests of networks in certificate files have in common."""

import numpy as np

from htstats._core import normal

__all__ = ["gaussian", "random_codes", "same_network"]


def random_codes(rng, shape, density, values):
    """A sparse B with entries from -values to values."""
    b = rng.integers(1, values + 1, shape) * rng.choice([-1, 1], shape)
    return np.where(rng.random(shape) < density, b, 0).astype(np.int8)


def same_network(one, two):
    """Whether two networks have the same message."""
    return (one.values, one.seed, one.image) == (two.values, two.seed, two.image) and all(
        np.array_equal(a.codes, b.codes)
        and np.array_equal(a.offsets, b.offsets)
        and (a.mean, a.noise, a.shift) == (b.mean, b.noise, b.shift)
        for a, b in zip(one.matrices, two.matrices, strict=True)
    )


def gaussian(seed, layer, i, j):
    """G at one place."""
    out = np.empty(1)
    normal.at(seed, layer, np.array([i]), np.array([j]), out)
    return float(out[0])
