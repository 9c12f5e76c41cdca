"""Figures 1 to 3 and Table 1: their numbers, their sources, their files."""

import csv
import math
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from scipy.stats import binom  # noqa: E402

from htstats import reproduce  # noqa: E402
from htstats.cli import main  # noqa: E402
from htstats.compression.partition import partition  # noqa: E402
from htstats.datasets import digits  # noqa: E402
from htstats.power_law import fit_power_law  # noqa: E402
from htstats.reproduce import _heads, _matrices, _places  # noqa: E402
from htstats.reproduce._figure1 import asymptote, density  # noqa: E402
from htstats.reproduce._figure3 import gaussian_rank, verdict  # noqa: E402
from htstats.reproduce._heads import Head  # noqa: E402
from htstats.reproduce._networks import RECIPES, save_network  # noqa: E402
from htstats.spectral import stable_rank  # noqa: E402
from htstats.torch.layers import evaluate  # noqa: E402
from htstats.torch.training import fully_connected  # noqa: E402


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without trained networks, caches and data sets."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("htstats.datasets.DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(_places._version, "__file__", str(tmp_path / "a" / "b" / "__init__.py"))
    return tmp_path


QUICK = reproduce.Effort(small=(((64, 32), 1e-3), ((8,), 0.0)), epochs=5)


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def is_png(path):
    return path.read_bytes()[:4] == b"\x89PNG"


# Figure 1


def test_densities_of_figure_1_at_the_closed_forms(tmp_path):
    image, table = reproduce.figure1(tmp_path / "new")
    assert is_png(image)
    rows = rows_of(table)
    assert {float(row["alpha"]) for row in rows} == {0.5, 1.0, 1.5, 2.0}
    x, f = (
        {a: np.array([float(r[key]) for r in rows if float(r["alpha"]) == a]) for a in (1.0, 2.0)}
        for key in ("x", "density")
    )
    np.testing.assert_allclose(f[1.0], 1 / (math.pi * (1 + x[1.0] ** 2)), rtol=1e-13)
    near = abs(x[2.0]) < 8
    gauss = np.exp(-(x[2.0][near] ** 2) / 4) / math.sqrt(4 * math.pi)
    np.testing.assert_allclose(f[2.0][near], gauss, rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.5, 1.5])
def test_densities_of_figure_1_between_them(alpha):
    x = np.array([0.0, 0.3, 1.0, 3.0])
    # the inversion integral by the trapezoid rule, t = s^4 so that alpha = 1/2 has no corner at 0
    s = np.linspace(0, 1500 ** (1 / 4), 400_001)
    t = s**4
    integrand = np.cos(np.outer(x, t)) * np.exp(-(t**alpha)) * 4 * s**3
    expected = np.trapezoid(integrand, s, axis=1) / math.pi
    # exp(-sqrt 1500) is 1e-17; the rule is good to 1e-8
    np.testing.assert_allclose(density(x, alpha), expected, rtol=1e-7)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5])
def test_tails_of_figure_1_approach_the_power_law(alpha):
    x = np.array([1e3])
    # the next term of the series: Gamma(2 a) sin(pi a) / (2 Gamma(a) sin(pi a / 2)) x^-a, times -2
    second = -math.gamma(2 * alpha + 1) * math.sin(math.pi * alpha) / 2 / math.pi
    expected = asymptote(1e3, alpha) + second * 1e3 ** -(2 * alpha + 1)
    third = 1e3 ** (-2 * alpha)
    assert density(x, alpha)[0] == pytest.approx(expected, rel=max(third, 1e-6))


