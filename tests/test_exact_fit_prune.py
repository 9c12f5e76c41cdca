"""Bounds from a sketch hold for every candidate, and leave few of them over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import power_law_twin as twin
from samples import SAMPLES

from htstats._exact_fit.bucket_bounds import Prospect
from htstats.power_law import fit_power_law
from htstats.sketch import TailSketch


def check(x, dtype):
    x = x.astype(dtype)
    x = x[(x > 0) & np.isfinite(x)]
    if len(np.unique(x)) < 2:
        return
    buckets = TailSketch(np.dtype(dtype).name).update(x).buckets()
    candidates, _, distances = twin.candidates(x)
    home = np.searchsorted(buckets.lower, candidates, side="right") - 1
    edges = buckets.lower, buckets.upper, buckets.count
    for total in (buckets.total, None):
        found = Prospect(*edges, total)
        assert found.tail.tolist() == [*((x >= low).sum() for low in buckets.lower), 0]
        bounds = np.array([found.bound(b) for b in range(len(buckets.count))])
        assert (bounds[home] <= distances).all()
        for distance in [0.0, *np.quantile(distances, [0, 0.3, 0.9])]:
            allowed = home[distances <= distance]
            lowest = found.lowest(float(distance))
            assert lowest <= allowed.min(initial=len(bounds))
            # an edge that served the bucket before may exclude more
            assert lowest >= np.argmax(np.append(bounds, -1) <= distance)
        assert 0 <= found.start(5, 1.4) < len(bounds)


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
    """Of samples of other laws, the counts alone leave less than a tenth of the elements."""
    x = SAMPLES[name](np.random.default_rng(0), 200_000).astype("f4")
    buckets = TailSketch("float32").update(x).buckets()
    found = Prospect(buckets.lower, buckets.upper, buckets.count)
    assert found.tail[found.start(100, 1.4)] < 0.1 * len(x)
    assert found.tail[found.lowest(fit_power_law(x).distance)] < 0.1 * len(x)
