"""Goodness of fit and intervals refit by the options of the fit, for all options."""

import ml_dtypes
import numpy as np
import pytest
from scipy import stats

from htstats.power_law import fit_power_law
from htstats.power_law._bootstrap import Resampler, _round_values


def pareto(n, seed, alpha=2.5):
    return (1 - np.random.default_rng(seed).random(n)) ** (-1 / (alpha - 1))


RULES = {
    "xmin range": {"xmin": (1.0, 2.0)},
    "min_tail": {"min_tail": 20},
    "xmax": {"xmax": 20.0},
    "xmin range and xmax": {"xmin": (1.0, 2.0), "xmax": 20.0},
    "fixed, min_tail": {"xmin": 1.1, "min_tail": 3},
}


@pytest.mark.parametrize("words", RULES.values(), ids=RULES)
def test_threads_and_early_stops_change_nothing(words):
    fit = fit_power_law(pareto(300, 1), **words)
    one = fit.goodness_of_fit(110, seed=4)
    assert fit.goodness_of_fit(110, seed=4, n_threads=3) == one
    assert (one.distance, one.xmin, one.n_tail) == (fit.distance, fit.xmin, fit.n_tail)
    early = fit.goodness_of_fit(2000, seed=4, stop_at=0.9999)
    assert early == fit.goodness_of_fit(2000, seed=4, stop_at=0.9999, n_threads=2)
    assert early.n_resamples < 2000


@pytest.mark.parametrize("words", RULES.values(), ids=RULES)
def test_resamples_obey_the_rule(words):
    fit = fit_power_law(pareto(300, 2), **words)
    resampler = Resampler(fit, fit.usable(), fit.options, "float64", 0)
    for index in range(20):
        sample = resampler.draw_from_model(index)
        again = resampler.refit(sample)
        assert again is not None
        assert again.n_excluded == 0  # a draw that the rule would drop changes the size
        assert len(sample) == (fit.n if fit.options.finds_xmin else fit.n_tail)
        low, high = (
            words["xmin"]
            if isinstance(words.get("xmin"), tuple)
            else (words.get("xmin", 0), np.inf)
        )
        assert low <= again.xmin <= high
        assert again.n_tail >= words.get("min_tail", 1)


def test_what_must_be_equal_is():
    """Weights are repetitions, sides are the values alone."""
    x = np.round(pareto(400, 3), 2)
    values, counts = np.unique(x, return_counts=True)
    weighted = fit_power_law(values, weights=counts).goodness_of_fit(60, seed=1)
    assert weighted == fit_power_law(x).goodness_of_fit(60, seed=1)
    mirrored = fit_power_law(np.append(-x, [1.0, 0.0]), side="negative")
    assert mirrored.goodness_of_fit(60, seed=1) == weighted


# In each, p of a true power law; 150 data sets, 40 resamples: a Kolmogorov level of one in a
# thousand, plus the grid's half step.
LEVEL = 1.95 / np.sqrt(150) + 1 / 80


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_p_is_uniform_for_rounded_values(dtype):
    p = []
    for seed in range(150):
        x = pareto(60, seed).astype(dtype)
        p.append(fit_power_law(x, xmin=1.0).goodness_of_fit(40, seed=seed).pvalue)
    assert stats.kstest(p, "uniform").statistic < LEVEL


@pytest.mark.parametrize("words", [{"xmin": (1.0, 1.5)}, {"min_tail": 20}])
def test_a_scan_under_a_rule_is_conservative(words):
    p = []
    for seed in range(150):
        fit = fit_power_law(pareto(80, seed), **words)
        p.append(fit.goodness_of_fit(40, seed=seed).pvalue)
    for level in (0.05, 0.1, 0.2):
        error = np.sqrt(level * (1 - level) / 150)
        assert np.mean(np.array(p) <= level) <= level + 3 * error + 1 / 40


def test_holding_xmin():
    fit = fit_power_law(pareto(500, 5), xmin=(1.0, 2.0))
    held = fit.goodness_of_fit(60, seed=2, refit_xmin=False)
    assert not held.refit_xmin
    assert held.distance == fit.distance
    assert fit_power_law(pareto(500, 5)).goodness_of_fit(60, refit_xmin=False).refit_xmin is False


@pytest.mark.parametrize("words", RULES.values(), ids=RULES)
def test_intervals_hold_the_truth(words):
    fit = fit_power_law(pareto(800, 6), **words)
    rough = fit.confidence_interval(0.95)
    assert rough.alpha[1] - rough.alpha[0] == pytest.approx(2 * 1.959964 * fit.stderr, rel=1e-6)
    if "xmax" in words:
        return
    found = fit.confidence_interval(0.99, "bootstrap", n_resamples=100, seed=1)
    assert found.alpha[0] < 2.5 < found.alpha[1]
    assert found == fit.confidence_interval(0.99, "bootstrap", n_resamples=100, seed=1, n_threads=2)


@pytest.mark.parametrize(
    ("dtype", "name"), [(np.float16, "float16"), (ml_dtypes.bfloat16, "bfloat16")]
)
def test_rounding_is_the_dtypes(dtype, name):
    x = np.exp(np.random.default_rng(0).uniform(-8, 10, 2000))
    np.testing.assert_array_equal(
        _round_values(x, name), x.astype(np.float32).astype(dtype).astype(float)
    )
    assert np.isfinite(_round_values(np.array([1e300]), name)[0])


def test_progress_is_a_line_on_stderr(capsys):
    fit_power_law(pareto(100, 7)).goodness_of_fit(50, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "50/50" in err


def test_bad_input_names_the_argument():
    fit = fit_power_law(pareto(100, 8), min_tail=5)
    for words, name in (({"n_resamples": 0}, "n_resamples"), ({"stop_at": 2}, "stop_at")):
        with pytest.raises(ValueError, match=name):
            fit.goodness_of_fit(**words)
    with pytest.raises(ValueError, match="level"):
        fit.confidence_interval(1.0, "bootstrap")
    with pytest.raises(ValueError, match="method"):
        fit.confidence_interval(0.9, "exact")
