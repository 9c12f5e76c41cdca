"""Stable fits of laws with a small alpha, whose density has a sharp peak, and of extreme scales."""

from __future__ import annotations

import math

import numpy as np
import pytest

from htstats.stable import StableDistribution, _goodness, fit_stable, sample
from htstats.stable._fit_start import half_sample_mode
from htstats.stable._information import asymptotic_covariance

ALL = (True, True, True, True)


def exact_loglikelihood(x, law):
    return math.fsum(np.asarray(StableDistribution(*law).logpdf(x)).tolist())


@pytest.mark.parametrize("alpha", [0.12, 0.15, 0.2, 0.3, 0.4, 0.48])
@pytest.mark.parametrize("beta", [-0.9, 0.0, 0.5])
def test_no_fit_is_less_likely_than_the_true_law(alpha, beta):
    truth = (alpha, beta, 1.0, 2.0)
    x = sample(400, *truth, seed=3)
    fit = fit_stable(x)
    found = exact_loglikelihood(x, fit.estimate)
    assert found > exact_loglikelihood(x, truth)
    assert fit.loglikelihood == pytest.approx(found, abs=1e-3)
    # twice the gain is chi-squared with four degrees of freedom: above 27 with probability 2e-5
    assert found < exact_loglikelihood(x, truth) + 13.5


@pytest.mark.parametrize("law", [(0.2, 0.5), (0.35, -0.4)])
def test_standard_errors_of_a_small_alpha_are_the_spread_of_the_estimates(law):
    fits = [fit_stable(sample(300, *law, seed=seed)) for seed in range(20)]
    off = np.array([fit.estimate for fit in fits]) - (*law, 0.0, 1.0)
    scores = off / np.array([fit.stderr for fit in fits])
    # the root of a chi-squared number with 20 degrees of freedom over 20: .42 to 1.7 at 1e-5
    size = np.sqrt(np.mean(scores[:, :2] ** 2, axis=0))
    assert np.all(size > 0.42)
    assert np.all(size < 1.7)


@pytest.mark.parametrize("beta", [-0.6, 0.0, 0.5, 0.95])
def test_standard_errors_are_smooth_in_alpha(beta):
    """They are computed in S1 below .5; an error of the panels at the peak would show as a jump."""
    alphas = np.concatenate(
        [np.linspace(0.1, 0.49, 14), [0.4999, 0.5001], np.linspace(0.51, 0.8, 6)]
    )
    errors = [
        np.sqrt(np.diag(asymptotic_covariance((a, beta, 0.0, 1.0), ALL))) for a in alphas.tolist()
    ]
    logs = np.log(np.array(errors))
    assert np.max(np.abs(logs[15] - logs[14])) < 2e-3
    slopes = np.diff(logs, axis=0) / np.diff(alphas)[:, None]
    kept = np.diff(alphas) > 1e-3
    assert np.max(np.abs(slopes[kept])) < 12
    assert np.max(np.abs(np.diff(slopes[kept], axis=0))) < 4


@pytest.mark.parametrize("statistic", ["ks", "ad"])
@pytest.mark.parametrize("law", [(0.15, 0.0), (0.3, -0.5), (0.45, 0.5)])
def test_one_step_and_full_refits_give_one_null_law(law, statistic):
    """For alpha of .2 and less, one step in S0 gave statistics of another size."""
    fit = fit_stable(sample(400, *law, seed=2))
    one = _goodness._one_step(fit, statistic, 300, 12, 5)
    full = _goodness._full(fit, statistic, 300, 12, 5)
    assert np.corrcoef(one, full)[0, 1] > 0.85
    assert 0.8 < np.median(one) / np.median(full) < 1.25


def test_larger_samples_of_a_small_alpha_are_not_binned():
    law = 0.25, 0.5, 0.0, 1.0
    fit = fit_stable(sample(30_000, *law, seed=1))
    assert fit.binning_error == 0
    assert np.all(np.abs(np.array(fit.estimate) - law) < 5 * np.array(fit.stderr))


def test_a_fit_that_bins_blur_says_so():
    fit = fit_stable(sample(210_000, 0.2, 0.0, seed=1), "quantile")
    assert fit.binning_error > 1
    assert "binning may have moved the estimates by" in str(fit)


def test_the_mode_is_in_the_densest_part():
    x = np.sort(np.concatenate([np.linspace(-50, 90, 71), np.linspace(7, 7.1, 30)]))
    assert 7 <= half_sample_mode(x, np.ones(x.size)) <= 7.1
    assert half_sample_mode(np.array([0.0, 1.0, 5.0, 6.0, 9.0]), np.array([1, 1, 9, 1, 1])) == 5
    assert half_sample_mode(np.array([2.0, 3.0]), np.ones(2)) in (2.0, 3.0)


@pytest.mark.parametrize("law", [(1.6, 0.3), (2.0, 0.0)])
@pytest.mark.parametrize("method", ["mle", "ecf", "quantile"])
@pytest.mark.parametrize("power", [-990, -700, -400, 400, 700, 990])
def test_fits_scale_with_the_data(law, method, power):
    """The square of the scale leaves the range of floats; the factor is exact."""
    x, factor = sample(300, *law, seed=1), 2.0**power
    fit, scaled = fit_stable(x, method), fit_stable(x * factor, method)
    unit = np.array([1.0, 1.0, factor, factor])
    np.testing.assert_allclose(np.array(scaled.estimate) / unit, fit.estimate, rtol=1e-8)
    np.testing.assert_allclose(np.array(scaled.stderr) / unit, fit.stderr, rtol=1e-7)
