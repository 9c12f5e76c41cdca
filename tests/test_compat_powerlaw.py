"""The drop-in: known answers, the surface, and one test for each fault that is not copied."""

import math
import pickle
import warnings

import matplotlib
import mpmath
import numpy as np
import pytest

import htstats.compat.powerlaw as powerlaw
from htstats.power_law import fit_power_law

matplotlib.use("Agg")
NAMES = [
    "power_law",
    "lognormal",
    "exponential",
    "truncated_power_law",
    "stretched_exponential",
    "lognormal_positive",
]

CLASSES = {
    law.name: law
    for law in vars(powerlaw).values()
    if isinstance(law, type) and issubclass(law, powerlaw.Distribution)
}


@pytest.fixture
def x():
    return (1 - np.random.default_rng(42).random(1000)) ** (-1 / 1.5)


def pareto(n, alpha, seed=0):
    return (1 - np.random.default_rng(seed).random(n)) ** (-1 / (alpha - 1))


def test_the_known_answer(x):
    fit = powerlaw.Fit(x, verbose=False, distribution="power_law")
    assert fit.xmin == pytest.approx(1.1101969635, rel=1e-10)
    assert fit.alpha == pytest.approx(2.4814685482, rel=1e-10)
    assert fit.D == pytest.approx(0.0146311824, abs=6e-11)
    assert fit.n == fit.n_tail == fit.data.size == np.sum(x >= fit.xmin)
    assert fit.noise_flag is False
    assert fit.sigma == pytest.approx((fit.alpha - 1) / np.sqrt(fit.n))
    assert fit.power_law.alpha == fit.alpha


@pytest.mark.parametrize(("profile", "left_out"), [("1.5", 1), ("2.0", 2)])
def test_curves_follow_the_candidates(x, profile, left_out):
    fit = powerlaw.Fit(x, profile=profile, parameter_range={"alpha": [1, None]})
    np.testing.assert_array_equal(fit.xmins, np.unique(x)[:-left_out])
    assert fit.Ds.shape == fit.alphas.shape == fit.sigmas.shape == fit.in_ranges.shape
    best = int(np.argmin(fit.Ds))
    assert fit.xmins[best] == fit.xmin
    assert fit.alphas[best] == pytest.approx(fit.alpha, rel=1e-12)
    assert fit.Ds[best] == pytest.approx(fit.D, abs=1e-12)
    assert set(fit.xmin_fitting_results) >= {"xmins", "distances"}


def test_a_range_of_xmin(x):
    inside = np.unique(x[(x >= 1.5) & (x <= 3)])
    np.testing.assert_array_equal(powerlaw.Fit(x, xmin=(1.5, 3)).xmins, inside[:-1])
    fixed = powerlaw.Fit(x, xmin=2.0)
    assert fixed.fixed_xmin
    assert fixed.xmin == 2
    tail = x[x >= 2]
    assert fixed.alpha == pytest.approx(1 + tail.size / math.fsum(np.log(tail / 2)), rel=1e-14)


@pytest.mark.parametrize("distance", ["D", "V", "Asquare"])
def test_distances_agree_with_the_classes(x, distance):
    fit = powerlaw.Fit(x[:200], xmin_distance=distance)
    curve = getattr(fit, distance + "s")
    k = int(np.argmin(np.where(fit.in_ranges, curve, np.inf)))
    assert fit.xmins[k] == fit.xmin
    law = powerlaw.Power_Law(data=x[:200], xmin=fit.xmins[k + 3])
    assert getattr(law, distance) == pytest.approx(curve[k + 3], abs=1e-12)


def test_another_search_is_a_fit_of_the_tail():
    fit = powerlaw.Fit(np.abs(np.random.default_rng(0).standard_t(3, 300)))
    before, alpha = fit.power_law, fit.alpha
    assert fit.find_xmin() == fit.xmin == before.xmin
    assert fit.alpha == alpha
    xmin = fit.find_xmin(xmin_distance="V")
    other = powerlaw.Fit(fit.data, xmin_distance="V")
    assert xmin == other.xmin
    assert xmin > before.xmin
    assert (fit.alpha, fit.V, fit.power_law.alpha) == (other.alpha, other.V, other.alpha)
    assert np.min(fit.Vs) == pytest.approx(fit.V, abs=1e-13)


