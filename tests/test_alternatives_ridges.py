"""Likelihoods without a maximum: the condition against mpmath, and comparisons that cannot decide.

The instances are mixtures of power laws (heavier than any lognormal), with and without an xmax, on
the integers, and up to an xmax where the density grows.
"""

import itertools
import json
import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest

from htstats.alternatives import (
    ALTERNATIVES,
    Lognormal,
    PowerLaw,
    StretchedExponential,
    compare,
    compare_all,
    fit_alternative,
    likelihood_ratio,
)
from htstats.alternatives._base import log_ratio
from htstats.alternatives._compare import _compare
from htstats.alternatives._ridge import continuous_limit, rounded_limit
from htstats.power_law import fit_power_law

RIDGES = ("lognormal", "stretched_exponential")


def mixture(n, seed, heavy=0.6):
    """Two power laws, half of each: mean(t^2) is above twice mean(t)^2, t = log x."""
    u = 1 - np.random.default_rng(seed).random(n)
    return u ** np.where(np.arange(n) % 2, -1 / heavy, -1 / 2.5)


def cut_mixture(n, seed, xmax):
    x = mixture(4 * n, seed)
    return x[x <= xmax][:n]


def growing(n, seed):
    """Up to 10, crowded at both ends: a growing density with too much at 1."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < 0.35, 1 + 0.1 * rng.random(n), 10 - 0.5 * rng.random(n))


CASES = {
    "free": (mixture(400, 1), 1.0, None, False),
    "few": (np.array([1.0, 1.01, 1.02, 9.0, 1.1, 1.05]), 1.0, None, False),
    "small unit": (mixture(400, 2) * 1e-200, 1e-200, None, False),
    "large unit": (mixture(400, 2) * 1e150, 1e150, None, False),
    "cut": (cut_mixture(400, 4, 1e4), 1.0, 1e4, False),
    "cut far away": (mixture(300, 5), 1.0, 1e250, False),
    "growing": (growing(400, 6), 1.0, 10.0, False),
    "whole": (np.floor(20 * mixture(400, 7)), 20.0, None, True),
    "whole from 5": (np.floor(5 * mixture(500, 8, 0.4)), 5.0, None, True),
    "whole and cut": (np.floor(20 * cut_mixture(400, 9, 1e4)), 20.0, 2e5, True),
}


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("name", RIDGES)
def test_nothing_is_told_on_a_ridge(case, name):
    x, xmin, xmax, discrete = CASES[case]
    if (case, name) == ("growing", "stretched_exponential"):
        pytest.skip("another condition: tested below")
    words = {"xmin": xmin, "xmax": xmax, "discrete": discrete}
    for pair in (("power_law", name), (name, "power_law")):
        found = compare(x, *pair, **words)
        assert (found.R, found.normalized, found.pvalue) == (0.0, 0.0, 1.0)
        assert found.better() == found.better(1.0) == "undecided"
        assert name in found.undecided
        assert "power_law" in found.undecided
        assert "undecided" in str(found)
        assert found.first.loglikelihood == found.second.loglikelihood
    law = found.first
    assert "ridge" in law.note
    assert law.limit.name == "power_law"
    tail = x[x >= xmin]
    # both names refer to one array, so no ratio computed from them can differ
    power = fit_alternative(x, "power_law", **words)
    assert likelihood_ratio(power.logpdf(tail), law.logpdf(tail)) == (0.0, 0.0, 1.0)
    for word in ("logsf", "logcdf"):
        np.testing.assert_array_equal(getattr(law, word)(tail), getattr(power, word)(tail))
    np.testing.assert_array_equal(law.sample(9, 1), power.sample(9, 1))
    assert law.parameters in (
        {"mu": -math.inf, "sigma": math.inf},
        {"mu": math.inf, "sigma": math.inf},  # alpha < 1
        {"Lambda": math.inf, "beta": 0.0},
    )


def test_two_laws_on_a_ridge_are_one():
    x, xmin, *_ = CASES["free"]
    for pair in itertools.permutations(RIDGES):
        found = compare(x, *pair, xmin=xmin)
        assert (found.R, found.pvalue, found.better()) == (0.0, 1.0, "undecided")
        assert "lognormal" in found.undecided
        assert "stretched_exponential" in found.undecided
    light = np.append(PowerLaw(1.0, 4.0).sample(1000, 1), 1e4)  # no room for a cutoff
    for nested in (None, True, False):
        found = compare(light, "power_law", "truncated_power_law", xmin=1.0, nested=nested)
        assert (found.R, found.pvalue, found.better()) == (0.0, 1.0, "undecided")
        assert found.second.loglikelihood == found.first.loglikelihood
        assert found.second.Lambda == 0
    # against a law without that limit the bound of the likelihood counts
    found = compare(x, "exponential", "lognormal", xmin=xmin)
    assert found.better() == "lognormal"
    assert not found.undecided
    power = compare(x, "exponential", "power_law", xmin=xmin)
    assert found.R == power.R


def test_a_growing_density_has_a_stretched_exponential_for_a_limit():
    """At Lambda = 0 it is x^(beta - 1), a power law up to xmax."""
    x = 1 + 9 * np.random.default_rng(6).random(500) ** 0.4
    found = compare(x, "power_law", "stretched_exponential", xmin=1.0, xmax=10.0)
    power = fit_alternative(x, "power_law", xmin=1.0, xmax=10.0)
    law = found.second
    if law.limit is not None:
        assert (found.R, found.pvalue, law.Lambda) == (0.0, 1.0, 0.0)
        assert law.beta == pytest.approx(1 - power.alpha)
        assert law.loglikelihood == power.loglikelihood
    steep = 5 - 1e-4 * np.random.default_rng(1).random(40) ** 4
    found = compare(steep, "power_law", "stretched_exponential", xmin=1.0, xmax=5.0)
    assert (found.R, found.pvalue, found.better()) == (0.0, 1.0, "undecided")
    assert "growing" in found.second.note
    other = replace(found.second, beta=2.0)  # of the family x^(beta - 1), not of the limit
    assert float(other.logpdf(3.0)) == pytest.approx(math.log(3 * 2 / (25 - 1)))


@pytest.mark.parametrize("xmax", [None, 50.0])
@pytest.mark.parametrize("heavy", [0.6, 4.0])
def test_the_condition_is_the_derivative_at_the_limit(heavy, xmax):
    """Of the profile likelihood, by mpmath, without the moments of `_ridge`."""
    x = mixture(60, 11, heavy)
    x = x if xmax is None else x[x <= xmax]
    t = np.log(x)
    length = math.inf if xmax is None else math.log(xmax)
    limit = continuous_limit(t, length)
    with mpmath.workdps(30):
        values = [mpmath.mpf(float(v)) for v in t]
        n = len(values)  # beyond 150 the density is below e^-75
        stop = [0, 1, 10, 50, 150] if xmax is None else [0, mpmath.log(xmax)]
        mean = sum(values) / n
        rate = mpmath.mpf(limit.rate)

        def lognormal(phi):
            total = mpmath.quad(lambda s: mpmath.exp(-rate * s - phi * s**2), stop)
            return -rate * mean - phi * sum(v**2 for v in values) / n - mpmath.log(total)

        def weibull(beta):
            def fall(s):
                return beta * s - rate * mpmath.expm1(beta * s) / beta

            total = mpmath.quad(lambda s: mpmath.exp(fall(s)), stop)
            return sum(fall(v) for v in values) / n - mpmath.log(total)

        h = mpmath.mpf("1e-6")
        for height, unit in ((lognormal, 1.0), (weibull, limit.rate / 2)):
            # forward differences: the limit is an end
            slope = (4 * height(2 * h) - height(4 * h) - 3 * height(h / 10**6)) / (4 * h)
            expected = float(np.mean(t**2)) / (1 + limit.excess)
            assert float(slope) == pytest.approx(-unit * limit.excess * expected, rel=1e-4)
            assert float(height(h / 10**6)) == pytest.approx(limit.height, rel=1e-9)
    for name in RIDGES:
        law = fit_alternative(x, name, xmin=1.0, xmax=xmax)
        assert (law.limit is not None) == (limit.excess >= 0)


def test_the_condition_of_integers_is_the_derivative_at_the_limit():
    """Along the ridge, the rounded laws' own likelihood: with the cells of the class."""
    for seed, heavy in itertools.product(range(3), (0.6, 5.0)):
        k = np.floor(3 * mixture(300, seed, heavy))
        for xmax in (math.inf, float(np.max(k)) + 3):
            values, counts = np.unique(k, return_counts=True)
            limit = rounded_limit(values, counts, 3.0, xmax)
            low = 2.5

            def height(phi, rate, top=xmax, values=values, counts=counts, low=low):
                sigma = math.sqrt(0.5 / phi)
                law = Lognormal(
                    3.0, math.log(low) - rate * sigma**2, sigma, discrete=True, xmax=top
                )
                return law._log_likelihood(values, counts) / np.sum(counts)

            near = height(1e-9, limit.rate)
            assert near == pytest.approx(limit.height, abs=1e-6)
            # the power law of the limit is the best of all rates
            for factor in (0.99, 1.01):
                assert height(1e-9, limit.rate * factor) < near
            slope = height(2e-4, limit.rate) - height(1e-4, limit.rate)
            assert (slope < 0) == (limit.excess > 0)


