"""`levy_stable`: SciPy's names, arguments and results, and what differs from SciPy's object."""

from __future__ import annotations

import inspect
import math
import pickle
import re

import numpy as np
import pytest
import scipy.stats

from htstats import stable
from htstats.stable import LevyStable, StableDistribution, fit_stable, levy_stable, sample

THEIRS = scipy.stats.levy_stable

# ---- names and arguments -------------------------------------------------------------------------

# SciPy's numerical settings and bookkeeping.
NOT_HERE = {
    *("badvalue", "generic_moment", "moment_type", "vecentropy", "xtol", "random_state"),
    *("quad_eps", "piecewise_alpha_tol_near_one", "piecewise_x_tol_near_zeta"),
    *(name for name in dir(THEIRS) if name.startswith(("pdf_", "cdf_"))),
}


def test_every_public_name_of_scipy_is_here():
    names = {name for name in dir(THEIRS) if not name.startswith("_")}
    assert names - set(dir(levy_stable)) == NOT_HERE
    for name in ("name", "shapes", "numargs", "parameterization", "a", "b"):
        assert getattr(levy_stable, name) == getattr(THEIRS, name)


def test_a_frozen_law_has_the_public_names_of_scipys():
    """All but dist (the object that made it), a and b (of the support without loc and scale)."""
    theirs, mine = (stable_of(1.5, 0.3, loc=2.0, scale=3.0) for stable_of in (THEIRS, levy_stable))
    names = {name for name in dir(theirs) if not name.startswith("_")}
    assert names - set(dir(mine)) == {"a", "b", "dist", "random_state"}
    assert (mine.args, mine.kwds) == (theirs.args, theirs.kwds)


def test_every_documented_signature_is_that_of_scipy():
    """The list of methods in SciPy's docstring, with the names of their arguments in order."""
    text = inspect.cleandoc(THEIRS.__doc__)  # CPython 3.13 has taken the indent away
    lines = re.findall(r"^(\w+)\((.*)\)$", text, re.MULTILINE)
    listed = {name: re.sub(r"=\(.*?\)|=[^,]*|\s", "", given).split(",") for name, given in lines}
    assert {"rvs", "pdf", "expect", "interval", "moment"} <= listed.keys()
    for name, arguments in listed.items():
        if name not in ("fit", "expect"):
            assert [*inspect.signature(getattr(levy_stable, name)).parameters] == arguments
    mine = [*inspect.signature(levy_stable.expect).parameters]
    assert mine == [name for name in listed["expect"] if name != "**kwds"]


# ---- the same code, run with both objects --------------------------------------------------------

