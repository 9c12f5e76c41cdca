"""Methods of PowerLawFit that need the data again: tests, comparisons, pictures."""

import matplotlib
import numpy as np
import pytest

from htstats.alternatives import compare
from htstats.plot import plot_ccdf, plot_scan
from htstats.power_law import confidence_interval, fit_power_law, goodness_of_fit
from htstats.spectral import fit_spectrum

matplotlib.use("Agg")


@pytest.fixture
def x():
    return (1 - np.random.default_rng(42).random(500)) ** (-1 / 1.5)


def test_methods_are_the_functions_on_the_usable_values(x):
    signed = np.append(x, [0.0]) * -1
    fit = fit_power_law(signed, side="negative")
    np.testing.assert_array_equal(fit.usable(), np.sort(x))
    assert fit.goodness_of_fit(60, seed=3) == goodness_of_fit(x, 60, seed=3)
    assert fit.confidence_interval(0.9) == confidence_interval(x, 0.9)
    assert (
        fit.compare("lognormal").R == compare(np.sort(x), "power_law", "lognormal", xmin=fit.xmin).R
    )  # sums in one order
    assert len(fit.compare_all().rows) == 5
    fixed = fit_power_law(x, xmin=2.0)
    assert not fixed.goodness_of_fit(60).refit_xmin
    assert fixed.goodness_of_fit(60).distance == pytest.approx(fixed.distance, abs=1e-13)
    counted = fit_power_law([1.0, 2.0, 3.0], weights=[5, 2, 1])
    np.testing.assert_array_equal(counted.usable(), [1, 1, 1, 1, 1, 2, 2, 3])


def test_pictures_show_the_data_and_the_law(x):
    import matplotlib.pyplot as plt

    fit = fit_power_law(x)
    ax = plot_ccdf(fit, alternatives=("lognormal",))
    assert [line.get_label() for line in ax.lines][:1] == ["data"]
    tail = ax.lines[1].get_ydata()
    assert tail[0] == pytest.approx(fit.n_tail / fit.n)  # scaled to the whole data
    ax = plot_scan(fit)
    assert np.min(ax.lines[0].get_ydata()) == pytest.approx(fit.distance, abs=1e-13)
    plt.close("all")


def test_the_spectrum_is_that_of_the_gram_matrix():
    W = np.random.default_rng(0).standard_t(3, (50, 30))
    fit = fit_spectrum(W)
    np.testing.assert_allclose(fit.usable(), np.linalg.eigvalsh(W.T @ W), rtol=1e-9)
    assert fit_spectrum(np.outer([1, 2, 3], [1, 2]) + np.eye(3, 2)).n == 2
    with pytest.raises(ValueError, match="W must be finite"):
        fit_spectrum([[np.nan]])
