"""The drop-in against both versions of powerlaw: keywords, warnings, empty tails, ridges."""

import math
import pickle
import threading
import warnings

import mpmath
import numpy as np
import pytest

import htstats.compat.powerlaw as powerlaw
from htstats.alternatives import ALTERNATIVES

NAMES = list(ALTERNATIVES)
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


# ---- what either powerlaw refuses, warns of, or computes -----------------------------------------


@pytest.mark.parametrize("profile", ["1.5", "2.0"])
@pytest.mark.parametrize("word", ["xminn", "discret", "profil", "sigma_treshold", "bogus"])
def test_misspelt_keywords_are_type_errors(x, word, profile):
    with pytest.raises(TypeError, match=word):
        powerlaw.Fit(x, profile=profile, **{word: 1})
    fit = powerlaw.Fit(x, xmin=1.0, profile=profile)
    for method in (fit.cdf, fit.ccdf, fit.pdf):
        with pytest.raises(TypeError, match=word):
            method(**{word: 1})
    for compare in (fit.distribution_compare, fit.loglikelihood_ratio):
        with pytest.raises(TypeError, match=word):
            compare("power_law", "exponential", **{word: 1})
    for function in (powerlaw.cdf, powerlaw.ccdf, powerlaw.pdf, powerlaw.trim_to_range):
        with pytest.raises(TypeError, match=word):
            function(x, **{word: 1})
    for function in (powerlaw.loglikelihood_ratio, powerlaw.nested_loglikelihood_ratio):
        with pytest.raises(TypeError, match=word):
            function([-1.0], [-2.0], **{word: 1})
    assert powerlaw.Fit(x, xmin=1.0, profile=profile, distribution="power_law").alpha > 1


@pytest.mark.parametrize("pair", [("power_law", "exponential"), ("power_law", "lognormal")])
@pytest.mark.parametrize("profile", ["1.5", "2.0"])
@pytest.mark.parametrize("factor", [1.0, 1.5, 1e9])
def test_an_xmin_that_leaves_nothing_is_said(x, factor, profile, pair):
    xmin = factor * float(x.max())
    with pytest.warns(UserWarning, match="not below the largest value"):
        fit = powerlaw.Fit(x, xmin=xmin, profile=profile)
    assert math.isnan(fit.alpha)
    if factor > 1 and profile == "2.0":
        with pytest.raises(ValueError, match="range of power_law"):
            fit.distribution_compare(*pair)
        return
    assert np.isnan(fit.distribution_compare(*pair)).all()
    assert np.isnan(fit.distribution_compare(*pair, normalized_ratio=True)).all()


@pytest.mark.parametrize("xmax", [None, 1e4])
@pytest.mark.parametrize("name", NAMES)
def test_ccdf_is_the_survival_function_itself(name, xmax):
    """Against the integral of the density beyond x, where 1 - cdf has no digits left."""
    values = {"power_law": [10.0], "exponential": [0.5], "truncated_power_law": [3.0, 0.4]}
    values |= {"stretched_exponential": [0.5, 1.1]}
    law = CLASSES[name](xmin=1, xmax=xmax, parameters=values.get(name, [0.1, 0.5]))
    end = math.inf if xmax is None else xmax
    fine = ALTERNATIVES[name](1.0, *values.get(name, [0.1, 0.5]), xmax=end)
    for at in (1.0, 3.0, 100.0, 1000.0):
        expected = math.exp(float(fine.logsf(at)))
        for found in (law.ccdf([at])[0], law.cdf([at], survival=True)[0]):
            assert found == pytest.approx(expected, rel=1e-11, abs=1e-300)
        assert law.cdf([at])[0] + law.ccdf([at])[0] == pytest.approx(1, abs=1e-14)
    if name == "power_law" and xmax is None:
        assert law.ccdf([100.0])[0] == pytest.approx(1e-18, rel=1e-12)