SNIPPETS = [
    "L.pdf(np.linspace(-5, 5, 11), 1.8, -0.5)",
    "L.pdf(0.3, 0.7, 0.2, loc=1, scale=2)",
    "L.pdf(x=0.3, alpha=1.5, beta=[0, 0.5], scale=[[1], [2]])",
    "L.logpdf([1, 2, 3], 1.5, 0.5)",
    "L.logcdf(0.2, [1.5, 1.2], 0.5)",
    "L.sf([1.0, 4.0], 1.3, 0.1)",
    "L.logsf(1.0, 1.3, 0.1)",
    "L.cdf([-math.inf, 0.4, math.inf], 1.5, 0.5)",
    "L.cdf(L.ppf([0.001, 0.5, 0.999], 1.8, -0.5), 1.8, -0.5)",
    "L.pdf([], 1.5, 0.0)",
    "L.ppf([0.0, 0.05, 0.5, 0.9, 1.0], 1.6, 0.3, 2, 3)",
    "L.isf([0.2, 0.7], 1.6, 0.3)",
    "L.median(1.5, 0.5)",
    "L.stats(1.8, -0.5, moments='mvsk')",
    "L.stats(2, 0.5, 1, 3, moments='mvsk')",
    "L.stats(1.5, 0.5, loc=2)",
    "L.stats(1.5, 0.5, moments='s')",
    "L.mean(1.5, 0.5, 1, 2)",
    "L.mean(0.8, 0.5)",
    "L.var(1.5, 0)",
    "L.var(2, 0, scale=3)",
    "L.std(2, 0, 0, 3)",
    "L.moment(0, 1.5, 0.5)",
    "L.moment(1, 1.5, 0.5, 2, 3)",
    "L.moment(2, 1.5, 0.5)",
    "L.moment(3, 2, 0, 1, 1)",
    "L.moment(3, 1.5, 0)",
    "L.support(1.8, -0.5)",
    "L.interval(0.9, 1.5, 0.5)",
    "L.interval([0.5, 0.9], 1.5, 0.5)",
    "L.interval(1, 1.5, 0.5)",
    "L.interval(0, 1.5, 0.5, loc=1)",
    "L.expect(lambda x: 1.0, args=(1.5, 0.5), loc=1, scale=2, lb=0, ub=3)",
    "L.expect(lambda x: x, args=(1.5, 0.5), lb=-1, ub=3, conditional=True)",
    "L.nnlf((1.5, 0.3, 0.5, 2.0), np.array([1.0, 2.0, -7.0]))",
    "L.nnlf((3.0, 0, 0, 1), np.array([1.0, 2.0]))",
    "L.nnlf((1.5, 0, 0, -1), np.array([1.0, 2.0]))",
    "L(1.5, beta=0.5, loc=1).pdf([0.1, 2.0])",
    "L(1.5, 0.5).sf(3.0)",
    "L(1.5, 0.5, 1, 2).stats(moments='mv')",
    "L(1.5, 0.5, 1, 2).interval(0.5)",
    "L(1.5, 0.5, 1, 2).expect(lambda x: 1.0, lb=0, ub=3)",
    "L(2, 0).moment(2)",
    "L(1.5, 0.5).support()",
    "L.freeze(1.5, 0.5).ppf(0.3)",
    "L(1.5, 0.5).interval(1)",
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("code", SNIPPETS)
def test_code_for_scipy_gives_the_same_numbers(code):
    # the code runs alone: SciPy's object and ours under the name L
    mine, theirs = (eval(code, {"L": L, "np": np, "math": math}) for L in (levy_stable, THEIRS))
    assert isinstance(mine, tuple) == isinstance(theirs, tuple)
    for a, b in zip(np.atleast_1d(mine), np.atleast_1d(theirs), strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-12)


SIZES = [
    "1.5, 0",
    "1.5, 0, size=None",
    "1.5, 0, size=1",
    "1.5, 0, size=(1,)",
    "1.5, 0, size=5",
    "1.5, 0, size=(2, 3)",
    "1.5, 0, size=[2, 3]",
    "1.5, 0, size=0",
    "[1.5, 1.2], 0",
    "[1.5, 1.2], 0, size=(3, 2)",
    "[1.5, 1.2], [[0], [1]], loc=3",
]


@pytest.mark.parametrize("arguments", SIZES)
@pytest.mark.parametrize("state", ["None", "3", "np.random.default_rng(4)"])
def test_samples_have_the_shape_of_those_of_scipy(arguments, state):
    mine, theirs = (
        eval(f"L.rvs({arguments}, random_state={state})", {"L": L, "np": np})
        for L in (levy_stable, THEIRS)
    )
    assert np.shape(mine) == np.shape(theirs)
    assert isinstance(mine, float) or mine.dtype == np.float64


def test_samples_are_those_of_sample():
    law = 1.3, 0.2, 1.0, 2.0
    found = levy_stable.rvs(*law, size=50, random_state=7)
    np.testing.assert_array_equal(found, sample(50, *law, seed=7, parameterization="S1"))
    np.testing.assert_array_equal(found, levy_stable(*law).rvs(50, random_state=7))
    np.testing.assert_array_equal(found[:6], levy_stable(*law).rvs([2, 3], 7).reshape(-1))
    assert levy_stable(*law).rvs(size=None, random_state=7) == found[0]
    assert levy_stable(*law).rvs(random_state=7) == found[0]
    assert levy_stable(*law).rvs(1, random_state=7).tolist() == [found[0]]


def test_values_are_those_of_the_functions_in_either_parameterization():
    x = np.linspace(-5, 5, 50)
    for kind in ("S1", "S0"):
        found = LevyStable(kind).pdf(x, 0.9, 0.5, 1.0, 2.0)
        direct = stable.pdf(x, 0.9, 0.5, 1.0, 2.0, parameterization=kind)
        np.testing.assert_array_equal(found, direct)
        assert LevyStable(kind)(0.9, 0.5) == StableDistribution(0.9, 0.5, parameterization=kind)
    assert LevyStable("S0").mean(1.5, 0.5, 1.0, 2.0) == pytest.approx(2.0)  # SciPy: 1


def test_numbers_of_several_laws_broadcast():
    alpha, beta = [[1.5], [2.0]], [0.0, 0.5, 1.0]
    for name in ("mean", "var", "std", "median", "entropy"):
        found = getattr(levy_stable, name)(alpha, beta, 1.0, 2.0)
        assert found.shape == (2, 3)
        assert found[1, 2] == getattr(StableDistribution(2.0, 1.0, 1.0, 2.0, "S1"), name)()
    low, high = levy_stable.support([0.5, 0.5, 1.5], [1.0, -1.0, 1.0], 2.0)
    assert low.tolist() == [2.0, -math.inf, -math.inf]  # SciPy: the whole line
    assert high.tolist() == [math.inf, 2.0, math.inf]


# ---- settings and errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("parameterization", "S0", "use levy_stable = LevyStable('S0')"),
        ("pdf_default_method", "piecewise", "there are no numerical settings: remove this line"),
        ("quad_eps", 1e-9, "there are no numerical settings: remove this line"),
        ("random_state", 3, "give random_state to rvs"),
    ],
)
def test_settings_are_refused_with_what_to_do(name, value, message):
    with pytest.raises(AttributeError, match=f"^{name} cannot be set, .*") as error:
        setattr(levy_stable, name, value)
    assert message in str(error.value)


