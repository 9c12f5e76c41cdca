"""(10), and the laws of |Bx|^2 and |W(t)x|^2, against samples of the matrices themselves.

Monte Carlo means are compared at 4.5 standard errors with fixed seeds (about 1 false alarm in
150,000), laws by Kolmogorov-Smirnov tests at 1e-4.
"""

import math

import numpy as np
import pytest
from scipy import stats

from htstats import fit_power_law, partition, stable_rank
from htstats.theory import (
    ProjectionLaw,
    SpikeLaw,
    TailModel,
    component_second_moment,
    projection_law,
)

SIGMAS = 4.5
ONES = np.ones(50)


def spikes(rng, shape, alpha, tau, signs="positive"):
    w = rng.random(shape) ** (-1 / alpha)
    b = np.where(w > tau, w, 0.0)
    return b * rng.choice([-1.0, 1.0], shape) if signs == "symmetric" else b


# -- (10) -----------------------------------------------------------------------------------------


def test_golden_values_of_10():
    arguments = {"tail_exponent": 3.5, "tau": 3.0}
    assert component_second_moment(ONES, **arguments) == pytest.approx(42.21, abs=0.01)
    symmetric = component_second_moment(ONES, signs="symmetric", **arguments)
    printed = component_second_moment(ONES, convention="paper", **arguments)
    assert symmetric == pytest.approx(22.45, abs=0.005)
    assert printed == pytest.approx(22.45, abs=0.005)
    # the Monte Carlo figures: (Bx)^2 has no variance at 3.5, so the errors are the sample's own
    rng = np.random.default_rng(1)
    for signs, golden, want in (("positive", 42.27, 42.215), ("symmetric", 22.55, 22.454)):
        squares = spikes(rng, (100_000, 50), 3.5, 3.0, signs).sum(axis=1) ** 2
        error = squares.std() / math.sqrt(len(squares))
        assert abs(squares.mean() - want) < 4 * error
        assert abs(squares.mean() - golden) < 4 * error
    assert abs(printed - 42.215) > 15


@pytest.mark.parametrize("signs", ["positive", "symmetric"])
@pytest.mark.parametrize("x", ["ones", "alternating", "sparse", "random"])
def test_10_corrected_is_the_mean(signs, x):
    rng = np.random.default_rng(2)
    vector = {
        "ones": np.ones(20),
        "alternating": np.tile([1.0, -1.0], 10),
        "sparse": np.eye(20)[3],
        "random": rng.standard_normal(20),
    }[x]
    alpha, tau = 9.0, 1.2  # eight moments: the error of the mean is normal
    squares = (spikes(rng, (200_000, 20), alpha, tau, signs) @ vector) ** 2
    want = component_second_moment(vector, tail_exponent=alpha, tau=tau, signs=signs)
    spread = SIGMAS * squares.std() / math.sqrt(len(squares))
    assert squares.mean() == pytest.approx(want, abs=spread)
    if signs == "positive" and x in ("ones", "alternating"):
        printed = component_second_moment(
            vector, tail_exponent=alpha, tau=tau, convention="paper", component=1
        )
        assert abs(squares.mean() - printed) > 10 * spread


def test_10_needs_more_than_two_moments():
    for alpha in (0.5, 1.0, 1.9, 2.0):
        assert component_second_moment(ONES, tail_exponent=alpha, tau=3.0) == math.inf
    assert component_second_moment([0.0, 0.0], tail_exponent=1.0, tau=3.0) == 0.0
    # as printed: a negative expectation of a square
    printed = component_second_moment(ONES, tail_exponent=1.5, tau=3.0, convention="paper")
    assert printed < 0
    # and the sample mean indeed does not settle: it grows with the sample, as n^(2/alpha - 1)
    rng = np.random.default_rng(3)
    squares = spikes(rng, (200_000, 5), 1.0, 3.0).sum(axis=1) ** 2
    assert squares.mean() > 100 * squares[:2000].mean()


def test_the_share_of_a_fit_scales_p():
    arguments = {"tail_exponent": 3.0, "tau": 2.0, "signs": "symmetric"}
    whole = component_second_moment(ONES, **arguments)
    assert component_second_moment(ONES, share=0.1, **arguments) == pytest.approx(0.1 * whole)
    half = component_second_moment(ONES, tail_exponent=3.0, tau=1.0, w_min=0.5, signs="symmetric")
    assert half == pytest.approx(whole / 4)


