"""Stable laws with alpha below .1, against the power series in x_S1^-alpha."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from errors import relative_error

from htstats import stable

# What docs/accuracy-stable.md states for alpha below .1.
STATED = 1e-11


def series(alpha: float, beta: float, z: float) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
    """The density and both tails at x_S1 = z > 0. Terms grow to exp(z^-alpha) before they fall."""
    with mp.workdps(60):
        a, b = mp.mpf(alpha), mp.mpf(beta)
        half = mp.pi * a / 2
        q = -mp.expj(-half) * (1 - 1j * b * mp.tan(half)) * mp.mpf(z) ** -a
        term, density, upper = mp.mpc(1), mp.mpf(0), mp.mpf(0)
        for n in range(1, 400):
            term *= q / n
            part = term.imag * mp.gamma(n * a)
            density += part * n * a
            upper += part
            if n > 40 and abs(term) * mp.gamma(n * a + 1) < mp.mpf(10) ** -55:
                break
        else:
            raise ValueError(f"the series needs more terms at {alpha!r}, {beta!r}, {z!r}")
        upper /= mp.pi
        return density / (mp.pi * z), 1 - upper, upper


def check(alpha: float, beta: float, z: float) -> None:
    """Compare the density, both tails and their logs with the series; also those of the mirror."""
    right = series(alpha, beta, z)
    for sign, names in ((1.0, ("pdf", "cdf", "sf")), (-1.0, ("pdf", "sf", "cdf"))):
        for name, value in zip(names, right, strict=True):
            law = {"alpha": alpha, "beta": sign * beta, "parameterization": "S1"}
            if 1e-300 < value < 1e300:
                found = getattr(stable, name)(sign * z, **law)
                assert relative_error(found, value) < STATED, (name, sign)
            log = mp.log(value) if value < 0.5 or name == "pdf" else mp.log1p(value - 1)
            found = getattr(stable, f"log{name}")(sign * z, **law)
            assert abs(mp.mpf(found) - log) <= STATED * max(1, abs(log)), (name, sign)


@pytest.mark.parametrize("alpha", [1e-3, 0.005, 0.02, 0.05, 0.08, 0.099])
@pytest.mark.parametrize("beta", [-0.5, 0.0, 0.7, 1 - 1e-9, 1.0])
@pytest.mark.parametrize("z", [1e-40, 0.1, 3.0, 1e6, 1e40, 1e200])
def test_values(alpha, beta, z):
    if z**-alpha < 60:
        check(alpha, beta, z)


@pytest.mark.parametrize("alpha", [1e-3, 0.004, 0.016, 0.03, 0.06, 0.09])
@pytest.mark.parametrize("gap", [0.0, 1e-16, 1e-9, 1e-4])
def test_the_light_tail_at_the_edge(alpha, gap):
    """Near the edge of the support P(X <= z) is about exp(-z^-alpha), and must keep its digits."""
    for power in (1.5, 3.0, 4.5, 6.0, 12.0, 25.0):
        z = math.exp(-math.log(power) / alpha)
        if z > 1e-300:
            check(alpha, 1 - gap, z)


@pytest.mark.parametrize("seed", range(8))
def test_random_laws(seed):
    rng = np.random.default_rng(seed)
    for _ in range(40):
        alpha = 10 ** rng.choice((rng.uniform(-3, -1), rng.uniform(-16, -3)))
        beta = rng.choice((rng.uniform(-1, 1), 1.0, 1 - 10 ** rng.uniform(-16, -1)))
        power = 10 ** rng.uniform(-1, 1.5)
        z = math.exp(min(690.0, max(-690.0, -math.log(power) / alpha)))
        check(alpha, beta, z)
