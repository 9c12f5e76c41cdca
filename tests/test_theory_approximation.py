"""Props 1.1 and 2.1, C1 to C3, and Algorithm 1: what holds holds, what fails is shown to fail.

Monte Carlo tests compare a frequency with a probability; where the claim is `frequency <= bound`
they allow four standard errors of the frequency at the bound, so that a true bound fails one of
them about once in 30,000 seeds, and the seeds are fixed.
"""

import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse, stats

from htstats import partition, theory

TRIALS = 20_000


def pareto(rng, shape, alpha, w_min=1.0):
    return w_min * rng.random(shape) ** (-1 / alpha)


def at_most(frequency, bound, trials):
    return frequency <= bound + 4 * math.sqrt(bound * (1 - bound) / trials) + 4 / trials


def small_part(weights, tau):
    return np.where(np.abs(weights) <= tau, weights, 0.0)


def vectors(rng, n1, n2):
    """Adversarial and ordinary pairs (u, v)."""
    sparse_u, sparse_v = np.zeros(n1), np.zeros(n2)
    sparse_u[0] = sparse_v[0] = 1.0
    yield "ones", np.ones(n1), np.ones(n2)
    yield "sparse", sparse_u, sparse_v
    yield "one row", sparse_u, np.ones(n2)
    yield "random", rng.standard_normal(n1), rng.standard_normal(n2)
    yield "uneven", 2.0 ** -np.arange(n1), 2.0 ** -np.arange(n2)


# -- what the paper states ------------------------------------------------------------------------


def test_the_paper_s_bound_fails_with_probability_one():
    rng = np.random.default_rng(1)
    eps, tau, t, alpha, n = 10.0, 4.0, 0.5, 2.5, 10
    claim = theory.failure_probability(eps, tau=tau, t=t, convention="paper")
    assert claim.kind == "claim"
    assert claim.value == pytest.approx(0.145, abs=5e-4)
    small = small_part(pareto(rng, (TRIALS, n, n), alpha), tau)
    # u = v = 1: |u| |v| = n, and u^T G v / n is one standard normal
    error = small.sum((1, 2)) / n - math.sqrt(t) * rng.standard_normal(TRIALS)
    assert np.mean(np.abs(error) > eps) > 0.999
    # what holds does: the mean stored, the same eps, tau and t
    mean = alpha / (alpha - 1) * (1 - tau ** (1 - alpha))
    frequency = np.mean(np.abs(error - mean * n) > eps)
    assert at_most(frequency, theory.failure_probability(eps, tau=tau, t=t).value, TRIALS)


def test_random_vectors_hide_the_failure():
    rng = np.random.default_rng(2)
    eps, tau, t, n, trials = 10.0, 4.0, 0.5, 10, 4000
    small = small_part(pareto(rng, (trials, n, n), 2.5), tau)
    u, v = rng.standard_normal((2, trials, n))
    error = np.einsum("ti,tij,tj->t", u, small, v)
    error /= np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    error -= math.sqrt(t) * rng.standard_normal(trials)
    claim = theory.failure_probability(eps, tau=tau, t=t, convention="paper").value
    assert np.mean(np.abs(error) > eps) < claim


@pytest.mark.parametrize("eta", [1e-6, 1e-3, 0.05])
def test_the_paper_has_three_rules_and_only_one_follows_from_its_formula(eta):
    def claimed(source):
        budget = theory.error_budget(0.7, eta, convention="paper", source=source)
        return theory.failure_probability(0.7, tau=0.0, t=budget, convention="paper").value

    assert claimed("proposition") == pytest.approx(eta, rel=1e-12)
    assert claimed("text") == pytest.approx(min(1, math.sqrt(3 * eta)), rel=1e-12)
    assert claimed("appendix") == pytest.approx(min(1, (27 * eta) ** 0.25), rel=1e-12)


def test_the_paper_s_rule_fails_for_gaussian_noise_alone():
    # tau -> 0: nothing is approximated but the noise itself, whose law is known
    eps, eta = 1.0, 1e-4
    budget = theory.error_budget(eps, eta, convention="paper")
    assert theory.exact_failure_probability(eps, bias=0.0, t=budget).value > eta
    assert (
        theory.exact_failure_probability(eps, bias=0.0, t=theory.error_budget(eps, eta)).value < eta
    )


