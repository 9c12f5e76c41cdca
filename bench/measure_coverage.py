"""Coverage of the 95 % intervals of alpha with xmin scanned: 400 Pareto samples of 500 values."""

import numpy as np

from htstats.goodness import confidence_interval

DATA_SETS = 400


def covered(method: str) -> float:
    hits = 0
    for seed in range(DATA_SETS):
        x = (1 - np.random.default_rng(seed).random(500)) ** (-1 / 1.5)
        low, high = confidence_interval(x, 0.95, method, n_resamples=200, seed=seed).alpha
        hits += low <= 2.5 <= high
    return hits / DATA_SETS


if __name__ == "__main__":
    for method in ("asymptotic", "bootstrap"):
        print(f"{method}: {covered(method):.3f}")
