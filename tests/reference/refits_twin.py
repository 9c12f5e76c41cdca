"""The refits of the bootstrap as their definition says: draw a sample, try every candidate."""

import math

import numpy as np

WORD = 2**64


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
    return z ^ (z >> 31)


def sample(n, head, log_xmin, alpha, seed, replicate):
    """Logarithms of one resample, ascending."""
    key = mix((mix(seed) + replicate * 0xD1342543DE82EF95) % WORD)
    position = 0

    def draw():
        nonlocal position
        position += 1
        return mix((key + position * 0x9E3779B97F4A7C15) % WORD)

    places = [(draw() >> 32) * n >> 32 for _ in range(n if len(head) else 0)]
    values = sorted(head[place] for place in places if place < len(head))
    y, left = log_xmin, n - len(values)
    for still in range(left, 0, -1):
        y -= np.log(((draw() >> 12) + 0.5) * 2.0**-52) / (still * (alpha - 1))
        values.append(y)
    return np.array(values)


def fit(y, start=None):
    """(distance, alpha, log xmin) of the best candidate, or of the one at `start`."""
    found = []
    for low in np.unique(y)[:-1] if start is None else [start]:
        tail = y[y >= low]
        rate = tail.size / math.fsum(tail - low)
        points = np.append(low, np.unique(tail))
        model = -np.expm1(-rate * (points - low))
        below = np.searchsorted(tail, points) / tail.size
        found.append((np.abs(model - below).max(), 1 + rate, low))
    return min(found)
