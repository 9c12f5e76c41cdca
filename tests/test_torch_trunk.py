"""The trunk of certificates by transfer: exact columns, and how other files are named."""

import hashlib
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from htstats.certificate import TRUNK_SHA256, Examples, Stage, certify, verify  # noqa: E402
from htstats.cli import main  # noqa: E402
from htstats.torch import trunk as trunk_module  # noqa: E402
from htstats.torch.trunk import (  # noqa: E402
    BLOCKS,
    PATTERN_SHA256,
    Trunk,
    find_trunk,
    load_trunk,
    test_pattern,
)


@pytest.fixture(scope="module")
def path():
    try:
        return find_trunk()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def state():
    """Random weights of the network's shapes."""
    rng = np.random.default_rng(3)
    found = {}

    def conv(name, norm, out, into, kernel):
        weights = rng.normal(0, (into * kernel * kernel) ** -0.5, (out, into, kernel, kernel))
        found[f"{name}.weight"] = torch.from_numpy(weights.astype(np.float32))
        for part, values in (
            ("weight", rng.uniform(0.5, 1.5, out)), ("bias", rng.normal(0, 0.5, out)),
            ("running_mean", rng.normal(0, 0.3, out)), ("running_var", rng.uniform(0.1, 2, out)),
        ):  # fmt: skip
            found[f"{norm}.{part}"] = torch.from_numpy(values.astype(np.float32))

    conv("_conv_stem", "_bn0", 32, 3, 3)
    width = 32
    for i, ((kernel, _, _), out) in enumerate(
        zip(BLOCKS, (16, 24, 24, 40, 40, 80, 80, 80), strict=True)
    ):
        inner, name = width if i == 0 else 6 * width, f"_blocks.{i}"
        if i:
            conv(f"{name}._expand_conv", f"{name}._bn0", inner, width, 1)
        conv(f"{name}._depthwise_conv", f"{name}._bn1", inner, 1, kernel)
        conv(f"{name}._project_conv", f"{name}._bn2", out, inner, 1)
        width = out
    return found


