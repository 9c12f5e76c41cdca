"""Values of stable laws are smooth along x and alpha: no sum stops early by chance.

The error of an integral that has not converged oscillates with x. It then shows in high differences
of values at close points, however small those of the exact function are.
"""

from __future__ import annotations

import numpy as np
import pytest

from htstats import stable

# Differences of order 4 are at most 16 times as large as the noise of the values.
NOISE = 16 * 1e-13


def draw_laws(kind, rng):
    """A law and a point, one of those where methods change or nodes are scarce."""
    sign = rng.choice([-1.0, 1.0])
    alpha, beta = rng.uniform(0.1, 2), rng.uniform(-1, 1)
    x = sign * 10.0 ** rng.uniform(-2, 1.3)
    if kind == "near alpha 1":
        alpha = 1 + sign * 10.0 ** rng.uniform(-9, -1)
    elif kind == "near alpha 2":
        alpha, x = 2 - 10.0 ** rng.uniform(-12, -0.7), sign * 10.0 ** rng.uniform(-6, 0.5)
    elif kind == "beta near 1":
        beta = sign * (1 - 10.0 ** rng.uniform(-12, -0.5))
    elif kind == "no rise on the cut":
        alpha = rng.uniform(1.2, 1.5)
        beta = min(1.0, 1 / np.tan(np.pi * alpha / 2) ** 2) * rng.choice([1.0, 0.999, 0.9])
        x = rng.uniform(1, 6)
    elif kind == "small alpha":
        alpha = rng.uniform(0.1, 0.25)
    return alpha, beta, x


@pytest.mark.parametrize(
    "kind",
    ["any", "near alpha 1", "near alpha 2", "beta near 1", "no rise on the cut", "small alpha"],
)
def test_values_are_smooth_along_x(kind):
    rng = np.random.default_rng(6)
    for _ in range(60):
        alpha, beta, middle = draw_laws(kind, rng)
        x = middle * (1 + 2e-5 * np.arange(-100, 101))
        upper, lower = stable.logsf(x, alpha, beta), stable.logcdf(x, alpha, beta)
        tail = upper if upper[100] < lower[100] else lower
        for values in (stable.logpdf(x, alpha, beta), tail):
            if not np.all(np.isfinite(values)) or np.max(np.abs(values)) > 600:
                continue
            differences = np.max(np.abs(np.diff(values, 4)))
            assert differences < NOISE * max(1.0, np.max(np.abs(values)) / 10), (
                alpha,
                beta,
                middle,
            )


@pytest.mark.parametrize("beta", [-1.0, -0.6, 0.0, 0.03, 0.9, 1.0])
@pytest.mark.parametrize("centre", [0.5, 0.7, 0.9, 1 - 1e-3, 1 + 1e-3, 1.1, 1.5])
def test_values_are_smooth_along_alpha(centre, beta):
    """Across alphas at which the method changes."""
    alpha = centre + 1e-6 * np.arange(-100.5, 101)
    for x in (-3.0, -0.4, 0.7, 5.0, 30.0):
        upper, lower = stable.logsf(x, alpha, beta), stable.logcdf(x, alpha, beta)
        tail = upper if upper[100] < lower[100] else lower
        if np.all(np.isfinite(tail)) and np.max(np.abs(tail)) < 600:
            differences = np.max(np.abs(np.diff(tail, 4)))
            assert differences < NOISE * max(1.0, np.max(np.abs(tail)) / 10), x


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.12, 0.15, 0.2, 0.3])
def test_densities_are_exact_where_their_two_factors_are_out_of_range(alpha):
    """At a small x in a light tail the density is a large number times a denormal one."""
    for x in 10.0 ** np.arange(-80.0, 0.0, 0.25):
        log = stable.logpdf(x, alpha, 1.0, parameterization="S1")
        if -690 < log < -600:
            found = stable.pdf(x, alpha, 1.0, parameterization="S1")
            assert np.log(found) == pytest.approx(log, rel=1e-14)


@pytest.mark.parametrize("alpha", [0.008, 0.01, 0.02, 0.04, 0.06, 0.09])
def test_tails_of_small_alpha_add_up(alpha):
    for beta in (-0.9, -0.09, 0.0, 0.5, 0.99):
        x = 10.0 ** np.arange(-220.0, 200.0, 7.0)
        kind = {"parameterization": "S1"}
        total = stable.cdf(x, alpha, beta, **kind) + stable.sf(x, alpha, beta, **kind)
        np.testing.assert_allclose(total, 1.0, rtol=1e-12)
