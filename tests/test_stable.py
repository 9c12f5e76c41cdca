"""Stable laws: arguments, symmetries, limits, closed forms, random bits."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from errors import relative_error
from hypothesis import given
from hypothesis import strategies as st
from stable_laws import INVERSES, LAWS, NAMES, POINTS, alphas, anything, betas

from htstats import stable
from htstats.stable import StableDistribution

# ---- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, *INVERSES])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 0.0}, r"alpha must be in \(0, 2\], got 0.0"),
        ({"alpha": 2.5}, r"alpha must be in \(0, 2\], got 2.5"),
        ({"alpha": -1}, r"alpha must be in \(0, 2\], got -1"),
        ({"alpha": math.nan}, "alpha must not be NaN"),
        ({"beta": 1.5}, r"beta must be in \[-1, 1\], got 1.5"),
        ({"beta": math.nan}, "beta must not be NaN"),
        ({"scale": 0.0}, "scale must be above 0 and finite, got 0.0"),
        ({"scale": -2.0}, "scale must be above 0 and finite, got -2.0"),
        ({"scale": math.inf}, "scale must be above 0 and finite, got inf"),
        ({"scale": math.nan}, "scale must not be NaN"),
        ({"loc": math.inf}, "loc must be finite, got inf"),
        ({"loc": math.nan}, "loc must not be NaN"),
        ({"parameterization": "S2"}, "parameterization must be 'S0' or 'S1', got 'S2'"),
        ({"parameterization": None}, "parameterization must be 'S0' or 'S1', got None"),
        ({"alpha": [1.5, 3.0]}, r"alpha must be in \(0, 2\], got 3.0 at index 1"),
    ],
)
def test_bad_arguments_are_named(name, change, message):
    law = {"alpha": 1.5, "beta": 0.5} | change
    with pytest.raises(ValueError, match=message):
        getattr(stable, name)(-0.5 if name == "log_isf" else 0.5, **law)
    if not isinstance(law["alpha"], list):
        with pytest.raises(ValueError, match=message):
            StableDistribution(**law)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("pdf", math.nan, "x must not be NaN"),
        ("ppf", 1.5, r"q must be in \[0, 1\], got 1.5"),
        ("isf", -0.1, r"q must be in \[0, 1\], got -0.1"),
        ("isf", math.nan, "q must not be NaN"),
        ("log_isf", 0.1, "level must be 0 or below, got 0.1"),
    ],
)
def test_bad_first_arguments_are_named(name, value, message):
    for function in (
        lambda v: getattr(stable, name)(v, 1.5, 0.5),
        getattr(StableDistribution(1.5, 0.5), name),
    ):
        with pytest.raises(ValueError, match=message):
            function(value)
        with pytest.raises(ValueError, match=message):
            function(np.full(5000, value))


def test_what_is_no_number_is_a_type_error():
    with pytest.raises(TypeError):
        stable.pdf("a", 1.5, 0.0)
    with pytest.raises(TypeError, match="alpha must be a number"):
        StableDistribution([1.5], 0.0)


@pytest.mark.parametrize("name", [*NAMES, *INVERSES])
def test_empty_input_gives_an_empty_result(name):
    for found in (
        getattr(stable, name)([], 1.5, 0.5),
        getattr(StableDistribution(1.5, 0.5), name)(np.empty((0, 3))),
    ):
        assert found.size == 0
        assert found.dtype == np.float64


def test_arguments_broadcast_into_out():
    x, alpha = np.linspace(-3, 3, 7), np.array([[0.7], [1.0], [1.8]])
    want = np.array([[stable.cdf(float(v), float(a[0]), 0.3) for v in x] for a in alpha])
    np.testing.assert_array_equal(stable.cdf(x, alpha, 0.3), want)
    out = np.empty((3, 14))[:, ::2]
    assert stable.cdf(x, alpha, 0.3, out=out) is out
    np.testing.assert_array_equal(out, want)
    with pytest.raises(ValueError, match="out must be"):
        stable.cdf(x, alpha, 0.3, out=np.empty(7))
    with pytest.raises(ValueError, match="x, alpha, beta, loc and scale must broadcast"):
        stable.cdf(x, [1.0, 1.2], 0.3)


@pytest.mark.parametrize("name", [*NAMES, *INVERSES])
def test_threads_change_no_bit(name):
    x = np.random.default_rng(1).uniform(size=5000)
    x = -x if name == "log_isf" else x if name in INVERSES else 40 * x - 20
    law = StableDistribution(1.3, 0.4, 0.5, 2.0)
    one = getattr(law, name)(x)
    np.testing.assert_array_equal(one, getattr(law, name)(x, n_threads=4))
    direct = getattr(stable, name)(x[:2500], 1.3, 0.4)
    np.testing.assert_array_equal(direct, getattr(stable, name)(x[:2500], 1.3, 0.4, n_threads=3))


@pytest.mark.parametrize("law", LAWS)
def test_infinite_x_gives_the_limits(law):
    for parameterization in ("S0", "S1"):
        found = {
            name: getattr(stable, name)(
                [-math.inf, math.inf], *law, parameterization=parameterization
            ).tolist()
            for name in NAMES
        }
        assert found == {
            "pdf": [0.0, 0.0],
            "logpdf": [-math.inf, -math.inf],
            "cdf": [0.0, 1.0],
            "logcdf": [-math.inf, 0.0],
            "sf": [1.0, 0.0],
            "logsf": [0.0, -math.inf],
        }


# ---- symmetries ----------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
def test_mirror_image_to_the_bit(law):
    alpha, beta = law
    x = np.array(POINTS)
    for parameterization in ("S0", "S1"):
        kind = {"parameterization": parameterization}
        for name, other in (("pdf", "pdf"), ("cdf", "sf"), ("logcdf", "logsf")):
            np.testing.assert_array_equal(
                getattr(stable, name)(x, alpha, beta, **kind),
                getattr(stable, other)(-x, alpha, -beta, **kind),
            )
        q = np.array([1e-30, 0.01, 0.3, 0.9])
        np.testing.assert_array_equal(
            stable.ppf(q, alpha, beta, **kind), -stable.isf(q, alpha, -beta, **kind)
        )


@pytest.mark.parametrize("law", LAWS)
def test_tails_add_up_and_logs_are_logs(law):
    x = np.array(POINTS)
    lower, upper = stable.cdf(x, *law), stable.sf(x, *law)
    np.testing.assert_allclose(lower + upper, 1.0, rtol=1e-13)
    np.testing.assert_array_less(-1e-300, lower)
    for plain, log in (
        (stable.pdf(x, *law), stable.logpdf(x, *law)),
        (lower, stable.logcdf(x, *law)),
        (upper, stable.logsf(x, *law)),
    ):
        seen = plain > 1e-300
        np.testing.assert_allclose(np.exp(log[seen]), plain[seen], rtol=5e-13)
        assert np.all(log[~seen] < -690)


@pytest.mark.parametrize("law", LAWS)
def test_shift_and_scale(law):
    alpha, beta = law
    x, loc, scale = np.array([-30.0, -2.5, 0.5, 8.0]), 3.0, 4.0  # exact in doubles
    for parameterization in ("S0", "S1"):
        kind = {"parameterization": parameterization}
        moved = 0.0
        if alpha == 1 and parameterization == "S1":
            moved = 2 / math.pi * beta * math.log(scale)
        for name, factor in (("pdf", 1 / scale), ("cdf", 1.0), ("sf", 1.0)):
            got = getattr(stable, name)(loc + scale * x, alpha, beta, loc, scale, **kind)
            want = getattr(stable, name)(x - moved, alpha, beta, **kind)
            np.testing.assert_allclose(got, want * factor, rtol=1e-12, atol=1e-290)


@pytest.mark.parametrize("beta", [-1.0, -0.4, 0.3, 1.0])
def test_s1_moves_with_the_scale_at_alpha_one(beta):
    """2 X has the law with scale 2 and location 2 loc only up to (2/pi) beta scale log scale."""
    scale = 2.0
    shift = 2 / math.pi * beta * scale * math.log(scale)
    x = np.array([-1.0, 0.0, 2.0, 30.0])
    np.testing.assert_allclose(
        stable.pdf(x, 1.0, beta, 0.0, scale, parameterization="S1"),
        stable.pdf(x, 1.0, beta, shift, scale, parameterization="S0"),
        rtol=1e-12,
    )
    assert StableDistribution(1.0, beta, 5.0, 1.0, "S1").cdf(6.0) == stable.cdf(1.0, 1.0, beta)


@pytest.mark.parametrize("alpha", [0.3, 0.8, 0.999, 1.001, 1.4, 1.9])
def test_s0_and_s1_differ_by_the_tangent(alpha):
    shift = 0.7 * math.tan(math.pi * alpha / 2)
    x = np.array([-3.0, 0.25, 2.0])
    np.testing.assert_allclose(
        stable.pdf(x, alpha, 0.7),
        stable.pdf(x + shift, alpha, 0.7, parameterization="S1"),
        rtol=1e-11,
    )


# ---- closed forms and limits ---------------------------------------------------------------------


def normal(x):
    x = mp.mpf(x)
    return mp.exp(-x * x / 4) / (2 * mp.sqrt(mp.pi)), mp.erfc(-x / 2) / 2, mp.erfc(x / 2) / 2


def cauchy(x):
    x = mp.mpf(x)
    upper = mp.atan2(1, x) / mp.pi
    return 1 / (mp.pi * (1 + x * x)), mp.atan2(1, -x) / mp.pi, upper


def levy(z):
    z = mp.mpf(z)
    density = mp.exp(-1 / (2 * z)) / mp.sqrt(2 * mp.pi * z**3)
    return density, mp.erfc(1 / mp.sqrt(2 * z)), mp.erf(1 / mp.sqrt(2 * z))


CLOSED = {
    "normal": (2.0, 0.3, normal, [-50.0, -7.3, -1.0, -1e-9, 0.0, 1e-300, 0.7, 3.0, 20.0, 51.0]),
    "Cauchy": (1.0, 0.0, cauchy, [-1e300, -1e9, -3.0, 0.0, 1e-200, 0.1, 77.0, 1e120, 1e307]),
    "Levy": (0.5, 1.0, levy, [7e-4, 1e-2, 0.3, 1.0, 5.5, 1e9, 1e100, 1e160, 1e300]),
}


@pytest.mark.parametrize("case", CLOSED)
def test_closed_forms_to_the_last_digits(case):
    alpha, beta, exact, points = CLOSED[case]
    mp.mp.dps = 40
    for x in points:
        values = exact(x)
        others = (mp.mpf(0), values[2], values[1])
        for name, want, other in zip(("pdf", "cdf", "sf"), values, others, strict=True):
            if want > 1e-300:
                got = getattr(stable, name)(x, alpha, beta, parameterization="S1")
                assert relative_error(got, want) < 2e-15, (name, x)
            log = getattr(stable, "log" + name)(x, alpha, beta, parameterization="S1")
            exact_log = mp.log1p(-other) if 0 < other < 0.5 else mp.log(want)
            grain = 1e-15 if name == "pdf" else 5e-321
            assert relative_error(log, exact_log, grain=grain) < 4e-15, (name, x)


def test_levy_seen_from_the_left():
    for x in (-0.01, -1.0, -1e8):
        got = stable.sf(x, 0.5, -1.0, parameterization="S1")
        assert got == stable.cdf(-x, 0.5, 1.0, parameterization="S1")


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.8, 1 - 1e-9])
def test_one_sided_laws_end_where_they_should(alpha):
    for x in (0.0, -1e-300, -1.0, -1e300):
        kind = {"parameterization": "S1"}
        assert stable.pdf(x, alpha, 1.0, **kind) == 0.0
        assert stable.logpdf(x, alpha, 1.0, **kind) == -math.inf
        assert stable.cdf(x, alpha, 1.0, **kind) == 0.0
        assert stable.sf(x, alpha, 1.0, **kind) == 1.0
        assert stable.logsf(x, alpha, 1.0, **kind) == 0.0
    assert StableDistribution(alpha, 1.0, 2.0, 3.0, "S1").support() == (2.0, math.inf)
    assert StableDistribution(alpha, -1.0, 2.0, 3.0, "S1").support() == (-math.inf, 2.0)
    assert StableDistribution(1.2, 1.0).support() == (-math.inf, math.inf)


def test_density_at_the_origin_of_s1():
    mp.mp.dps = 40
    for alpha in (0.1, 0.4, 0.9, 0.9999, 1.2, 1.9):
        for beta in (-0.9, 0.0, 0.35):
            a, b = mp.mpf(alpha), mp.mpf(beta)
            theta = mp.atan(b * mp.tan(mp.pi * a / 2)) / a
            want = mp.gamma(1 + 1 / a) * mp.cos(theta) * mp.cos(a * theta) ** (1 / a) / mp.pi
            got = stable.pdf(0.0, alpha, beta, parameterization="S1")
            assert relative_error(got, want) < 1e-13
            near = stable.pdf(1e-290, alpha, beta, parameterization="S1")
            assert relative_error(near, want) < 1e-12


def test_the_law_of_the_light_tail():
    assert stable.pdf(-30.0, 1.7, 1.0) == pytest.approx(3.8866e-287, rel=1e-4)
    far = stable.logpdf(-1e6, 1.7, 1.0)
    assert math.isfinite(far)
    # -log f grows as the power alpha/(alpha-1) of the distance
    further = stable.logpdf(-1e7, 1.7, 1.0)
    assert further / far == pytest.approx(10 ** (1.7 / 0.7), rel=1e-5)
    assert stable.logpdf(-1e6, 1.0, 1.0) == -math.inf  # exp(1.5e6) is no double
    assert math.isfinite(stable.logpdf(-400.0, 1.0, 1.0))


@pytest.mark.parametrize("alpha", [0.2, 0.9, 1.0, 1.3, 1.8, 1.999])
@pytest.mark.parametrize("beta", [-0.9, 0.0, 0.5, 1.0])
def test_the_tail_constant(alpha, beta):
    mp.mp.dps = 30
    a = mp.mpf(alpha)
    constant = mp.sin(mp.pi * a / 2) * mp.gamma(a) * (1 + mp.mpf(beta)) / mp.pi
    x = 1e300
    assert stable.logsf(x, alpha, beta) == pytest.approx(
        float(mp.log(constant) - a * mp.log(x)), rel=1e-13, abs=1e-13 if alpha > 0.5 else 1e-9
    )


def test_a_scale_below_which_x_overflows_is_served_in_logs():
    got = stable.logsf(1e300, 1.5, 0.2, 0.0, 1e-300)
    near = stable.logsf(1e290, 1.5, 0.2)
    assert got == pytest.approx(near - 1.5 * 310 * math.log(10), rel=1e-12)
    assert stable.sf(1e300, 1.5, 0.2, 0.0, 1e-300) == 0.0


@pytest.mark.parametrize("beta", [-1.0, -0.3, 1e-4, 0.8])
@pytest.mark.parametrize("x", [-8.0, -1.0, 0.0, 0.5, 6.0, 300.0])
def test_continuous_at_alpha_one_and_two(beta, x):
    for centre, step in ((1.0, 1e-9), (2.0, 1e-9)):
        here = stable.logsf(x, centre, beta)
        sides = [centre - step] + ([centre + step] if centre == 1 else [])
        for alpha in sides:
            near = stable.logsf(x, alpha, beta)
            if here > -60 and (centre == 1 or abs(x) < 5):
                assert near == pytest.approx(here, rel=1e-5, abs=1e-7)


def test_beta_runs_into_one():
    for alpha in (0.6, 1.0, 1.5):
        for x in (-1.0, 0.3, 4.0):
            near = stable.cdf(x, alpha, 1 - 1e-12, parameterization="S0")
            assert near == pytest.approx(stable.cdf(x, alpha, 1.0), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("alpha", [1.3, 1.4, 1.49, 1.5, 1.51, 1.6, 1.75])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_densities_are_smooth_where_the_cut_does_not_rise(alpha, side):
    """With beta tan^2(pi alpha/2) near 1, Fourier's integral converges slowly as its step falls."""
    beta = side * min(1.0, 1 / math.tan(math.pi * alpha / 2) ** 2)
    x = side * np.linspace(1.5, 6.0, 3001)
    for name in ("logpdf", "logsf" if side > 0 else "logcdf"):
        differences = np.diff(getattr(stable, name)(x, alpha, beta), 4)
        assert np.max(np.abs(differences)) < 1e-11


