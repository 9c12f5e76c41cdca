"""The refits of the bootstrap against a twin that draws the same numbers."""

import numpy as np
import pytest
from reference import refits_twin as twin

from htstats._core import refits

N = 120


def heads():
    y = np.sort(np.random.default_rng(3).standard_exponential(90))
    yield "tied", np.repeat(y[:80:4], 4) - 3
    yield "sort_distinct", y[:80] - 3
    yield "all of it", np.repeat(np.sort(np.random.default_rng(4).standard_exponential(40)), 3)
    yield "none", np.empty(0)


@pytest.mark.parametrize(("name", "head"), list(heads()), ids=lambda v: v if type(v) is str else "")
def test_scanned(name, head):
    out = np.empty((3, 12))
    refits.refits(N, head, 0.25, 1.8, True, 9, 5, *out)
    from_head = 0
    for i, found in enumerate(out.T):
        y = twin.sample(N, head, 0.25, 1.8, 9, 5 + i)
        assert y.size == N
        # sums of a hundred logarithms in another order
        np.testing.assert_allclose(found, twin.fit(y), rtol=1e-12)
        from_head += found[2] < 0.25
    assert from_head > 0 or name == "none"  # where the head's counts are seen


def test_fixed():
    out = np.empty((3, 12))
    refits.refits(N, np.empty(0), 0.25, 2.7, False, 1, 0, *out)
    for i, found in enumerate(out.T):
        y = twin.sample(N, [], 0.25, 2.7, 1, i)
        np.testing.assert_allclose(found, twin.fit(y, 0.25), rtol=1e-12)
