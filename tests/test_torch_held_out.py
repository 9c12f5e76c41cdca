"""Models that are trained on a part of the examples and certified by the rest; torch models."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="pip install 'htstats[torch]'")

from htstats.certificate import certify_predictions, occam_bound  # noqa: E402
from htstats.cli import main  # noqa: E402
from htstats.torch import load_module, predict  # noqa: E402
from htstats.torch.held_out import held_out_part, predict_state, train_held_out  # noqa: E402


def run(*argv):
    return main([str(a) for a in argv])


def spots(m=800, seed=2, classes=4):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, m)
    x = rng.integers(0, 90, (m, 11, 12)).astype(np.uint8)
    for image, corner in zip(x, y, strict=True):
        row, column = 6 * (corner // 2), 6 * (corner % 2)
        image[row : row + 5, column : column + 6] += 90
    return x, y


# ---- trained on a part --------------------------------------------------------------------------


@pytest.mark.parametrize("m", [2, 7, 800, 60_000])
def test_the_split_is_a_partition_that_ignores_labels(m):
    part, rest = held_out_part(m, 3)
    assert len(part) == 3 * m // 4
    assert sorted([*part, *rest]) == list(range(m))
    assert np.array_equal(held_out_part(m, 3)[1], rest)


def test_the_held_out_examples_do_not_influence_the_model():
    x, y = spots()
    _, rest = held_out_part(len(x), 0)
    one = train_held_out(x, y, epochs=1)
    changed, labels = x.copy(), y.copy()
    changed[rest], labels[rest] = 255 - changed[rest], 0
    two = train_held_out(changed, labels, epochs=1, classes=4)
    assert {*one.state} == {*two.state}
    for name, array in one.state.items():
        assert np.array_equal(array, two.state[name])


def test_a_trained_model_answers_well_and_its_arrays_repeat_the_answers():
    x, y = spots()
    model = train_held_out(x, y, epochs=6)
    _, rest = held_out_part(len(x), 0)
    found = certify_predictions(model.predictions, y[rest])
    assert found.errors < 20
    assert found.certified_error < 0.2
    assert np.array_equal(predict_state(model.state, x[rest], 4), model.predictions)
    with pytest.raises(ValueError, match="do not fit"):
        predict_state({n: a for n, a in model.state.items() if "0" not in n}, x, 4)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("held")
    x, y = spots()
    np.savez(folder / "data.npz", x_train=x[:600], y_train=y[:600], x_test=x[600:], y_test=y[600:])
    argv = ["certify", "--data", folder / "data.npz", "--preset", "held-out"]
    assert run(*argv, "-o", folder / "cnn.npz") == 0
    return folder


def test_the_preset_writes_a_model_that_verify_confirms(place, capsys):
    assert run("verify", place / "cnn.npz", "--data", place / "data.npz", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["holds"]
    assert report["different_answers"] == 0
    assert (report["m"], report["bits"], report["choice_bits"]) == (150, 0, 2.0)
    assert report["certified_error"] == occam_bound(report["errors"], 150, 2.0)
    assert run("verify", place / "cnn.npz", "--data", place / "data.npz") == 0
    words = capsys.readouterr().out
    assert "150 examples that it never saw" in words
    assert "it holds" in words
    assert run("verify", place / "cnn.npz", "--data", place / "data.npz", "--claim", ".001") == 1


def test_other_answers_or_arrays_change_the_claim(place, tmp_path, capsys):
    path = tmp_path / "cnn.npz"
    (tmp_path / "cnn.npz.json").write_text((place / "cnn.npz.json").read_text())
    with np.load(place / "cnn.npz") as archive:
        arrays = dict(archive)
    wrong = arrays["predictions"].copy()
    wrong[:40] = (wrong[:40] + 1) % 4
    np.savez(path, **arrays | {"predictions": wrong})
    assert run("verify", path, "--data", place / "data.npz") == 1
    assert "40 answers differ" in capsys.readouterr().out
    name = next(n for n in arrays if n.endswith("12.weight") or n.endswith("13.weight"))
    np.savez(path, **arrays | {name: -arrays[name]})
    assert run("verify", path, "--data", place / "data.npz") == 1


def test_bad_model_files_and_arguments(place, tmp_path, capsys):
    data = place / "data.npz"
    with np.load(place / "cnn.npz") as archive:
        arrays = dict(archive)
    bad = {
        "no_split": {n: a for n, a in arrays.items() if n != "split"},
        "other_m": arrays | {"split": np.array([800, 0])},
        "few": arrays | {"predictions": arrays["predictions"][:5]},
        "floats": arrays | {"predictions": arrays["predictions"] * 1.0},
        "shapes": arrays | {n: a[:1] for n, a in arrays.items() if n.endswith("weight")},
    }
    for name, content in bad.items():
        np.savez(tmp_path / f"{name}.npz", **content)
        assert run("verify", tmp_path / f"{name}.npz", "--data", data) == 2
        err = capsys.readouterr().err
        assert len(err.splitlines()) == 1, (name, err)
    (tmp_path / "text.npz").write_text("text")
    for argv in (
        ["verify", tmp_path / "text.npz", "--data", data],
        ["verify", tmp_path / "none.npz", "--data", data],
        ["certify", "--preset", "held-out", "--data", data, "-o", tmp_path / "net.htc"],
        ["certify", "--preset", "held-out", "--data", data],
        ["certify", "--preset", "held-out", "--data", data, "-o", tmp_path / "a.npz", "--seeds", 2],
        ["certify", "--preset", "held-out", "--data", data, "-o", data],
    ):
        assert run(*argv) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


# ---- torch models -------------------------------------------------------------------------------


class Corners(torch.nn.Module):
    def forward(self, x):
        x = x[:, 0]
        corners = [x[:, i : i + 5, j : j + 6].mean((1, 2)) for i in (0, 6) for j in (0, 6)]
        return torch.stack(corners, 1)


@pytest.mark.parametrize("way", ["file", "class", "module"])
def test_a_module_at_the_command_line(place, tmp_path, monkeypatch, capsys, way):
    monkeypatch.chdir(tmp_path)
    name = f"corners_{way}"
    (tmp_path / f"{name}.py").write_text(
        "import torch\n"
        "class Corners(torch.nn.Module):\n"
        "    def forward(self, x):\n"
        "        x = x[:, 0]\n"
        "        boxes = [x[:, i:i+5, j:j+6].mean((1, 2)) for i in (0, 6) for j in (0, 6)]\n"
        "        return torch.stack(boxes, 1)\n"
        "model = Corners()\n"
    )
    model = {"class": f"{name}:Corners", "module": f"{name}:model", "file": "model.pt"}[way]
    if way == "file":
        torch.save(Corners(), "model.pt")
    assert run("certify", "--data", place / "data.npz", "--model", model, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["errors"], report["m"]) == (0, 200)
    assert report["certified_error"] == pytest.approx(1 - 0.05 ** (1 / 200), rel=1e-12)


def test_predictions_of_a_module():
    x, y = spots(50)
    assert np.array_equal(predict(Corners(), x).argmax(axis=1), y)
    linear = torch.nn.Linear(3, 2)
    linear.train()
    rows = np.arange(12.0).reshape(4, 3)
    expected = linear(torch.from_numpy(rows).float()).detach().numpy()
    assert np.array_equal(predict(linear, rows), expected)
    assert linear.training
    with pytest.raises(ValueError, match="fails on inputs"):
        predict(linear, np.zeros((4, 5)))
    with pytest.raises(ValueError, match="scores"):
        predict(torch.nn.Flatten(0), rows)


def test_bad_models(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": torch.zeros(3)}, "state.pt")
    (tmp_path / "text.pt").write_text("text")
    (tmp_path / "mine.py").write_text("x = 3\n")
    for model in ("state.pt", "text.pt", "none.pt", "none:f", "mine:none", "mine:x"):
        assert run("certify", "--data", place / "data.npz", "--model", model) == 2
        err = capsys.readouterr().err
        assert len(err.splitlines()) == 1, err
    with pytest.raises(ValueError, match=r"torch\.nn\.Module"):
        load_module("state.pt")
