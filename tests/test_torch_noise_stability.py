"""Cushions, contraction and smoothness against dense Jacobians, sample by sample."""

import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from htstats import partition  # noqa: E402
from htstats.torch import complexity_table, compression_tolerances, noise_stability  # noqa: E402
from htstats.torch._jacobians import JacobianNorms, hutchinson_interval  # noqa: E402
from htstats.torch.stability import measure_splits  # noqa: E402

SIZES = (6, 9, 7, 4)


def network(bias, activation=nn.ReLU):
    torch.manual_seed(3)
    layers = []
    for a, b in itertools.pairwise(SIZES):
        layers += [nn.Linear(a, b, bias=bias), activation()]
    return nn.Sequential(nn.Flatten(), nn.Sequential(*layers[:-1])).double()


def data(n=12):
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.standard_normal((n, 2, 3)))
    y = torch.from_numpy(rng.integers(0, 4, n))
    return list(zip(x.split(5), y.split(5), strict=True))


def slow(model, batches, trials=2, seed=0):
    """The definitions, one sample at a time, with whole Jacobian matrices."""
    linear = [m for m in model.modules() if isinstance(m, nn.Linear)]
    phi = next(
        m for m in model.modules() if not isinstance(m, nn.Sequential | nn.Flatten | nn.Linear)
    )
    mu, inter, contraction, rough = [[] for _ in linear], {}, [], []
    for sample in torch.cat([x for x, _ in batches]):
        states = [sample.flatten()]
        for i, layer in enumerate(linear, 1):
            before = states[-1] if i == 1 else phi(states[-1])
            mu[i - 1].append((layer.weight @ before).norm() / layer.weight.norm() / before.norm())
            states.append(layer(before))
        for i in range(1, len(linear)):
            contraction.append(states[i].norm() / phi(states[i]).norm())
            before = states[0] if i == 1 else phi(states[i - 1])
            for j in range(i + 1, len(linear) + 1):

                def travel(x, i=i, j=j):
                    for layer in linear[i:j]:
                        x = layer(phi(x))
                    return x

                J = torch.autograd.functional.jacobian(travel, states[i])
                x = states[i]
                inter.setdefault((i, j), []).append((J @ x).norm() / J.norm() / x.norm())
                for trial in range(trials):
                    W = linear[i - 1].weight.detach()
                    Wt = partition(W, "std", seed=seed + trial, layer=i - 1).toarray()
                    e = (torch.from_numpy(Wt) - W) @ before
                    gap = (travel(x + e) - travel(x) - J @ e).norm()
                    gap = gap if gap > 1e-12 * states[j].norm() else 0 * gap
                    rough.append(e.norm() * states[j].norm() / (x.norm() * gap))
    return mu, inter, contraction, rough


def measure_with(model, *, trials=4, **limits):
    """`noise_stability` with other limits of its Jacobians."""
    norms = JacobianNorms("auto", 256, torch.Generator().manual_seed(0), **limits)
    return measure_splits(
        model, data(), norms, threshold="std", noise="paper", trials=trials, seed=0,
        confidence=0.95,
    )  # fmt: skip


def sorted_numbers(values):
    return np.sort([v.detach().item() for v in values])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh])
def test_quantities_are_their_definitions(bias, activation):
    model = network(bias, activation)
    # small enough for the rows of a Jacobian to come in several parts
    result = measure_with(model, trials=2, batch_elements=100)
    mu, inter, contraction, rough = slow(model, data())
    assert result.biases == bias
    pairs = [
        *zip(result.layer_cushion, mu, strict=True),
        *((result.interlayer_cushion[key], inter[key]) for key in inter),
        (result.activation_contraction, contraction),
        (result.interlayer_smoothness, rough),
    ]
    assert set(result.interlayer_cushion) == set(inter)
    for found, values in pairs:
        expected = sorted_numbers(values)
        assert found.n == len(expected)
        # sums of a dozen doubles in another order; the smoothness divides by a small difference
        close = {"rel": 1e-9}
        assert found.minimum == pytest.approx(expected[0], **close)
        assert found.maximum == pytest.approx(expected[-1], **close)
        middle = expected[math.ceil(0.5 * len(expected)) - 1]
        assert found.quantiles[0.5] == pytest.approx(middle, **close)
    for i, value in enumerate(result.minimal_interlayer_cushion, 1):
        others = [sorted_numbers(inter[key])[0] for key in inter if key[0] == i]
        assert value == pytest.approx(min([1 / math.sqrt(SIZES[i]), *others]))


