"""Figure 3, Table 1 and the mixture of regressions beneath."""

import csv
import importlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from htstats.torch import reproduce  # noqa: E402
from htstats.torch._mixture import fit_mixture, select_mixture  # noqa: E402


def two_lines(n=120):
    rng = np.random.default_rng(0)
    x = rng.uniform(1, 6, n)
    which = rng.random(n) < 0.3
    y = np.where(which, 1 + 2 * x, 9 - x) + 0.1 * rng.standard_normal(n)
    return x, y, which


@pytest.mark.parametrize("components", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_no_step_of_em_lowers_the_likelihood(components, seed):
    x, y, _ = two_lines()
    history = np.array(fit_mixture(x, y, components, starts=1, seed=seed).loglikelihood)
    # rounding of a sum of 120 terms
    assert np.diff(history).min(initial=0) >= -1e-12 * np.abs(history).max()


def test_bic_finds_the_lines_that_made_the_data():
    x, y, which = two_lines()
    found = select_mixture(x, y)
    assert len(found.weight) == 2
    first = int(found.slope.argmax())
    # four standard errors of a line through 36 points with deviation 0.1
    assert found.slope[first] == pytest.approx(2, abs=0.06)
    assert found.intercept[first] == pytest.approx(1, abs=0.25)
    assert found.slope[1 - first] == pytest.approx(-1, abs=0.06)
    assert np.mean((found.responsibility.argmax(0) == first) == which) > 0.95


def test_one_line_is_least_squares():
    x, y, _ = two_lines()
    found = fit_mixture(x, y, 1)
    slope, intercept = np.polyfit(x, y, 1)
    assert found.slope[0] == pytest.approx(slope)
    assert found.intercept[0] == pytest.approx(intercept)
    residual = y - intercept - slope * x
    n = len(x)
    expected = -n / 2 * (np.log(2 * np.pi * residual.var()) + 1)
    assert found.loglikelihood[-1] == pytest.approx(expected)
    assert found.bic == pytest.approx(-2 * expected + 3 * np.log(n))


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1]), ([1, 1, 1], [1, 2, 3]), ([1, 2], [1, 2])])
def test_bad_points(x, y):
    with pytest.raises(ValueError, match="x and y must be vectors"):
        fit_mixture(x, y, 2)


@pytest.fixture
def one_recipe(monkeypatch):
    module = importlib.import_module("htstats.torch.reproduce")
    monkeypatch.setattr(
        module, "RECIPES", (module.Recipe((64, 32), 1e-3), module.Recipe((8,), 0.0))
    )
    monkeypatch.setattr(module, "EPOCHS", 5)


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("one_recipe")
def test_table_1_has_every_reading_and_noise(tmp_path):
    (path,) = reproduce.table1(tmp_path / "new")
    rows = rows_of(path)
    assert len(rows) == 2 * 9
    assert {(r["keep"], r["noise"]) for r in rows} == {
        (k, n) for k in reproduce.KEEPS for n in reproduce.NOISES
    }
    for row in rows:
        assert 0 <= float(row["mean"]) <= 1
        assert (float(row["std"]) == 0) == (row["noise"] == "none")
        assert float(row["original"]) > 0.5


@pytest.mark.usefixtures("one_recipe")
def test_figure_3_draws_networks_and_checkpoints(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    W = np.random.default_rng(0).standard_normal((40, 30)).astype(np.float32)
    np.save(folder / "gauss.npy", W)
    (folder / "notes.txt").write_text("no checkpoint")
    image, table = reproduce.figure3(tmp_path, data=folder)
    assert image.read_bytes()[:4] == b"\x89PNG"
    rows = rows_of(table)
    assert {r["source"] for r in rows if "digits" not in r["source"]} == {"gauss.npy"}
    own = next(r for r in rows if r["source"] == "gauss.npy")
    exact = (np.linalg.norm(W.astype(float)) / np.linalg.norm(W.astype(float), 2)) ** 2
    assert float(own["stable_rank"]) == pytest.approx(exact)
    assert all(float(r["alpha"]) > 1 and float(r["stable_rank"]) >= 1 for r in rows)


def test_figure_3_says_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match="data must be a folder"):
        reproduce.figure3(tmp_path, data=tmp_path / "none")
    with pytest.raises(ValueError, match="data must have a checkpoint"):
        reproduce.figure3(tmp_path, data=tmp_path)
