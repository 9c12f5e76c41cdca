"""The bootstraps: calibrated under the null, sharp against another law, the same on any threads."""

import numpy as np
import pytest
from scipy import stats

from htstats.alternatives import PowerLaw
from htstats.power_law import confidence_interval, fit_power_law, goodness_of_fit


def pareto(n, seed, alpha=2.5):
    return (1 - np.random.default_rng(seed).random(n)) ** (-1 / (alpha - 1))


def test_fixed_xmin_gives_uniform_p_values():
    p = [goodness_of_fit(pareto(60, s), 200, xmin=1.0, seed=s).pvalue for s in range(1000)]
    # p is a multiple of 1/200: the grid adds half a step to a Kolmogorov level of one in a thousand
    assert stats.kstest(p, "uniform").statistic < 1.95 / np.sqrt(1000) + 1 / 200


def test_scanned_xmin_is_conservative():
    p = np.array([goodness_of_fit(pareto(150, s), 100, seed=s).pvalue for s in range(400)])
    for level in (0.05, 0.1, 0.2, 0.5):
        error = np.sqrt(level * (1 - level) / p.size)
        assert np.mean(p <= level) <= level + 3 * error + 1 / 100


def test_a_lognormal_above_its_median_is_found_out():
    x = np.exp(np.random.default_rng(5).standard_normal(10_000))
    assert goodness_of_fit(x, 500, xmin=1.0).pvalue < 0.01


def test_threads_and_early_stops_change_nothing():
    x = pareto(400, 3)
    one = goodness_of_fit(x, 230, seed=9)
    assert goodness_of_fit(x, 230, seed=9, n_threads=3) == one
    assert goodness_of_fit(x, 230, seed=10) != one
    early = goodness_of_fit(x, 2500, seed=9, stop_at=0.9999)
    assert early == goodness_of_fit(x, 2500, seed=9, stop_at=0.9999, n_threads=2)
    assert early.n_resamples < 2500
    low, high = one.interval
    assert low < one.pvalue < high


def test_resamples_look_like_the_data():
    """Refits of the model find the model: alpha within its standard error, xmin nearby."""
    x = np.concatenate([np.random.default_rng(0).random(500) + 0.5, 1.5 * pareto(1500, 1)])
    found = confidence_interval(x, 0.99, "bootstrap", n_resamples=200)
    assert found.alpha[0] < 2.5 < found.alpha[1]
    assert set(found.xmin) <= set(x)
    assert found.xmin[0] < 1.7
    assert found.xmin[1] > 1.4


@pytest.mark.parametrize("method", ["asymptotic", "bootstrap"])
def test_coverage_at_a_fixed_xmin(method):
    hits = 0
    for s in range(800):
        found = confidence_interval(pareto(100, s), 0.95, method, xmin=1.0, n_resamples=200, seed=s)
        hits += found.alpha[0] <= 2.5 <= found.alpha[1]
    # within two points of nominal
    assert abs(hits / 800 - 0.95) <= 0.02


def test_bad_input_names_the_argument():
    for bad in ([1.0, np.nan], [1.0, -2.0], [1.0, 1.0]):
        with pytest.raises(ValueError, match="x must"):
            goodness_of_fit(bad)
    with pytest.raises(ValueError, match="xmin = 5"):
        goodness_of_fit([1.0, 2.0], xmin=5.0)
    with pytest.raises(ValueError, match="n_resamples"):
        goodness_of_fit([1.0, 2.0], 0)
    with pytest.raises(ValueError, match="level"):
        confidence_interval([1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="method"):
        confidence_interval([1.0, 2.0], method="exact")


def _up_to_xmax(seed):
    u = np.random.default_rng(seed).random(60)
    x = (1 - u * (1 - 20**-1.5)) ** (-1 / 1.5)
    return fit_power_law(x, xmin=1.0, xmax=20.0)


def _of_integers(seed):
    x = PowerLaw(2.0, 2.5, discrete=True).sample(60, seed)
    return fit_power_law(x, xmin=2, discrete=True)


@pytest.mark.parametrize("fit", [_up_to_xmax, _of_integers])
def test_other_laws_give_uniform_p_values_too(fit):
    """bench/studies/coverage.py says it of 1,000 data sets; here are 120."""
    p = [fit(seed).goodness_of_fit(50, seed=seed).pvalue for seed in range(120)]
    # the Kolmogorov level of one in a thousand, and the grid of p
    assert stats.kstest(p, "uniform").statistic < 1.95 / np.sqrt(120) + 1 / 50
