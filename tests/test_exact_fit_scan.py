"""The scan of all candidates against a twin in long double, on samples of many kinds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import power_law_twin as twin

from htstats._exact_fit.candidates import best_of, candidates_of

EPS = np.finfo(float).eps

KINDS = ["pareto", "normal", "ties", "lognormal", "two"]


def sample(kind, n, rng):
    if kind == "pareto":
        return (1 - rng.random(n)) ** (-1 / rng.uniform(0.3, 4)) * 10.0 ** rng.uniform(-9, 9)
    if kind == "normal":
        return np.abs(rng.standard_normal(n)) + 1e-300
    if kind == "ties":
        return np.floor(5 * (1 - rng.random(n)) ** -0.6)
    if kind == "lognormal":
        return np.exp(3 * rng.standard_normal(n))
    return np.where(rng.random(n) < 0.5, 1.0, 2.0)


@given(st.sampled_from(KINDS), st.integers(2, 400), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_every_candidate_and_the_first_best(kind, n, seed):
    x = sample(kind, n, np.random.default_rng(seed))
    if np.unique(x).size < 2:
        return
    values, alpha, distances = twin.candidates(x)
    found = candidates_of(x)
    np.testing.assert_array_equal(found.values[:-1], values)
    # a quotient of a sum of logarithms, each to some units in the last place
    assert np.all(np.abs(found.rate[:-1] - (alpha - 1)) <= 8 * EPS * (alpha - 1))
    d = np.maximum(*found.curve(0, values.size))
    assert np.all(np.abs(d - distances) <= 4 * EPS)
    k, distance = found.best()
    assert k == np.argmin(d)
    assert distance == d[k]


@pytest.mark.parametrize(
    ("n", "xmin", "alpha", "distance"),
    [
        (1000, 1.1101969635, 2.4814685482, 0.0146311824),
        (3000, 1.1631034373655558, 2.4673380281, 0.010929846594145),
        (10000, 1.0002096680, 2.5097456767, 0.0050734313),
        (30000, 1.0000087791, 2.4957242409, 0.0033600565),
        (100000, 1.3885923485, 2.5028709167, 0.0024160908),
    ],
)
def test_published_answers(n, xmin, alpha, distance):
    x = (1 - np.random.default_rng(42).random(n)) ** (-1 / 1.5)
    found = candidates_of(x)
    k, d = found.best()
    # to the ten digits printed
    assert found.values[k] == pytest.approx(xmin, rel=1e-10)
    assert found.alpha[k] == pytest.approx(alpha, rel=1e-10)
    assert d == pytest.approx(distance, abs=6e-11)


def test_what_is_not_allowed_is_not_found():
    x = (1 - np.random.default_rng(1).random(500)) ** -0.25
    found = candidates_of(x)
    middle = float(np.median(found.alpha))
    k, _ = found.best(alpha_high=middle)
    assert 0 <= k
    assert found.alpha[k] <= middle
    k, _ = found.best(sigma_below=0.3)
    assert (found.alpha[k] - 1) / np.sqrt(found.n_tail(k)) < 0.3
    assert found.best(alpha_high=1.01)[0] == -1
    k, _ = found.best(40, 60)
    assert 40 <= k < 60


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("two_sided", [False, True])
def test_estimates_by_blocks_change_nothing(kind, two_sided):
    x = sample(kind, 5000, np.random.default_rng(11))
    found = candidates_of(x)
    begin, end = found.values.size // 5, found.values.size - 1
    args = found.values, found.first, two_sided, begin, end, 1e-13
    at_once = best_of(*args, at_once=found.values.size)
    assert best_of(*args, at_once=found.values.size - 1) == at_once
    assert best_of(*args, at_once=0) == at_once
    d = np.maximum(*found.curve(begin, end))
    if not two_sided:
        assert at_once[:2] == (begin + np.argmax(d <= d.min() + 1e-13), d[at_once[0] - begin])
    assert at_once[2] == found.rate[at_once[0]]
