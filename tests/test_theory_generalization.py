"""Lemmas 2.1 to 2.4, Dudley's integral and the measures beside them: golden values, Monte Carlo on
networks, and networks on which the paper's version of a lemma fails."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import forward, relu
from scipy.stats import norm

from htstats.theory import (
    ApproximationError,
    bartlett_bound,
    dudley_integral,
    kappa,
    layer_tolerances,
    margin_loss,
    margin_tolerance,
    margins,
    perturbation_bound,
    theorem_2_rate,
    vector_error,
)

FOUR_SIGMA = 4


def at_most(frequency, bound, trials):
    spread = FOUR_SIGMA * math.sqrt(bound * (1 - bound) / trials) + FOUR_SIGMA / trials
    return frequency <= bound + spread


# -- Lemma 2.1 ------------------------------------------------------------------------------------


def adversarial_pairs(rng, rows, n1, n2):
    one_row = np.zeros((rows, n1))
    one_row[0] = 1.0
    yield "ones", np.ones((rows, n1)), np.ones(n2)
    yield "rank one", one_row, np.ones(n2)
    yield "identity", np.eye(rows, n1), np.eye(n2)[0]
    yield "random", rng.standard_normal((rows, n1)), rng.standard_normal(n2)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("eta", [0.3, 0.02])
def test_lemma_2_1_holds(masked, eta):
    rng = np.random.default_rng(1)
    trials, rows, n1, n2, t = 20_000, 4, 5, 6, 0.3
    deviation = rng.standard_normal((n1, n2)) / 5
    noisy = rng.random((n1, n2)) < 0.7 if masked else np.ones((n1, n2), dtype=bool)
    noise = np.where(noisy, math.sqrt(t) * rng.standard_normal((trials, n1, n2)), 0.0)
    for name, u, x in adversarial_pairs(rng, rows, n1, n2):
        moved = np.linalg.norm((deviation - noise) @ x @ u.T, axis=1)
        bound = vector_error(
            x_norm=np.linalg.norm(x),
            frobenius=np.linalg.norm(u),
            spectral=np.linalg.norm(u, 2),
            bias=np.linalg.norm(u @ deviation @ x),
            t=t,
            eta=eta,
        )
        assert bound.kind == "bound"
        assert at_most(np.mean(moved > bound.value), eta, trials), name


def test_lemma_2_1_as_printed_fails_for_positive_weights():
    rng = np.random.default_rng(2)
    n, tau, t, eta, trials = 40, 4.0, 0.5, 0.01, 2000
    weights = rng.random((trials, n, n)) ** (-1 / 2.5)
    small = np.where(weights <= tau, weights, 0.0)
    u, x = np.ones((1, n)), np.ones(n)
    moved = np.abs(small.sum((1, 2)) - math.sqrt(t) * n * rng.standard_normal(trials))
    claim = vector_error(
        x_norm=math.sqrt(n), frobenius=np.linalg.norm(u), t=t, tau=tau, eta=eta, convention="paper"
    )
    assert claim.kind == "claim"
    assert np.mean(moved > claim.value) == 1.0
    assert x.shape == (n,)


@pytest.mark.parametrize("eta", [1e-2, 1e-4, 1e-8, 1e-12])
def test_lemma_2_1_holds_exactly_for_one_row(eta):
    """U of rank one: abs(U g) is norm(U)_F abs(g_1), whose law needs no sampling."""
    bound = vector_error(x_norm=1.0, frobenius=2.0, t=0.25, eta=eta)
    failure = 2 * norm.sf(bound.value / (2.0 * 0.5))
    assert failure <= eta
    assert failure > eta**3  # and no bound of nothing


def test_lemma_2_1_is_tighter_than_the_union_over_rows():
    rows = 500
    tight = vector_error(x_norm=1, frobenius=1, spectral=rows**-0.5, t=0.1, eta=0.01)
    union = vector_error(x_norm=1, frobenius=1, t=0.1, eta=0.01, rows=rows, convention="paper")
    assert tight.value < union.value / 4


# -- Lemma 2.2 ------------------------------------------------------------------------------------


def stability(weights, samples):
    """Cushions, contraction and Jacobians of a ReLU network by definition, one sample a time."""
    d = len(weights)
    mu, after, c = np.full(d, np.inf), np.full(d, np.inf), 1.0
    for x in samples.T:
        states = forward(weights, x)
        for i in range(1, d + 1):
            inward = x if i == 1 else relu(states[i - 1])
            norm = np.linalg.norm(weights[i - 1]) * np.linalg.norm(inward)
            mu[i - 1] = min(mu[i - 1], np.linalg.norm(states[i]) / norm)
            if i < d:
                c = max(c, np.linalg.norm(states[i]) / np.linalg.norm(relu(states[i])))
            jacobian = np.eye(len(states[i]))
            for j in range(i, d + 1):
                if j > i:
                    jacobian = weights[j - 1] * (states[j - 1] > 0) @ jacobian
                moved = np.linalg.norm(jacobian @ states[i])
                ratio = moved / (np.linalg.norm(jacobian) * np.linalg.norm(states[i]))
                after[i - 1] = min(after[i - 1], ratio)
    return mu, after, c


def smoothness(weights, samples, compressed):
    """rho at the perturbation that compression makes, over all layers and samples."""
    d, rho = len(weights), math.inf
    for x in samples.T:
        states, moved = forward(weights, x), forward(compressed, x)
        for i in range(1, d):
            jacobian = np.eye(len(states[i]))
            eta = moved[i] - states[i]
            y = states[i] + eta
            for j in range(i + 1, d + 1):
                jacobian = weights[j - 1] * (states[j - 1] > 0) @ jacobian
                y = weights[j - 1] @ relu(y)
                gap = np.linalg.norm(y - jacobian @ (states[i] + eta))
                size = np.linalg.norm(eta) * np.linalg.norm(states[j])
                if gap > 1e-12 * np.linalg.norm(y):
                    rho = min(rho, size / (gap * np.linalg.norm(states[i])))
    return rho


@pytest.mark.parametrize("positive", [True, False])
def test_lemma_2_2_holds_on_networks(positive):
    rng = np.random.default_rng(3)
    eps, delta, trials, m = 0.9, 0.3, 300, 6
    shapes = [(8, 10), (7, 8), (3, 7)]
    weights = [rng.standard_normal(shape) for shape in shapes]
    samples = rng.standard_normal((10, m))
    if positive:  # no unit ever switches: rho is infinite
        weights = [np.abs(w) + 0.1 for w in weights]
        samples = np.abs(samples)
    mu, after, c = stability(weights, samples)
    tolerances = layer_tolerances(
        eps,
        delta,
        cushions=mu,
        interlayer_cushions=after,
        contraction=c,
        frobenius_norms=[np.linalg.norm(w) for w in weights],
        n_samples=m,
        width=8,
        smoothness=9.0,
    )
    worst = smooth = 0
    for _ in range(trials):
        noisy = []
        for w, layer in zip(weights, tolerances.layers, strict=True):
            # as much noise as one pair of fixed vectors allows at (eps_i, eta_i)
            noisy.append(w + math.sqrt(layer.budget) * rng.standard_normal(w.shape))
        if smoothness(weights, samples, noisy) < 9:
            continue
        smooth += 1
        true, moved = forward(weights, samples)[-1], forward(noisy, samples)[-1]
        relative = np.linalg.norm(true - moved, axis=0) / np.linalg.norm(true, axis=0)
        worst += relative.max() > eps
    assert smooth > trials / 2
    assert at_most(worst / smooth, delta / 2, smooth)


def test_lemma_2_2_needs_the_frobenius_norm():
    """With norm(W)_F = .01 the printed eps_1 lets the noise drown the layer."""
    rng = np.random.default_rng(4)
    w = rng.standard_normal((5, 5))
    w *= 0.01 / np.linalg.norm(w)
    x = rng.standard_normal(5)
    mu = [np.linalg.norm(w @ x) / (np.linalg.norm(w) * np.linalg.norm(x))]
    arguments = {
        "cushions": mu,
        "interlayer_cushions": [1 / math.sqrt(5)],
        "contraction": 1.0,
        "frobenius_norms": [0.01],
        "n_samples": 1,
        "width": 5,
        "smoothness": math.inf,
    }
    eps, delta = 0.5, 0.05

    def failures(convention):
        tolerance = layer_tolerances(eps, delta, convention=convention, **arguments)
        t = tolerance.layers[0].budget
        moved = math.sqrt(t) * rng.standard_normal((2000, 5, 5)) @ x
        return tolerance, np.mean(np.linalg.norm(moved, axis=1) > eps * np.linalg.norm(w @ x))

    printed, share = failures("paper")
    assert not printed.holds
    assert share > 0.9
    scaled, share = failures("rigorous")
    assert scaled.holds
    assert at_most(share, delta / 2, 2000)


def test_lemma_2_2_needs_smoothness_for_relu():
    """A unit just below zero, a huge weight behind it: the cushions are fine, the output not."""
    rng = np.random.default_rng(5)
    # x = 1 enters two units: one at 1, the other at -1e-6; the second is worth 1e6 to the output
    first = np.array([[1.0], [-1e-6]])
    second = np.array([[1.0, 1e6]])
    x = np.array([[1.0]])
    mu, after, c = stability([first, second], x)
    assert mu[0] > 0.9
    assert after[0] > 0.7
    eps, delta, trials = 0.5, 0.05, 4000
    arguments = {
        "cushions": mu,
        "interlayer_cushions": after,
        "contraction": c,
        "frobenius_norms": [np.linalg.norm(first), np.linalg.norm(second)],
        "n_samples": 1,
        "width": 2,
    }
    printed = layer_tolerances(eps, delta, convention="paper", **arguments)
    assert printed.holds  # as the paper reads for ReLU: smoothness is not asked for
    t = printed.layers[0].budget
    noisy = first + math.sqrt(t) * rng.standard_normal((trials, 2, 1))
    moved = relu(noisy[:, :, 0]) @ second[0]
    assert np.mean(np.abs(moved - 1.0) > eps) > 0.4
    asked = layer_tolerances(eps, delta, **arguments)
    assert not asked.holds
    switched = noisy[noisy[:, 1, 0] > 0][0]
    assert smoothness([first, second], x, [switched, second]) < 6


def test_tolerances_by_the_formulas():
    tolerances = layer_tolerances(
        0.5,
        0.1,
        cushions=[0.3, 0.2],
        interlayer_cushions=[0.1, 0.25],
        contraction=1.5,
        frobenius_norms=[5.0, 4.0],
        n_samples=1000,
        width=64,
        smoothness=6.0,
    )
    first, second = tolerances.layers
    assert first.eps == pytest.approx(0.5 * 0.3 * 0.1 * 5.0 / (6 * 1.5 * 2), rel=1e-14)
    assert second.eps == pytest.approx(0.5 * 0.2 * 0.25 * 4.0 / (6 * 1.5 * 2), rel=1e-14)
    assert first.eta == second.eta == pytest.approx(0.1 / (2 * 4 * 1000 * 64), rel=1e-14)
    assert first.budget == pytest.approx(first.eps**2 / (2 * math.log(2 / first.eta)), rel=1e-14)
    assert tolerances.holds


# -- Lemma 2.3 ------------------------------------------------------------------------------------


@given(st.integers(2, 6), st.integers(0, 2**32 - 1), st.floats(0.01, 10))
def test_lemma_2_3_holds(classes, seed, gamma):
    rng = np.random.default_rng(seed)
    f = rng.standard_normal((50, classes)) * 5
    labels = rng.integers(classes, size=50)
    step = rng.standard_normal((50, classes))
    step *= margin_tolerance(gamma) * (1 - 1e-9) / np.linalg.norm(step, axis=1, keepdims=True)
    # half of the steps straight at the boundary, where the lemma is tight
    for row in range(25):
        other = np.argmax(np.where(np.arange(classes) == labels[row], -np.inf, f[row]))
        step[row] = 0.0
        step[row, labels[row]] = -gamma / 2 * (1 - 1e-9)
        step[row, other] = gamma / 2 * (1 - 1e-9)
    sure = margins(f, labels) > gamma
    assert (margins(f + step, labels)[sure] > 0).all()
    assert margin_loss(f + step, labels) <= margin_loss(f, labels, gamma)


def test_lemma_2_3_is_tight():
    gamma, a = 1.0, 1e-9
    f, g = np.array([[gamma + a, 0.0]]), np.array([[(gamma + a) / 2, (gamma + a) / 2]])
    assert margins(f, [0])[0] > gamma
    assert margins(g, [0])[0] == 0.0
    assert np.linalg.norm(f - g) == pytest.approx(margin_tolerance(gamma), rel=1e-8)


def test_relative_tolerance_is_an_eps_of_lemma_2_2():
    assert margin_tolerance(2.0, 5.0) == pytest.approx(2 / (5 * math.sqrt(2)))
    assert margin_tolerance(100.0, 5.0) == 1.0


# -- Lemma 2.4 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("aligned", [True, False])
def test_lemma_2_4_holds(aligned):
    rng = np.random.default_rng(6)
    for _ in range(200):
        d = int(rng.integers(1, 5))
        sizes = rng.integers(2, 6, size=d + 1)
        weights, moved = [], []
        for i in range(d):
            w = rng.standard_normal((sizes[i + 1], sizes[i]))
            step = rng.standard_normal(w.shape)
            if aligned:  # positive matrices, moved along themselves: nothing is lost anywhere
                w = np.abs(w)
                step = w
            scale = np.linalg.norm(w, 2) / d * rng.random() / np.linalg.norm(step, 2)
            weights.append(w)
            moved.append(w + scale * step)
        x = np.abs(rng.standard_normal(sizes[0]))
        numbers = {
            "input_norm": np.linalg.norm(x),
            "spectral_norms": [np.linalg.norm(w, 2) for w in weights],
            "perturbations": [
                np.linalg.norm(a - b, 2) for a, b in zip(weights, moved, strict=True)
            ],
        }
        gap = np.linalg.norm(forward(weights, x)[-1] - forward(moved, x)[-1])
        product = perturbation_bound(form="product", **numbers).value
        assert gap <= product * (1 + 1e-9)
        assert product <= perturbation_bound(**numbers).value * (1 + 1e-9)


def test_the_product_form_is_attained():
    numbers = {"input_norm": 2.0, "spectral_norms": [3.0, 5.0], "perturbations": [1.0, 0.5]}
    # scalars: 2 (4 * 5.5 - 15)
    assert perturbation_bound(form="product", **numbers).value == pytest.approx(14.0, rel=1e-14)


def test_lemma_2_4_refuses_large_perturbations():
    with pytest.raises(ValueError, match="perturbations must be at most"):
        perturbation_bound(input_norm=1.0, spectral_norms=[1.0, 1.0], perturbations=[0.6, 0.1])


def test_stable_rank_bounds_the_cushion():
    """(17): sqrt(srank) <= 1/mu."""
    rng = np.random.default_rng(8)
    for _ in range(50):
        w = rng.standard_t(2, (6, 9))
        inputs = relu(rng.standard_normal((9, 20))) + 1e-3
        norm = np.linalg.norm(w)
        mu = (np.linalg.norm(w @ inputs, axis=0) / (norm * np.linalg.norm(inputs, axis=0))).min()
        assert norm / np.linalg.norm(w, 2) <= 1 / mu * (1 + 1e-12)


def test_the_uniform_error_feeds_lemma_2_4():
    """C3's uniform bound and Lemma 2.4 together bound the outputs of a compressed network."""
    rng = np.random.default_rng(9)
    eta, trials, t = 0.1, 500, 1e-4
    weights = [rng.standard_normal((6, 6)) for _ in range(2)]
    errors = [ApproximationError(0.01 * rng.standard_normal((6, 6)), t) for _ in weights]
    bound = perturbation_bound(
        input_norm=1.0,
        spectral_norms=[np.linalg.norm(w, 2) for w in weights],
        perturbations=[e.uniform_error(eta / 2).value for e in errors],
    )
    x = rng.standard_normal(6)
    x /= np.linalg.norm(x)
    failures = 0
    for _ in range(trials):
        moved = [
            w - e.deviation + math.sqrt(t) * rng.standard_normal((6, 6))
            for w, e in zip(weights, errors, strict=True)
        ]
        gap = np.linalg.norm(forward(weights, x)[-1] - forward(moved, x)[-1])
        failures += gap > bound.value
    assert at_most(failures / trials, eta, trials)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: vector_error(x_norm=1, frobenius=1, spectral=2, t=1, eta=0.1), "spectral"),
        (lambda: dudley_integral(1, 0.5), "K must be at least D"),
        (lambda: dudley_integral(1), "one of the two"),
        (lambda: margins([[1.0]], [0]), "two classes"),
        (lambda: margins([[1.0, 2.0]], [2]), "labels"),
        (lambda: margins([[1.0, 2.0]], [0, 1]), "labels"),
        (lambda: theorem_2_rate([-1], 10), "nonzeros"),
        (lambda: kappa(cushions=[], contraction=1, max_output_norm=1), "cushions"),
        (
            lambda: layer_tolerances(
                0.5,
                0.1,
                cushions=[1.5],
                interlayer_cushions=[1.0],
                contraction=1.0,
                frobenius_norms=[1.0],
                n_samples=1,
                width=1,
            ),
            r"cushions must be in \(0, 1\]",
        ),
        (
            lambda: layer_tolerances(
                0.5,
                0.1,
                cushions=[0.5],
                interlayer_cushions=[1.0, 1.0],
                contraction=1.0,
                frobenius_norms=[1.0],
                n_samples=1,
                width=1,
            ),
            "one number per layer",
        ),
        (
            lambda: bartlett_bound(
                0.1,
                spectral_norms=[1.0],
                group_norms=[],
                width=2,
                data_norm=1.0,
                margin=1.0,
                n_samples=10,
                delta=0.1,
            ),
            "group_norms",
        ),
    ],
)
def test_errors_name_the_argument(call, match):
    with pytest.raises(ValueError, match=match):
        call()
