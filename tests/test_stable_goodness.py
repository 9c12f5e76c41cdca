"""Tests, intervals and comparisons of stable fits."""

import math

import numpy as np
import pytest
from scipy import stats

from htstats import TailSketch, stable
from htstats.stable import StableInterval, _goodness, fit_stable, sample
from htstats.stable._compare import fit_student
from htstats.stable._points import read_points


@pytest.fixture(scope="module")
def fit():
    return fit_stable(sample(1000, 1.5, 0.3, 1.0, 2.0, seed=1))


def cdf(fit):
    return lambda x: np.asarray(stable.cdf(x, *fit.estimate))


# ---- goodness of fit -----------------------------------------------------------------------------


def test_the_statistics_are_those_of_their_definitions(fit):
    x = fit.points.x
    found = fit.goodness_of_fit("ks", n_resamples=1)
    assert found.name == "ks"
    assert math.isclose(found.statistic, stats.kstest(x, cdf(fit)).statistic, rel_tol=1e-9)
    n, below = x.size, np.asarray(stable.logcdf(x, *fit.estimate))
    above = np.asarray(stable.logsf(x, *fit.estimate))[::-1]
    exact = -n - math.fsum((2 * np.arange(1, n + 1) - 1) * (below + above)) / n
    assert math.isclose(fit.goodness_of_fit("ad", n_resamples=1).statistic, exact, rel_tol=1e-8)


def test_ties_and_weights_count_in_the_statistics():
    x = np.round(sample(500, 1.5, 0.3, seed=2), 1)
    values, counts = np.unique(x, return_counts=True)
    one, other = fit_stable(x), fit_stable(values, weights=counts)
    for name in ("ks", "ad"):
        a, b = (f.goodness_of_fit(name, n_resamples=1).statistic for f in (one, other))
        assert math.isclose(a, b, rel_tol=1e-3)
    assert math.isclose(
        other.goodness_of_fit("ks", n_resamples=1).statistic,
        stats.kstest(x, cdf(other)).statistic,
        rel_tol=1e-9,
    )


def test_a_sketch_has_nearly_the_statistic_of_its_values():
    x = sample(30_000, 1.5, 0.3, seed=3)
    one, other = fit_stable(x), fit_stable(TailSketch("float64").update(x))
    for name in ("ks", "ad"):
        a, b = (f.goodness_of_fit(name, n_resamples=1).statistic for f in (one, other))
        assert abs(a - b) < 0.05 * a


@pytest.mark.parametrize("statistic", ["ks", "ad"])
def test_one_step_and_full_refits_give_one_null_law(fit, statistic):
    one = _goodness._one_step(fit, statistic, 1000, 40, 5)
    full = _goodness._full(fit, statistic, 1000, 40, 5)
    # the same resamples: what differs is of the order of 1 / sqrt(1000)
    assert np.corrcoef(one, full)[0, 1] > 0.95
    assert np.all(np.abs(one - full) < 0.2 * full + 0.02)


@pytest.mark.parametrize("statistic", ["ks", "ad"])
@pytest.mark.parametrize(("alpha", "beta"), [(1.6, 0.0), (0.8, 0.5), (2.0, 0.0), (1.4, 1.0)])
def test_p_values_of_stable_data_are_not_extreme(alpha, beta, statistic):
    p = [
        fit_stable(sample(300, alpha, beta, seed=seed)).goodness_of_fit(
            statistic, n_resamples=49, seed=seed
        ).pvalue
        for seed in range(12)
    ]  # fmt: skip
    # of 12 uniform numbers, 8 or more below .1, or all below 1/2 or above it: 5e-6, and 2.4e-4
    assert np.count_nonzero(np.array(p) <= 0.1) < 8
    assert min(p) < 0.9
    assert max(p) > 0.2


@pytest.mark.parametrize("statistic", ["ks", "ad"])
def test_other_laws_are_ruled_out(statistic):
    rng = np.random.default_rng(4)
    for x in (rng.uniform(size=2000), rng.exponential(size=2000), rng.standard_t(6, 20_000)):
        found = fit_stable(x).goodness_of_fit(statistic, n_resamples=99)
        assert found.pvalue == 0.01
        assert found.n_resamples == 99