@pytest.mark.parametrize("part", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("xmax", [None, 1e3])
def test_a_maximum_near_the_ridge_is_found(part, xmax):
    """t is moved so that the coefficient of variation is a little below the bound: the maximum is
    beyond the old bounds (mu 30 sigma below log xmin, beta = .02), and its gain is known."""
    t = np.sort(np.random.default_rng(2).standard_exponential(400))
    length = math.inf if xmax is None else math.log(xmax)
    t = t[t < length * 0.9]

    def excess(power):
        return continuous_limit(t**power, length).excess

    low, high = 0.5, 1.5
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < -part else (low, middle)
    x = np.exp(t**low)
    here = continuous_limit(log_ratio(x, 1.0), length).excess
    assert -2 * part < here < 0
    for name in RIDGES:
        found = compare(x, "power_law", name, xmin=1.0, xmax=xmax)
        law = found.second
        if part > 1e-8:  # nearer, it is the power law to any float
            assert law.limit is None
            assert not found.undecided
        # the gain is n slope^2 / (2 curvature): of the size of n part^2, and lost in rounding below
        rounding = 1e-15 * abs(found.first.loglikelihood)
        assert -x.size * part**2 - rounding < found.R < rounding
        if part == 1e-3:
            assert found.R < -1e-3 * x.size * part**2
        assert found.better(0.05) == "undecided"


def test_a_lambda_beyond_the_floats_keeps_its_law():
    x = PowerLaw(1.0, 2.5).sample(5000, 12)
    law = fit_alternative(x, "stretched_exponential", xmin=1.0)
    for beta in (0.05, 0.004, 1e-6):
        rate = 1.5 / beta
        other = StretchedExponential(1.0, math.inf, beta, log_rate=math.log(rate))
        with mpmath.workdps(40):
            for value in (1.0, 3.0, 1e6):
                b, big = mpmath.mpf(beta), mpmath.mpf(value)
                u = mpmath.exp(mpmath.mpf(math.log(rate)))
                exact = mpmath.log(b * u * big ** (b - 1)) - u * (big**b - 1)
                assert float(other.logpdf(value)) == pytest.approx(float(exact), rel=1e-11)
    assert law.loglikelihood >= fit_alternative(x, "power_law", xmin=1.0).loglikelihood - 1e-9


@pytest.mark.parametrize("n", [300, 1000])
def test_no_verdict_for_a_power_law_comes_from_a_ridge(n):
    """The lognormal and the stretched exponential have the power law as a limit, so that they are
    never less likely; bench/studies/ridges.py tries 300 samples of each size."""
    for seed in range(30):
        x = (1 - np.random.default_rng([seed, n]).random(n)) ** (-1 / 1.5)
        for name in RIDGES:
            found = compare(x, "power_law", name, xmin=1.0)
            assert found.R <= 1e-9
            assert found.better(0.05) != "power_law"
            cut = compare(x[x < 40], "power_law", name, xmin=1.0, xmax=40.0)
            assert cut.better(0.05) != "power_law"
            assert cut.R <= 1e-9


EQUAL = [([3.0], False), ([3.0, 3.0], False), ([5.0] * 40, False), ([3.0, 3.0], True)]
UNEQUAL = [([2.0, 3.0], False), ([2.0, 8.0], False), ([3.0, 7.0], False)]


@pytest.mark.parametrize("xmax", [None, 9.0])
@pytest.mark.parametrize(("x", "discrete"), EQUAL + UNEQUAL)
def test_one_or_two_values_decide_nothing_by_a_bound(x, discrete, xmax):
    """Equal values have a likelihood without bound in several families."""
    laws = []
    for name in ALTERNATIVES:
        try:
            laws.append(fit_alternative(x, name, xmin=2.0, xmax=xmax, discrete=discrete))
        except ValueError as error:
            assert "two different values" in str(error)  # noqa: PT017
    for first, second in itertools.combinations(laws, 2):
        found = _compare(first, second, np.array(x), None)
        if len(set(x)) == 1:
            assert found.better(0.1) == "undecided"
            assert found.pvalue == 1
        elif found.better(0.1) == first.name:
            assert not second.is_held
    assert len(laws) >= 4


def test_a_law_that_loses_on_a_bound_of_the_search_has_not_lost():
    x = 1000 + np.random.default_rng(3).standard_normal(300)  # alpha runs to -100
    law = fit_alternative(x, "truncated_power_law", xmin=1.0)
    assert law.is_held
    found = compare(x, "lognormal", "truncated_power_law", xmin=1.0)
    assert found.R > 0
    assert found.better() == "undecided"
    assert "bound of the search" in found.undecided
    # where it wins, the bound changes nothing
    assert compare(x, "power_law", "truncated_power_law", xmin=1.0).better() == law.name


def test_tables_fits_and_reports_say_so():
    x, xmin, *_ = CASES["free"]
    table = compare_all(x, xmin=xmin)
    rows = {row.second.name: row for row in table.rows}
    text = str(table)
    for name in RIDGES:
        assert rows[name].better() == "undecided"
        assert rows[name].undecided in text
    fit = fit_power_law(x, xmin=xmin)
    assert fit.compare("lognormal").R == 0
    assert fit.compare_all().rows[1].pvalue == 1


def test_the_command_says_so(tmp_path, capsys):
    from htstats.cli import main

    for seed in range(20):  # half of all samples of a power law are on the ridge
        x = PowerLaw(1.0, 2.5).sample(600, seed)
        fit = fit_power_law(x)
        if fit.compare("lognormal").undecided:
            break
    np.save(tmp_path / "w.npy", x.reshape(20, 30))
    assert main(["fit", str(tmp_path / "w.npy"), "--compare", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["matrices"][0]["compare"]
    for name in RIDGES:
        ratio = fit.compare(name)
        assert (row[name]["R"], row[name]["pvalue"], row[name]["better"]) == (0.0, 1.0, "undecided")
        assert row[name]["note"] == ratio.undecided
    assert main(["fit", str(tmp_path / "w.npy"), "--compare"]) == 0
    assert "rises to that of power_law" in " ".join(capsys.readouterr().out.split())
