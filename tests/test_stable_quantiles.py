"""Quantiles of stable laws: the search ends at the right number, and quantiles are monotone."""

from __future__ import annotations

import numpy as np
import pytest

from htstats import stable

# Laws with a tail that is flat in asinh(x), where steps of Newton's method are too long, and a
# level at which a version of the search gave a wrong number or needed 170 steps.
FLAT = [
    (0.40155764312019826, 0.9999999999639089, -0.0164008345790166),
    (0.68305835118863079, 0.83837997847579637, -0.2),
]


def draw_laws(seed, n):
    """Arrays of alpha and beta: over all laws, near alpha = 1, near abs(beta) = 1."""
    rng = np.random.default_rng(seed)
    sign = rng.choice([-1.0, 1.0], n)
    near = 1 + rng.choice([-1.0, 1.0], n) * 10.0 ** rng.uniform(-9, -1, n)
    alpha = np.where(rng.random(n) < 0.3, near, rng.uniform(0.1, 2, n))
    edge = sign * (1 - 10.0 ** rng.uniform(-12, -1, n))
    kind = rng.integers(0, 3, n)
    beta = np.where(kind == 0, edge, np.where(kind == 1, sign, rng.uniform(-1, 1, n)))
    return alpha, beta


def errors(level, alpha, beta, parameterization):
    """The error of log_isf in x that the smaller tail at its result shows, and the rounding of
    that tail's log; both in units of max(1, abs(x))."""
    kind = {"parameterization": parameterization}
    x = stable.log_isf(level, alpha, beta, **kind)
    lower = np.log(-np.expm1(level))
    is_upper = level < lower
    want = np.where(is_upper, level, lower)
    tails = stable.logsf(x, alpha, beta, **kind), stable.logcdf(x, alpha, beta, **kind)
    found, density = np.where(is_upper, *tails), stable.logpdf(x, alpha, beta, **kind)
    assert not np.any(np.isnan(x))
    # farther out, quantiles or logarithms overflow
    near = np.isfinite(found) & np.isfinite(density) & (np.abs(x) < 1e290)
    with np.errstate(invalid="ignore"):
        slope = np.exp(np.clip(found - density, -700, 700)) / np.maximum(1.0, np.abs(x))
        error = np.where(near, np.abs(found - want) * slope, 0.0)
        return error, np.where(near, 1e-15 * np.abs(want) * slope, 0.0)


@pytest.mark.parametrize("parameterization", ["S0", "S1"])
@pytest.mark.parametrize(
    ("seed", "low", "high"), [(1, -12, 0), (2, -3, 0.5), (3, 0, 2.8), (4, 2, 6)]
)
def test_the_tail_at_a_quantile_is_its_probability(seed, low, high, parameterization):
    alpha, beta = draw_laws(seed, 4000)
    level = -(10.0 ** np.random.default_rng(seed).uniform(low, high, alpha.size))
    error, rounding = errors(level, alpha, beta, parameterization)
    worst = np.argmax(error - rounding)
    assert error[worst] < 1e-12 + rounding[worst], (level[worst], alpha[worst], beta[worst])


@pytest.mark.parametrize(("alpha", "beta", "level"), FLAT)
def test_where_the_tail_is_flat(alpha, beta, level):
    levels = level * np.geomspace(0.1, 10, 2001)
    for sign in (1.0, -1.0):
        error, rounding = errors(levels, alpha, sign * beta, "S0")
        assert np.all(error < 1e-12 + rounding)


@pytest.mark.parametrize("step", [1e-6, 1e-9, 1e-11])
def test_quantiles_are_monotone_on_fine_grids(step):
    alpha, beta = draw_laws(5, 60)
    first = np.random.default_rng(5).uniform(1e-3, 0.99, alpha.size)
    q = first[:, None] * (1 + step * np.arange(60))
    x = stable.ppf(q, alpha[:, None], beta[:, None])
    assert np.all(np.diff(x, axis=1) >= 0)
    x = stable.log_isf(np.log(q), alpha[:, None], beta[:, None])
    assert np.all(np.diff(x, axis=1) <= 0)
