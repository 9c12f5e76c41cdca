"""The mixture of linear regressions of Fig. 3."""

import numpy as np
import pytest

pytest.importorskip("torch")

from htstats.reproduce._mixture import fit_mixture, select_mixture


def two_lines(n=120):
    rng = np.random.default_rng(0)
    x = rng.uniform(1, 6, n)
    which = rng.random(n) < 0.3
    y = np.where(which, 1 + 2 * x, 9 - x) + 0.1 * rng.standard_normal(n)
    return x, y, which


@pytest.mark.parametrize("components", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_no_step_of_em_lowers_the_likelihood(components, seed):
    x, y, _ = two_lines()
    history = np.array(fit_mixture(x, y, components, starts=1, seed=seed).loglikelihood)
    # rounding of a sum of 120 terms
    assert np.diff(history).min(initial=0) >= -1e-12 * np.abs(history).max()


def test_bic_finds_the_lines_that_made_the_data():
    x, y, which = two_lines()
    found = select_mixture(x, y)
    assert len(found.weight) == 2
    first = int(found.slope.argmax())
    # four standard errors of a line through 36 points with deviation 0.1
    assert found.slope[first] == pytest.approx(2, abs=0.06)
    assert found.intercept[first] == pytest.approx(1, abs=0.25)
    assert found.slope[1 - first] == pytest.approx(-1, abs=0.06)
    assert np.mean((found.responsibility.argmax(0) == first) == which) > 0.95


def test_one_line_is_least_squares():
    x, y, _ = two_lines()
    found = fit_mixture(x, y, 1)
    slope, intercept = np.polyfit(x, y, 1)
    assert found.slope[0] == pytest.approx(slope)
    assert found.intercept[0] == pytest.approx(intercept)
    residual = y - intercept - slope * x
    n = len(x)
    expected = -n / 2 * (np.log(2 * np.pi * residual.var()) + 1)
    assert found.loglikelihood[-1] == pytest.approx(expected)
    assert found.bic == pytest.approx(-2 * expected + 3 * np.log(n))


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1]), ([1, 1, 1], [1, 2, 3]), ([1, 2], [1, 2])])
def test_bad_points(x, y):
    with pytest.raises(ValueError, match="x and y must be vectors"):
        fit_mixture(x, y, 2)
