"""(12) to (16) and figure 2: the stable tail against its series, brackets against samples.

Monte Carlo frequencies are compared at 4.5 standard errors with fixed seeds: a right formula would
fail one such comparison in about 150,000 seeds.
"""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from htstats import stable
from htstats.theory import (
    bracket_decomposition,
    bracket_probability,
    bracket_tail_surface,
    stable_tail_constant,
)

SIGMAS = 4.5


def symmetric_stable_sf(x, alpha):
    return stable.sf(x, alpha, 0.0)


def tail_series(x, alpha):
    """Bergstrom's series in x^-alpha: convergent below alpha = 1, asymptotic above."""
    with mpmath.workdps(40):
        x, a = mpmath.mpf(x), mpmath.mpf(alpha)
        total, size = mpmath.mpf(0), mpmath.inf
        for n in range(1, 3000):
            term = mpmath.gamma(a * n) / mpmath.factorial(n) * x ** (-a * n)
            growing, size = term > size and a > 1, term
            if term < 1e-25 * total or growing:
                break
            total += (-1) ** (n + 1) * mpmath.sin(mpmath.pi * a * n / 2) * term
        assert size < 1e-20 * total
        return float(total / mpmath.pi)


def small_series(x, alpha):
    """The power series at 0, which converges above alpha = 1."""
    with mpmath.workdps(120):
        x, a = mpmath.mpf(x), mpmath.mpf(alpha)
        total = mpmath.mpf(0)
        for k in range(6000):
            term = mpmath.gamma((2 * k + 1) / a) / mpmath.factorial(2 * k + 1) * x ** (2 * k + 1)
            total += (-1) ** k * term
            if term < mpmath.mpf(10) ** -60:
                break
        assert term < mpmath.mpf(10) ** -60
        return float(mpmath.mpf(1) / 2 - total / (mpmath.pi * a))


# -- the law --------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.02, 0.1, 0.3, 0.7, 0.95, 0.999])
def test_the_stable_tail_below_one(alpha):
    for x in (1.3, 3.0, 100.0, 1e10, 1e60):
        got = float(symmetric_stable_sf(x, alpha))
        assert got == pytest.approx(tail_series(x, alpha), rel=1e-11), x


@pytest.mark.parametrize("alpha", [1.05, 1.3, 1.49, 1.5, 1.7, 1.99, 1.999999])
def test_the_stable_tail_above_one(alpha):
    for x in (1e-85, 0.001, 0.3, 0.7):
        got = float(symmetric_stable_sf(x, alpha))
        assert got == pytest.approx(small_series(x, alpha), rel=1e-12), x
    if alpha < 1.9:
        for x in (40.0, 1e3, 1e40):
            got = float(symmetric_stable_sf(x, alpha))
            assert got == pytest.approx(tail_series(x, alpha), rel=1e-11), x


@pytest.mark.parametrize("distance", [1e-12, 3e-5, 0.99e-4, 1.01e-4])
def test_the_stable_tail_is_smooth_at_one(distance):
    x = np.array([0.1, 1.0, 1.3, 20.0])
    below, above = symmetric_stable_sf(x, 1 - distance), symmetric_stable_sf(x, 1 + distance)
    # to third order the mean is Cauchy's: the second derivative is below 2 there
    assert (above + below) / 2 == pytest.approx(
        np.arctan(1 / x) / math.pi, abs=2 * distance**2 + 1e-12
    )
    if distance > 1e-6:
        slope = (symmetric_stable_sf(x, 1.003) - symmetric_stable_sf(x, 0.997)) / 0.006
        assert (above - below) / (2 * distance) == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_known_laws():
    x = np.array([0.0, 0.2, 1.0, 5.0])
    assert symmetric_stable_sf(x, 2.0) == pytest.approx(stats.norm.sf(x, scale=math.sqrt(2)))
    assert symmetric_stable_sf(x, 1.0) == pytest.approx(stats.cauchy.sf(x))
    assert symmetric_stable_sf(0.0, 1.5) == 0.5
    # SciPy's own integral, where it is good
    assert float(symmetric_stable_sf(1.0, 1.5)) == pytest.approx(
        stats.levy_stable.sf(1.0, 1.5, 0.0), rel=1e-7
    )


@given(st.floats(0.1, 2.0), st.floats(0.0, 50.0), st.floats(0.01, 5.0))
def test_the_stable_tail_falls(alpha, x, step):
    first, second = symmetric_stable_sf([x, x + step], alpha)
    assert 0 <= second <= first * (1 + 1e-11)
    assert first <= 0.5


