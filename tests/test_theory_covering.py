"""Dudley's integral, covering numbers, and the generalization measures beside them."""

import math

import mpmath
import numpy as np
import pytest
from networks import forward

from htstats.theory import (
    arora_complexity,
    bartlett_bound,
    covering_log_constant,
    dudley_bound,
    dudley_integral,
    kappa,
    margins,
    neyshabur_complexity,
    parameter_count_complexity,
    theorem_2_rate,
)

# -- Dudley ---------------------------------------------------------------------------------------

DUDLEY = [
    (100, 50.0, 1.0, 22.0633350080),
    (100, 1e6, 1.0, 38.4702509240),
    (1000, 1e12, 1.0, 169.182056007),
    (1000, 1e30, 1.0, 264.715005838),
    (10, 2.0, 2.0, 5.60499121640),
]


@pytest.mark.parametrize(("q", "K", "D", "want"), DUDLEY)
def test_dudley_golden_values(q, K, D, want):
    assert dudley_integral(q, K, D) == pytest.approx(want, rel=5e-12)
    assert dudley_integral(q, D=D, log_K=math.log(K)) == pytest.approx(want, rel=5e-12)


@pytest.mark.parametrize(("q", "K", "D"), [(7, 3.0, 2.5), (7, 1e3, 0.1), (3, 1e40, 4.0), (1, 1, 1)])
def test_dudley_against_quadrature(q, K, D):
    with mpmath.workdps(30):
        # e = D exp(-s): the integrand's root at 0 goes away
        want = mpmath.quad(
            lambda s: D * mpmath.e**-s * mpmath.sqrt(q * (mpmath.log(mpmath.mpf(K) / D) + s)),
            [0, 1, 10, 100],
        )
    assert dudley_integral(q, K, D) == pytest.approx(float(want), rel=1e-12)


def test_the_erf_form_is_right_until_it_cancels():
    assert dudley_integral(100, 50.0, convention="paper") == pytest.approx(22.0633350080, rel=1e-11)
    assert dudley_integral(1000, 1e18, convention="paper") == 0.0
    assert dudley_integral(1000, 1e30, convention="paper") == 0.0


def test_dudley_beyond_the_float_range():
    y = math.sqrt(1e4)
    assert dudley_integral(4, log_K=1e4) == pytest.approx(2 * (y + 0.5 / y), rel=1e-7)


def test_the_positions_of_the_nonzeros_are_paid_for():
    with mpmath.workdps(30):
        want = mpmath.quad(
            lambda s: mpmath.e**-s * mpmath.sqrt(40 + 5 * (mpmath.log(100) + s)), [0, 1, 10, 100]
        )
    slack = 3 * math.sqrt(math.log(2 / 0.05) / (2 * 60_000))
    bound = dudley_bound(0.1, 5, 60_000, 0.05, K=100.0, positions=40.0)
    assert bound.value == pytest.approx(
        0.1 + 24 / math.sqrt(60_000) * float(want) + slack, rel=1e-12
    )


def test_theorem_2_with_constants_is_vacuous_beyond_a_handful_of_parameters():
    assert dudley_bound(0.0, 5, 60_000, 0.05, K=100.0).value < 1
    assert dudley_bound(0.0, 50, 60_000, 0.05, K=100.0).value > 1
    rate = theorem_2_rate([50], 60_000)
    assert rate.kind == "rate"
    assert rate.value < 0.03


