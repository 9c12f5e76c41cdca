"""Training in the compressed space: what is trained is what the file says."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="pip install 'htstats[torch]'")

from htstats.certificate import IntegerNetwork, Layer, decode, encode, format_for  # noqa: E402
from htstats.torch import Filters, train_compressed  # noqa: E402
from htstats.torch._compressed_convolution import CompressedConvolution  # noqa: E402
from htstats.torch.compressed_training import _CompressedLayer, _logits, _settings  # noqa: E402


def clouds(m=1500, d=12, classes=3, seed=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, m)
    centres = rng.integers(0, 90, (classes, d))
    return np.clip(centres[y] + rng.normal(0, 20, (m, d)), 0, 127).astype(np.int8), y


@pytest.mark.parametrize("hidden", [[6], [6, 5]])
@pytest.mark.parametrize(("mean", "noise"), [(0, 0), (1, 4)])
def test_training_finds_a_classifier_that_a_file_holds(hidden, mean, noise):
    x, y = clouds()
    network = train_compressed(
        x, y, hidden=hidden, epochs=12, mean=mean, noise=noise, shift=5, shrinkage=1e-5
    )
    assert network.widths == (12, *hidden, 3)
    assert [(layer.mean, layer.noise) for layer in network.layers] == [(mean, noise)] * (
        len(hidden) + 1
    )
    assert network.count_errors(x, y) < 0.4 * len(y)
    _, found = decode(encode(format_for("columns", 1, 12, 3, network=True), network))
    assert found.count_errors(x, y) == network.count_errors(x, y)


@pytest.mark.parametrize(("mean", "noise", "seed"), [(0, 0, 0), (-1, 3, 0), (2, 8, 9)])
def test_the_forward_pass_of_training_has_the_numbers_of_the_file(mean, noise, seed):
    x, y = clouds(50)
    network = train_compressed(
        x, y, hidden=[7, 6], epochs=0, mean=mean, noise=noise, noise_seed=seed, seed=4
    )
    torch.manual_seed(4)
    settings = _settings(3, mean, noise, 6)
    shapes = [(7, 12), (6, 7), (3, 6)]
    layers = [
        _CompressedLayer(shape, one, number, seed)
        for number, (shape, one) in enumerate(zip(shapes, settings, strict=True))
    ]
    logits = _logits(layers, torch.from_numpy(x).float()).detach().numpy()
    assert np.array_equal(logits.astype(np.int64), network.logits(x))


def bars(m=600, side=(12, 10)):
    """Images of noise with a bright bar anywhere: upright, or not."""
    rng = np.random.default_rng(1)
    y = np.arange(m) % 2
    x = rng.integers(0, 50, (m, *side))
    for image, kind, at in zip(x, y, rng.integers(0, 6, m), strict=True):
        (image.T if kind else image)[at : at + 4] += 70
    return x.reshape(m, -1).astype(np.int8), y


ONE = [Filters(3, 3, 1, 2, 2)]
TWO = [Filters(4, 2, 1, 2, 2), Filters(3, 3, 1, 2, 3, 0, 2)]


@pytest.mark.parametrize(
    ("filters", "hidden"), [(ONE, []), (ONE, [12]), (TWO, [])], ids=["one", "hidden", "two"]
)
def test_training_with_filters_finds_a_classifier_that_a_file_holds(filters, hidden):
    x, y = bars()
    network = train_compressed(
        x, y, hidden=hidden, filters=filters, image=(12, 10), epochs=20, shrinkage=1e-5, seed=3
    )
    assert [len(c.codes) for c in network.convolutions] == [one.number for one in filters]
    assert network.count_errors(x, y) < 0.25 * len(y)
    _, found = decode(encode(format_for("raw", 12, 10, 2, convolutional=True), network))
    assert found.count_errors(x, y) == network.count_errors(x, y)


@pytest.mark.parametrize("one", [
    Filters(4, 5, 1, 4, 9), Filters(3, 4, 2, 1, 4, 1), Filters(2, 1, 1, 3, 5, 0, 8),
])  # fmt: skip
def test_the_forward_pass_of_a_convolution_has_the_numbers_of_the_file(one):
    torch.manual_seed(5)
    rng = np.random.default_rng(3)
    x = rng.integers(0, 128, (20, 13 * 15)).astype(np.int8)
    layers = [CompressedConvolution(1, one, 1, 9)]
    layers.append(CompressedConvolution(one.number, Filters(2, 3, 1, 2, 8, 0, 1), 2, 9))
    for layer in layers:
        layer.offset.data += torch.randint(-3, 3, layer.offset.shape)
    now = torch.from_numpy(x).float().reshape(20, 1, 13, 15)
    for layer in layers:
        now = layer(now)
    n = int(np.prod(now.shape[1:]))
    head = Layer(np.zeros((2, n), np.int8), np.zeros(2, np.int16))
    network = IntegerNetwork((head,), 1, 9, tuple(one.exact() for one in layers), (13, 15))
    assert np.array_equal(network.convolve(x), now.detach().flatten(1).numpy())
    assert now.any()


def test_a_seed_repeats_itself_and_shrinkage_prunes():
    x, y = clouds()
    one, two, other = (train_compressed(x, y, epochs=2, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(one.layers, two.layers, strict=True):
        assert np.array_equal(a.codes, b.codes)
        assert np.array_equal(a.offsets, b.offsets)
    assert not np.array_equal(one.layers[0].codes, other.layers[0].codes)
    few = train_compressed(x, y, epochs=2, seed=1, shrinkage=2e-3)
    assert few.n_nonzeros < one.n_nonzeros


def test_the_random_state_of_the_caller_stays():
    x, y = clouds(50)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train_compressed(x, y, epochs=1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features": np.zeros((5, 3))}, "int8"),
        ({"labels": np.zeros(4, int)}, "labels"),
        ({"labels": np.array([0, 1, -1, 0, 1])}, "labels"),
        ({"hidden": []}, "hidden"),
        ({"hidden": [1025]}, "hidden"),
        ({"epochs": -1}, "epochs"),
        ({"shrinkage": -1.0}, "shrinkage"),
        ({"mean": 5}, "mean"),
        ({"noise": [1]}, "2 numbers"),
        ({"shift": 16}, "shift"),
        ({"seed": -1}, "seed"),
        ({"filters": [Filters(2, 1, 1, 1)], "image": (2, 2)}, "3 pixels"),
        ({"filters": [Filters(2, 1, 1, 1)]}, "3 pixels"),
        ({"filters": [Filters(2, 1, 1, 2)], "image": (1, 3)}, "do not fit"),
        ({"filters": [Filters(2, 1, 1, 1)] * 5, "image": (1, 3)}, "filters"),
    ],
)
def test_bad_arguments(change, words):
    arguments = {"features": np.eye(5, 3, dtype=np.int8), "labels": np.arange(5) % 2} | change
    with pytest.raises((TypeError, ValueError), match=words):
        train_compressed(arguments.pop("features"), arguments.pop("labels"), **arguments)


@pytest.mark.parametrize(
    "change",
    [{"number": 0}, {"number": 257}, {"size": 32}, {"stride": 0}, {"pool": 0}, {"shift": 16},
     {"mean": 5}, {"noise": 5}],
    ids=str,
)  # fmt: skip
def test_bad_filters(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Filters(**({"number": 8} | change))