@pytest.mark.parametrize("alpha", [0.9, 0.97, 0.99, 1.01, 1.1, 1.5])
@pytest.mark.parametrize("power", [-12, -9, -6, -3])
def test_heavy_tails_are_smooth_where_beta_is_nearly_one(alpha, power):
    """Nolan's integrand then has a long plateau, whose end must not fall between two nodes."""
    x = np.linspace(4.0, 12.0, 4001)
    differences = np.diff(stable.logsf(x, alpha, 1 - 10.0**power), 4)
    assert np.max(np.abs(differences)) < 5e-12


def inner_series(alpha: float, beta: float, z: float):
    """f at x_S1 = z by the power series in z, which is asymptotic for alpha < 1."""
    a, b = mp.mpf(alpha), mp.mpf(beta)
    w = 1 - 1j * b * mp.tan(mp.pi * a / 2)
    total = mp.mpf(0)
    for n in range(60):
        term = (-1j * mp.mpf(z)) ** n / mp.factorial(n) * w ** (-(n + 1) / a)
        total += (term * mp.gamma((n + 1) / a)).real
    return total / (mp.pi * a)


# ---- random bits ---------------------------------------------------------------------------------


@given(
    anything,
    st.one_of(anything, st.floats(0, 2)),
    st.one_of(anything, st.floats(-1, 1)),
    st.one_of(anything, st.floats(-1e3, 1e3)),
    st.one_of(anything, st.floats(1e-3, 1e3)),
)
def test_any_bits_give_a_value_or_a_named_error(x, alpha, beta, loc, scale):
    valid = (
        not math.isnan(x)
        and 0 < alpha <= 2
        and abs(beta) <= 1
        and math.isfinite(loc)
        and 0 < scale < math.inf
    )
    if not valid:
        with pytest.raises(ValueError, match=r"x must|alpha must|beta must|loc must|scale must"):
            stable.pdf(x, alpha, beta, loc, scale)
        return
    values = {name: getattr(stable, name)(x, alpha, beta, loc, scale) for name in NAMES}
    assert not any(math.isnan(v) for v in values.values())