# -- C1 and C2 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", ["signed", "positive", "positions"])
def test_the_inverse_of_c1(values):
    eps, eta = 0.3, 1e-3
    budget = theory.error_budget(eps, eta)
    t = budget / 3
    length = 2 * math.sqrt(budget - t)
    tau = {"signed": length / 2, "positive": length, "positions": length + 0.1}[values]
    back = theory.failure_probability(eps, tau=tau, t=t, values=values, w_min=0.1)
    assert back.value == pytest.approx(eta, rel=1e-12)
    assert back.kind == "bound"


def test_interval_lengths():
    assert theory.interval_length(2.0) == 4.0
    assert theory.interval_length(2.0, values="positive") == 2.0
    assert theory.interval_length(2.0, values="positions", w_min=0.5) == 1.5
    with pytest.raises(ValueError, match="w_min"):
        theory.interval_length(1.0, values="positions", w_min=2.0)


@pytest.mark.parametrize("values", ["signed", "positive", "positions"])
@pytest.mark.parametrize("alpha", [0.8, 2.5])
def test_c1_holds(values, alpha):
    rng = np.random.default_rng(3)
    tau, w_min, n1, n2 = 3.0, 1.0, 6, 8
    magnitudes = pareto(rng, (TRIALS, n1, n2), alpha, w_min)
    small = small_part(magnitudes, tau)
    kept = np.zeros((n1, n2), dtype=bool)
    if values == "signed":
        small *= rng.choice([-1.0, 1.0], small.shape)
        mean = 0.0
    elif values == "positive":
        mean = _truncated_mean(alpha, w_min, tau)
    else:
        # the pattern of B is given: elements off it follow the law below tau
        kept = rng.random((n1, n2)) < 0.2
        below = 1 - (w_min / tau) ** alpha
        law = w_min * (1 - below * rng.random((TRIALS, n1, n2))) ** (-1 / alpha)
        small = np.where(kept, 0.0, law)
        mean = _truncated_mean(alpha, w_min, tau) / below * ~kept
    for name, u, v in vectors(rng, n1, n2):
        u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
        for t in (0.0, 0.5):
            error = np.einsum("i,tij,j->t", u, small - mean, v)
            error += math.sqrt(t) * rng.standard_normal(TRIALS)
            for eps in (0.5, 2.0, 4.0):
                bound = theory.failure_probability(eps, tau=tau, t=t, values=values, w_min=w_min)
                assert at_most(np.mean(np.abs(error) > eps), bound.value, TRIALS), (name, t, eps)


def _truncated_mean(alpha, w_min, tau):
    """E[W 1(W <= tau)] of a Pareto law with tail exponent alpha."""
    return alpha * w_min**alpha / (1 - alpha) * (tau ** (1 - alpha) - w_min ** (1 - alpha))


def test_c2_holds_and_beats_c1_where_variance_is_small():
    rng = np.random.default_rng(4)
    n1, n2, rare = 6, 8, 0.02
    small = (rng.random((TRIALS, n1, n2)) < rare).astype(float)
    variance, t = rare * (1 - rare), 0.01
    for name, u, v in vectors(rng, n1, n2):
        unit_u, unit_v = u / np.linalg.norm(u), v / np.linalg.norm(v)
        error = np.einsum("i,tij,j->t", unit_u, small - rare, unit_v)
        error += math.sqrt(t) * rng.standard_normal(TRIALS)
        for eps in (0.3, 0.6, 1.0):
            bound = theory.bernstein_failure_probability(
                eps, u, v, variance=variance, max_deviation=1 - rare, t=t
            )
            assert at_most(np.mean(np.abs(error) > eps), bound.value, TRIALS), (name, eps)
    ones = theory.bernstein_failure_probability(
        0.6, np.ones(n1), np.ones(n2), variance=variance, max_deviation=1 - rare, t=t
    )
    assert ones.value < theory.failure_probability(0.6, tau=1.0, t=t, values="positive").value