def convolve(layer, x):
    """The layer in int64, and the factor as one product in float32, rounded half to even."""
    weight = layer.weight.numpy().astype(np.int64)
    kernel, stride, n = weight.shape[2], layer.stride, x.shape[1]
    out = -(-n // stride)
    before = max((out - 1) * stride + kernel - n, 0) // 2
    padded = np.pad(x, ((0, 0), (before, kernel), (before, kernel)))
    sums = np.zeros((len(weight), out, out), np.int64)
    for dy in range(kernel):
        for dx in range(kernel):
            part = padded[:, dy : dy + stride * out : stride, dx : dx + stride * out : stride]
            if weight.shape[1] == len(x):
                sums += np.einsum("oi,iyx->oyx", weight[:, :, dy, dx], part)
            else:
                sums += weight[:, 0, dy, dx, None, None] * part
    sums += layer.bias.astype(np.int64)[:, None, None]
    assert np.abs(sums).max() < 2**24
    factor = layer.factor.reshape(-1, 1, 1)
    return np.rint(sums.astype(np.float32) * factor).astype(np.int64)


def columns_of(trunk, image):
    """The columns of one image, in int64 between the layers."""
    pixels = 255 - image.astype(np.int64)

    def weights(i):
        low, part = divmod(14 * i - 17, 48)
        return [(min(max(low, 0), 27), 48 - part), (min(max(low + 1, 0), 27), part)]

    x = np.array(
        [
            [
                (sum(a * b * int(pixels[y, x]) for y, a in weights(i) for x, b in weights(j))
                 + 1152) // 2304 - 127
                for j in range(96)
            ]
            for i in range(96)
        ]
    )[None]  # fmt: skip
    x = convolve(trunk.stem, x).clip(0, 255)
    for layers, (_, _, adds) in zip(trunk.blocks, BLOCKS, strict=True):
        y = x
        for layer in layers[:-1]:
            y = convolve(layer, y).clip(0, 255)
        y = convolve(layers[-1], y)
        x = (y + x if adds else y).clip(-1023, 1023)
    pooled = x.reshape(80, 3, 2, 3, 2).sum(axis=(2, 4))
    mean = trunk.mean.numpy().astype(np.int64)[:, None, None]
    scaled = (pooled - mean).astype(np.float32) * trunk.factor.numpy()[:, None, None]
    return np.rint(scaled).clip(-127, 127).astype(np.int8).ravel()


def test_columns_are_those_of_whole_numbers(state):
    trunk = Trunk(state)
    images = test_pattern()[:2]
    found = trunk.columns(images)
    assert found.shape == (2, 720)
    assert len(np.unique(found)) > 50
    for image, row in zip(images, found, strict=True):
        assert np.array_equal(columns_of(trunk, image), row)


def test_columns_do_not_depend_on_the_batch(state, monkeypatch):
    trunk = Trunk(state)
    images = test_pattern()
    whole = trunk.columns(images)
    monkeypatch.setattr(trunk_module, "BATCH", 3)
    assert np.array_equal(trunk.columns(images), whole)


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_columns_do_not_depend_on_threads(state, monkeypatch, n_threads):
    trunk = Trunk(state)
    images = np.concatenate([test_pattern(), 255 - test_pattern()])
    whole = trunk.columns(images)
    monkeypatch.setattr(trunk_module, "BATCH", 2)
    monkeypatch.setattr(trunk_module, "PART", 3)
    assert np.array_equal(trunk.columns(images, n_threads=n_threads), whole)


def test_a_certificate_by_transfer_names_the_trunk():
    rng = np.random.default_rng(5)
    y = np.arange(60) % 10
    x = rng.integers(-100, 100, (60, 720)).astype(np.int8)
    x[:, 0] = 20 * y - 90
    examples = Examples("columns", x, y)
    stages = [Stage(2000, 5.0)]
    (found,) = certify(examples, preset="transfer", stages=stages)
    assert found.certificate.encoder_sha256 == TRUNK_SHA256
    assert any(TRUNK_SHA256 in line for line in found.certificate.assumptions)
    assert verify(found.data, examples).certificate == found.certificate
    same = verify(found.data, examples, encoder_sha256=TRUNK_SHA256.upper())
    assert same.certificate == found.certificate
    with pytest.raises(ValueError, match=TRUNK_SHA256):
        verify(found.data, examples, encoder_sha256="0" * 64)


@pytest.mark.parametrize(("fan_in", "bias"), [(600, 0.0), (100, math.inf), (100, math.nan)])
def test_sums_that_float32_cannot_hold_are_refused(fan_in, bias):
    weight = np.ones((2, fan_in, 1, 1))
    with pytest.raises(ValueError, match=r"2\^24"), np.errstate(all="ignore"):
        trunk_module._quantise(weight, np.full(2, bias), 1.0, 255, 1.0)


def test_columns_of_the_public_network_have_these_bytes(path):
    columns = load_trunk(path).columns(test_pattern())
    assert hashlib.sha256(columns.tobytes()).hexdigest() == PATTERN_SHA256
    assert np.array_equal(columns[0], columns_of(load_trunk(path), test_pattern()[0]))


def test_other_images_and_files_are_named(state, tmp_path, capsys):
    trunk = Trunk(state)
    with pytest.raises(TypeError, match="uint8"):
        trunk.columns(np.zeros((2, 28, 28)))
    with pytest.raises(ValueError, match="28 x 28"):
        trunk.columns(np.zeros((2, 8, 8), np.uint8))
    data, weights = tmp_path / "data.npz", tmp_path / "other.pth"
    rng = np.random.default_rng(0)
    np.savez(data, x=rng.integers(0, 255, (40, 28, 28)).astype(np.uint8), y=np.arange(40) % 10)
    weights.write_bytes(b"nothing")
    out = str(tmp_path / "net.htc")
    for extra, words in (
        (["--trunk", str(weights)], "is not the trunk"),
        (["--trunk", str(tmp_path / "none.pth")], "none.pth"),
    ):
        argv = ["certify", "--data", str(data), "-o", out, "--preset", "transfer", *extra]
        assert main(argv) == 2
        err = capsys.readouterr().err
        assert words in err
        assert len(err.splitlines()) == 1
    argv[2:3] = ["digits"]
    assert main(argv) == 2
    assert "28 x 28" in capsys.readouterr().err