def test_the_covering_number_covers():
    """Random networks of the class are within the promised distance of the inner grid."""
    rng = np.random.default_rng(7)
    d, h, gamma, b, nu = 2, 4, 0.7, 0.5, 0.2
    fixed = [rng.standard_normal((h, h)) / 4 for _ in range(d)]
    places = [rng.random((h, h)) < 0.3 for _ in range(d)]
    bounds = [
        np.linalg.norm(f, 2) + b * math.sqrt(p.sum()) for f, p in zip(fixed, places, strict=True)
    ]
    k = [int(p.sum()) for p in places]
    log_k = covering_log_constant(
        nonzeros=k, spectral_norms=bounds, input_norm=1.0, margin=gamma, largest_value=b
    )
    distance = math.exp(log_k) * nu / (4 * b)
    points = math.ceil(2 * b / nu)
    assert sum(k) * math.log(points) <= sum(k) * (log_k - math.log(distance))
    labels = rng.integers(h, size=20)
    x = rng.standard_normal((h, 20))
    x /= np.linalg.norm(x, axis=0)

    def ramp(weights):
        out = forward(weights, x)[-1].T
        return np.clip(1 - margins(out, labels) / gamma, 0, 1)

    for _ in range(200):
        ours, other = [], []
        for f, p in zip(fixed, places, strict=True):
            values = rng.uniform(-b, b, (h, h))
            ours.append(f + p * values)
            other.append(f + p * np.clip(values + rng.choice([-nu, nu], (h, h)), -b, b))
        assert np.abs(ramp(ours) - ramp(other)).max() <= distance * (1 + 1e-12)


# -- the measures beside it -----------------------------------------------------------------------


def test_kappa_by_the_formula_and_beyond_the_float_range():
    got = kappa(cushions=[0.2, 0.1], contraction=1.5, max_output_norm=10.0)
    assert got.value == pytest.approx(math.e**2 * 2 * 1.5**2 * 10 / 0.02, rel=1e-13)
    assert got.kind == "claim"
    deep = kappa(cushions=[1e-3] * 200, contraction=2.0, max_output_norm=1.0)
    assert deep.value == math.inf
    assert deep.log == pytest.approx(2 + math.log(200) + 200 * math.log(2e3), rel=1e-12)


def test_labels():
    assert theorem_2_rate([1], 10).kind == "rate"
    assert parameter_count_complexity(1, 10).kind == "complexity"
    neyshabur = neyshabur_complexity(
        spectral_norms=[2.0],
        frobenius_norms=[3.0],
        width=8,
        input_norm=1.0,
        margin=0.5,
        n_samples=100,
        delta=0.1,
    )
    assert neyshabur.kind == "complexity"
    inside = 8 * math.log(8) * 4 * (9 / 4) + math.log(100 / 0.1)
    assert neyshabur.value == pytest.approx(math.sqrt(inside / 100) / 0.5, rel=1e-13)
    arora = arora_complexity(
        cushions=[0.5, 0.25],
        interlayer_cushions=[0.5, 0.5],
        contraction=2.0,
        max_output_norm=3.0,
        margin=0.5,
        n_samples=400,
    )
    assert arora.kind == "complexity"
    assert arora.value == pytest.approx(2 * 2 * 3 * math.sqrt(16 + 64) / (0.5 * 20), rel=1e-13)


def test_bartlett_by_the_formula():
    s, g, m, x, gamma, delta, w = [1.5, 1.2], [6.0, 3.0], 60_000, 500.0, 2.0, 0.05, 64
    got = bartlett_bound(
        0.1, spectral_norms=s, group_norms=g, width=w, data_norm=x, margin=gamma, n_samples=m,
        delta=delta,
    )  # fmt: skip
    total = ((0.5 + 6) * (0.5 + 1.2)) ** (2 / 3) + ((0.5 + 3) * (0.5 + 1.5)) ** (2 / 3)
    main = 144 * math.log(m) * math.log(2 * w) / (gamma * m) * (1 + x) * total**1.5
    logs = math.log(1 / delta) + math.log(2 * m / gamma) + 2 * math.log(2 + x)
    logs += 2 * sum(math.log(2 + 2 * v) for v in s + g)
    want = 0.1 + 8 / m + main + math.sqrt(9 / (2 * m)) * math.sqrt(logs)
    assert got.value == pytest.approx(want, rel=1e-13)
    assert got.kind == "bound"


def test_bartlett_does_not_overflow():
    got = bartlett_bound(
        0.0,
        spectral_norms=[1e100] * 10,
        group_norms=[1e100] * 10,
        width=64,
        data_norm=1.0,
        margin=1.0,
        n_samples=100,
        delta=0.1,
    )
    assert got.value == math.inf