# -- |Bx|^2 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("signs", ["positive", "symmetric"])
def test_the_spike_law(signs):
    rng = np.random.default_rng(4)
    x = np.array([1.0, 0.5, 0.0, 2.0, 1.0])
    model, tau, rows, alpha = TailModel(9.0, 1.0, 0.5), 1.3, 4, 9.0
    law = SpikeLaw(x, rows, model, tau, signs)
    n = 100_000
    b = spikes(rng, (n, rows, 5), alpha, tau, signs) * (rng.random((n, rows, 5)) < 0.5)
    by_hand = ((b @ x) ** 2).sum(axis=1)
    ours = law.sample(n, rng=rng)
    for values in (by_hand, ours):
        spread = SIGMAS * values.std() / math.sqrt(n)
        assert values.mean() == pytest.approx(law.mean, abs=spread)
        zero = law.zero_probability
        assert np.mean(values == 0) == pytest.approx(zero, abs=SIGMAS * math.sqrt(zero / n))
    assert stats.ks_2samp(by_hand, ours).pvalue > 1e-4
    if signs == "positive":  # one spike alone is a lower bound
        for q in (1.0, 5.0, 20.0):
            bound = law.one_spike_sf(q)
            assert np.mean(by_hand > q) >= bound - SIGMAS * math.sqrt(bound / n)


def test_one_big_jump():
    rng = np.random.default_rng(5)
    law = SpikeLaw(np.array([1.0, -2.0, 3.0]), 5, TailModel(1.2, 1.0), 4.0, "symmetric")
    values = law.sample(400_000, rng=rng)
    assert law.mean == math.inf
    q = 1e5
    p = law.one_spike_sf(q)
    assert np.mean(values > q) == pytest.approx(p, abs=SIGMAS * math.sqrt(p / values.size))
    assert law.one_spike_sf(1e12) == pytest.approx(5 * (1 + 2**1.2 + 3**1.2) * 1e12**-0.6, rel=1e-5)
    assert law.one_spike_sf(-1.0) == 1
    assert law.one_spike_sf(0.0) == pytest.approx(1 - law.zero_probability)


# -- |W(t)x|^2 ------------------------------------------------------------------------------------


def split(support, seed=0, noise="matched"):
    w = np.random.default_rng(6).standard_t(3, (12, 30)) + 0.3
    return partition(w, 1.5, noise=noise, support=support, seed=seed)


@pytest.mark.parametrize("support", ["full", "replaced"])
@pytest.mark.parametrize("x", ["ones", "sparse", "random"])
def test_the_law_of_the_projection(support, x):
    rng = np.random.default_rng(7)
    vector = {"ones": np.ones(30), "sparse": np.eye(30)[2], "random": rng.standard_normal(30)}[x]
    matrix = split(support)
    law = projection_law(matrix, vector)
    b = matrix.sparse.toarray()
    g = rng.standard_normal((20_000, *b.shape))
    noise = matrix.mean + matrix.std * g
    w = b + (noise if support == "full" else np.where(b != 0, 0.0, noise))
    values = ((w @ vector) ** 2).sum(axis=1)
    n = len(values)
    assert values.mean() == pytest.approx(law.mean, abs=SIGMAS * values.std() / math.sqrt(n))
    fourth = ((values - values.mean()) ** 4).mean()
    spread = SIGMAS * math.sqrt((fourth - values.var() ** 2) / n)
    assert values.var() == pytest.approx(law.variance, abs=spread)
    assert law.spike_energy == pytest.approx(np.linalg.norm(b @ vector) ** 2)
    assert stats.ks_2samp(values, law.sample(n, rng=rng)).pvalue > 1e-4
    if np.count_nonzero(law.scales) >= 4:
        assert stats.kstest(values[:1000], lambda q: 1 - law.sf(q)).pvalue > 1e-4
        for eps in (0.1, 0.5):
            p = law.concentration(eps)
            seen = np.mean(np.abs(values / law.mean - 1) > eps)
            assert seen == pytest.approx(p, abs=SIGMAS * math.sqrt(p / n) + 1e-3)


def test_the_inversion_is_the_noncentral_law_where_there_is_one():
    even = ProjectionLaw(np.linspace(0, 2, 8), np.full(8, 0.7), np.zeros(8))
    uneven = ProjectionLaw(np.linspace(0, 2, 8), 0.7 * (1 + 1e-9 * np.arange(8)), np.zeros(8))
    assert even.even
    assert not uneven.even
    q = np.linspace(0.5, 40, 30)
    assert uneven.sf(q) == pytest.approx(even.sf(q), abs=1e-6)
    assert uneven.sf(1e4) == 0
    assert uneven.sf(-1.0) == 1


def test_johnson_and_lindenstrauss_without_spikes():
    plain = ProjectionLaw(np.zeros(100), np.full(100, 0.3), np.zeros(100))
    assert plain.mean == pytest.approx(100 * 0.09)
    assert plain.sf(9.0) == pytest.approx(stats.chi2.sf(100, 100))
    # Laurent and Massart (2000): sqrt(2) times wider than the truth, and still below 1
    x = 5.0
    eps = 2 * math.sqrt(x / 100) + 2 * x / 100
    assert plain.concentration(eps) <= 2 * math.exp(-x)