def test_the_object_says_its_parameterization_and_is_pickled():
    assert repr(levy_stable) == "LevyStable(parameterization='S1')"
    again = pickle.loads(pickle.dumps(LevyStable("S0")))
    assert again.parameterization == "S0"
    with pytest.raises(ValueError, match="parameterization must be 'S0' or 'S1', got 'S2'"):
        LevyStable("S2")


LAW = {"alpha": 1.5, "beta": 0.5}
METHODS = {
    **{name: {"x": 0.5} for name in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf")},
    **{name: {"q": 0.5} for name in ("ppf", "isf")},
    **{name: {} for name in ("mean", "var", "std", "median", "entropy", "stats", "support", "rvs")},
    **{"__call__": {}, "moment": {"order": 1}, "interval": {"confidence": 0.5}},
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 0.0}, r"alpha must be in \(0, 2\], got 0.0"),
        ({"alpha": 2.5}, r"alpha must be in \(0, 2\], got 2.5"),
        ({"alpha": math.nan}, "alpha must not be NaN"),
        ({"beta": -1.5}, r"beta must be in \[-1, 1\], got -1.5"),
        ({"scale": 0}, "scale must be above 0 and finite, got 0"),
        ({"loc": math.inf}, "loc must be finite, got inf"),
        ({"alpha": [1.5, 3.0]}, r"alpha must be in \(0, 2\], got 3.0 at index 1"),
    ],
)
def test_bad_parameters_are_named(name, change, message):
    if name == "__call__" and isinstance(change.get("alpha"), list):
        message = r"alpha must be in \(0, 2\], got 3.0"
    with pytest.raises(ValueError, match=message):
        getattr(levy_stable, name)(**METHODS[name], **(LAW | change))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda L: L.pdf(math.nan, 1.5, 0), "x must not be NaN"),
        (lambda L: L.ppf(1.5, 1.5, 0), r"q must be in \[0, 1\], got 1.5"),
        (lambda L: L.interval(1.5, 1.5, 0), r"confidence must be in \[0, 1\], got 1.5"),
        (lambda L: L.interval([0.1, math.nan], 1.5, 0), r"confidence must be in \[0, 1\], got nan"),
        (lambda L: L.stats(1.5, 0, moments="x"), "moments must consist of the letters"),
        (lambda L: L.expect(lambda x: x), r"args must be \(alpha, beta\), got \(\)"),
        (lambda L: L.rvs(1.5, 0, random_state=-1), "random_state must be"),
        (lambda L: L.rvs([1.5, 1.2], 0, size=3), r"alpha must broadcast to size \(3,\)"),
        (lambda L: L.nnlf((1.5, 0, 0, 1), [1.0, math.nan]), "x must not be NaN"),
        (lambda L: L([1.5, 1.2], 0), r"alpha must be a number, got shape \(2,\)"),
    ],
)
def test_other_bad_arguments_are_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(levy_stable)


# ---- fit -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data():
    return levy_stable.rvs(1.5, 0.3, 1.0, 2.0, size=800, random_state=1)