def test_an_inverse_cushion_is_at_least_the_root_of_the_stable_rank():
    # the paper's (17): sqrt(srank) <= 1/mu
    model = network(False)
    result = noise_stability(model, data())
    for cushion, weight in zip(result.layer_cushion, model.parameters(), strict=True):
        w = weight.detach().numpy()
        rank = (np.linalg.norm(w) / np.linalg.norm(w, 2)) ** 2
        assert cushion.maximum <= 1 / math.sqrt(rank) * (1 + 1e-12)


def test_a_linear_network_is_infinitely_smooth():
    result = noise_stability(network(False, nn.Identity), data())
    assert result.interlayer_smoothness.minimum == math.inf
    assert result.activation_contraction.maximum == 1


def test_seed_and_threshold_reach_the_noise():
    model = network(False, nn.Tanh)
    first = noise_stability(model, data()).interlayer_smoothness
    assert noise_stability(model, data()).interlayer_smoothness == first
    assert noise_stability(model, data(), seed=9).interlayer_smoothness != first
    other = noise_stability(model, data(), threshold="quantile:0.2").interlayer_smoothness
    assert other != first


def test_the_model_is_unchanged():
    model = network(True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    noise_stability(model.train(), data())
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("bias", [False, True])
def test_complexity_rows_say_what_they_are(bias):
    model = network(bias)
    batches = [(x, model(x).argmax(1)) for x, _ in data(40)]
    rows = complexity_table(model, batches)
    assert [r.kind for r in rows] == ["rate", "complexity", "bound", "complexity", "complexity"]
    weights = [p.detach().numpy() for p in model.parameters() if p.ndim == 2]
    kept = sum(np.count_nonzero(np.abs(w) > w.std()) for w in weights)
    assert float(rows[0]) == pytest.approx(math.sqrt(kept / 40))
    parameters = sum(p.numel() for p in model.parameters())
    assert float(rows[-1]) == pytest.approx(math.sqrt(parameters / 40))
    x = torch.cat([x for x, _ in batches]).flatten(1).numpy()
    inputs = {key: value for row in rows for key, value in row.inputs.items()}
    assert inputs["input_norm"] == pytest.approx(np.linalg.norm(x, axis=1).max())
    assert inputs["data_norm"] == pytest.approx(np.linalg.norm(x))
    assert inputs["spectral_norms"] == pytest.approx([np.linalg.norm(w, 2) for w in weights])
    wide = complexity_table(model, batches, margin=inputs["margin"] / 10)
    assert all(float(b) > float(a) for a, b in zip(rows[1:4], wide[1:4], strict=True))


def test_bad_models_and_data():
    with pytest.raises(ValueError, match="got a Conv2d"):
        noise_stability(nn.Sequential(nn.Conv2d(1, 1, 1), nn.Linear(2, 2)), data())
    with pytest.raises(ValueError, match="two or more linear layers"):
        noise_stability(nn.Linear(6, 2), data())
    with pytest.raises(ValueError, match="modules after them"):
        noise_stability(nn.Sequential(*network(False), nn.ReLU()), data())
    with pytest.raises(ValueError, match="loader must have samples"):
        noise_stability(network(False), [])
    with pytest.raises(ValueError, match="loader must have samples"):
        complexity_table(network(False), [])
    with pytest.raises(ValueError, match="trials must be at least 1"):
        noise_stability(network(False), data(), trials=0)
    with pytest.raises(ValueError, match="zero on a sample"):
        noise_stability(network(False), [(torch.zeros(1, 6).double(), torch.tensor([0]))])
    with pytest.raises(ValueError, match="margin must be positive, got -1"):
        complexity_table(network(False), data(), margin=-1)
    model = network(False)
    wrong = [(x, model(x).argmin(1)) for x, _ in data()]
    for measured in (complexity_table, compression_tolerances):
        with pytest.raises(ValueError, match=r"margin must be given: .* errs on a tenth"):
            measured(model, wrong)


# -- Hutchinson -----------------------------------------------------------------------------------


def test_hutchinson_s_interval_holds_for_every_pair_and_sample():
    """Against the exact norms, at a confidence of 1 - 1e-3: no miss is to be expected in 20 runs
    (one in 50 such tests would see one if the interval were tight; it is a union bound)."""
    model = network(False)
    exact = noise_stability(model, data(), jacobian="exact")
    assert exact.estimated == frozenset()
    assert exact.interval == (1.0, 1.0)
    for seed in range(20):
        found = noise_stability(
            model, data(), jacobian="hutchinson", probes=64, confidence=0.999, seed=seed
        )
        assert found.estimated == set(found.interlayer_cushion) == {(1, 2), (1, 3), (2, 3)}
        low, high = found.interval
        assert 0.5 < low < 1 < high < 1.6
        for pair, estimate in found.interlayer_cushion.items():
            true = exact.interlayer_cushion[pair]
            for a, b in ((estimate.minimum, true.minimum), (estimate.maximum, true.maximum)):
                assert a * low <= b <= a * high
        # the minimal cushions are lower bounds
        pairs = zip(found.minimal_interlayer_cushion, exact.minimal_interlayer_cushion, strict=True)
        assert all(a <= b for a, b in pairs)
    assert "estimate" in repr(found)
    assert "estimate" not in repr(exact)


@pytest.mark.parametrize("rank", [1, 5])
def test_the_interval_covers_a_weighted_chi_square(rank):
    """Rank 1 is the worst case: there the interval is Chernoff's for one chi^2 of `probes`."""
    probes, failure, trials = 40, 0.05, 20_000
    low, high = hutchinson_interval(probes, failure)
    weights = np.array([1.0]) if rank == 1 else np.array([0.9, 0.04, 0.03, 0.02, 0.01])
    g = np.random.default_rng(0).standard_normal((trials, probes, len(weights)))
    estimate = (g**2 @ weights).mean(axis=1)  # of 1
    outside = np.mean((estimate < low**2) | (estimate > high**2))
    assert outside <= failure
    if rank == 1:
        assert outside > failure / 20  # no vacuous interval


def test_auto_is_exact_up_to_the_many_rows():
    found = measure_with(network(False), many_rows=5)
    assert found.estimated == {(1, 2)}  # 7 rows; the last layer has 4
    assert measure_with(network(False), many_rows=7).estimated == set()


# -- from cushions to k_i -------------------------------------------------------------------------


def positive_network():
    """Positive weights and data: no unit ever switches, and a layer's cushion is near 1."""
    rng = np.random.default_rng(1)
    layers = []
    for a, b in itertools.pairwise((6, 9, 7, 4)):
        layer = nn.Linear(a, b, bias=False).double()
        w = 1 + rng.random((b, a))
        w[rng.random((b, a)) < 0.3] *= 1e-6  # what can go
        layer.weight.data = torch.from_numpy(w)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def positive_data(n=12):
    rng = np.random.default_rng(2)
    return [(torch.from_numpy(1 + rng.random((n, 6))), torch.from_numpy(rng.integers(0, 4, n)))]


@pytest.mark.parametrize("convention", ["rigorous", "paper"])
def test_the_chain_from_cushions_to_k(convention):
    from htstats import theory

    model, batches = positive_network(), positive_data()
    found = compression_tolerances(model, batches, eps=0.5, delta=0.1, convention=convention)
    weights = [p.detach().numpy() for p in model.parameters()]
    stability = noise_stability(model, batches)
    by_hand = theory.layer_tolerances(
        0.5, 0.1,
        cushions=[c.minimum for c in stability.layer_cushion],
        interlayer_cushions=stability.minimal_interlayer_cushion,
        contraction=stability.activation_contraction.maximum,
        frobenius_norms=[np.linalg.norm(w) for w in weights],
        n_samples=12, width=9, convention=convention,
    )  # fmt: skip
    for w, layer, allowed in zip(weights, found.layers, by_hand.layers, strict=True):
        assert layer.tolerance.eps == pytest.approx(allowed.eps, rel=1e-12)
        assert layer.tolerance.eta == pytest.approx(allowed.eta, rel=1e-12)
        choice = theory.matrix_approximation(w, allowed.eps, allowed.eta, convention=convention)
        assert (layer.choice.tau, layer.choice.t) == (choice.tau, choice.t)
        assert (layer.choice.eps, layer.choice.eta) == (layer.tolerance.eps, layer.tolerance.eta)
        assert layer.k == choice.n_kept
        assert 0 < layer.k < w.size
    assert found.k == tuple(layer.k for layer in found.layers)
    assert found.rate.value == pytest.approx(math.sqrt(sum(found.k) / 12))
    assert found.holds
    assert "layer" in repr(found)


def test_what_the_chain_allows_keeps_the_lemma_s_word():
    """|f - g| <= eps |f|, but for a share delta/2 of the noises; 4 standard errors."""
    model, batches = positive_network(), positive_data()
    eps, delta, trials = 0.5, 0.1, 200
    found = compression_tolerances(model, batches, eps=eps, delta=delta)
    weights = [p.detach().numpy() for p in model.parameters()]
    x = batches[0][0].numpy().T
    relu = lambda z: np.maximum(z, 0)  # noqa: E731
    true = weights[2] @ relu(weights[1] @ relu(weights[0] @ x))
    failures = 0
    for seed in range(trials):
        a, b, c = (
            partition(w, layer.choice.tau, noise="matched", seed=seed, layer=i).toarray()
            for i, (w, layer) in enumerate(zip(weights, found.layers, strict=True))
        )
        moved = c @ relu(b @ relu(a @ x))
        failures += (
            np.linalg.norm(moved - true, axis=0) > eps * np.linalg.norm(true, axis=0)
        ).any()
    assert failures / trials <= delta / 2 + 4 * math.sqrt(delta / 2 / trials)


def test_the_chain_says_what_is_not_met():
    model = network(True)
    batches = [(x, model(x).argmax(1)) for x, _ in data(40)]
    found = compression_tolerances(model, batches)
    assert not found.conditions["no biases"]
    assert not found.holds
    # a random network: one element of each layer goes, into the mean that stands for it
    assert found.k == (53, 62, 27)
    pruned = compression_tolerances(model, batches, noise="none")
    assert pruned.k == (54, 63, 28)
    assert "none" in repr(pruned)
    tanh = network(False, nn.Tanh)
    found = compression_tolerances(tanh, data(), eps=0.5)
    assert not found.conditions["piecewise linear"]
    with pytest.raises(ValueError, match="margin must be positive"):
        compression_tolerances(model, batches, margin=0.0)


def test_tables_print():
    model = network(False)
    batches = [(x, model(x).argmax(1)) for x, _ in data(40)]
    table = complexity_table(model, batches)
    text = repr(table)
    assert isinstance(table, tuple)
    for row in table:
        assert row.name in text
    for kind in ("rate", "bound", "complexity"):
        assert kind in text
    text = repr(noise_stability(model, batches))
    assert "layer cushion 3" in text
    assert "interlayer smoothness" in text


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_cuda_the_same_numbers():
    model = network(False)
    here = noise_stability(model, data())
    there = noise_stability(model.cuda(), data())
    for a, b in zip(here.layer_cushion, there.layer_cushion, strict=True):
        assert a.minimum == pytest.approx(b.minimum, rel=1e-9)
    for pair, cushion in here.interlayer_cushion.items():
        assert cushion.minimum == pytest.approx(there.interlayer_cushion[pair].minimum, rel=1e-9)
