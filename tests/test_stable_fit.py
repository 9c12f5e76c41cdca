"""Fits of stable laws: maxima, standard errors, bounds, weights, bins, sketches."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from htstats import TailSketch, stable
from htstats.stable import _fit_mle, _points, fit_stable, sample
from htstats.stable._fit_quantile import PROBABILITIES, _functions_at
from htstats.stable._information import information
from htstats.stable._panels import Panels

METHODS = ("mle", "quantile", "ecf")
LAWS = (
    (1.9, 0.5), (1.6, -0.4), (1.3, 0.0), (1.02, 0.6), (1.0, -0.5), (0.9, 0.3), (0.6, -0.5),
    (0.4, 0.2),
)  # fmt: skip
NAMES = ("alpha", "beta", "loc", "scale")


def direct(x, fit):
    """The log-likelihood by the exact density and an exact sum."""
    return math.fsum(np.asarray(stable.logpdf(x, *fit)))


# ---- the parts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("alpha", "beta"), [*LAWS, (1.99, 0.1), (1.5, 1.0), (1.999, -1.0)])
def test_panels_are_the_log_density_and_its_derivatives(alpha, beta):
    low = -6.0 if beta == 1 else -1e4
    high = 6.0 if beta == -1 else 1e4
    x = np.sort(np.random.default_rng(0).uniform(math.asinh(low), math.asinh(high), 300))
    x = np.sinh(x)
    values, slope = _fit_mle.score_panels(alpha, beta, low, high)(x)
    exact = np.asarray(stable.logpdf(x, alpha, beta))
    assert np.max(np.abs(values[0] - exact)) < 1e-5
    h = 1e-3 * np.hypot(1, x)
    rise = [np.asarray(stable.logpdf(x + k * h, alpha, beta)) for k in (-2, -1, 1, 2)]
    by_x = (rise[0] - 8 * rise[1] + 8 * rise[2] - rise[3]) / (12 * h)
    assert np.max(np.abs(slope - by_x) * np.hypot(1, x) / (1 + np.abs(by_x * x))) < 1e-4
    step = 1e-4 * (2 - alpha)
    by_alpha = (stable.logpdf(x, alpha + step, beta) - stable.logpdf(x, alpha - step, beta)) / (
        2 * step
    )
    error = np.abs(-values[1] / (2 - alpha) - by_alpha)
    # panels are halved by the first function alone: its derivative may be less smooth
    assert np.max(error / (1 + np.abs(by_alpha))) < 1e-3


def test_panels_evaluate_rough_places_directly():
    def edge(x, which=slice(None)):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x > 1, np.log(np.maximum(x - 1, 0)), -np.inf)[None][which]

    x = np.array([0.5, 1.0, 1.0 + 1e-9, 1.0001, 1.5, 3.0])
    (values,), _ = Panels(edge, 0.0, 4.0)(x)
    assert np.all(np.isneginf(values[:2]))
    assert np.max(np.abs(values[2:] - edge(x)[0][2:])) < 1e-5


def test_the_information_is_that_of_the_closed_laws():
    assert np.allclose(np.diag(information((2.0, 0.0, 0.0, 1.0))), [0, 0, 0.5, 2], atol=1e-8)
    cauchy = information((1.0, 0.0, 5.0, 2.0))
    assert np.allclose(np.diag(cauchy)[2:], 0.5 / 4, rtol=1e-6)
    levy = information((0.5, 1.0, 0.0, 1.0))
    # in S1 the location has 21/2 and the scale, which moves the location of S0 with it, 1/2
    move = np.array([0.0, 0.0, 1.0, 1.0])
    assert math.isclose(levy[2, 2], 10.5, rel_tol=1e-4)
    assert math.isclose(move @ levy @ move, 0.5, rel_tol=1e-3)


@pytest.mark.parametrize(("alpha", "beta"), [(1.5, 0.3), (0.7, -0.5), (1.8, 0.0)])
def test_the_information_is_the_variance_of_the_scores(alpha, beta):
    t = np.linspace(-60, 60, 60_001) / min(alpha, 1.0)
    x = np.sinh(t)
    mass = np.asarray(stable.pdf(x, alpha, beta)) * np.cosh(t) * (t[1] - t[0])
    h = 1e-4
    law = stable.StableDistribution
    scores = np.stack(
        [
            (law(alpha + h, beta).logpdf(x) - law(alpha - h, beta).logpdf(x)) / (2 * h),
            (law(alpha, beta + h).logpdf(x) - law(alpha, beta - h).logpdf(x)) / (2 * h),
        ]
    )
    exact = np.einsum("ik,jk,k->ij", scores, scores, mass)
    assert np.allclose(information((alpha, beta, 0.0, 1.0))[:2, :2], exact, rtol=1e-4, atol=1e-5)


def test_the_quantile_tables_are_those_of_the_law():
    rng = np.random.default_rng(1)
    for alpha, beta in zip(rng.uniform(0.1, 2, 25), rng.uniform(0, 1, 25), strict=True):
        q05, q25, q50, q75, q95 = stable.ppf(PROBABILITIES, alpha, beta).tolist()
        exact = [
            alpha * math.log((q95 - q05) / (q75 - q25)),
            (q95 + q05 - 2 * q50) / (q95 - q05),
            alpha * math.log(q75 - q25),
            q50 / (q75 - q25),
        ]
        # 3e-4 is the largest error that make_stable_quantiles.py prints
        assert np.max(np.abs(_functions_at(alpha, beta) - exact)) < 5e-4


# ---- estimates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("alpha", "beta"), LAWS)
def test_the_likelihood_has_its_maximum_at_the_estimate(alpha, beta):
    x = sample(1000, alpha, beta, -3.0, 0.1, seed=11)
    fit = fit_stable(x)
    best = direct(x, fit.estimate)
    assert abs(fit.loglikelihood - best) < 1e-3  # 1000 values, each within 1e-6
    for k, error in enumerate(fit.stderr):
        for sign in (-1, 1):
            moved = list(fit.estimate)
            moved[k] += sign * 0.2 * error
            if moved[0] <= 2 and abs(moved[1]) <= 1:
                assert direct(x, moved) < best


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("alpha", "beta"), LAWS)
def test_estimates_are_near_the_truth(alpha, beta, method):
    x = sample(10_000, alpha, beta, 5.0, 3.0, seed=12)
    fit = fit_stable(x, method)
    for value, truth, error in zip(fit.estimate, (alpha, beta, 5.0, 3.0), fit.stderr, strict=True):
        assert math.isnan(error) or abs(value - truth) < 4.5 * error


def test_a_larger_alpha_gives_a_larger_estimate_with_the_same_numbers():
    alphas = (0.7, 1.0, 1.3, 1.6)
    for method in METHODS:
        found = [fit_stable(sample(2000, a, 0.2, seed=1), method).alpha for a in alphas]
        assert found == sorted(found)


@pytest.mark.parametrize("method", METHODS)
def test_estimates_move_with_the_data(method):
    x = sample(3000, 1.4, 0.3, seed=13)
    one, other = fit_stable(x, method), fit_stable(1e-3 * x - 7.0, method)
    mirrored = fit_stable(-x, method)
    close = {"rel_tol": 1e-5, "abs_tol": 1e-5}
    for name, value in (("alpha", one.alpha), ("beta", one.beta)):
        assert math.isclose(getattr(other, name), value, **close)
    assert math.isclose(other.loc, 1e-3 * one.loc - 7, rel_tol=1e-6)
    assert math.isclose(other.scale, 1e-3 * one.scale, rel_tol=1e-5)
    assert math.isclose(mirrored.alpha, one.alpha, **close)
    assert math.isclose(mirrored.beta, -one.beta, **close)
    assert math.isclose(mirrored.loc, -one.loc, **close)


@pytest.mark.parametrize("method", METHODS)
def test_parameters_that_are_given_stay(method):
    x = sample(3000, 1.4, 0.3, 2.0, 0.5, seed=14)
    for given in ({"beta": 0.3}, {"loc": 2.0}, {"scale": 0.5}, {"beta": 0.0, "loc": 2.0},
                  {"beta": 0.3, "loc": 2.0, "scale": 0.5}):  # fmt: skip
        fit = fit_stable(x, method, **given)
        assert fit.given == tuple(name for name in NAMES if name in given)
        for name, value in given.items():
            assert getattr(fit, name) == value
            assert getattr(fit.stderr, name) == 0
        assert fit.stderr.alpha > 0
        assert abs(fit.alpha - 1.4) < 5 * fit.stderr.alpha


# ---- bounds --------------------------------------------------------------------------------------


def test_normal_data_are_at_the_bound_of_alpha():
    x = np.random.default_rng(3).normal(4.0, 2.0, 5000)
    x = np.concatenate([x, 8.0 - x])  # symmetric, with a kurtosis below 3
    x = x[np.abs(x - 4.0) < 6.0]
    fit = fit_stable(x)
    assert fit.alpha == 2
    assert fit.beta == 0
    assert fit.edge.startswith("alpha is 2, its upper bound")
    assert math.isnan(fit.stderr.alpha)
    assert math.isnan(fit.stderr.beta)
    mean, variance = math.fsum(x) / x.size, np.var(x)
    assert math.isclose(fit.loc, mean, rel_tol=1e-12)
    assert math.isclose(2 * fit.scale**2, variance, rel_tol=1e-11)
    assert math.isclose(fit.stderr.loc, math.sqrt(variance / x.size), rel_tol=1e-6)
    assert fit.tail_exponent == math.inf
    assert "alpha is 2" in str(fit)


@pytest.mark.parametrize(
    ("alpha", "beta", "words"),
    [
        (1.2, 1.0, "beta is +1, its bound: no value speaks for a heavy left tail, the left tail"),
        (1.5, -1.0, "beta is -1, its bound: no value speaks for a heavy right tail, the right"),
        (0.5, 1.0, "beta is +1, its bound: no value speaks for a heavy left tail, the support"),
    ],
)
def test_one_sided_laws_are_at_the_bound_of_beta(alpha, beta, words):
    x = sample(4000, alpha, beta, 1.0, 2.0, seed=15)
    fit = fit_stable(x)
    assert fit.beta == beta
    assert fit.edge.startswith(words)
    assert math.isnan(fit.stderr.beta)
    assert abs(fit.alpha - alpha) < 4.5 * fit.stderr.alpha
    assert abs(fit.loc - 1.0) < 4.5 * fit.stderr.loc
    # a beta that was given is no finding
    assert fit_stable(x, beta=beta).edge == ""


def test_heavier_tails_than_are_tried_are_named():
    x = sample(2000, 0.05, 0.0, seed=2)
    assert fit_stable(x, "quantile").edge.startswith("alpha is 0.1, the lowest that is tried")


# ---- weights, bins, sketches ---------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_weights_count_values(method):
    x = sample(400, 1.4, 0.3, seed=16)
    counts = np.random.default_rng(0).integers(0, 4, x.size)
    weighted, repeated = (
        fit_stable(x, method, weights=counts),
        fit_stable(np.repeat(x, counts), method),
    )
    assert weighted.n == repeated.n == counts.sum()
    tolerance = 0.1 if method == "quantile" else 2e-3  # lines between other points
    for name in NAMES:
        error = getattr(repeated.stderr, name)
        one, other = getattr(weighted, name), getattr(repeated, name)
        assert abs(one - other) < tolerance * error


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("alpha", "beta"), [(1.7, 0.3), (1.0, 0.0), (0.6, -0.5)])
def test_bins_move_estimates_less_than_they_say(alpha, beta, method, monkeypatch):
    x = sample(40_000, alpha, beta, 5.0, 3.0, seed=17)
    binned = fit_stable(x, method)
    sketched = fit_stable(TailSketch("float64").update(x), method)
    monkeypatch.setattr(_points, "EXACT", x.size)
    exact = fit_stable(x, method)
    assert exact.binning_error == 0
    for fit in (binned, sketched):
        assert 0 < fit.binning_error < 1
        assert len(fit.points.x) < 35_000
        if method == "mle":
            assert abs(fit.loglikelihood - exact.loglikelihood) < fit.binning_error
        # alpha below 1: the characteristic function is rough where the scale moves its frequencies
        largest = 0.3 if method == "ecf" and alpha < 1 else 0.05
        for name in NAMES:
            moved = abs(getattr(fit, name) - getattr(exact, name)) / getattr(exact.stderr, name)
            assert moved < largest
            assert method != "mle" or moved < 2 * math.sqrt(fit.binning_error)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_matrix_in_blocks_is_fitted_from_its_sketch(dtype):
    values = sample((300, 100), 1.6, 0.2, 0.0, 0.05, seed=18).clip(-6e4, 6e4).astype(dtype)
    blocks = SimpleNamespace(
        shape=values.shape,
        dtype=dtype,
        row_blocks=lambda size: iter(np.array_split(values, 7)),
    )
    for method in METHODS:
        fit, whole = fit_stable(blocks, method), fit_stable(values.astype(float), method)
        for name in NAMES:
            moved = abs(getattr(fit, name) - getattr(whole, name))
            assert moved < 0.05 * getattr(whole.stderr, name)


def test_zeros_and_ties_in_a_sketch_count():
    x = np.concatenate([sample(3000, 1.6, 0.2, seed=19), np.zeros(50), np.full(30, -1.5)])
    fit, whole = fit_stable(TailSketch("float64").update(x)), fit_stable(x)
    assert fit.n == x.size
    assert abs(fit.alpha - whole.alpha) < 0.05 * whole.stderr.alpha


# ---- arguments -----------------------------------------------------------------------------------

BAD = [
    (dict(x=[]), ValueError, "x must not be empty"),
    (dict(x=[1.0, math.nan]), ValueError, "x must be finite, got 1 NaN or infinite values"),
    (dict(x=[2.0, 2.0]), ValueError, "x must have two different values, got 2.0 alone"),
    (dict(x=[0.0] * 9 + [1.0]), ValueError,
     "x must have different quartiles, got 0.0 for both: too many values are equal for a "
     "continuous law"),
    (dict(method="ml"), ValueError, "method must be one of 'mle', 'quantile', 'ecf', got 'ml'"),
    (dict(beta=1.5), ValueError, "beta must be in [-1, 1], got 1.5"),
    (dict(beta=math.nan), ValueError, "beta must be finite, got nan"),
    (dict(loc=math.inf), ValueError, "loc must be finite, got inf"),
    (dict(scale=0), ValueError, "scale must be positive, got 0"),
    (dict(weights=[1.0]), ValueError, "weights must be as many as x, got 1 for 5"),
    (dict(weights=[1, 1, 1, 1, -1]), ValueError, "weights must be finite and 0 or above"),
    (dict(weights=[0.0] * 5), ValueError, "weights must not all be 0"),
    (dict(x=TailSketch("float32"), weights=[1]), ValueError,
     "weights are for arrays: a sketch has counts of its own"),
    (dict(x="abc"), TypeError, "x must be real numbers, got a text"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "kind", "message"), BAD)
def test_bad_arguments_are_named(change, kind, message):
    given = dict(x=[1.0, 2.0, 4.0, 8.0, 9.0]) | change
    with pytest.raises(kind) as error:
        fit_stable(given.pop("x"), **given)
    assert str(error.value).startswith(message)


def test_small_samples_are_fitted():
    for n in range(4, 12):
        for method in METHODS:
            fit = fit_stable(sample(n, 1.5, 0.0, seed=n), method)
            assert 0.1 <= fit.alpha <= 2
            assert -1 <= fit.beta <= 1
            assert fit.scale > 0


def test_the_fit_is_a_frozen_record_with_a_plain_repr():
    fit = fit_stable(sample(500, 1.5, 0.0, seed=1))
    assert "points" not in repr(fit)
    assert repr(fit).startswith("StableFit(alpha=1.")
    assert isinstance(fit.alpha, float)
    assert fit.law == stable.StableDistribution(*fit.estimate)
    with pytest.raises(AttributeError):
        fit.alpha = 1.0