def test_discrete_data():
    rng = np.random.default_rng(1)
    x = np.floor(2 * (1 - rng.random(800)) ** (-1 / 1.5))
    shortcut = powerlaw.Fit(x, discrete=True, xmin=4)
    tail = x[x >= 4]
    assert shortcut.alpha == pytest.approx(1 + tail.size / math.fsum(np.log(tail / 3.5)), rel=1e-13)
    exact = powerlaw.Fit(x, discrete=True, xmin=4, estimate_discrete=False)
    around = [exact.alpha - 1e-4, exact.alpha, exact.alpha + 1e-4]
    values = [
        np.sum(powerlaw.Power_Law(xmin=4, discrete=True, parameters=[a]).loglikelihoods(x))
        for a in around
    ]
    assert values[1] > max(values[0], values[2])
    scanned = powerlaw.Fit(x, discrete=True)
    assert scanned.xmin in x
    law = powerlaw.Power_Law(xmin=4, discrete=True, parameters=[2.5])
    assert np.sum(law.pdf(np.arange(4.0, 1e5))) == pytest.approx(1, abs=1e-6)


# (xmin, alpha, D) of the real packages on the three samples below, rows by seed; of 2.0.0 with
# parameter_ranges={"alpha": [1, None]}
REAL = {
    ("1.5", None): [
        (2.0, 2.3545867179741107, 0.08079405990824973),
        (5.0, 1.3935735763493797, 0.06568603544039298),
        (10.0, 4.637493979168687, 0.045143355974566424),
    ],
    ("2.0", None): [
        (2.0, 2.4778257752739012, 0.04973832387072619),
        (5.0, 1.394138381136361, 0.06619170312209532),
        (10.0, 4.688782669905098, 0.049748263968673045),
    ],
    ("1.5", False): [
        (2.0, 2.4778257752739012, 0.04973832387072619),
        (5.0, 1.394138381136361, 0.06619170312209532),
        (10.0, 4.688742272996878, 0.049744676038485425),
    ],
}
REAL["2.0", False] = REAL["1.5", False]


@pytest.mark.parametrize(("profile", "estimate"), list(REAL))
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_discrete_scans_stop_where_powerlaw_stops(seed, profile, estimate):
    """The shortcut where the profile trusts it, and elsewhere its simplex, which stops early."""
    spread, unit = ((1.2, 1), (0.4, 4), (3.0, 8))[seed]
    x = np.ceil((1 - np.random.default_rng(seed).random(60)) ** (-1 / spread) * unit)
    fit = powerlaw.Fit(
        x,
        discrete=True,
        profile=profile,
        estimate_discrete=estimate,
        parameter_range={"alpha": [1, None]},
    )
    xmin, alpha, distance = REAL[profile, estimate][seed]
    assert fit.xmin == xmin
    assert fit.alpha == pytest.approx(alpha, rel=1e-12)
    assert fit.D == pytest.approx(distance, abs=1e-12)
    # how far from the maximum itself: the simplex ends when it is 1e-4 wide
    exact = fit_power_law(x, xmin=xmin, discrete=True).alpha
    if estimate is False:
        assert fit.alpha == pytest.approx(exact, abs=1e-4)


# (alpha, Lambda) of the real Truncated_Power_Law on the four samples below, by profile
CUT = {
    "1.5": [
        (2.382623718915449, 0.0003846093103712704),
        (1.0000014096380059, 0.1743293913098663),
        (1.000000041657565, 0.16589782954677226),
        (3.2073093670870128, 0.011221408483839892),
    ],
    "2.0": [
        (2.3825863243242535, 0.0003860712705101347),
        (1.9078372782103696e-06, 0.18614604178585006),
        (0.36576584206842916, 0.4730625168086041),
        (None, None),  # clamped at 3, which is not copied
    ],
}