def test_ccdf_of_integers_and_of_data_keeps_its_digits(x):
    law = powerlaw.Power_Law(xmin=1, discrete=True, parameters=[10.0])
    with mpmath.workdps(30):
        exact = [float(mpmath.zeta(10, k) / mpmath.zeta(10)) for k in (2, 100, 10**6)]
    np.testing.assert_allclose(law.ccdf([2.0, 100.0, 1e6]), exact, rtol=1e-12)
    values, share = powerlaw.ccdf(x)
    np.testing.assert_array_equal(share, np.arange(x.size, 0, -1) / x.size)
    fit = powerlaw.Fit(x, xmin=1.0)
    np.testing.assert_array_equal(fit.ccdf()[1], share[values >= 1])


WHOLE = np.ceil(4 * (1 - np.random.default_rng(3).random(200)) ** (-1 / 1.5))


@pytest.mark.parametrize(
    ("match", "words", "category"),
    [
        ("estimate_discrete=True", {"discrete": True, "estimate_discrete": True}, UserWarning),
        ("not integers", {"discrete": True, "data": WHOLE + 0.25}, UserWarning),
        ("all of data are integers", {}, UserWarning),
        ("close to 1", {"discrete": True, "data": WHOLE**15.0}, UserWarning),
    ],
)
@pytest.mark.parametrize("way", ["class", "fit"])
def test_warnings_of_the_second_version(match, words, category, way):
    def make(profile):
        given = {"data": WHOLE, "xmin": 5.0, "profile": profile, **words}
        if way == "class":
            powerlaw.Power_Law(**given)
        else:
            _ = powerlaw.Fit(**given).power_law

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        make("2.0")
    assert any(match in str(w.message) and w.category is category for w in seen)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the first version says none of them
        make("1.5")


def test_the_standard_error_has_a_new_name_in_the_second_version(x):
    law = powerlaw.Power_Law(data=x, xmin=1.0, profile="2.0")
    with pytest.warns(DeprecationWarning, match="standard_err"):
        assert law.sigma == law.standard_err
    assert powerlaw.Power_Law(data=x, xmin=1.0).sigma == law.standard_err
    assert powerlaw.Fit(x, xmin=1.0, profile="2.0").sigma == law.standard_err


@pytest.mark.parametrize("name", [n for n in NAMES if n != "power_law"])
def test_fractions_are_rounded_for_discrete_laws_of_the_second_version(name):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")  # some are on a ridge, and say so
        law = CLASSES[name](data=WHOLE + 0.25, xmin=5, discrete=True, profile="2.0")
        whole = CLASSES[name](data=WHOLE, xmin=5, discrete=True, profile="2.0")
    assert sum("not integers" in str(w.message) for w in seen) == 1
    assert law.parameters == whole.parameters


def test_the_second_version_wants_parameters_or_data(x):
    with pytest.raises(ValueError, match="parameters must give mu, sigma"):
        powerlaw.Lognormal(xmin=1.0, profile="2.0")
    with pytest.raises(ValueError, match="parameters must give sigma"):
        powerlaw.Lognormal(xmin=1.0, parameters={"mu": 1.0}, profile="2.0")
    fit = powerlaw.Fit(x, xmin=1.0, profile="2.0")
    assert powerlaw.Exponential(xmin=1.0, parent_Fit=fit).Lambda == fit.exponential.Lambda
    law = powerlaw.Exponential(data=x, xmin=2.0, profile="2.0")
    np.testing.assert_array_equal(law.data, x[x >= 2])
    for call in (law.pdf, law.cdf, law.ccdf, law.loglikelihoods):
        with pytest.raises(ValueError, match="range of exponential"):
            call([0.5])
    with pytest.raises(ValueError, match="a number or a pair"):
        powerlaw.Fit(x, xmin=[1, 2, 3], profile="2.0")
    with pytest.raises(AttributeError, match="gauss"):
        fit.distribution_compare("power_law", "gauss")