@pytest.mark.parametrize("name", ["figure1", "figure2"])
def test_a_figure_of_formulas_needs_no_torch(name, tmp_path):
    code = (
        "import sys; from htstats.cli import main; "
        f"assert main(['reproduce', {name!r}, '--out', {str(tmp_path)!r}]) == 0; "
        "assert 'torch' not in sys.modules and 'tqdm' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# Figure 2


def test_figure_2_is_the_printed_bound_and_the_exact_tail(tmp_path):
    image, table = reproduce.figure2(tmp_path)
    assert is_png(image)
    rows = rows_of(table)
    for row in rows[:: len(rows) // 50]:
        alpha, level, kappa = (float(row[key]) for key in ("alpha", "i", "kappa"))
        p = float(row["p_paper"])
        assert kappa == pytest.approx(1.3 ** (5 - level))
        constant = math.sin(math.pi * alpha / 2) * math.gamma(alpha) / math.pi
        expected = constant * 1.3 ** (-alpha * (level - 1)) * (1 - 1.3**-alpha)
        assert p == pytest.approx(expected, abs=1e-15)
        assert (row["applies"] == "True") == (kappa > 64 * p)
        if p > 1e-12:
            printed = (64 * p / kappa) ** kappa
            printed *= ((1 - p) / (1 - kappa / 64)) ** (64 - kappa)
            assert float(row["paper"]) == pytest.approx(printed)
        exact = binom.sf(math.ceil(kappa - 1e-9) - 1, 64, float(row["p_exact"]))
        assert float(row["exact"]) == pytest.approx(exact)


# Figure 3


@pytest.mark.usefixtures("bare")
def test_figure_3_draws_networks_and_checkpoints(bare):
    folder = bare / "checkpoints"
    folder.mkdir()
    W = np.random.default_rng(0).standard_normal((40, 30)).astype(np.float32)
    np.save(folder / "gauss.npy", W)
    kernel = torch.ones(8, 8, 3, 3)
    memory = torch.rand(40, 40)
    torch.save({"conv": kernel, "optimizer_state": memory}, folder / "other.pt")
    (folder / "notes.txt").write_text("no checkpoint")
    lines = []
    image, table = reproduce.figure3(bare / "new", data=folder, report=lines.append, effort=QUICK)
    assert is_png(image)
    rows = rows_of(table)
    # neither a convolution nor what an optimizer remembers is a dense weight matrix
    assert {r["source"] for r in rows} == {"gauss", "mlp-64-32", "mlp-8"}
    own = next(r for r in rows if r["source"] == "gauss")
    exact = (np.linalg.norm(W.astype(float)) / np.linalg.norm(W.astype(float), 2)) ** 2
    assert float(own["stable_rank"]) == pytest.approx(exact)
    assert float(own["alpha"]) == fit_power_law(W.ravel(), side="abs").alpha
    # of normal values: kurtosis 3 within four times sqrt(24/n), and 31.7 % above sigma
    assert float(own["kurtosis"]) == pytest.approx(3, abs=4 * math.sqrt(24 / W.size))
    assert float(own["above_sigma"]) == pytest.approx(0.3173, abs=4 * math.sqrt(0.217 / W.size))
    assert all(float(r["alpha"]) > 1 and float(r["stable_rank"]) >= 1 for r in rows)
    assert any("make paper-train" in line for line in lines)
    assert any("40 of the 40 networks of Appendix D" in line for line in lines)


@pytest.mark.usefixtures("bare")
def test_figure_3_takes_the_trained_networks_where_they_are(bare):
    model = RECIPES["mlp-256"].build()
    save_network(model, bare / "mlp-256.safetensors")
    reproduce.figure3(bare, data=bare, effort=QUICK)
    rows = rows_of(bare / "figure3.csv")
    assert {(r["group"], r["source"], r["matrix"]) for r in rows} == {
        ("trained here", "mlp-256", "hidden1.weight"), ("trained here", "mlp-256", "head.weight"),
    }  # fmt: skip
    head = next(r for r in rows if r["matrix"] == "head.weight")
    assert float(head["stable_rank"]) == stable_rank(model.head.weight.detach().numpy())


def test_figure_3_says_what_is_wrong(tmp_path):
    with pytest.raises(ValueError, match="data must be a folder"):
        reproduce.figure3(tmp_path, data=tmp_path / "none", effort=QUICK)


def test_the_stable_rank_of_normal_values():
    W = np.random.default_rng(0).standard_normal((400, 900))
    # the largest singular value fluctuates by about n^(-2/3): a percent
    assert stable_rank(W) == pytest.approx(gaussian_rank(400, 900), rel=0.03)


@pytest.mark.usefixtures("bare")
def test_heavy_tails_are_told_from_normal_ones(bare):
    rng = np.random.default_rng(0)
    heavy = rng.choice([-1, 1], (60, 50)) * (1 - rng.random((60, 50))) ** (-1 / 1.5)
    light = rng.uniform(-1, 1, (60, 50))
    np.savez(bare / "two.npz", heavy=heavy, light=light)
    (path,) = reproduce.heavy_tails(bare / "out", data=bare, effort=QUICK)
    verdicts = {r["matrix"]: r for r in rows_of(path) if r["source"] == "two"}
    assert verdicts["heavy"]["verdict"] == "heavy-tailed"
    assert float(verdicts["heavy"]["tail_exponent"]) == pytest.approx(1.5, abs=0.15)
    assert verdicts["light"]["verdict"] != "heavy-tailed"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pvalue": 0.05}, "no power law"),
        ({}, "heavy-tailed"),
        ({"exponential": "undecided"}, "undecided"),
        ({"lognormal": "lognormal"}, "lognormal better"),
        (
            {"exponential": "exponential", "stretched_exponential": "stretched_exponential"},
            "exponential and stretched exponential better",
        ),
    ],
)
def test_verdicts(changes, expected):
    row = {
        "pvalue": 0.5, "lognormal": "undecided", "exponential": "power_law",
        "stretched_exponential": "power_law", "truncated_power_law": "undecided",
    }  # fmt: skip
    assert verdict(row | changes) == expected


