"""Stable laws at the ends of the range of doubles: no NaN, no impossible value, the limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from stable_laws import NAMES

from htstats import stable
from htstats.stable import StableDistribution

COUNT = 3000


def draw(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """x, alpha, beta, loc and scale: ordinary numbers, special ones and any bits."""

    def any_bits() -> np.ndarray:
        bits = rng.integers(0, 2**64, COUNT, dtype=np.uint64).view(np.float64)
        return np.where(np.isfinite(bits), bits, 1.0)

    def some(share: float, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.where(rng.uniform(size=COUNT) < share, one, other)

    special = [0.05, 0.5, 1 - 1e-7, 1.0, 1 + 1e-7, 1.5, 2 - 1e-8, 2.0]
    alpha = some(0.5, rng.choice(special, COUNT), rng.uniform(1e-9, 2, COUNT))
    alpha = some(0.1, 10 ** rng.uniform(-300, 0, COUNT), alpha)
    special = [-1.0, 1.0, 0.0, 0.5, 1 - 1e-16, 1e-16 - 1, 5e-324, 1e-300]
    beta = some(0.6, rng.choice(special, COUNT), rng.uniform(-1, 1, COUNT))
    x = some(0.3, any_bits(), rng.choice((-1.0, 1.0), COUNT) * 10 ** rng.uniform(-3, 3, COUNT))
    special = [5e-324, -5e-324, 1e-310, -1e-310, 1e308, -1e308, 1.797e308, 0.0, 1e-300, -1e-300]
    x = some(0.2, rng.choice(special, COUNT), x)
    loc = some(0.7, np.zeros(COUNT), any_bits())
    scale = some(0.7, np.ones(COUNT), np.maximum(np.abs(any_bits()), 5e-324))
    return x, alpha, beta, loc, scale


@pytest.mark.parametrize("parameterization", ["S0", "S1"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(4))
def test_no_value_is_impossible(name, parameterization, seed):
    arguments = draw(np.random.default_rng(seed))
    with np.errstate(over="ignore"):
        found = getattr(stable, name)(*arguments, parameterization=parameterization)
    assert not np.isnan(found).any()
    if name in ("cdf", "sf"):
        assert np.all((found >= 0) & (found <= 1))
    elif name in ("logcdf", "logsf"):
        assert np.all(found <= 0)
    elif name == "pdf":
        assert np.all(found >= 0)


def check_nothing_left(
    law: StableDistribution, x: float, empty: str, full: str, most: float
) -> None:
    """The density and the tail `empty` are 0, their logs below `most`; the tail `full` is 1."""
    values = [getattr(law, name)(x) for name in ("pdf", empty, full, f"log{full}")]
    assert values == [0, 0, 1, 0]
    assert max(law.logpdf(x), getattr(law, f"log{empty}")(x)) < most


@pytest.mark.parametrize("size", [1e151, 1e155, 1e200, 1e300, 1e306, 1.7e308])
@pytest.mark.parametrize(
    ("alpha", "beta"), [(2.0, 0.0), (1.0, 1.0), (1.2, 1.0), (1.0 + 1e-9, 1.0), (1.9, 1.0)]
)
def test_far_in_a_light_tail_nothing_is_left(alpha, beta, size):
    """Its logs may be below all doubles. The law of -X has the same values on the other side."""
    for x, b, one, other in ((-size, beta, "cdf", "sf"), (size, -beta, "sf", "cdf")):
        for scale in (1.0, 1e-100):
            check_nothing_left(StableDistribution(alpha, b, scale=scale), x, one, other, -1e200)


FAR = [(1e299, 1.0), (1e301, 1.0), (9e307, 1.0), (1.7e308, 1.0), (1e200, 1e-150), (1.7e308, 1e-308)]
ALPHAS = [0.1, 0.3, 0.5, 0.85, 0.87, 0.9, 0.999, 1.0, 1.0001, 1.2, 1.5, 1.9, 1.999]


@pytest.mark.parametrize(("x", "scale"), FAR)
@pytest.mark.parametrize("beta", [0.0, 0.7, -0.5, 1.0])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_heavy_tail_ends_as_a_power_law(alpha, beta, x, scale):
    """The next term of the series is smaller by x^-alpha, which is below 1e-29."""
    constant = (1 + beta) * math.sin(math.pi * alpha / 2) * math.gamma(alpha) / math.pi
    log_z = math.log(x) - math.log(scale)
    tail = math.log(constant) - alpha * log_z
    density = tail + math.log(alpha) - log_z - math.log(scale)
    for kind in ("S0", "S1"):
        law = StableDistribution(alpha, beta, scale=scale, parameterization=kind)
        assert law.logsf(x) == pytest.approx(tail, rel=1e-13)
        assert law.logpdf(x) == pytest.approx(density, rel=1e-13)
        if scale == 1:  # one rounding of log x, which is near 709, moves x by 1e-13
            assert law.log_isf(law.logsf(x)) == pytest.approx(x, rel=2e-12)


@pytest.mark.parametrize("level", [-1e20, -1e100, -1e300, -8.3e307, -1.7e308])
@pytest.mark.parametrize("alpha", [1.2, 1.5, 1.9, 1.9999999])
def test_quantiles_of_the_light_tail_reach_the_largest_logs(alpha, level):
    x = stable.log_isf(level, alpha, -1.0)
    assert stable.logsf(x, alpha, -1.0) == pytest.approx(level, rel=1e-12)
    assert stable.log_isf(math.nextafter(-math.inf, 0), alpha, -1.0) >= x


@pytest.mark.parametrize("z", [5e-324, 1e-310, 1e-300, 1e-200])
@pytest.mark.parametrize("alpha", [0.3, 0.5, 0.9])
def test_next_to_the_edge_of_the_support_nothing_is_left(alpha, z):
    for x, beta, one, other in ((z, 1.0, "cdf", "sf"), (-z, -1.0, "sf", "cdf")):
        law = StableDistribution(alpha, beta, parameterization="S1")
        check_nothing_left(law, x, one, other, -1e10)


@pytest.mark.parametrize("x", [2**53 + 1, 2**60, -(2**63), 2**64 - 1, 10**30, -(10**300)])
@pytest.mark.parametrize("name", NAMES)
def test_large_integers_are_numbers(name, x):
    """Elsewhere an integer above 2^53 is a count beyond all others; here it is a point."""
    function = getattr(stable, name)
    right = function(float(x), 1.5, 0.3)
    assert function(x, 1.5, 0.3) == right
    assert function([x, x], 1.5, 0.3).tolist() == [right, right]
    if -(2**63) <= x < 2**63:
        assert function(np.array([x]), 1.5, 0.3).tolist() == [right]
    assert StableDistribution(1.5, 0.3).pdf(x) == stable.pdf(float(x), 1.5, 0.3)


def test_integers_beyond_all_floats_are_infinite():
    assert stable.cdf(10**400, 1.5, 0.3) == 1
    assert stable.cdf([-(10**400), 10**400], 1.5, 0.3).tolist() == [0, 1]
    with pytest.raises(ValueError, match="loc must be finite"):
        stable.cdf(1.0, 1.5, 0.3, loc=10**400)


@pytest.mark.parametrize("loc", [2**60, 10**25])
def test_large_integers_as_parameters(loc):
    assert stable.cdf(float(loc), 1.5, 0.3, loc) == stable.cdf(0.0, 1.5, 0.3)
    assert stable.cdf(float(loc), 1.5, 0.0, 0, loc) == stable.cdf(1.0, 1.5, 0.0)
    assert math.isclose(stable.ppf(0.7, 1.5, 0.3, 0, loc), loc * stable.ppf(0.7, 1.5, 0.3))
