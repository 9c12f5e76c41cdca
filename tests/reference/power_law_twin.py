"""The power-law scan by its definition: every candidate, every value of its tail."""

import numpy as np


def brute_force(x):
    """(candidates, distances): left-limit distance of every xmin but the largest."""
    x = np.sort(x.astype(np.float64))
    candidates = np.unique(x)[:-1]
    distances = []
    for xmin in candidates:
        t = x[x >= xmin]
        exponent = len(t) / np.log(t / xmin).sum()
        model = 1 - (t / xmin) ** -exponent
        below = np.searchsorted(t, t)  # of tied values the left limit is the same
        distances.append(np.abs(model - below / len(t)).max())
    return candidates, np.array(distances)