def test_fit_is_fit_stable_with_the_location_of_s1(data):
    fit = fit_stable(data)
    alpha, beta, loc, scale = levy_stable.fit(data)
    assert (alpha, beta, scale) == (fit.alpha, fit.beta, fit.scale)
    assert loc == pytest.approx(fit.loc - beta * scale * math.tan(math.pi * alpha / 2), rel=1e-12)
    assert LevyStable("S0").fit(data) == fit.estimate
    assert levy_stable.nnlf((alpha, beta, loc, scale), data) == pytest.approx(-fit.loglikelihood)
    assert levy_stable.fit(data, 1.2, 0.0, loc=3.0, scale=1.0, method="mle") == (
        alpha,
        beta,
        loc,
        scale,
    )


FIXED = [
    {"f0": 1.4},
    {"falpha": 1.0},
    {"fix_alpha": 0.6},
    {"f0": 2},
    {"f1": 0.2},
    {"fbeta": 1.0},
    {"fix_beta": 0},
    {"fscale": 2.2},
    {"floc": 0.9},
    {"floc": 0.9, "f1": 0.0},
    {"f0": 1.4, "floc": 0.9},
    {"f0": 1.6, "f1": 0.4},
    {"f0": 1.6, "fscale": 1.9, "f1": -0.1},
    {"f0": 1.5, "f1": 0.3, "floc": 1.0},
    {"f0": 1.0, "floc": 0.0},
]
NAMES = {"f0": 0, "falpha": 0, "fix_alpha": 0, "f1": 1, "fbeta": 1, "fix_beta": 1, "floc": 2}


@pytest.mark.parametrize("kind", ["S1", "S0"])
@pytest.mark.parametrize("fixed", FIXED, ids=str)
def test_known_parameters_are_kept_and_the_others_are_most_likely(data, fixed, kind):
    L = LevyStable(kind)
    found = L.fit(data, **fixed)
    places = {NAMES.get(key, 3): value for key, value in fixed.items()}
    for k, value in places.items():
        assert found[k] == value
    least = L.nnlf(found, data)
    steps = (0.01, 0.02, 0.03, 0.02)
    if found[0] < 2:  # at 2, beta means nothing, and the fit is a closed form
        for k in {0, 1, 2, 3} - places.keys():
            for side in (-1, 1):
                moved = [v + side * steps[j] * (j == k) for j, v in enumerate(found)]
                assert L.nnlf(moved, data) > least - 2e-3
    else:
        assert least <= L.nnlf((2.0, 0.0, found[2], 1.01 * found[3]), data)


def test_fixing_everything_but_one_agrees_with_a_search_along_it(data):
    from scipy import optimize

    fixed = {"f0": 1.5, "f1": 0.3, "floc": 1.0}
    scale = optimize.minimize_scalar(
        lambda s: levy_stable.nnlf((1.5, 0.3, 1.0, s), data), bounds=(1, 4), method="bounded"
    ).x
    assert levy_stable.fit(data, **fixed)[3] == pytest.approx(scale, rel=1e-4)
    loc, scale = levy_stable.fit_loc_scale(data, 1.5, 0.3)
    assert (1.5, 0.3, loc, scale) == levy_stable.fit(data, f0=1.5, f1=0.3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"f0": 1.5, "f1": 0, "floc": 0, "fscale": 1}, "all parameters are fixed: leave out one"),
        ({"f0": 1.5, "fix_alpha": 1.4}, "alpha must be fixed once, got f0 and fix_alpha"),
        ({"f0": 2.5}, r"f0 \(alpha\) must be in \(0, 2\], got 2.5"),
        ({"fbeta": 1.5}, r"fbeta \(beta\) must be in \[-1, 1\], got 1.5"),
        ({"fscale": 0}, "fscale must be positive, got 0"),
        ({"floc": math.nan}, "floc must be finite, got nan"),
        ({"method": "MM"}, "method must be 'MLE', got 'MM'"),
        ({"bad": 1}, "fit has no argument 'bad'"),
        ({"optimizer": None}, "fit has no argument 'optimizer'"),
        ({"loc": "a"}, "loc must be"),
    ],
)
def test_bad_arguments_of_fit_are_named(data, arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        levy_stable.fit(data, **arguments)


@pytest.mark.parametrize("bad", [[], [1.0, math.nan], [1.0, math.inf], [3.0, 3.0, 3.0]])
@pytest.mark.parametrize("fixed", [{}, {"f0": 1.5}, {"floc": 1.0}])
def test_bad_data_are_refused(bad, fixed):
    with pytest.raises(ValueError, match=r"^x must "):
        levy_stable.fit(bad, **fixed)
