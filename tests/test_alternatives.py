"""The alternatives against quadrature, mpmath, and their own likelihood's stationarity."""

import math

import mpmath
import numpy as np
import pytest
from scipy import integrate

from htstats.alternatives import (
    ALTERNATIVES,
    Exponential,
    Lognormal,
    PowerLaw,
    StretchedExponential,
    TruncatedPowerLaw,
    compare,
    compare_all,
    fit_alternative,
    likelihood_ratio,
    log_expint,
    standard_errors,
)

LAWS = [
    PowerLaw(1.5, 2.5),
    Exponential(1.5, 0.7),
    StretchedExponential(1.5, 0.8, 0.6),
    Lognormal(1.5, 0.3, 1.2),
    Lognormal(1.5, -8.0, 2.0),
    TruncatedPowerLaw(1.5, 2.2, 0.05),
    TruncatedPowerLaw(1.5, 1.0, 2.0),
]


@pytest.mark.parametrize("a", [-3.5, 0.0, 0.5, 1.0, 1.0000001, 1.5, 2.0, 2.9999999, 3.3, 12.0])
@pytest.mark.parametrize("z", [1e-9, 1e-3, 0.1, 0.7, 0.9999, 1.0, 3.0, 4.4, 4.6, 50.0, 900.0])
def test_log_expint_against_mpmath(a, z):
    with mpmath.workdps(40):
        exact = float(mpmath.log(mpmath.expint(mpmath.mpf(a), mpmath.mpf(z))))
    # an error of 2e-13 in E itself, and the rounding of the logarithm
    assert abs(float(log_expint(a, z)) - exact) <= 2e-13 + 4e-16 * abs(exact)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_density_integrates_to_the_survival(law):
    for x in (1.5, 2.0, 7.0):
        numeric, _ = integrate.quad(
            lambda t: math.exp(float(law.logpdf(math.exp(t))) + t),
            math.log(x),
            60,
            limit=400,
            points=[math.log(x) + 0.5, math.log(x) + 3, math.log(x) + 10],
        )
        assert math.exp(float(law.logsf(x))) == pytest.approx(numeric, rel=1e-7)
    assert float(law.logpdf(1.4)) == -math.inf
    total = np.exp(law.logsf(3.0)) + np.exp(law.logcdf(3.0))
    assert float(total) == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_samples_follow_the_law(law):
    x = np.sort(law.sample(20_000, 1))
    u = np.exp(law.logcdf(x))
    grid = np.arange(1, x.size + 1) / x.size
    # Kolmogorov's 1.95/sqrt(n): one in a thousand, for a fixed seed
    assert np.max(np.abs(u - grid)) < 1.95 / math.sqrt(x.size)


@pytest.mark.parametrize("name", list(ALTERNATIVES))
def test_discrete_probabilities_sum_to_the_survival(name):
    rng = np.random.default_rng(3)
    x = np.floor(2 * (1 - rng.random(3000)) ** (-1 / 2.5))
    law = fit_alternative(x, name, xmin=2, discrete=True)
    k = np.arange(2, 40)
    total = np.cumsum(np.exp(law.logpdf(k)))
    assert np.exp(law.logcdf(k)) == pytest.approx(total, rel=1e-9)
    assert float(law.logpdf(2.5)) == -math.inf
    drawn = law.sample(20_000, 5)
    assert np.all(drawn == np.floor(drawn))
    share = np.mean(drawn == 2)
    assert share == pytest.approx(math.exp(float(law.logpdf(2))), abs=4 * 0.5 / math.sqrt(20_000))


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("law", [LAWS[0], LAWS[1], LAWS[2], LAWS[3], LAWS[5]], ids=str)
def test_the_fit_is_a_maximum(law, discrete):
    """No neighbour in any parameter is better: an oracle that knows nothing of the method."""
    from dataclasses import replace

    x = law.sample(4000, 7)
    xmin = 2.0 if discrete else 1.5
    x = np.floor(x[x >= xmin] + 0.5) if discrete else x
    fitted = fit_alternative(x, law.name, xmin=xmin, discrete=discrete)
    for name, value in fitted.parameters.items():
        for factor in (1 - 1e-3, 1 + 1e-3):
            if "alpha stands on its bound" in fitted.note and name == "alpha" and factor < 1:
                continue  # outside what is allowed
            other = replace(fitted, **{name: value * factor})
            assert float(np.sum(other.logpdf(x))) < fitted.loglikelihood