# Table 1


@pytest.mark.usefixtures("bare")
def test_table_1_has_every_reading_and_noise(bare):
    lines = []
    image, table, text = reproduce.table1(bare / "new", report=lines.append, effort=QUICK)
    assert is_png(image)
    rows = rows_of(table)
    assert len(rows) == 2 * 9
    assert {(r["keep"], r["noise"]) for r in rows} == {
        (k, n) for k in ("upper", "abs", "centered") for n in ("paper", "matched", "none")
    }
    for row in rows:
        assert 0 <= float(row["mean"]) <= 1
        assert (float(row["std"]) == 0) == (row["noise"] == "none")
        assert float(row["original"]) > 0.5
    assert len(text.read_text().splitlines()) == 2 + 2 * 3
    for name in RECIPES:
        assert any(line.startswith(f"{name}: not trained") for line in lines)


def cached_head(path, **changes):
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((4, 100)).astype(np.float32)
    features = rng.standard_normal((50, 100)).astype(np.float32)
    parts = {
        "data": "noise", "weight": weight, "bias": np.zeros(4, np.float32),
        "features": features, "labels": (features @ weight.T).argmax(1),
    }  # fmt: skip
    np.savez(path, **(parts | changes))
    return parts


@pytest.mark.usefixtures("bare")
def test_table_1_takes_cached_outputs_of_any_network(bare):
    parts = cached_head(bare / "mine.head.npz")
    reproduce.table1(bare, data=bare, effort=QUICK)
    rows = [r for r in rows_of(bare / "table1.csv") if r["network"] == "mine"]
    assert len(rows) == 9
    assert float(rows[0]["original"]) == 1
    pruned = next(r for r in rows if r["keep"] == "abs" and r["noise"] == "none")
    weight = parts["weight"]
    left = np.where(np.abs(weight) > weight.astype(float).std(), weight, 0)
    hits = (parts["features"] @ left.T).argmax(1) == parts["labels"]
    assert float(pruned["mean"]) == hits.mean()
    assert float(pruned["kept"]) == np.mean(left != 0)


@pytest.mark.usefixtures("bare")
def test_standard_deviations_divide_by_one_less(bare):
    parts = cached_head(bare / "mine.head.npz")
    weight, features, labels = parts["weight"], parts["features"], parts["labels"]
    reproduce.table1(bare, data=bare, effort=QUICK._replace(trials=2))
    rows = [r for r in rows_of(bare / "table1.csv") if r["network"] == "mine"]
    assert len(rows) == 9
    for row in rows:
        how = {"keep": row["keep"], "noise": row["noise"]}
        splits = [partition(weight, "std", **how, seed=seed).toarray() for seed in (0, 1)]
        a, b = (np.mean((features @ w.T).argmax(1) == labels) for w in splits)
        assert float(row["mean"]) == pytest.approx((a + b) / 2, abs=1e-15)
        assert float(row["std"]) == pytest.approx(abs(a - b) / math.sqrt(2), abs=1e-15)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bias": np.zeros(5)}, "mine: weight, bias, features, labels must be"),
        ({"features": np.zeros((50, 99))}, r"got \(4, 100\), \(4,\), \(50, 99\), \(50,\)"),
        ({"weight": np.full((4, 100), np.nan)}, "mine: weight must be finite"),
    ],
)
@pytest.mark.usefixtures("bare")
def test_damaged_outputs_are_refused(bare, changes, message):
    cached_head(bare / "mine.head.npz", **changes)
    with pytest.raises(ValueError, match=message):
        reproduce.table1(bare, data=bare, effort=QUICK)


