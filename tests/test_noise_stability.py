"""Cushions, contraction and smoothness against dense Jacobians, sample by sample."""

import importlib
import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from htstats import partition  # noqa: E402
from htstats.torch import complexity_table, noise_stability  # noqa: E402

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


def sorted_numbers(values):
    return np.sort([v.detach().item() for v in values])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh])
def test_quantities_are_their_definitions(bias, activation, monkeypatch):
    model = network(bias, activation)
    # small enough for the rows of a Jacobian to come in several parts
    # by name: the package's attribute of that name is the function
    module = importlib.import_module("htstats.torch.noise_stability")
    monkeypatch.setattr(module, "JACOBIAN_ELEMENTS", 100)
    result = noise_stability(model, data(), trials=2)
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