# -- (12) and (14) --------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.7])
def test_12_is_the_asymptote(alpha):
    x = 1e6 ** (1 / alpha)
    ratio = symmetric_stable_sf(x, alpha) / (stable_tail_constant(alpha) * x**-alpha)
    assert ratio == pytest.approx(1, abs=1e-5)


def test_14_is_fine_far_out_and_wrong_at_the_figure_s_base():
    conventions = ("paper", "rigorous")
    far = [bracket_probability(30, a, convention=c) for a in (0.5, 1.0, 1.8) for c in conventions]
    assert far[0::2] == pytest.approx(far[1::2], rel=0.05)
    alphas = np.linspace(0.1, 1.95, 38)
    printed, exact = (
        np.array([bracket_probability(np.arange(6.0), a, convention=c) for a in alphas])
        for c in ("paper", "rigorous")
    )
    ratio = printed / exact
    # "off by 2.5x to 1/16" at c = 1.3, i <= 5
    assert ratio.max() == pytest.approx(2.6, abs=0.1)
    assert ratio.min() == pytest.approx(1 / 16, rel=0.15)


def test_14_at_two_says_that_nothing_is_anywhere():
    assert bracket_probability(1, 2.0, convention="paper") == 0
    assert bracket_probability(1, 2.0) == pytest.approx(
        stats.norm.cdf(1.3, scale=math.sqrt(2)) - stats.norm.cdf(1, scale=math.sqrt(2))
    )


@pytest.mark.parametrize("alpha", [0.7, 1.0, 1.6, 2.0])
def test_bracket_probabilities_of_samples(alpha):
    rng = np.random.default_rng(0)
    n, base = 200_000, 1.3
    # Chambers, Mallows and Stuck (1976), symmetric case
    v, w = rng.uniform(-math.pi / 2, math.pi / 2, n), rng.standard_exponential(n)
    x = np.sin(alpha * v) / np.cos(v) ** (1 / alpha)
    x *= (np.cos((1 - alpha) * v) / w) ** ((1 - alpha) / alpha)
    for i in range(6):
        for side, values in (("positive", base * x), ("abs", np.abs(base * x))):
            p = bracket_probability(i, alpha, base=base, side=side)
            seen = np.mean((values > base**i) & (values <= base ** (i + 1)))
            assert seen == pytest.approx(p, abs=SIGMAS * math.sqrt(p / n)), (i, side)
            if alpha == 0.7 and i == 0:
                printed = bracket_probability(i, alpha, base=base, side=side, convention="paper")
                assert abs(seen - printed) > 10 * math.sqrt(p / n)


def test_brackets_fill_the_half_line():
    p = bracket_probability(np.arange(-400.0, 400.0), 1.3)
    assert math.fsum(p) == pytest.approx(0.5, rel=1e-12)
    scaled = bracket_probability(3, 1.3, base=2.0, scale=0.5)
    want = symmetric_stable_sf(16.0, 1.3) - symmetric_stable_sf(32.0, 1.3)
    assert scaled == pytest.approx(float(want), rel=1e-12)


# -- (16) and figure 2 ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def surface():
    return bracket_tail_surface(np.linspace(0.1, 2, 39), np.linspace(0, 5, 26))


def test_16_does_not_apply_on_two_thirds_of_the_figure(surface):
    assert surface.invalid_share == pytest.approx(2 / 3, abs=0.02)
    assert np.array_equal(surface.valid, surface.kappa > 64 * surface.p_paper)


def test_the_exact_surface_is_the_binomial_tail(surface):
    kappa = 1.3 ** (5 - surface.i)
    for row, k in enumerate(kappa):
        least = math.ceil(k - 1e-9)
        want = stats.binom.sf(least - 1, 64, surface.p_exact[row])
        assert surface.exact[row] == pytest.approx(want, rel=1e-9)
        assert surface.k[row] == least
    assert surface.k[-1] == 1  # c^0 is one element, whatever the rounding


def test_the_paper_s_surface_is_16_as_printed(surface):
    c, big_m, n = 1.3, 5, 64
    for column in (3, 17, 30):
        a = surface.alpha[column]
        for row in (0, 12, 25):
            i = surface.i[row]
            p = math.sin(math.pi * a / 2) * math.gamma(a) / math.pi * c ** (-a * (i - 1))
            p *= 1 - c**-a
            k = c ** (big_m - i)
            want = (n * p / k) ** k * ((1 - p) / (1 - k / n)) ** (n - k)
            assert surface.paper[row, column] == pytest.approx(want, rel=1e-9)
            assert surface.p_paper[row, column] == pytest.approx(p, rel=1e-11)