def test_a_vector_s_length_does_not_matter():
    rng = np.random.default_rng(5)
    u, v = rng.standard_normal(4), rng.standard_normal(7)
    one = theory.bernstein_failure_probability(1.0, u, v, variance=0.1, max_deviation=1.0)
    other = theory.bernstein_failure_probability(
        1.0, 1e200 * u, -1e-200 * v, variance=0.1, max_deviation=1.0
    )
    assert one.log == pytest.approx(other.log, rel=1e-12)


# -- C3 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [0.0, 0.3, -0.9, 2.5])
@pytest.mark.parametrize("t", [1e-4, 0.04, 3.0])
def test_c3_is_the_normal_law(bias, t):
    eps, sigma = 1.0, math.sqrt(t)
    want = np.logaddexp(stats.norm.logsf(eps, bias, sigma), stats.norm.logcdf(-eps, bias, sigma))
    assert theory.exact_failure_probability(eps, bias=bias, t=t).log == pytest.approx(
        want, rel=1e-12
    )


def test_c3_keeps_its_logarithm_below_the_float_range():
    statement = theory.exact_failure_probability(1.0, bias=0.0, t=1e-6)
    assert statement.value == 0.0
    assert statement.log == pytest.approx(-5e5 - math.log(1e3) - 0.5 * math.log(math.pi / 2), 1e-9)


def test_c3_without_noise_is_an_indicator():
    assert theory.exact_failure_probability(1.0, bias=1.0, t=0.0).value == 0.0
    assert theory.exact_failure_probability(1.0, bias=-1.1, t=0.0).value == 1.0


@pytest.mark.parametrize("eta", [1e-300, 1e-8, 0.05, 0.5, 0.9])
@pytest.mark.parametrize("bias", [0.0, 0.4, -0.999])
def test_the_inverse_of_c3(eta, bias):
    t = theory.largest_noise_variance(1.0, eta, bias=bias)
    assert theory.exact_failure_probability(1.0, bias=bias, t=t).value <= eta
    more = theory.exact_failure_probability(1.0, bias=bias, t=t * (1 + 1e-9))
    assert more.value > eta or eta > 0.5


def _replacement(weights, tau, mean, t, support):
    kept = np.abs(weights) > tau
    return SimpleNamespace(
        sparse=sparse.csr_array(np.where(kept, weights, 0.0)),
        mean=mean,
        std=math.sqrt(t),
        support=support,
    ), kept


@pytest.mark.parametrize("support", ["full", "replaced"])
def test_c3_against_the_noise_itself(support):
    rng = np.random.default_rng(6)
    weights = pareto(rng, (7, 9), 2.0) / 10
    mean, t, tau = 0.12, 0.02, 0.2
    replacement, kept = _replacement(weights, tau, mean, t, support)
    error = theory.approximation_error(weights, replacement)
    noise = rng.standard_normal((TRIALS, 7, 9))
    random_part = mean + math.sqrt(t) * noise
    if support == "replaced":
        random_part = np.where(kept, 0.0, random_part)
    difference = weights - random_part - np.where(kept, weights, 0.0)
    pairs = dict((name, (u, v)) for name, u, v in vectors(rng, 7, 9))
    left, _, right = np.linalg.svd(error.deviation)
    pairs["top singular vectors"] = (left[:, 0], right[0])
    for name, (u, v) in pairs.items():
        x = np.einsum("i,tij,j->t", u, difference, v) / np.linalg.norm(u) / np.linalg.norm(v)
        assert np.mean(x) == pytest.approx(error.bias(u, v), abs=4 * math.sqrt(t / TRIALS)), name
        for eps in (0.05, 0.3, abs(error.bias(u, v)) + 0.1):
            p = error.failure_probability(eps, u, v).value
            spread = 4 * math.sqrt(p * (1 - p) / TRIALS) + 4 / TRIALS
            assert np.mean(np.abs(x) > eps) == pytest.approx(p, abs=spread), (name, eps)
            assert p <= error.worst_failure_probability(eps).value * (1 + 1e-12)
    norms = np.linalg.norm(difference[:2000], 2, axis=(1, 2))
    for eta in (0.01, 0.2):
        bound = error.uniform_error(eta).value
        assert at_most(np.mean(norms > bound), eta, 2000)
        back = error.uniform_failure_probability(bound).value
        assert back == pytest.approx(eta, rel=1e-9)


