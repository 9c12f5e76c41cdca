"""Discrete power laws: the scan against mpmath, the law against sums, published answers."""

import math

import numpy as np
import pytest
from fuzz_discrete import KINDS, check, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from htstats._discrete import LARGEST, ZetaLaw, scan_integers, whole

LAWS = [
    ZetaLaw(2.5, 1.0),
    ZetaLaw(1.3, 4.0),
    ZetaLaw(9.0, 100.0),
    ZetaLaw(1.5, 3.0, 40.0),
    ZetaLaw(0.0, 3.0, 9.0),
]


@given(st.sampled_from(KINDS), st.integers(2, 6), st.integers(0, 2**32), st.booleans())
@settings(max_examples=25, deadline=None)
def test_every_candidate_and_the_choice(kind, m, seed, two_sided):
    values, counts = sample(kind, m, np.random.default_rng(seed))
    if values.size > 1:
        check(values, counts, two_sided)


@given(st.integers(2, 5), st.integers(0, 2**32), st.integers(0, 20))
@settings(max_examples=15, deadline=None)
def test_truncated(m, seed, room):
    values, counts = sample("zeta", m, np.random.default_rng(seed))
    top = float(values[-1] + room)
    # the mean of log(K/x[0]) at alpha = 1: where the sample's is below it there is an estimate
    k = np.arange(values[0], min(top, values[0] + 1e6) + 1)
    mean = np.sum(np.log(k / values[0]) / k) / np.sum(1 / k)
    if values.size > 1 and counts @ np.log(values / values[0]) < mean * counts.sum():
        check(values, counts, False, top)


def test_many_candidates_are_those_of_the_curve():
    """Pruning finds what computing every distance finds."""
    for two_sided in (False, True):
        x = ZetaLaw(2.0, 3.0).sample(20_000, np.random.default_rng(5))
        values, counts = np.unique(x[x < 1e6], return_counts=True)
        found = scan_integers(values, counts, two_sided=two_sided, curve=True)
        candidates, distances, alphas = found.curve
        k = int(np.flatnonzero(distances <= distances.min() + 1e-13)[0])
        assert (found.xmin, found.distance, found.alpha) == (
            candidates[k],
            distances[k],
            alphas[k],
        )
        assert found.n_tail == int(np.sum(x[x < 1e6] >= found.xmin))


def test_the_law_is_recovered_with_its_error():
    x = ZetaLaw(2.2, 7.0).sample(50_000, np.random.default_rng(3))
    values, counts = np.unique(x, return_counts=True)
    kept = values <= LARGEST
    found = scan_integers(values[kept], counts[kept], end=1)
    assert abs(found.alpha - 2.2) < 4 * found.stderr
    law = ZetaLaw(found.alpha, 7.0)
    # Fisher's information is the curvature of the likelihood
    h = 1e-4
    near = [ZetaLaw(found.alpha + d, 7.0).logpmf(values[kept]) @ counts[kept] for d in (-h, 0, h)]
    assert near[1] == pytest.approx(found.loglikelihood, rel=1e-12)
    assert near[1] > max(near[0], near[2])
    curvature = -(near[0] - 2 * near[1] + near[2]) / h**2
    assert 1 / math.sqrt(curvature) == pytest.approx(found.stderr, rel=1e-3)
    assert law.information() == pytest.approx(curvature / found.n_tail, rel=1e-3)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_probabilities_sum_to_the_survival(law):
    k = np.arange(law.xmin, min(law.xmax, law.xmin + 300) + 1)
    total = np.cumsum(np.exp(law.logpmf(k)))
    # 300 roundings of a sum near 1
    assert np.max(np.abs(total - np.exp(law.logcdf(k)))) < 1e-13
    assert np.max(np.abs(np.exp(law.logsf(k)) + total - 1)) < 1e-13
    assert law.logsf(law.xmin - 1) == 0
    assert law.logcdf(law.xmin - 0.5) == -math.inf
    assert law.logsf(law.xmin + 0.5) == law.logsf(law.xmin)
    assert law.logpmf([law.xmin - 1, law.xmin + 0.5, law.xmax + 1]).tolist() == [-math.inf] * 3
    assert np.isnan(law.logpmf(math.nan))
    if law.xmax < math.inf:
        assert law.logsf(law.xmax) == -math.inf


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_samples_invert_the_survival(law):
    u = np.log1p(-np.random.default_rng(1).random(5000))
    x = law.sample(5000, np.random.default_rng(1))
    near = x < 2.0**52
    assert np.all(law.logsf(x[near]) <= u[near])
    assert np.all((x[near] == law.xmin) | (law.logsf(x[near] - 1) > u[near]))
    assert np.all(x >= law.xmin)
    assert np.all(x <= law.xmax)
    assert law.isf(0.0) == law.xmin
    assert np.isnan(law.isf(math.nan))


def test_beyond_the_integers_a_quantile_is_the_continuous_one():
    law = ZetaLaw(1.05, 1.0)
    x = float(law.isf(-10.0))
    assert x > 2.0**53
    assert law.logsf(x) == pytest.approx(-10, abs=1e-12)


def test_bad_input_names_the_value():
    with pytest.raises(ValueError, match=r"whole numbers where discrete=True, got 2\.5"):
        whole("x", np.array([1.0, 2.5]))
    with pytest.raises(ValueError, match=r"at most 2\*\*53"):
        whole("x", np.array([1.0, 2.0**54]))
    with pytest.raises(ValueError, match="no candidate xmin"):
        scan_integers(np.array([3.0]), np.array([5]))
    with pytest.raises(ValueError, match="got 0"):
        scan_integers(np.array([]), np.array([], dtype=np.int64))
    with pytest.raises(ValueError, match="HTST_ERR_BAD_ARG"):
        scan_integers(np.array([0.0, 1.0]), np.array([1, 1]))