def test_chernoff_with_the_exact_p_and_a_whole_count_holds_everywhere(surface):
    assert (surface.log_chernoff >= surface.log_exact).all()
    assert (surface.chernoff[surface.k <= 64 * surface.p_exact] == 1).all()


def test_16_as_printed_fails_for_kappa_below_the_mean_and_above_it(surface):
    # below the mean, with its own p: no bound at all
    p, k = float(bracket_probability(5, 0.5, convention="paper")), 1
    assert k < 64 * p
    printed = (64 * p / k) ** k * ((1 - p) / (1 - k / 64)) ** (64 - k)
    assert printed < stats.binom.sf(k - 1, 64, p) - 0.05
    # above it, because p is not the bracket's probability: nowhere as clear as at alpha = 2
    assert np.any(surface.violated & surface.valid)
    assert (surface.paper[:, -1] == 0).all()
    assert (surface.exact[:, -1] > 1e-4).all()


def test_a_surface_of_its_own_size():
    s = bracket_tail_surface([0.5, 1.5], [0.0, 1.0, 2.0], base=2.0, M=7, N=100)
    assert s.exact.shape == s.paper.shape == s.valid.shape == (3, 2)
    assert s.k.ravel().tolist() == [128, 64, 32]
    # 128 elements of 100: impossible, and no number by (16)
    assert np.all(s.exact[0] == 0)
    assert np.all(np.isnan(s.paper[0]))


# -- (13) -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["positive", "abs"])
def test_the_decomposition_adds_up(side):
    rng = np.random.default_rng(1)
    w = rng.standard_t(2, (30, 40)) / 10
    d = bracket_decomposition(w, base=1.5, M=4, unit=0.05, side=side)
    parts = [d.part(i).toarray() for i in range(-1, 6)]
    assert np.array_equal(sum(parts), w)
    compared = w if side == "positive" else np.abs(w)
    for i in range(5):
        inside = (compared > 0.05 * 1.5**i) & (compared <= 0.05 * 1.5 ** (i + 1))
        assert d.counts()[i] == inside.sum() == d.part(i).nnz
        assert np.array_equal(d.row_counts()[:, i], inside.sum(axis=1))
    assert d.counts()[5] == (compared > 0.05 * 1.5**5).sum()
    assert d.n_left_out == (compared <= 0.05).sum()
    assert d.counts().sum() + d.n_left_out == w.size
    assert "left out" in repr(d)


def test_13_leaves_out_what_lies_below_one():
    w = np.random.default_rng(2).standard_normal((50, 50)) / 10
    assert bracket_decomposition(w).n_left_out == w.size


def test_counts_of_a_stable_matrix_are_the_predicted_ones():
    rng = np.random.default_rng(3)
    base, n = 1.3, 400
    w = base * rng.standard_cauchy((n, n))
    d = bracket_decomposition(w, base=base)
    predicted = d.predicted(1.0)
    spread = SIGMAS * np.sqrt(predicted)
    assert (np.abs(d.counts() - predicted) < spread).all()
    printed = d.predicted(1.0, convention="paper")
    assert abs(d.counts()[0] - printed[0]) > 10 * math.sqrt(predicted[0])
    both = bracket_decomposition(w, base=base, side="abs")
    assert both.predicted(1.0) == pytest.approx(2 * predicted)
    assert predicted[:-1] == pytest.approx(n * n * bracket_probability(np.arange(6), 1.0))
    assert d.predicted(1.0, 0.7)[-1] == pytest.approx(
        n * n * stats.cauchy.sf(base**6, scale=0.7), rel=1e-9
    )


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: bracket_probability(1, 2.5), r"alpha must be in \(0, 2\], got 2.5"),
        (lambda: bracket_probability(1, 1.0, base=1.0), "base must be above 1, got 1.0"),
        (lambda: bracket_probability(math.inf, 1.0), "i must be finite"),
        (lambda: bracket_probability(1, 1.0, side="both"), "side"),
        (lambda: bracket_probability(1, 1.0, convention="printed"), "convention"),
        (lambda: bracket_tail_surface([[1.0]]), "1-D"),
        (lambda: bracket_tail_surface([1.0], N=0), "N must be at least 1"),
        (lambda: bracket_decomposition([1.0]), "W must be a finite matrix"),
        (lambda: bracket_decomposition([[math.nan]]), "W must be a finite matrix"),
        (lambda: bracket_decomposition([[1.0]], unit=0.0), "unit must be positive"),
        (lambda: bracket_decomposition([[1.0]]).part(9), r"i must be in \[-1, 6\], got 9"),
        (lambda: stable_tail_constant(0.0), "alpha"),
    ],
)
def test_errors_name_the_argument(call, match):
    with pytest.raises(ValueError, match=match):
        call()
