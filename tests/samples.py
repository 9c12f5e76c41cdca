"""Samples of positive numbers, `SAMPLES[kind](rng, n)`, and of features with labels, `clouds`."""

import numpy as np

SAMPLES = {
    "normal": lambda rng, n: np.abs(rng.standard_normal(n)),
    "pareto": lambda rng, n: rng.pareto(1.7, n) + 1,
    "lognormal": lambda rng, n: rng.lognormal(0, 2, n),
    "ties": lambda rng, n: np.ceil(rng.pareto(1.2, n) * 4),
    "uniform": lambda rng, n: rng.random(n) + 1e-3,
    "mixture": lambda rng, n: np.where(rng.random(n) < 0.9, rng.random(n), rng.pareto(2, n) + 1),
}


def clouds(m=1200, d=12, classes=4, seed=3):
    """Features of int8 in a normal cloud around the centre of each class, and their labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, m)
    centres = rng.integers(-60, 60, (classes, d))
    x = np.clip(centres[y] + rng.normal(0, 45, (m, d)), -127, 127).astype(np.int8)
    return x, y