def test_the_truth_is_recovered():
    for law in (LAWS[0], LAWS[1], LAWS[2], LAWS[3], LAWS[5]):
        x = law.sample(200_000, 11)
        fitted = fit_alternative(x, law.name, xmin=1.5)
        errors = standard_errors(fitted, x)
        assert list(errors) == list(law.parameters)
        for name, value in law.parameters.items():
            assert fitted.parameters[name] == pytest.approx(value, abs=4.5 * errors[name])
            assert errors[name] < 0.05 * abs(value)


def test_ridges_have_limits_and_say_so():
    x = 1 / (1 - np.random.default_rng(0).random(5000)) ** 1.0
    x = np.concatenate([x, x**2])  # heavier than any lognormal above xmin
    law = fit_alternative(x, "lognormal", xmin=1.0)
    assert "ridge" in law.note
    assert (law.mu, law.sigma, law.limit.name) == (-math.inf, math.inf, "power_law")
    assert "bound" in fit_alternative(x, "lognormal_positive", xmin=1.0).note
    assert "bound" in fit_alternative(x, "stretched_exponential", xmin=1.0).note
    # an outlier beyond what the power law expects leaves no room for a cutoff
    light = np.append(PowerLaw(1.0, 4.0).sample(1000, 1), 1e4)
    assert "bound" in fit_alternative(light, "truncated_power_law", xmin=1.0).note


def test_vuong_by_hand():
    found = likelihood_ratio([0.0, 1.0, 2.0], [0.0, 0.0, 0.0])
    assert found.R == 3
    assert found.normalized == pytest.approx(3 / math.sqrt(3 * 2 / 3))
    assert found.pvalue == pytest.approx(math.erfc(3 / math.sqrt(2) / math.sqrt(2)))
    assert likelihood_ratio([1.0, 2.0], [1.0, 2.0]).pvalue == 1
    nested = likelihood_ratio([0.0, 1.0, 2.0], [0.0, 0.0, 0.0], nested=True)
    assert nested.pvalue == pytest.approx(math.erfc(math.sqrt(3)))  # chi2(1) at 6


def test_compare_names_the_better_law():
    x = Lognormal(1.0, 0.0, 1.0).sample(5000, 2)
    assert compare(x, "power_law", "lognormal", xmin=1.0).better() == "lognormal"
    table = compare_all(TruncatedPowerLaw(1.0, 2.0, 0.1).sample(5000, 3), xmin=1.0)
    rows = {row.second.name: row for row in table.rows}
    assert rows["truncated_power_law"].nested
    assert rows["truncated_power_law"].better() == "truncated_power_law"
    assert "truncated_power_law" in str(table)


def test_bad_input_names_the_argument():
    with pytest.raises(ValueError, match="name must be one of"):
        fit_alternative([1.0, 2.0], "cauchy", xmin=1.0)
    with pytest.raises(ValueError, match="xmin must be positive"):
        fit_alternative([1.0, 2.0], "exponential", xmin=0)
    with pytest.raises(ValueError, match="x must be finite"):
        fit_alternative([1.0, math.nan], "exponential", xmin=1.0)
    with pytest.raises(ValueError, match="no value at or above"):
        fit_alternative([1.0, 2.0], "exponential", xmin=3.0)
    with pytest.raises(ValueError, match="two different values"):
        fit_alternative([2.0, 2.0], "lognormal", xmin=2.0)
    with pytest.raises(ValueError, match="x must hold whole numbers"):
        fit_alternative([1.0, 2.5], "power_law", xmin=1.0, discrete=True)


@pytest.mark.parametrize("xmax", [math.inf, 100.0])
@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("power_law", (2.5,)),
        ("exponential", (0.2,)),
        ("stretched_exponential", (0.5, 20.0)),
        ("lognormal", (0.4, 1.3)),
        ("lognormal_positive", (0.4, 1.3)),
        ("truncated_power_law", (1.8, 0.1)),
        ("truncated_power_law", (-3.0, 2.0)),
        ("truncated_power_law", (4.0, 0.0)),
    ],
)
def test_the_ends_of_the_floats(name, given, discrete, xmax):
    law = ALTERNATIVES[name](2.0, *given, discrete=discrete, xmax=xmax)
    x = np.array([-np.inf, -1.0, 0.0, 1.9, 2.0, 3.0, 99.0, 1e300, np.inf])
    below, beyond = law.logcdf(x), law.logsf(x)
    np.testing.assert_array_equal(law.logpdf(x)[[0, 1, 2, 3, 8]], -np.inf)
    np.testing.assert_array_equal(below[:4], -np.inf)
    np.testing.assert_array_equal(beyond[:4], 0.0)
    assert (below[8], beyond[8]) == (0.0, -np.inf)
    np.testing.assert_allclose(np.exp(below) + np.exp(beyond), 1, atol=1e-12)
    for values in (law.logpdf, law.logsf, law.logcdf):
        assert np.isnan(values([np.nan])[0])