@pytest.mark.parametrize("method", ["quantile", "ecf"])
def test_quick_methods_are_tested_by_full_refits(method):
    x = sample(500, 1.6, 0.2, seed=5)
    found = fit_stable(x, method).goodness_of_fit(n_resamples=29)
    assert found == fit_stable(x, method).goodness_of_fit(n_resamples=29, refit="full")
    assert found.pvalue > 1 / 30


def test_a_seed_gives_one_answer(fit):
    one, again, other = (fit.goodness_of_fit("ad", n_resamples=50, seed=s) for s in (7, 7, 8))
    assert one == again
    assert one != other


# ---- intervals -----------------------------------------------------------------------------------


def test_asymptotic_intervals_are_errors_around_the_estimate(fit):
    found = fit.confidence_interval(0.9)
    assert isinstance(found, StableInterval)
    reach = stats.norm.ppf(0.95)
    for (low, high), value, error in zip(found, fit.estimate, fit.stderr, strict=True):
        assert math.isclose(high - value, reach * error, rel_tol=1e-9)
        assert math.isclose(value - low, reach * error, rel_tol=1e-9)


def test_intervals_stay_in_the_range_of_the_parameters():
    found = fit_stable(sample(60, 1.9, 0.8, seed=6)).confidence_interval(0.999)
    assert 0 <= found.alpha[0] <= found.alpha[1] <= 2 or math.isnan(found.alpha[0])
    assert -1 <= found.beta[0] <= found.beta[1] <= 1 or math.isnan(found.beta[0])
    assert found.scale[0] >= 0


def test_a_bootstrap_needs_two_values():
    fit = fit_stable([1.0, 2.0, 4.0, 5.0, 9.0], weights=[0.1] * 5)
    with pytest.raises(ValueError, match="weights must add up to at least 2 for the bootstrap"):
        fit.confidence_interval(method="bootstrap")


