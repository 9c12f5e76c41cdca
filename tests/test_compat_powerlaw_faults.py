"""One test for each fault of powerlaw that the drop-in does not copy."""

import math
import warnings

import mpmath
import numpy as np
import pytest
from powerlaw_laws import CLASSES, NAMES, pareto

import htstats.compat.powerlaw as powerlaw


@pytest.fixture
def x():
    return (1 - np.random.default_rng(42).random(1000)) ** (-1 / 1.5)


def test_alpha_is_not_clamped():
    x = pareto(500, 4.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for profile in ("1.5", "2.0"):
            fit = powerlaw.Fit(x, xmin=1.0, profile=profile)
            assert fit.alpha == pytest.approx(4, abs=0.5)
            assert fit.noise_flag is (profile == "2.0")


def test_the_estimator_knows_xmax():
    x = pareto(20_000, 2.5)
    fit = powerlaw.Fit(x, xmin=1.0, xmax=10.0)
    assert fit.alpha == pytest.approx(2.5, abs=0.06)  # 4 standard errors; ignoring xmax gives 2.65
    assert fit.n_tail == x.size
    assert fit.n == np.sum(x <= 10)


def test_ks_is_a_method(x):
    by_distance = powerlaw.Fit(x, xmin=1.0, fit_method="KS")
    assert by_distance.D < powerlaw.Fit(x, xmin=1.0).D


def test_ks_works_without_a_parent(x):
    """The largest distance between the law and the proportion of the tail below each value."""
    tail = np.sort(x[x >= 1.0])
    laws = {
        powerlaw.Exponential: lambda law, v: -math.expm1(-law.Lambda * (v - 1)),
        powerlaw.Power_Law: lambda law, v: -math.expm1((1 - law.alpha) * math.log(v)),
    }
    for cls, model in laws.items():
        law = cls(data=x, xmin=1.0)
        gaps = [abs(model(law, v) - np.searchsorted(tail, v) / len(tail)) for v in tail]
        assert law.KS(x) == pytest.approx(max(gaps), rel=1e-12)


def test_nested_false_is_believed(x):
    fit = powerlaw.Fit(x, xmin=1.0)
    pair = ("power_law", "truncated_power_law")
    assert fit.distribution_compare(*pair)[1] != fit.distribution_compare(*pair, nested=False)[1]


def test_negatives_are_dropped_and_nan_is_refused(x):
    with pytest.warns(UserWarning, match="2 values <= 0"):
        fit = powerlaw.Fit(np.append(x, [-1.0, 0.0]))
    assert fit.alpha == powerlaw.Fit(x).alpha
    with pytest.raises(ValueError, match="NaN"):
        powerlaw.Fit(np.append(x, np.nan))


def test_the_loglikelihood_is_there(x):
    assert np.isfinite(powerlaw.Fit(x, xmin=1.0).power_law.loglikelihood)


def test_distances_do_not_cancel_where_zeta_is_small():
    """powerlaw takes zeta from 1 - zeta: here only five digits are right."""
    law = powerlaw.Power_Law(xmin=9, discrete=True, parameters=[11.836750391585474])
    with mpmath.workdps(40):
        alpha = mpmath.mpf(11.836750391585474)
        whole = mpmath.zeta(alpha, 9)
        exact = [float(1 - mpmath.zeta(alpha, k) / whole) for k in (9, 10, 11, 14)]
    np.testing.assert_allclose(law.cdf([9.0, 10.0, 11.0, 14.0]), exact, rtol=1e-14)
    assert abs(exact[1] - 0.6962117977185384) > 1e-6  # what powerlaw 1.5 says


def test_arrays_of_the_caller_stay():
    first, second = np.array([-np.inf, -1.0]), np.array([-1.0, -2.0])
    powerlaw.loglikelihood_ratio(first, second)
    assert first[0] == -np.inf


@pytest.mark.parametrize("name", NAMES)
def test_every_law_is_normalised_up_to_xmax(name):
    from scipy import integrate

    values = {"power_law": [2.5], "exponential": [0.3], "truncated_power_law": [2.0, 0.1]}
    law = CLASSES[name](xmin=1, xmax=8, parameters=values.get(name, [0.4, 0.9]))
    total, _ = integrate.quad(lambda t: float(law.pdf([t])[0]), 1, 8)
    assert total == pytest.approx(1, rel=1e-8)


def test_a_ridge_is_flagged():
    x = np.concatenate([pareto(2000, 2.0), pareto(2000, 1.5)])
    with pytest.warns(UserWarning, match="ridge"):
        law = powerlaw.Lognormal(data=x, xmin=1.0)
    assert law.noise_flag
    assert (law.mu, law.sigma) == (-math.inf, math.inf)  # of the limit


def test_loglikelihoods_go_on_where_the_density_underflows():
    law = powerlaw.Exponential(xmin=1.0, parameters=[1.0])
    assert law.loglikelihoods([2001.0])[0] == pytest.approx(-2000)
    assert law.pdf([2001.0])[0] > 0


def test_discrete_draws_follow_the_distribution():
    law = powerlaw.Power_Law(xmin=2, discrete=True, parameters=[2.5])
    drawn = law.generate_random(20_000, rng=1)
    share = float(law.pdf([2])[0])
    # rounding twice gives half of it; five standard errors
    assert np.mean(drawn == 2) == pytest.approx(share, abs=5 * np.sqrt(share / 20_000))


def test_discrete_draws_are_integers_in_profile_two():
    law = powerlaw.Power_Law(xmin=2, discrete=True, parameters=[2.5], profile="2.0")
    drawn = law.generate_random(100, rng=1)
    assert drawn.dtype == np.int64
    assert np.bincount(drawn)[2] > 30  # .52 are expected
    again = powerlaw.Power_Law(xmin=2, discrete=True, parameters=[2.5]).generate_random(100, rng=1)
    assert again.dtype == np.float64
    np.testing.assert_array_equal(drawn, again)
    wide = powerlaw.Power_Law(xmin=2, discrete=True, parameters=[1.01], profile="2.0")
    assert wide.generate_random(100, rng=1).max() > 2.0**63


def test_a_discrete_distribution_function_is_that_of_its_probabilities():
    k = np.arange(2.0, 21.0)
    law = powerlaw.Power_Law(xmin=2, xmax=20, discrete=True, parameters=[2.5])
    below = np.append(0, np.cumsum(law.pdf(k)))[:-1]
    np.testing.assert_allclose(law.cdf(k), below, rtol=1e-13)
    assert below[-1] < 0.999  # powerlaw: 1
    assert not np.signbit(law.cdf(k)).any()
    between = powerlaw.Power_Law(xmin=1.5, xmax=20, discrete=True, parameters=[2.5])
    np.testing.assert_array_equal(between.pdf(k), law.pdf(k))


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_draws_keep_to_the_range_and_its_law(name, discrete):
    values = {"power_law": [2.5], "exponential": [0.3], "truncated_power_law": [2.0, 0.1]}
    law = CLASSES[name](xmin=1, xmax=9, discrete=discrete, parameters=values.get(name, [0.4, 0.9]))
    drawn = law.generate_random(3000, rng=2)
    assert drawn.min() >= 1
    assert drawn.max() <= 9
    if discrete:
        expected = np.sum(law.pdf(np.arange(1.0, 4.0)))
        share = np.mean(drawn <= 3)
    else:
        expected, share = law.cdf([3.0])[0], np.mean(drawn < 3)
    # four standard errors
    assert share == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 3000))


