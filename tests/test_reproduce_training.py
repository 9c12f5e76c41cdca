"""The networks on Fashion-MNIST: how they are built, changed images, training, stored weights."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from htstats.datasets import DEBIAN, Split, fashion_mnist  # noqa: E402
from htstats.reproduce._networks import RECIPES, Recipe, load_network, save_network  # noqa: E402
from htstats.reproduce._train import _Run, augment, train_recipe  # noqa: E402
from htstats.torch.layers import evaluate  # noqa: E402
from htstats.torch.training import fully_connected  # noqa: E402

WEIGHTS = Path(__file__).parents[1] / "bench" / "paper" / "weights"


def bars(n, seed=0):
    """Images with a bright row, 1 to 3, or 21 to 23: two classes that mirroring leaves alone."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    images = np.full((n, 28, 28), -1, np.float32)
    images[np.arange(n), 1 + 20 * labels + rng.integers(0, 3, n)] = 1
    return images.reshape(n, -1), labels.astype(np.int64)


@pytest.fixture
def data():
    return Split("bars", *bars(480), *bars(50, seed=1))


TINY = Recipe(
    "tiny", lambda: fully_connected([784, 8, 10]), 4, 0.05, 1e-3, batch=16, warm_up=0.25, shift=1
)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_a_network_gives_ten_outputs_and_ends_in_its_head(recipe):
    model = recipe.build().eval()
    assert list(dict(model.named_children()))[-1] == "head"
    x = torch.from_numpy(bars(3)[0])
    assert model(x).shape == (3, 10)
    assert torch.equal(model[-1](model[:-1](x)), model(x))


def test_resnet_has_the_size_of_its_paper():
    # He et al. 2016 state 0.27 million; one input channel in place of three takes 288 away
    count = sum(p.numel() for p in RECIPES["resnet20"].build().parameters())
    assert count == 269_722 - 288


def test_its_shortcut_takes_every_second_pixel_and_adds_channels_of_zeros():
    model = RECIPES["resnet20"].build().eval()
    block = model.stage2block1
    for convolution in (block.conv1, block.conv2):
        torch.nn.init.zeros_(convolution.weight)
    x = torch.rand(2, 16, 8, 8)
    y = block(x)
    assert torch.allclose(y[:, :16], x[:, :, ::2, ::2])
    assert y.shape == (2, 32, 4, 4)
    assert not y[:, 16:].any()


def test_changed_images_are_shifted_mirrored_and_black_at_the_edge():
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.uniform(-1, 1, (1, 28, 28)).astype(np.float32))
    changed = augment(image.expand(400, 28, 28), 2, torch.Generator().manual_seed(0))
    wide = torch.nn.functional.pad(image[0], (2, 2, 2, 2), value=-1.0)
    seen = set()
    for one in changed:
        for down in range(5):
            for right in range(5):
                part = wide[down : down + 28, right : right + 28]
                for mirrored in (False, True):
                    if torch.equal(one, part.flip(1) if mirrored else part):
                        seen.add((down, right, mirrored))
    # 400 draws miss one of the 50 with probability 50 (49/50)^400 = 0.015, not with this seed
    assert len(seen) == 50


def test_every_change_is_one_of_those():
    image = torch.arange(784.0).reshape(1, 28, 28)
    changed = augment(image.expand(50, 28, 28), 0, torch.Generator().manual_seed(0))
    for one in changed:
        assert torch.equal(one, image[0]) or torch.equal(one, image[0].flip(1))


def test_the_learning_rate_rises_and_then_falls_as_a_cosine(data):
    run = _Run(TINY, data, 0, "cpu")
    assert run._rate(0.0) == 0
    assert run._rate(0.125) == pytest.approx(0.025)
    assert run._rate(0.25) == pytest.approx(0.05)
    assert run._rate(0.625) == pytest.approx(0.025)
    assert run._rate(0.75) == pytest.approx(0.05 * (1 + math.cos(2 * math.pi / 3)) / 2)
    assert run._rate(1.0) == pytest.approx(0, abs=1e-17)