def test_the_replayed_noise_obeys_the_law():
    x = np.random.default_rng(8).standard_normal(30)
    values = [np.linalg.norm(split("replaced", seed) @ x) ** 2 for seed in range(400)]
    law = projection_law(split("replaced"), x)
    assert stats.kstest(values, lambda q: 1 - law.sf(q)).pvalue > 1e-4


def test_pruning_leaves_the_spikes():
    law = projection_law(split("replaced", noise="none"), np.ones(30))
    assert law.mean == law.spike_energy
    assert law.variance == 0
    assert (law.sf(law.mean * 0.99), law.sf(law.mean)) == (1, 0)


# -- stable rank ----------------------------------------------------------------------------------

RANKS = [
    (0.5, 1.13, 1.13), (1, 1.25, 1.25), (1.5, 2.28, 2.28), (2, 3.21, 5.9), (2.5, 1.67, 27.8),
    (3, 1.34, 42.0), (4, 1.12, 76.1), (6, 1.04, 76.1), (10, 1.01, 76.6),
]  # fmt: skip


@pytest.mark.parametrize(("alpha", "positive", "signed"), RANKS)
def test_stable_rank_against_alpha(alpha, positive, signed):
    """Golden medians, within 4 standard errors of the difference of two samples' medians.

    How many matrices the golden ones are of is not known: five are assumed.
    """
    rng = np.random.default_rng(9)
    trials = 16
    for want, signs in ((positive, False), (signed, True)):
        ranks = []
        for _ in range(trials):
            w = rng.random((300, 300)) ** (-1 / alpha)
            if signs:
                w *= rng.choice([-1.0, 1.0], w.shape)
            ranks.append(stable_rank(w))
        low, high = np.quantile(ranks, [0.25, 0.75])
        # a median's standard error is 1.25 sigma/sqrt(n), sigma = quartile distance/1.35
        error = 4 * 1.25 * (high - low) / 1.35 * math.sqrt(1 / trials + 1 / 5)
        assert np.median(ranks) == pytest.approx(want, abs=error + 0.006 * want)


def test_smaller_alpha_smaller_stable_rank_fails_for_positive_weights():
    positive = [rank for _, rank, _ in RANKS]
    assert positive != sorted(positive)
    signed = [rank for _, _, rank in RANKS]
    assert signed == sorted(signed)
    rng = np.random.default_rng(10)
    light, heavy = (
        np.median([stable_rank(rng.random((300, 300)) ** (-1 / a)) for _ in range(5)])
        for a in (6.0, 2.0)
    )
    assert light < heavy / 2
    # the limit of large alpha: (alpha-1)^2/(alpha(alpha-2)), the mean against the second moment
    for a in (4.0, 6.0, 10.0):
        rank = np.median([stable_rank(rng.random((300, 300)) ** (-1 / a)) for _ in range(5)])
        assert rank == pytest.approx((a - 1) ** 2 / (a * (a - 2)), rel=0.01)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: component_second_moment([[1.0]], tail_exponent=3, tau=1), "x must be"),
        (lambda: component_second_moment([1.0], tail_exponent=3, tau=0.5), "tau must be at least"),
        (lambda: component_second_moment([1.0], tail_exponent=3, tau=1, signs="any"), "signs"),
        (
            lambda: component_second_moment([1.0], tail_exponent=2, tau=1, convention="paper"),
            "must not be 2",
        ),
        (
            lambda: component_second_moment(
                [1.0], tail_exponent=3, tau=1, convention="paper", component=1
            ),
            "component",
        ),
        (lambda: SpikeLaw(ONES, 0, TailModel(3.0, 1.0), 2.0), "rows"),
        (lambda: SpikeLaw(ONES, 1, TailModel(3.0, 1.0), 0.5), "xmin"),
        (lambda: projection_law(split("full"), np.ones(3)), "x must have 30 numbers, got 3"),
        (lambda: ProjectionLaw(np.ones(2), np.array([1.0, 2.0]), np.ones(2)).sf(1.0), "four rows"),
    ],
)
def test_errors_name_the_argument(call, match):
    with pytest.raises(ValueError, match=match):
        call()


def test_the_model_of_a_fit_feeds_the_law():
    w = np.random.default_rng(11).random(5000) ** (-1 / 3.0)
    fit = fit_power_law(w, xmin=1.5)
    model = TailModel.of(fit)
    law = SpikeLaw(np.ones(10), 3, model, 2.0)
    # the share above 2 for a known exponent, its sampling error and that of the exponent
    share = np.mean(w > 2.0)
    spread = math.hypot(1 / math.sqrt(w.size * share), math.log(2 / 1.5) * fit.stderr)
    assert law.p == pytest.approx(share, rel=SIGMAS * spread)