@pytest.mark.usefixtures("bare")
def test_outputs_without_labels_are_refused(bare):
    np.savez(bare / "mine.head.npz", weight=np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"mine\.head\.npz does not hold the inputs"):
        reproduce.table1(bare, data=bare, effort=QUICK)
    (bare / "mine.head.npz").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(ValueError, match=r"mine\.head\.npz does not hold the inputs"):
        reproduce.table1(bare, data=bare, effort=QUICK)


def test_a_head_is_the_network():
    data = digits()
    model = fully_connected([64, 16, 10])
    head = _heads._head_of("small", model, data)
    test = [(torch.from_numpy(data.x_test), torch.from_numpy(data.y_test))]
    assert head.accuracy() == evaluate(model, test).accuracy
    assert head.weight.shape == (10, 16)


def test_a_place_on_a_scale_counts_within_its_tolerance():
    features = np.eye(5, dtype=np.float32)
    labels = np.array([0.4, 1.6, 2.0, 5.5, 6.51])
    head = Head("scale", "", np.eye(5, dtype=np.float32), np.zeros(5), features, labels, 2.5)
    assert head.accuracy() == 4 / 5


# The command


def test_the_command_writes_a_figure(tmp_path, capsys):
    assert main(["reproduce", "figure1", "--out", str(tmp_path / "a" / "b")]) == 0
    out = capsys.readouterr().out.split()
    assert out == [str(tmp_path / "a" / "b" / name) for name in ("figure1.png", "figure1.csv")]


@pytest.mark.usefixtures("bare")
def test_the_command_says_what_is_missing(bare, capsys):
    assert main(["reproduce", "table1", "--out", str(bare / "out"), "--seed", "3"]) == 0
    told = capsys.readouterr().err
    assert "resnet56_svhn: put pytorchcv's resnet56_svhn-*.pth into" in told
    assert (bare / "out" / "table1.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere"], "htstats: --data must be a folder, got nowhere"),
        (["--seed", "-1"], "htstats: --seed must be at least 0, got -1"),
        (["--seed", str(2**32)], "htstats: --seed must be below 4294967296, got 4294967296"),
    ],
)
def test_the_command_refuses_in_one_line(tmp_path, capsys, arguments, message):
    out = tmp_path / "out"
    assert main(["reproduce", "table1", "--out", str(out), *arguments]) == 2
    assert capsys.readouterr().err == message + "\n"
    assert not out.exists()


def test_the_command_wants_a_folder_to_write_to(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    assert main(["reproduce", "figure1", "--out", str(file)]) == 2
    assert capsys.readouterr().err == f"htstats: --out must be a folder, got {file}\n"


def test_the_command_knows_four_names(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["reproduce", "figure4", "--out", "."])
    assert stopped.value.code == 2
    assert "figure1" in capsys.readouterr().err


@pytest.mark.usefixtures("bare")
def test_a_damaged_checkpoint_is_one_line(bare, capsys):
    (bare / "bad.safetensors").write_bytes(b"\xff" * 20)
    assert main(["reproduce", "figure3", "--out", str(bare / "out"), "--data", str(bare)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("htstats: ")
    assert "bad.safetensors" in lines[-1]


def test_names_that_have_their_own_way_into_the_figure():
    assert _matrices._is_known("cnn.safetensors")
    assert _matrices._is_known("resnet20_svhn-0343-3480eec0.pth")
    assert not _matrices._is_known("all-MiniLM-L6-v2.safetensors")