@pytest.mark.parametrize(("n_resamples", "level"), [(9, 0.8), (19, 0.9), (39, 0.95), (39, 0.9)])
def test_ends_of_bootstrap_intervals(n_resamples, level):
    """The k-th smallest of m resamples is the quantile of k/(m + 1)."""
    fit = fit_stable(sample(200, 1.5, 0.3, seed=5), "quantile")
    seeds = np.random.SeedSequence(7).generate_state(n_resamples, np.uint64).tolist()
    resamples = [fit_stable(sample(200, *fit.estimate, seed=k), "quantile") for k in seeds]
    estimates = np.sort([one.estimate for one in resamples], axis=0)
    k = round((n_resamples + 1) * (1 - level) / 2)
    found = fit.confidence_interval(level, "bootstrap", n_resamples=n_resamples, seed=7)
    expected = np.stack([estimates[k - 1], estimates[-k]], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("method", ["mle", "quantile", "ecf"])
def test_bootstrap_intervals_are_about_the_asymptotic_ones(method):
    fit = fit_stable(sample(600, 1.4, 0.2, 1.0, 2.0, seed=7), method, beta=0.2)
    plain = fit.confidence_interval(0.9)
    found = fit.confidence_interval(0.9, "bootstrap", n_resamples=60, seed=1)
    again = fit.confidence_interval(0.9, "bootstrap", n_resamples=60, seed=1)
    assert found == again
    assert found.beta == (0.2, 0.2)
    for name in ("alpha", "loc", "scale"):
        (low, high), (a, b) = getattr(found, name), getattr(plain, name)
        # the spread of 60 numbers is known to 9 % (one sigma), their quantiles to some more
        assert 0.5 < (high - low) / (b - a) < 1.7
        assert low < getattr(fit, name) < high


# ---- comparisons ---------------------------------------------------------------------------------


def test_the_normal_law_is_compared_by_both_likelihoods(fit):
    found = fit.compare("normal")
    x = fit.points.x
    mean, std = found.parameters["mean"], found.parameters["std"]
    assert math.isclose(mean, math.fsum(x) / x.size, rel_tol=1e-12)
    exact = fit.loglikelihood - math.fsum(stats.norm.logpdf(x, mean, std))
    assert math.isclose(found.R, exact, rel_tol=1e-6)
    assert found.better() == "stable"
    assert found.pvalue < 1e-10


def test_normal_data_do_not_favour_a_stable_law():
    x = np.random.default_rng(8).normal(size=2000)
    assert fit_stable(x).compare("normal").better(0.001) == "undecided"


@pytest.mark.parametrize("df", [1.0, 3.0, 12.0])
def test_students_t_is_fitted_at_least_as_well_as_by_scipy(df):
    x = 5 + 2 * stats.t.rvs(df, size=2000, random_state=9)
    found = fit_student(read_points(x))
    mine, theirs = (math.fsum(stats.t.logpdf(x, *law)) for law in (found, stats.t.fit(x)))
    assert mine > theirs - 1e-4
    assert abs(found[1] - 5) < 0.5
    assert abs(found[2] - 2) < 0.5


def test_students_t_is_told_from_stable_laws():
    t = fit_stable(stats.t.rvs(4, size=20_000, random_state=10)).compare("student_t")
    assert t.better() == "student_t"
    assert fit_stable(sample(20_000, 1.5, 0.0, seed=11)).compare("student_t").better() == "stable"
    # Cauchy's law is both
    cauchy = fit_stable(sample(5000, 1.0, 0.0, seed=12), beta=0.0).compare("student_t")
    assert abs(cauchy.R) < 8  # half a chi-squared number with one degree of freedom, at 1e-4


def test_the_tail_is_compared_with_a_power_law():
    x = sample(20_000, 1.5, 0.3, seed=13)
    fit = fit_stable(x)
    found = fit.compare_tail(15.0)
    y = np.abs(x[np.abs(x) >= 15])
    assert found.n == y.size
    alpha = 1 + y.size / math.fsum(np.log(y / 15))
    assert math.isclose(found.parameters["alpha"], alpha, rel_tol=1e-12)
    assert math.isclose(found.parameters["tail_exponent"], alpha - 1, rel_tol=1e-12)
    mass = stable.sf(15.0, *fit.estimate) + stable.cdf(-15.0, *fit.estimate)
    mine = np.log((stable.pdf(y, *fit.estimate) + np.asarray(stable.pdf(-y, *fit.estimate))) / mass)
    theirs = math.log((alpha - 1) / 15) - alpha * np.log(y / 15)
    assert math.isclose(found.R, math.fsum(mine - theirs), rel_tol=1e-6, abs_tol=1e-6)
    assert abs(found.parameters["tail_exponent"] - 1.5) < 0.3
    light = fit_stable(stats.t.rvs(4, size=20_000, random_state=14)).compare_tail(8.0)
    assert light.parameters["tail_exponent"] > 2


BAD = [
    (lambda fit: fit.goodness_of_fit("cvm"), "statistic must be one of 'ks', 'ad', got 'cvm'"),
    (lambda fit: fit.goodness_of_fit(refit="x"), "refit must be one of 'one-step', 'full'"),
    (lambda fit: fit.goodness_of_fit(n_resamples=0), "n_resamples must be at least 1, got 0"),
    (lambda fit: fit.goodness_of_fit(seed=-1), "seed must be at least 0, got -1"),
    (lambda fit: fit.confidence_interval(1.0), "level must be in (0, 1), got 1.0"),
    (lambda fit: fit.confidence_interval(method="x"), "method must be one of 'asymptotic'"),
    (lambda fit: fit.compare("levy"), "other must be one of 'normal', 'student_t', got 'levy'"),
    (lambda fit: fit.compare_tail(0), "xmin must be positive, got 0"),
    (lambda fit: fit.compare_tail(1e300), "x must have values beyond xmin in size"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_arguments_are_named(fit, call, message):
    with pytest.raises(ValueError) as error:
        call(fit)
    assert str(error.value).startswith(message)
