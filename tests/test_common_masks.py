"""Masked arrays: a fit leaves masked elements out, and what cannot refuses them."""

import numpy as np
import pytest
from functions_of_data import MATRICES, POINTS, SAMPLES, X

import htstats.compat.powerlaw as powerlaw
from htstats import fit_power_law, stable_rank
from htstats.alternatives import compare
from htstats.power_law import confidence_interval, goodness_of_fit

# ---- masks ---------------------------------------------------------------------------------------

MASKED = np.ma.masked_greater(X, 20)


LEFT = np.asarray(MASKED.compressed())


@pytest.mark.parametrize(
    "given",
    [MASKED, MASKED.reshape(20, 10), MASKED.astype("f4"), MASKED.astype("f2"), [MASKED, MASKED]],
    ids=["1-D", "2-D", "float32", "float16", "blocks"],
)
def test_fits_leave_masked_elements_out_and_count_them(given):
    plain = [LEFT, LEFT] if isinstance(given, list) else LEFT.astype(given.dtype)
    n_masked = 2 if isinstance(given, list) else 1
    expected = fit_power_law(plain)
    for rule in ({}, {"xmin": (1, 5)}, {"ks": "two-sided"}, {"xmax": 15.0}):
        fit, expected = fit_power_law(given, **rule), fit_power_law(plain, **rule)
        assert fit.excluded == {"masked": n_masked, **expected.excluded}
        assert (fit.alpha, fit.xmin, fit.n) == (expected.alpha, expected.xmin, expected.n)
    fit, expected = fit_power_law(given), fit_power_law(plain)
    assert fit.usable().tolist() == expected.usable().tolist()
    assert fit.goodness_of_fit(20) == expected.goodness_of_fit(20)


def test_integers_and_many_elements_are_left_out_too():
    whole = np.ma.array(np.floor(4 * X), mask=X > 20).astype(int)
    fit = fit_power_law(whole, discrete=True)
    assert fit.excluded == {"masked": int((X > 20).sum())}
    assert fit.alpha == fit_power_law(whole.compressed(), discrete=True).alpha
    many = np.random.default_rng(1).standard_t(3, 400_000)
    masked = np.ma.array(many, mask=many > 5)
    fit, expected = (fit_power_law(x, side="abs") for x in (masked, masked.compressed()))
    assert fit.excluded == {"masked": int((many > 5).sum())}
    assert (fit.alpha, fit.n) == (expected.alpha, expected.n)


def test_tests_and_the_drop_in_leave_masked_elements_out():
    assert goodness_of_fit(MASKED, 20) == goodness_of_fit(LEFT, 20)
    assert confidence_interval(MASKED) == confidence_interval(LEFT)
    one, two = (compare(x, "power_law", "lognormal", xmin=1.0) for x in (MASKED, LEFT))
    assert one.R == two.R
    assert powerlaw.Fit(MASKED).alpha == powerlaw.Fit(LEFT).alpha
    assert powerlaw.cdf(MASKED)[0].size == LEFT.size


@pytest.mark.parametrize("function", ["sketch", *MATRICES, *POINTS])
def test_masks_are_refused_where_nothing_can_be_left_out(function):
    call = {**SAMPLES, **MATRICES, **POINTS}[function]
    square = np.ma.array(np.eye(3) + 1, mask=np.eye(3) > 0)
    given = square if function in MATRICES else np.ma.array([1.0, 2, 3], mask=[0, 1, 0])
    with pytest.raises(ValueError, match=r"masked|mask of x"):
        call(given)
    if function in MATRICES:
        with pytest.raises(ValueError, match="masked"):
            call([np.ma.array([1.0, 2, 3], mask=[0, 1, 0])] * 3)


def test_an_empty_mask_is_none():
    assert fit_power_law(np.ma.array(X, mask=np.zeros(200, bool))) == fit_power_law(X)
    assert stable_rank(np.ma.array(np.eye(3))) == stable_rank(np.eye(3))


def test_weights_and_masks():
    times = np.arange(200) % 4
    expected = fit_power_law(LEFT, weights=times[~MASKED.mask])
    for weights in (times, np.ma.array(times, mask=MASKED.mask)):
        fit = fit_power_law(MASKED, weights=weights)
        assert (fit.alpha, fit.n) == (expected.alpha, expected.n)
        assert fit.excluded == {"masked": 1}
    for x, mask in ((X, MASKED.mask), (MASKED, X < 1.1)):
        with pytest.raises(ValueError, match="weights must have the mask of x"):
            fit_power_law(x, weights=np.ma.array(times, mask=mask))