def test_draws_are_numpys_stream_as_in_powerlaw():
    law = powerlaw.Power_Law(xmin=2.0, parameters=[2.5])
    np.random.seed(5)  # noqa: NPY002
    first = law.generate_random(4)
    np.random.seed(5)  # noqa: NPY002
    r = np.random.rand(4)  # noqa: NPY002
    np.testing.assert_allclose(first, 2.0 * (1 - r) ** (-1 / 1.5), rtol=1e-15)
    assert law.generate_random((2, 3)).shape == (2, 3)


def test_bins_are_in_units_of_the_data():
    x = np.array([0.1, 0.3, 0.5, 0.7])
    edges, density = powerlaw.pdf(x, bins=[0.0, 0.4, 0.8])
    np.testing.assert_array_equal(edges, [0.0, 0.4, 0.8])
    np.testing.assert_allclose(density, [1.25, 1.25])
    assert powerlaw.pdf(x, bins=3)[1].size == 3


def test_the_last_bin_ends_at_xmax():
    logs = np.logspace(0, math.log10(7500.0), 39)
    assert logs[-1] > 7500  # powerlaw's edge there is 7501
    assert powerlaw.pdf([1.0, 20.0, 7500.0])[0][-1] == 7500
    assert powerlaw.pdf([1.0, 20.0, 7499.5])[0][-1] == 7500


