"""Pictures: their curves and scales, and where the view begins."""

import matplotlib
import numpy as np
import pytest

from htstats.plot import plot_ccdf, plot_compare, plot_pdf, plot_scan
from htstats.power_law import fit_power_law

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture
def x():
    rng = np.random.default_rng(1)
    return np.concatenate([rng.random(600) + 0.5, 1.5 * (1 - rng.random(900)) ** (-1 / 1.5)])


def test_the_tail_is_scaled_to_the_whole_data(x):
    fit = fit_power_law(x)
    share = fit.n_tail / fit.n
    law = plot_ccdf(fit).lines[1]
    assert law.get_xdata()[0] == fit.xmin
    assert law.get_ydata()[0] == pytest.approx(share)
    density = plot_pdf(fit).lines[1]
    assert density.get_ydata()[0] == pytest.approx(share * (fit.alpha - 1) / fit.xmin)
    # and lies on the data: the two curves at the median of the tail, to its sampling error
    median = np.median(x[x >= fit.xmin])
    assert share * np.exp(fit.logsf(median)) == pytest.approx(
        share / 2, abs=2 * share / fit.n_tail**0.5
    )


def test_the_density_of_the_data_sums_to_one(x):
    points = plot_pdf(fit_power_law(x)).lines[0]
    middle, density = points.get_xdata(), points.get_ydata()
    width = np.median(np.diff(np.log(middle)))
    total = np.sum(density * middle * 2 * np.sinh(width / 2))
    assert total == pytest.approx(1, rel=1e-6)


def test_alternatives_and_their_ratios_are_in_the_legend(x):
    fit = fit_power_law(x)
    names = ("lognormal", "exponential")
    texts = [text.get_text() for text in plot_compare(fit, alternatives=names).get_legend().texts]
    assert texts[0] == "data"
    for name, text in zip(names, texts[2:], strict=True):
        assert f"{name}: R = {fit.compare(name).R:.3g}" in text
    assert len(plot_compare(fit).lines) == 6
    for draw in (plot_ccdf, plot_pdf):
        labels = [line.get_label() for line in draw(fit, alternatives=("lognormal",)).lines]
        assert "lognormal" in labels
    with pytest.raises(ValueError, match="must be one of"):
        plot_compare(fit, alternatives=("gamma",))


def test_the_scan_shows_every_candidate(x):
    fit = fit_power_law(x)
    ax = plot_scan(fit)
    line = ax.lines[0]
    np.testing.assert_array_equal(line.get_xdata(), np.unique(x)[:-1])
    assert np.min(line.get_ydata()) == pytest.approx(fit.distance, abs=1e-13)
    ranged = fit_power_law(x, xmin=(1.0, 3.0))
    drawn = plot_scan(ranged).lines[0].get_xdata()
    assert drawn[0] >= 1.0
    assert drawn[-1] <= 3.0


def test_the_scan_of_less_than_two_decades_has_plain_numbers_below():
    ax = plot_scan(fit_power_law([1.0, 2.0, 3.0, 7.0, 9.0]))
    ax.figure.canvas.draw()
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert "2" in labels
    assert "5" in labels


def test_a_picture_of_many_values_has_few_points():
    x = (1 - np.random.default_rng(2).random(30_000)) ** (-1 / 1.5)
    fit = fit_power_law(x)
    for draw in (plot_ccdf, plot_scan):
        line = draw(fit).lines[0]
        assert len(line.get_xdata()) <= 3001
    scan = plot_scan(fit).lines[0]
    assert fit.xmin in scan.get_xdata()
    assert np.min(scan.get_ydata()) == pytest.approx(fit.distance, abs=1e-13)


def test_small_values_do_not_push_the_tail_into_a_corner():
    x = np.append(np.abs(np.random.default_rng(3).standard_t(3, 5000)), 1e-9)
    fit = fit_power_law(x)
    low, high = plot_ccdf(fit).get_xlim()
    assert low > 1e3 * x.min()
    assert low < np.quantile(x, 0.011)
    assert high > x.max()


@pytest.mark.parametrize(
    "words",
    [{"discrete": True}, {"discrete": True, "curve": True}, {"xmax": 40.0}, {"curve": True}],
    ids=str,
)
def test_the_scan_of_any_rule_shows_distances_to_the_left(x, words):
    """The chosen candidate lies on the curve of distances, and its alpha on that of alphas."""
    fit = fit_power_law(np.ceil(x) if "discrete" in words else x, **words)
    ax = plot_scan(fit)
    left, right = ax.lines[0], ax.figure.axes[-1].lines[0]
    k = int(np.searchsorted(left.get_xdata(), fit.xmin))
    assert left.get_ydata()[k] == pytest.approx(fit.distance, abs=1e-12)
    k = int(np.searchsorted(right.get_xdata(), fit.xmin))
    assert right.get_ydata()[k] == pytest.approx(fit.alpha, rel=1e-12)


@pytest.mark.parametrize("draw", [plot_ccdf, plot_pdf, plot_scan, plot_compare])
def test_axes_of_the_caller_are_used_and_returned(draw, x):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    assert draw(fit_power_law(x), ax) is ax
    assert ax.get_xlabel() != ""
    assert ax.get_ylabel() != ""
    assert draw(fit_power_law(x)) is not ax