def test_the_worst_pair_is_attained_on_full_support():
    rng = np.random.default_rng(7)
    deviation = rng.standard_normal((5, 6)) / 10
    error = theory.ApproximationError(deviation, 0.01)
    left, values, right = np.linalg.svd(deviation)
    assert error.norm == pytest.approx(values[0], rel=1e-12)
    attained = error.failure_probability(0.7, left[:, 0], right[0])
    assert attained.log == pytest.approx(error.worst_failure_probability(0.7).log, rel=1e-9)


def test_the_deviation_is_zero_on_the_pattern_of_replaced_support():
    weights = np.array([[3.0, 0.5], [-0.25, -4.0]])
    replacement, kept = _replacement(weights, 1.0, 0.125, 0.25, "replaced")
    error = theory.approximation_error(weights, replacement)
    assert np.array_equal(error.deviation, np.where(kept, 0.0, weights - 0.125))
    assert error.noise_variance([1, 0], [1, 0]) == 0.0
    assert error.noise_variance([1, 0], [1, 1]) == pytest.approx(0.125)
    full = theory.approximation_error(weights, _replacement(weights, 1.0, 0.125, 0.25, "full")[0])
    assert np.array_equal(full.deviation, np.where(kept, 0.0, weights) - 0.125)


# -- Algorithm 1 ----------------------------------------------------------------------------------


def heavy(seed, shape=(20, 30)):
    return np.random.default_rng(seed).standard_t(3, shape) / 100


@pytest.mark.parametrize("noise", ["matched", "none", "paper"])
@pytest.mark.parametrize("support", ["replaced", "full"])
@pytest.mark.parametrize("rule", ["exact", "uniform", "a priori"])
@pytest.mark.parametrize("keep", ["abs", "upper", "centered"])
def test_algorithm_1_keeps_its_word(rule, noise, support, keep):
    weights = heavy(8) + 0.003
    eps, eta = 0.15, 0.01
    chosen = theory.matrix_approximation(
        weights, eps, eta, rule=rule, noise=noise, support=support, keep=keep
    )
    if not chosen.removable:
        assert chosen.n_removed == 0
        assert chosen.failure_probability is None
        assert "nothing can be removed" in repr(chosen)
        return
    assert chosen.failure_probability.value <= eta
    assert chosen.failure_probability.kind == "bound"
    score = {"abs": np.abs(weights), "upper": weights, "centered": abs(weights - weights.mean())}
    # the mean's last bits depend on the order of its sum, and with them the score that tau is
    removed = score[keep] <= chosen.tau * (1 + (1e-13 if keep == "centered" else 0))
    assert chosen.n_removed == removed.sum() > 0
    assert chosen.n_removed + chosen.n_kept == weights.size
    replaced = weights[removed] if support == "replaced" else np.where(removed, weights, 0.0)
    law = {"matched": replaced, "paper": weights, "none": np.zeros(1)}[noise]
    mean = math.fsum(law.ravel()) / law.size
    # a sum's error is relative to that of the absolute values
    assert chosen.mean == pytest.approx(mean, abs=1e-14 * np.abs(law).max())
    variance = math.fsum((law.ravel() - mean) ** 2) / law.size
    assert chosen.t == pytest.approx(variance, rel=1e-12)


def test_algorithm_1_a_priori_is_the_largest_threshold():
    weights = heavy(9)
    eps, eta = 0.1, 0.01
    chosen = theory.matrix_approximation(weights, eps, eta, rule="a priori")
    budget = theory.error_budget(eps, eta)
    magnitudes = np.sort(np.abs(weights), axis=None)
    # brute force over every threshold
    costs = [m**2 + weights[np.abs(weights) <= m].var() for m in magnitudes]
    assert chosen.tau == max(m for m, c in zip(magnitudes, costs, strict=True) if c <= budget)