def test_training_learns_and_records_what_the_file_holds(data, tmp_path):
    lines = []
    path = train_recipe(TINY, data, tmp_path / "new", device="cpu", report=lines.append)
    record = json.loads(path.with_suffix(".json").read_text())
    test = [(torch.from_numpy(data.x_test), torch.from_numpy(data.y_test))]
    accuracy = evaluate(load_network(TINY, path), test).accuracy
    assert record["test_accuracy_of_stored_weights"] == accuracy > 0.9
    assert record["epochs"] == len(lines) == 4
    assert record["parameters"] == 784 * 8 + 8 + 8 * 10 + 10
    assert not (tmp_path / "new" / "tiny.checkpoint").exists()


def weights_of(path):
    return load_network(TINY, path).state_dict()


def test_a_seed_decides_all(data, tmp_path):
    paths = [
        train_recipe(TINY, data, tmp_path / str(number), seed=seed, device="cpu")
        for number, seed in enumerate((3, 3, 4))
    ]
    same, again, other = map(weights_of, paths)
    assert all(torch.equal(same[name], again[name]) for name in same)
    assert not torch.equal(same["head.weight"], other["head.weight"])


def test_a_cut_off_training_ends_in_the_same_weights(data, tmp_path):
    whole = weights_of(train_recipe(TINY, data, tmp_path / "whole", device="cpu"))

    class CutOff(Exception):
        pass

    def stop(line):
        if "epoch 2" in line:
            raise CutOff

    with pytest.raises(CutOff):
        train_recipe(TINY, data, tmp_path / "cut", device="cpu", report=stop)
    assert (tmp_path / "cut" / "tiny.checkpoint").exists()
    lines = []
    path = train_recipe(TINY, data, tmp_path / "cut", device="cpu", report=lines.append)
    assert len(lines) == 2
    resumed = weights_of(path)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_the_checkpoint_of_another_training_is_refused(data, tmp_path):
    run = _Run(TINY, data, 0, "cpu")
    torch.save(run.state(), tmp_path / "tiny.checkpoint")
    with pytest.raises(ValueError, match=r"of another training \(epochs\)"):
        train_recipe(dataclasses.replace(TINY, epochs=9), data, tmp_path, device="cpu")


def test_stored_matrices_are_float16_but_the_head_is_exact(tmp_path):
    model = TINY.build()
    save_network(model, tmp_path / "tiny.safetensors")
    loaded = load_network(TINY, tmp_path / "tiny.safetensors")
    assert torch.equal(loaded.head.weight, model.head.weight)
    assert torch.equal(loaded.hidden1.bias, model.hidden1.bias)
    rounded = model.hidden1.weight.half().float()
    assert torch.equal(loaded.hidden1.weight, rounded)
    assert not torch.equal(rounded, model.hidden1.weight)


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_network(fully_connected([784, 9, 10]), path)
    with pytest.raises(ValueError, match="does not hold the weights of tiny"):
        load_network(TINY, path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="does not hold the weights of tiny"):
        load_network(TINY, path)


committed = pytest.mark.skipif(not WEIGHTS.is_dir(), reason="the weights are in the checkout only")


@committed
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_committed_weights_fit_their_recipe(recipe):
    load_network(recipe, WEIGHTS / f"{recipe.name}.safetensors")
    record = json.loads((WEIGHTS / f"{recipe.name}.json").read_text())
    for key in ("epochs", "batch", "learning_rate", "weight_decay", "momentum"):
        assert record[key] == getattr(recipe, key)


@committed
def test_committed_weights_are_small():
    assert sum(path.stat().st_size for path in WEIGHTS.glob("*.safetensors")) < 3_000_000


@committed
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs apt-get install dataset-fashion-mnist")
@pytest.mark.parametrize("name", ["mlp-256", "mlp-512-256", "cnn"])
def test_committed_weights_have_the_accuracy_they_claim(name):
    data = fashion_mnist()
    test = [(torch.from_numpy(data.x_test), torch.from_numpy(data.y_test))]
    found = evaluate(load_network(RECIPES[name], WEIGHTS / f"{name}.safetensors"), test).accuracy
    record = json.loads((WEIGHTS / f"{name}.json").read_text())
    # another processor may order sums otherwise and turn a few of 10,000 near ties
    assert found == pytest.approx(record["test_accuracy_of_stored_weights"], abs=5e-4)
    assert found > (0.91 if name == "cnn" else 0.89)