@pytest.mark.parametrize("profile", ["1.5", "2.0"])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_a_truncated_law_stops_where_powerlaw_stops(seed, profile):
    rng = np.random.default_rng(seed)
    samples = (  # one after the other, of one stream
        (1 - rng.random(80)) ** (-1 / 1.5),
        1 + rng.gamma(2, 3, 80),
        np.exp(rng.standard_normal(80)),
        np.ceil((1 - rng.random(80)) ** (-1 / 1.5)),
    )
    x = samples[seed]
    law = powerlaw.Truncated_Power_Law(
        data=x, xmin=float(np.min(x)), discrete=seed == 3, profile=profile
    )
    alpha, rate = CUT[profile][seed]
    if alpha is None:
        assert law.alpha > 3
        return
    # sums in another order; the simplex takes the same way
    assert law.alpha == pytest.approx(alpha, rel=1e-9)
    assert law.Lambda == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_each_class_fits_draws_and_pickles(x, name):
    fit = powerlaw.Fit(x, xmin=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this Pareto sample has no lognormal maximum
        law = getattr(fit, name)
    assert law.parameter1_name == law.parameter_names[0].lower()
    assert np.isfinite(law.loglikelihood)
    assert law.loglikelihood == pytest.approx(np.sum(law.loglikelihoods(fit.data)))
    assert np.all(np.diff(law.cdf(np.sort(x))) >= 0)
    assert law.cdf([3.0]) + law.ccdf([3.0]) == pytest.approx(1)
    drawn = law.generate_random(50, rng=1)
    assert drawn.shape == (50,)
    assert np.all(drawn >= 1)
    again = pickle.loads(pickle.dumps(fit))
    assert again.alpha == fit.alpha
    assert again.power_law.alpha == fit.alpha


def test_plots_return_axes(x):
    import matplotlib.pyplot as plt

    fit = powerlaw.Fit(x)
    for draw in (fit.plot_pdf, fit.plot_cdf, fit.plot_ccdf, fit.power_law.plot_pdf):
        _, ax = plt.subplots()
        assert draw(ax=ax, color="r") is ax
        assert ax.get_xscale() == "log"
        assert len(ax.lines) == 1
    for draw in (powerlaw.plot_pdf, powerlaw.plot_cdf, powerlaw.plot_ccdf):
        assert len(draw(x, linear_bins=False).lines) >= 1
    plt.close("all")


def test_functions_of_data():
    values, below = powerlaw.cdf([1, 1, 2, 4])
    np.testing.assert_array_equal(values, [1, 2, 4])
    np.testing.assert_array_equal(below, [0, 0.5, 0.75])
    np.testing.assert_array_equal(powerlaw.ccdf([1, 1, 2, 4])[1], [1, 0.5, 0.25])
    np.testing.assert_array_equal(powerlaw.trim_to_range([1, 2, 3, 4], xmin=2, xmax=3), [2, 3])
    assert powerlaw.is_discrete([1.0, 2.0])
    assert not powerlaw.is_discrete([1.5])
    assert powerlaw.checkunique([1, 2])
    assert not powerlaw.checkunique([1, 1])
    edges, density = powerlaw.pdf([0.5, 1.0, 2.0, 8.0])
    assert np.sum(density * np.diff(edges)) == pytest.approx(1)


@pytest.mark.parametrize("discrete", [False, True])
def test_fewer_than_two_candidates(discrete):
    with pytest.warns(UserWarning, match="fewer than two"):
        fit = powerlaw.Fit([2.0, 2.0], discrete=discrete)
    assert np.isnan(fit.alpha)
    assert fit.noise_flag
    with pytest.raises(ValueError, match="alpha must be a number to draw from power_law"):
        fit.power_law.generate_random(3)


def test_profiles_are_chosen_by_name():
    powerlaw.use_profile("2.0")
    try:
        assert powerlaw.Fit(pareto(50, 2.0)).profile == "2.0"
    finally:
        powerlaw.use_profile("1.5")
    with pytest.raises(ValueError, match="name must be one of"):
        powerlaw.use_profile("3")


# ---- faults that are not copied -----------------------------------------------------------------


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
    for cls in (powerlaw.Exponential, powerlaw.Power_Law):
        assert cls(data=x, xmin=1.0).KS(x) > 0


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