def test_threads_have_profiles_of_their_own():
    seen = {}

    def work(profile, mine, other):
        powerlaw.use_profile(profile)
        mine.set()
        assert other.wait(10)  # both have chosen before either looks
        seen[profile] = (powerlaw.__version__, powerlaw.Fit(pareto(50, 2.0)).profile)

    events = threading.Event(), threading.Event()
    threads = [
        threading.Thread(target=work, args=("1.5", *events)),
        threading.Thread(target=work, args=("2.0", *events[::-1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"1.5": ("1.5", "1.5"), "2.0": ("2.0.0", "2.0")}
    assert powerlaw.__version__ == "1.5"


# ---- ridges --------------------------------------------------------------------------------------


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("profile", ["1.5", "2.0"])
@pytest.mark.parametrize("name", ["lognormal", "stretched_exponential"])
def test_nothing_is_told_on_a_ridge(name, profile, discrete):
    x = np.concatenate([pareto(600, 2.0), pareto(600, 1.5, 1)])
    x = np.floor(20 * x) if discrete else x
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says is tested elsewhere
        fit = powerlaw.Fit(x, xmin=20.0 if discrete else 1.0, discrete=discrete, profile=profile)
        for pair in (("power_law", name), (name, "power_law")):
            assert fit.distribution_compare(*pair) == (0.0, 1.0)
            assert fit.distribution_compare(*pair, normalized_ratio=True) == (0.0, 1.0)
            assert fit.loglikelihood_ratio(*pair, nested=True) == (0.0, 1.0)
        law = getattr(fit, name)
        again = pickle.loads(pickle.dumps(fit))
        assert getattr(again, name).rises_to == "power_law"
    assert law.noise_flag
    assert law.rises_to == "power_law"
    # bit by bit the power law, so that a ratio made by hand says no more
    both = [getattr(fit, n).loglikelihoods(fit.data) for n in ("power_law", name)]
    np.testing.assert_array_equal(*both)
    assert powerlaw.loglikelihood_ratio(*both) == (0.0, 1.0)
    np.testing.assert_array_equal(law.ccdf(fit.data), fit.power_law.ccdf(fit.data))
    np.testing.assert_array_equal(law.pdf(fit.data), fit.power_law.pdf(fit.data))
    assert law.D == fit.power_law.D
    assert np.all(np.isfinite(law.generate_random(5, rng=1)))


def test_a_truncated_power_law_without_a_cutoff_is_the_power_law():
    light = np.append(pareto(1000, 4.0), 1e4)
    fit = powerlaw.Fit(light, xmin=1.0)
    assert fit.truncated_power_law.rises_to == "power_law"
    for nested in (None, True, False):
        assert fit.distribution_compare("power_law", "truncated_power_law", nested) == (0.0, 1.0)


@pytest.mark.parametrize(("seed", "limit"), [(0, "power_law"), (2, "")])
def test_nothing_is_told_on_a_ridge_by_smallest_distance(seed, limit):
    x = pareto(30, 2.5, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert powerlaw.Fit(x, xmin=float(x.min())).lognormal.rises_to == limit
        fit = powerlaw.Fit(x, xmin=float(x.min()), fit_method="KS")
        law = fit.lognormal
        assert law.rises_to == limit
        assert all(math.isfinite(value) for value in law.parameters.values())
        assert (fit.distribution_compare("power_law", "lognormal") == (0.0, 1.0)) == bool(limit)


def test_a_range_that_leaves_out_the_ridge_is_kept():
    x = np.concatenate([pareto(600, 2.0), pareto(600, 1.5, 1)])
    ranges = {"mu": (-20.0, None), "sigma": (0.0, 50.0)}
    law = powerlaw.Lognormal(data=x, xmin=1.0, parameter_range=ranges)
    assert -20 < law.mu < 5
    assert 0 < law.sigma < 50
    assert law.rises_to == ""