def test_nothing_is_printed(x, capsys):
    powerlaw.Fit(x, verbose=True).distribution_compare("power_law", "truncated_power_law")
    assert capsys.readouterr() == ("", "")


def test_a_range_given_later_is_fitted_again(x):
    fit = powerlaw.Fit(x, xmin=1.0)
    law = fit.exponential
    free = law.Lambda
    law.parameter_range({"Lambda": (2 * free, None)})
    assert 2 * free < law.Lambda < 2.01 * free  # the maximum in the range is at its end
    assert not law.noise_flag


def test_constraints_hold(x):
    def above(law):
        return law.mu - 2 * law.sigma

    words = {"type": "ineq", "fun": above, "dists": ["lognormal"]}
    y = np.exp(np.random.default_rng(3).normal(2, 1.5, 400))
    fit = powerlaw.Fit(y, xmin=float(y.min()), parameter_constraints=words, profile="2.0")
    assert above(fit.lognormal) > -1e-5
    assert fit.exponential.Lambda > 0
    with pytest.raises(ValueError, match="parameter_constraints"):
        powerlaw.Lognormal(data=y, xmin=1.0, parameter_constraints={"fun": above})


def test_parameters_by_name_and_in_a_dict():
    first = powerlaw.Lognormal(xmin=1.0, parameters={"mu": 0.5, "sigma": 2.0})
    second = powerlaw.Lognormal(xmin=1.0, mu=0.5, sigma=2.0)
    assert first.parameters == second.parameters == {"mu": 0.5, "sigma": 2.0}
    first.parameters([1.0, 3.0])
    assert (first.mu, first.parameter2, first.parameter3_name) == (1.0, 3.0, None)
    with pytest.raises(ValueError, match="parameters must be mu, sigma"):
        powerlaw.Lognormal(xmin=1.0, parameters=[1.0])


@pytest.mark.parametrize("kind", ["D", "Asquare"])
def test_a_scan_with_xmax_is_that_of_its_classes(kind):
    x = pareto(150, 2.5)
    fit = powerlaw.Fit(x, xmax=8.0, xmin_distance=kind)
    curve = getattr(fit, kind + "s")
    for k in (0, 20, 60):
        law = powerlaw.Power_Law(data=x, xmin=fit.xmins[k], xmax=8.0)
        assert law.alpha == pytest.approx(fit.alphas[k], rel=1e-9)
        assert getattr(law, kind) == pytest.approx(curve[k], rel=1e-9)
        around = [law.alpha - 1e-3, law.alpha, law.alpha + 1e-3]
        sums = [
            np.sum(
                powerlaw.Power_Law(xmin=fit.xmins[k], xmax=8.0, parameters=[a]).loglikelihoods(x)
            )
            for a in around
        ]
        assert sums[1] > max(sums[0], sums[2])


def test_alpha_below_one_needs_an_end():
    law = powerlaw.Power_Law(xmin=1, xmax=100, parameters=[0.5])
    assert law.cdf([100.0])[0] == pytest.approx(1)
    assert law.cdf([25.0])[0] == pytest.approx((5 - 1) / (10 - 1))
    whole = powerlaw.Power_Law(xmin=1, xmax=4, discrete=True, parameters=[0.5])
    weights = np.arange(1.0, 5.0) ** -0.5
    expected = weights / math.fsum(weights)
    np.testing.assert_allclose(whole.pdf(np.arange(1.0, 5.0)), expected, rtol=1e-13)


def test_the_version_is_the_profiles():
    assert powerlaw.__version__ == "1.5"
    powerlaw.use_profile("2.0")
    try:
        assert powerlaw.__version__ == "2.0.0"
    finally:
        powerlaw.use_profile("1.5")
    with pytest.raises(AttributeError):
        powerlaw.nothing  # noqa: B018