@given(st.floats(-1e300, 1e300), alphas, betas, st.sampled_from(["S0", "S1"]))
def test_values_are_in_range(x, alpha, beta, parameterization):
    kind = {"parameterization": parameterization}
    lower, upper = stable.cdf(x, alpha, beta, **kind), stable.sf(x, alpha, beta, **kind)
    assert 0 <= lower <= 1 + 1e-15
    assert 0 <= upper <= 1 + 1e-15
    assert abs(lower + upper - 1) < 1e-12
    assert stable.pdf(x, alpha, beta, **kind) >= 0
    assert stable.logsf(x, alpha, beta, **kind) <= 1e-15


@given(st.floats(1e-4, 1e4), st.booleans(), alphas, betas)
def test_the_density_is_the_slope_of_the_tail(size, left, alpha, beta):
    """Two integrals for two functions: they share only the nodes."""
    x = -size if left else size
    h = 1e-4 * size
    points = [x - 2 * h, x - h, x + h, x + 2 * h]
    lower = stable.logcdf(points, alpha, beta)
    upper = stable.logsf(points, alpha, beta)
    values = lower if lower[1] < upper[1] else -upper
    if abs(values[1]) > 600 or abs(values[3] - values[0]) > 0.02 * max(1, abs(values[1])):
        return
    slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    tail = math.exp(lower[1] if lower[1] < upper[1] else upper[1])
    if slope * h < 1e-7:
        return
    middle = stable.cdf(x, alpha, beta) if lower[1] < upper[1] else stable.sf(x, alpha, beta)
    assert tail > 0
    assert stable.pdf(x, alpha, beta) / middle == pytest.approx(slope, rel=2e-5)


@given(st.floats(-50, 50), st.floats(1e-6, 10), alphas, betas)
def test_tails_are_monotone(x, step, alpha, beta):
    first, second = stable.logsf([x, x + step], alpha, beta)
    assert second <= first or second <= first + 1e-13 * abs(first)  # both may be -inf
