"""Bounds from a sketch hold for every candidate, and leave few of them over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.power_law_twin import brute_force

from htstats._prune import prospect
from htstats.sketch import TailSketch

SAMPLES = {
    "normal": lambda rng, n: np.abs(rng.standard_normal(n)),
    "pareto": lambda rng, n: rng.pareto(1.7, n) + 1,
    "lognormal": lambda rng, n: rng.lognormal(0, 2, n),
    "ties": lambda rng, n: np.ceil(rng.pareto(1.2, n) * 4),
    "uniform": lambda rng, n: rng.random(n) + 1e-3,
    "mixture": lambda rng, n: np.where(rng.random(n) < 0.9, rng.random(n), rng.pareto(2, n) + 1),
}


def check(x, dtype):
    x = x.astype(dtype)
    x = x[(x > 0) & np.isfinite(x)]
    if len(np.unique(x)) < 2:
        return
    buckets = TailSketch(np.dtype(dtype).name).update(x).buckets()
    found = prospect(buckets)
    assert found.tail.tolist() == [(x >= low).sum() for low in buckets.lower]
    candidates, distances = brute_force(x)
    home = np.searchsorted(buckets.lower, candidates, side="right") - 1
    # ties of the data may be rounded differently by the two; nothing else may differ
    assert (found.distance[home] <= distances + 1e-12).all()


@pytest.mark.parametrize("name", list(SAMPLES))
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_bounds_hold(name, dtype):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        check(SAMPLES[name](rng, 400), dtype)


@given(st.lists(st.floats(2.0**-10, 2.0**10, width=32), min_size=2, max_size=40))
def test_bounds_hold_for_anything(values):
    check(np.array(values), "float32")


@pytest.mark.parametrize("name", ["normal", "lognormal", "uniform"])
def test_few_candidates_are_left(name):
    """Of what is no power law, the bounds alone leave less than a tenth of the elements."""
    x = SAMPLES[name](np.random.default_rng(0), 200_000).astype("f4")
    found = prospect(TailSketch("float32").update(x).buckets())
    start = int(np.argmin(np.where(found.tail >= 100, found.guess, 1)))
    # what a true candidate near it reaches is about its guess; a fifth more is a generous stand-in
    best = 1.2 * found.guess[start]
    left = found.tail[np.flatnonzero(found.distance <= best)[0]]
    assert left < 0.1 * len(x)