def test_algorithm_1_exact_cannot_take_the_next_threshold():
    weights = heavy(10)
    eps, eta = 0.1, 0.01
    chosen = theory.matrix_approximation(weights, eps, eta, noise="none")
    above = np.abs(weights)[np.abs(weights) > chosen.tau].min()
    assert chosen.failure_probability.value == 0.0
    assert np.linalg.norm(small_part(weights, chosen.tau), 2) <= eps
    assert np.linalg.norm(small_part(weights, above), 2) > eps


def test_algorithm_1_says_when_nothing_can_go():
    chosen = theory.matrix_approximation(heavy(11), 1e-9, 0.01, noise="none")
    assert (chosen.removable, chosen.tau, chosen.n_kept) == (False, None, 600)
    paper = theory.matrix_approximation(heavy(11), 1e-9, 0.01, convention="paper")
    assert not paper.removable


def test_algorithm_1_as_printed_misses_eta_on_its_own_terms():
    chosen = theory.matrix_approximation(heavy(12), 0.1, 0.001, convention="paper")
    assert chosen.failure_probability.kind == "claim"
    assert chosen.failure_probability.value > 0.001


def test_everything_can_go():
    weights = heavy(13)
    chosen = theory.matrix_approximation(weights, 100.0, 0.5)
    assert chosen.n_removed == weights.size
    assert chosen.tau == np.abs(weights).max()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: theory.failure_probability(-1.0, tau=1.0), "eps"),
        (lambda: theory.failure_probability(1.0, tau=1.0, values="both"), "values"),
        (lambda: theory.failure_probability(1.0, tau=1.0, convention="printed"), "convention"),
        (lambda: theory.error_budget(1.0, 0.0), r"eta must be in \(0, 1\), got 0.0"),
        (lambda: theory.error_budget(1.0, 0.1, convention="paper", source="abstract"), "source"),
        (lambda: theory.largest_noise_variance(1.0, 0.1, bias=1.5), "bias"),
        (
            lambda: theory.bernstein_failure_probability(
                1.0, [0, 0], [1], variance=1, max_deviation=1
            ),
            "u must be finite",
        ),
        (lambda: theory.matrix_approximation([1.0], 1.0, 0.1), "W must be a matrix"),
        (lambda: theory.matrix_approximation([[math.nan]], 1.0, 0.1), "W must be finite"),
        (lambda: theory.matrix_approximation([[1.0]], 1.0, 0.1, rule="magic"), "rule"),
        (
            lambda: theory.approximation_error(
                np.ones((2, 2)), _replacement(np.ones((2, 3)), 1.0, 0.0, 0.0, "full")[0]
            ),
            "shape",
        ),
    ],
)
def test_errors_name_the_argument(call, match):
    with pytest.raises(ValueError, match=match):
        call()


def test_c1_is_for_vectors_fixed_before():
    """Top singular vectors of A are chosen after it: C1 says nothing of them, the norm does."""
    rng = np.random.default_rng(14)
    eps = 8.0
    bound = theory.failure_probability(eps, tau=1.0).value
    assert bound < 1e-12
    for _ in range(20):
        small = rng.choice([-1.0, 1.0], (40, 40))
        left, _, right = np.linalg.svd(small)
        assert left[:, 0] @ small @ right[0] > eps
        error = theory.ApproximationError(small, 0.0)
        assert error.worst_failure_probability(eps).value == 1.0


@pytest.mark.parametrize("offset", [0.1, 1e6, -1e12])
@pytest.mark.parametrize("shape", [(7, 11), (40, 30)])
def test_the_mean_is_that_of_the_split_to_the_bit(shape, offset):
    """`partition` rounds the mean once; NumPy's sum loses bits of it."""
    rng = np.random.default_rng(5)
    for _ in range(10):
        W = rng.standard_normal(shape) + offset
        exact = float(sum(map(Fraction, W.ravel().tolist())) / W.size)
        found = theory.matrix_approximation(W, 100.0, 0.5, noise="paper", keep="centered")
        assert found.mean == exact == partition(W, 0.5, keep="centered").mean
