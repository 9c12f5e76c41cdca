"""Random stable numbers: the formula's twin, the law by Kolmogorov-Smirnov, parts and threads."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import stable_sample_twin as twin
from scipy import stats

from htstats.stable import StableDistribution, sample

ALPHAS = (
    2.0, 2 - 1e-9, 1.7, 1.125, 1.12, 1.01, 1 + 1e-9, 1.0, 1 - 1e-9, 0.99, 0.88, 0.87, 0.6, 0.5,
    0.49, 0.25, 0.1, 0.03,
)  # fmt: skip
BETAS = (0.0, 0.4, -0.9, 1.0, -1.0, 1 - 1e-9)


@pytest.fixture(autouse=True)
def _many_digits():
    with twin.mp.workdps(60):
        yield


@pytest.mark.parametrize("parameterization", ["S0", "S1"])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_numbers_are_those_of_the_formula(alpha, parameterization):
    for beta in BETAS:
        found = sample(30, alpha, beta, seed=77, parameterization=parameterization)
        for i, x in enumerate(found):
            exact = twin.number(77, i, alpha, beta, parameterization)
            # near the end of the support of S1 the error is relative to the number itself
            is_edge = parameterization == "S1" and alpha <= 0.875 and abs(beta) == 1
            grain = abs(exact) if is_edge else max(abs(exact), 1)
            if abs(exact) < 1e308 and abs(exact) > 1e-300:
                assert abs(twin.mp.mpf(x) - exact) <= 1e-14 / alpha * grain, (alpha, beta, i)


@given(seed=st.integers(0, 2**64 - 1), alpha=st.floats(0.01, 2), beta=st.floats(-1, 1))
def test_numbers_of_any_law_are_those_of_the_formula(seed, alpha, beta):
    for i, x in enumerate(sample(2, alpha, beta, seed=seed)):
        exact = twin.number(seed, i, alpha, beta)
        if abs(exact) < 1e308:
            assert abs(twin.mp.mpf(x) - exact) <= 1e-14 / alpha * max(abs(exact), 1)


def test_the_numbers_pass_continuously_through_alpha_1():
    at = sample(2000, 1.0, 0.7, seed=5)
    for step in (1e-6, -1e-6, 1e-12, -1e-12):
        near = sample(2000, 1 + step, 0.7, seed=5)
        # the numbers grow as a power 1/alpha: their derivative is at most x log^2 x, roughly
        slope = np.maximum(np.abs(at), 1) * (1 + np.log1p(np.abs(at))) ** 2
        assert np.all(np.abs(near - at) <= 10 * abs(step) * slope + 1e-14 * slope)


def ks_bound(n):
    """The distance that a true law exceeds once in a million samples (Massart 1990)."""
    return math.sqrt(math.log(2 / 1e-6) / (2 * n))


CLOSED = {
    "normal": (2.0, 0.3, "S0", stats.norm(scale=math.sqrt(2)).cdf),
    "cauchy": (1.0, 0.0, "S1", stats.cauchy.cdf),
    "levy": (0.5, 1.0, "S1", stats.levy.cdf),
    "mirrored levy": (0.5, -1.0, "S0", lambda x: stats.levy.sf(-x + 1)),
}


@pytest.mark.parametrize("law", CLOSED)
def test_samples_have_the_closed_laws(law):
    alpha, beta, parameterization, cdf = CLOSED[law]
    x = sample(100_000, alpha, beta, seed=2024, parameterization=parameterization)
    assert stats.kstest(x, cdf).statistic < ks_bound(x.size)


@pytest.mark.parametrize("alpha", [1.9, 1.5, 1.1, 1.0, 0.95, 0.8, 0.5, 0.3])
@pytest.mark.parametrize("beta", [0.0, 0.6, -1.0])
def test_the_characteristic_function_is_that_of_the_law(alpha, beta):
    x = sample(100_000, alpha, beta, seed=8)
    for t in (0.1, 0.5, 1.0, 2.0):
        if alpha == 1:
            skew = 2 / math.pi * math.log(t)
        else:
            skew = math.tan(math.pi * alpha / 2) * (t ** (1 - alpha) - 1)
        exact = math.exp(-(t**alpha)) * np.exp(-1j * beta * t**alpha * skew)
        # Hoeffding for the real and for the imaginary part, once in a million
        bound = math.sqrt(2 * math.log(4 / 1e-6) / x.size)
        found = np.mean(np.exp(1j * t * x))
        assert max(abs((found - exact).real), abs((found - exact).imag)) < bound


def test_numbers_do_not_depend_on_threads_parts_or_shape():
    whole = sample(600_000, 1.3, 0.2, 1.0, 2.0, seed=3)
    assert np.array_equal(whole, sample(600_000, 1.3, 0.2, 1.0, 2.0, seed=3, n_threads=4))
    assert np.array_equal(whole[:999], sample(999, 1.3, 0.2, 1.0, 2.0, seed=3))
    assert np.array_equal(whole[:600].reshape(20, 30), sample((20, 30), 1.3, 0.2, 1, 2, seed=3))
    out = np.empty((20, 30))
    assert sample((20, 30), 1.3, 0.2, 1, 2, seed=3, out=out) is out
    assert np.array_equal(whole[:600].reshape(20, 30), out)
    assert not np.array_equal(whole[:99], sample(99, 1.3, 0.2, 1.0, 2.0, seed=4))


def test_arrays_of_parameters_give_the_numbers_of_each_law():
    alpha = np.array([[0.5], [1.0], [1.5]])
    scale = np.array([1.0, 1.0, 2.0, 3.0])
    found = sample((3, 4), alpha, 0.5, 1.0, scale, seed=6)
    for row in range(3):
        for column in range(4):
            one = sample(12, alpha[row, 0], 0.5, 1.0, scale[column], seed=6)
            assert found[row, column] == one[4 * row + column]
    assert sample((0, 4), alpha[:0], 0.5, seed=6).shape == (0, 4)


def test_a_law_draws_its_own_numbers():
    law = StableDistribution(1.0, 0.5, 2.0, 3.0, parameterization="S1")
    exact = sample((3, 4), 1.0, 0.5, 2.0, 3.0, seed=5, parameterization="S1")
    assert np.array_equal(law.sample((3, 4), seed=5), exact)


@pytest.mark.parametrize("alpha", [1.95, 1.5, 1.01, 0.97, 0.7, 0.45, 0.2])
@pytest.mark.parametrize("beta", [0.5, -1.0])
def test_samples_have_the_exact_distribution_function(alpha, beta):
    x = np.sort(sample(20_000, alpha, beta, seed=99))
    law = StableDistribution(alpha, beta)
    assert stats.kstest(x, lambda x: np.asarray(law.cdf(x))).statistic < ks_bound(x.size)


def test_mirrored_laws_have_the_law_of_minus_x():
    x = sample(20_000, 0.8, 0.6, seed=1)
    y = sample(20_000, 0.8, -0.6, seed=2)
    assert stats.ks_2samp(x, -y).pvalue > 1e-6


def test_scale_moves_the_location_of_s1_at_alpha_1_as_nolan_says():
    plain = sample(1000, 1.0, 0.5, seed=1, parameterization="S1")
    for scale in (3.0, 0.25, 1e-305, 1e300):
        scaled = sample(1000, 1.0, 0.5, 0.0, scale, seed=1, parameterization="S1")
        exact = scale * (plain + 0.5 * 2 / math.pi * math.log(scale))
        assert np.allclose(scaled, exact, rtol=1e-13, atol=2e-12 * scale)


def test_the_library_uses_no_libm():
    path = Path(__file__).parents[1] / "csrc" / "stable" / "htst_stable_sample.c"
    if not path.exists():
        pytest.skip("csrc is not here: run the tests from a checkout")
    code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    assert re.findall(r"\b(?:log|exp|sin|cos|tan|pow|expm1|log1p|atan)f?\(", code) == []


BAD = [
    (dict(alpha=0.0), "alpha must be in (0, 2], got 0.0"),
    (dict(alpha=2.1), "alpha must be in (0, 2], got 2.1"),
    (dict(alpha=math.nan), "alpha must not be NaN, got nan"),
    (dict(alpha=[1.0, 3.0]), "alpha must be in (0, 2], got 3.0 at index 1"),
    (dict(beta=1.5), "beta must be in [-1, 1], got 1.5"),
    (dict(beta=math.nan), "beta must not be NaN, got nan"),
    (dict(loc=math.inf), "loc must be finite, got inf"),
    (dict(scale=0.0), "scale must be above 0 and finite, got 0.0"),
    (dict(scale=-1.0), "scale must be above 0 and finite, got -1.0"),
    (dict(seed=-1), "seed must be at least 0, got -1"),
    (dict(seed=2**64), f"seed must be below {2**64}, got {2**64}"),
    (dict(size=-1), "size must be at least 0, got -1"),
    (dict(parameterization="S2"), "parameterization must be 'S0' or 'S1', got 'S2'"),
    (dict(n_threads=0), "n_threads must be at least 1, got 0"),
    (dict(alpha=[1.0, 1.5, 1.7]), "alpha must broadcast to size (2,), got shape (3,)"),
    (dict(out=np.empty(3)), "out must be a float64 array of shape (2,), got float64 (3,)"),
    (dict(out=np.empty(4)[::2]), "out must be C-contiguous and writeable"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_arguments_are_named(change, message):
    given = dict(size=2, alpha=1.5, beta=0.0, seed=0) | change
    with pytest.raises(ValueError) as error:
        sample(**given)
    assert str(error.value) == message
