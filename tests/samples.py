"""Samples of positive numbers of several kinds: `SAMPLES[kind](rng, n)`."""

import numpy as np

SAMPLES = {
    "normal": lambda rng, n: np.abs(rng.standard_normal(n)),
    "pareto": lambda rng, n: rng.pareto(1.7, n) + 1,
    "lognormal": lambda rng, n: rng.lognormal(0, 2, n),
    "ties": lambda rng, n: np.ceil(rng.pareto(1.2, n) * 4),
    "uniform": lambda rng, n: rng.random(n) + 1e-3,
    "mixture": lambda rng, n: np.where(rng.random(n) < 0.9, rng.random(n), rng.pareto(2, n) + 1),
}
