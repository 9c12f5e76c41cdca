"""`htstats fit`: the table of a checkpoint, with odd and broken matrices in it."""

import csv
import io
import json
import math
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from checkpoints import write_all, write_safetensors
from reference import fit_twin
from refusals import refusals, require_refusal

from htstats.cli import main
from htstats.power_law import fit_power_law
from htstats.spectral import stable_rank

pytest.importorskip("torch")

HEAVY = {
    "layers.0.weight": np.random.default_rng(0).standard_t(3, (12, 10)).astype(np.float32),
    "conv": np.random.default_rng(1).standard_t(3, (4, 3, 2, 2)).astype(np.float32),
}


@pytest.fixture(params=["twins", "engines"])
def engines(request, monkeypatch):
    """The command with the slow twins, and with what users get."""
    if request.param == "twins":
        fit_twin.stand_in(monkeypatch)


@pytest.fixture
def heavy(tmp_path):
    return write_safetensors(tmp_path / "heavy.safetensors", HEAVY | {"bias": np.ones(3)})


@pytest.mark.usefixtures("engines")
def test_numbers_are_those_of_the_twin(heavy, capsys):
    assert main(["fit", str(heavy), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["skipped"] == [{"name": "bias", "reason": "1-D, 3 elements"}]
    assert [row["name"] for row in answer["matrices"]] == list(HEAVY)
    for row in answer["matrices"]:
        array = HEAVY[row["name"]].reshape(len(HEAVY[row["name"]]), -1)
        expected = fit_twin.fit(array.ravel(), side="abs")
        for key in ("n", "n_tail", "n_excluded", "xmin"):
            assert row[key] == getattr(expected, key)
        # two orders of summing some hundred logarithms
        for key in ("alpha", "tail_exponent", "distance", "stderr"):
            assert math.isclose(row[key], getattr(expected, key), rel_tol=1e-12), key
        assert row["shape"] == list(array.shape)
        # both are iterations in float64 or better that stop at this or sooner
        assert math.isclose(
            row["stable_rank"], fit_twin.stable_rank(array, rtol=1e-7), rel_tol=1e-6
        )


EXTRAS = ["--gof", "60", "--compare", "--spectrum"]


@pytest.mark.usefixtures("engines")
def test_the_table_fits_a_terminal_and_labels_both_exponents(heavy, tmp_path, capsys):
    long = write_safetensors(
        tmp_path / "long.safetensors", {f"encoder.{'x' * 60}.{n}": a for n, a in HEAVY.items()}
    )
    for path in (heavy, long):
        assert main(["fit", str(path)]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert max(map(len, out.splitlines())) <= 100
        for word in ("alpha", "tail exponent", "xmin", "D", "n_tail", "stderr", "stable rank"):
            assert f" {word}" in out.splitlines()[0]
        assert "12 x 10" in out
        assert "4 x 12" in out
    assert f"encoder.{'x' * 60}.conv" in out


@pytest.mark.usefixtures("engines")
def test_sides_and_selection(heavy, capsys):
    for side, sign in {"positive": 1, "negative": -1}.items():
        assert main(["fit", str(heavy), "--tensor", "conv", "--side", side, "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        (row,) = answer["matrices"]
        assert answer["side"] == side
        assert row["name"] == "conv"
        kept = sign * HEAVY["conv"]
        assert row["xmin"] == fit_twin.fit(kept[kept > 0], side="positive").xmin


@pytest.mark.usefixtures("engines")
def test_one_bad_matrix_does_not_end_the_run(tmp_path, capsys):
    bad = np.full((3, 3), np.nan, np.float32)
    nothing = np.zeros((0, 4), np.float32)
    constant = np.zeros((3, 3), np.float32)
    arrays = {"nan": bad, "empty": nothing, "zeros": constant, **HEAVY}
    path = write_safetensors(tmp_path / "a.safetensors", arrays)
    assert main(["fit", str(path), "--json"]) == 1
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["matrices"]}
    assert {name for name, row in rows.items() if "error" in row} == {"nan", "empty", "zeros"}
    assert main(["fit", str(path)]) == 1
    out = capsys.readouterr().out
    for name in ("nan", "empty", "zeros"):
        assert f"{name}: not fitted: " in out
    assert "layers.0.weight" in out


@pytest.mark.usefixtures("engines")
@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
def test_a_matrix_without_elements_is_no_failure(tmp_path, capsys, shape):
    arrays = {"empty": np.zeros(shape, np.float32), **HEAVY}
    path = write_safetensors(tmp_path / "a.safetensors", arrays)
    assert main(["fit", str(path)]) == 0
    assert "empty: not fitted: " in capsys.readouterr().out


@pytest.mark.usefixtures("engines")
def test_every_format(tmp_path, capsys):
    write_all(tmp_path)
    answers = []
    for file in ("stored.npz", "deflated.npz", "a.safetensors", "zip.pt", "legacy.pth"):
        assert main(["fit", str(tmp_path / file), "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out)["matrices"])
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0]) == 3


def test_zeros_are_counted(tmp_path, capsys, monkeypatch):
    fit_twin.stand_in(monkeypatch)
    array = HEAVY["conv"].copy()
    array[0, 0] = 0
    np.savez(tmp_path / "a.npz", w=array)
    assert main(["fit", str(tmp_path / "a.npz")]) == 0
    assert "w: left out of the fit: 4 zero" in capsys.readouterr().out


@refusals("""
    absent.npy -> absent.npy: No such file
    a.npz --tensor nope -> no tensor named 'nope'; there are 'w'
    a.npz --tensor bias -> 'bias' is no matrix: 1-D, 3 elements
    flat.npy -> no matrix to fit (flat: a single number)
    cut.npy -> truncated or damaged
    html.pt -> not a torch checkpoint
    . -> a directory without model.safetensors.index.json
""")
def test_bad_files_are_one_line_and_exit_code_2(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", w=np.eye(3), bias=np.ones(3))
    np.save("flat.npy", np.array(3.0))
    np.save("whole.npy", np.ones((30, 30)))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:1000])
    (tmp_path / "html.pt").write_text("<html>")
    assert said in require_refusal(capsys, tmp_path, "fit", *words)


def test_more_tables_fit_a_terminal_too(heavy, tmp_path, capsys):
    long = write_safetensors(
        tmp_path / "long.safetensors", {f"encoder.{'x' * 60}.{n}": a for n, a in HEAVY.items()}
    )
    for path in (heavy, long):
        assert main(["fit", str(path), *EXTRAS]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert max(map(len, out.splitlines())) <= 100
        for word in ("95 % interval", "truncated power law", "eigenvalues of W W^T"):
            assert word in out
    assert main(["fit", str(heavy)]) == 0
    assert "eigenvalues" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("W", "reason"),
    [
        (HEAVY["conv"].reshape(1, -1), "at least two distinct eigenvalues"),
        (np.outer(np.arange(1.0, 40), np.arange(1.0, 9)), "at least two distinct eigenvalues"),
        (np.arange(1.0, 901).reshape(30, 30) * 1e200, "squares are within float64"),
        (np.arange(1.0, 901).reshape(30, 30) * 1e-200, "squares are within float64"),
    ],
    ids=["a row", "of rank 1", "huge", "tiny"],
)
def test_a_spectrum_that_fails_says_why(tmp_path, capsys, W, reason):
    np.save(tmp_path / "w.npy", W)
    assert main(["fit", str(tmp_path / "w.npy"), "--spectrum"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "eigenvalues of W W^T:" in out
    assert reason in " ".join(out.split())


def test_tests_and_spectrum_are_those_of_the_library(heavy, capsys):
    from htstats import fit_power_law
    from htstats.spectral import fit_spectrum

    assert main(["fit", str(heavy), *EXTRAS, "--json"]) == 0
    for row in json.loads(capsys.readouterr().out)["matrices"]:
        W = HEAVY[row["name"]].reshape(len(HEAVY[row["name"]]), -1)
        fit = fit_power_law(W.ravel(), side="abs")
        tested = fit.goodness_of_fit(60, stop_at=0.1)
        assert row["gof"]["pvalue"] == tested.pvalue
        assert row["gof"]["n_resamples"] == tested.n_resamples
        ratio = fit.compare("lognormal")
        assert row["compare"]["lognormal"]["R"] == pytest.approx(ratio.R, rel=1e-9)
        assert row["compare"]["lognormal"]["better"] == ratio.better()
        spectrum = fit_spectrum(W)
        assert row["esd_alpha"] == spectrum.alpha
        assert row["esd_num_evals"] == min(W.shape)


def test_csv_has_weightwatchers_names(tmp_path, capsys):
    arrays = {"0.weight": HEAVY["conv"], "2.weight": HEAVY["layers.0.weight"]}
    arrays["4.weight"] = np.full((3, 3), np.nan, np.float32)
    path = write_safetensors(tmp_path / "a.safetensors", arrays)
    assert main(["fit", str(path), "--csv", "--spectrum"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["layer_id"] for row in rows] == ["1", "2", "3"]
    assert [row["longname"] for row in rows] == ["0", "2", "4"]
    first = rows[0]
    assert (int(first["N"]), int(first["M"]), float(first["Q"])) == (12, 4, 3.0)
    words = ("alpha", "sigma", "D", "xmin", "num_pl_spikes", "stable_rank", "esd_alpha")
    assert all(float(row[word]) > 0 for row in rows[:2] for word in words)
    assert [row["status"] for row in rows] == ["success", "success", "failed"]
    assert "finite" in rows[2]["warning"]
    assert rows[2]["alpha"] == ""
    assert main(["fit", str(path), "--csv", "--tensor", "2.weight"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["layer_id"] == "2"  # a matrix keeps its place in the file
    assert "esd_alpha" not in row


def test_pictures(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    arrays = {
        "a/b": HEAVY["conv"],
        "a.b": HEAVY["conv"],
        "a_b": HEAVY["conv"],
        "A_b": HEAVY["conv"],
    }
    arrays["zeros"] = np.zeros((3, 3), np.float32)
    path = write_safetensors(tmp_path / "a.safetensors", arrays)
    assert main(["fit", str(path), "--plot", str(tmp_path / "deep" / "er")]) == 1
    out, err = capsys.readouterr()
    assert "zeros: not fitted" in out
    assert err == ""
    found = sorted((tmp_path / "deep" / "er").iterdir())
    assert len({file.name.lower() for file in found}) == 4
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in found)


@refusals("""
    --xmin -1 -> --xmin must be positive, got -1.0
    --xmin 2:1 -> --xmin must be (lo, hi) with lo < hi, got (2.0, 1.0)
    --xmin 1:2:3 -> argument --xmin: must be a number or LOW:HIGH, got '1:2:3'
    --xmin low -> argument --xmin: must be a number or LOW:HIGH, got 'low'
    --xmin nan -> --xmin must be finite, got nan
    --xmax 0 -> --xmax must be positive, got 0.0
    --xmax 1 --xmin 2 -> --xmax must be above xmin, got 1.0 with xmin=2.0
    --ks right -> argument --ks: invalid choice: 'right'
    --min-tail 0 -> --min-tail must be at least 1, got 0
    --min-tail some -> argument --min-tail: must be a whole number, got 'some'
    --gof -1 -> --gof must be at least 0, got -1
    --gof many -> argument --gof: must be a whole number, got 'many'
    --max-memory 31M -> --max-memory must be at least 33554432, got 32505856
    --max-memory much -> \
        argument --max-memory: must be a number of bytes such as 512M or 5GB, got 'much'
    --threads 0 -> --threads must be at least 1, got 0
    --json --csv -> argument --csv: not allowed with argument --json
    --side left -> argument --side: invalid choice: 'left'
    --plot file -> --plot must be a folder, got the file file
    --nothing -> unrecognized arguments: --nothing
""")
def test_bad_arguments_are_one_line_and_exit_code_2(
    heavy, tmp_path, monkeypatch, capsys, words, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert said in require_refusal(capsys, tmp_path, "fit", heavy, *words)


RESIDENT = """
import contextlib, io, json
from pathlib import Path
from htstats.cli import main

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

def fit(*argv):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["fit", *argv, "--json", "--threads", "1"]) == 0
    return json.loads(out.getvalue())["matrices"][0]

fit({small!r})  # imports what it needs
before = peak()
row = fit({large!r}, "--max-memory", "32MiB")
print(json.dumps([peak() - before, row]))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
def test_a_file_beyond_the_memory_stays_in_the_budget(tmp_path):
    W = np.random.default_rng(3).standard_t(3, (16_384, 1100)).astype(np.float32)
    np.save(tmp_path / "w.npy", W)
    np.save(tmp_path / "small.npy", W[:100])
    code = RESIDENT.format(small=str(tmp_path / "small.npy"), large=str(tmp_path / "w.npy"))
    answer = subprocess.check_output([sys.executable, "-c", code], text=True)
    kib, row = json.loads(answer)
    assert 1024 < kib < 32 << 10
    expected = fit_power_law(W, side="abs")
    for key in ("alpha", "xmin", "distance", "n", "n_tail"):
        assert row[key] == getattr(expected, key)
    assert row["stable_rank"] == pytest.approx(stable_rank(W), rel=1e-6)


def test_what_needs_the_matrix_in_memory_says_so(tmp_path, capsys):
    np.save(tmp_path / "w.npy", np.random.default_rng(4).standard_t(3, (800, 1000)))
    argv = ["fit", str(tmp_path / "w.npy"), "--threads", "1", "--max-memory", "16M"]
    assert main([*argv, "--json"]) == 0
    capsys.readouterr()
    assert main([*argv, "--compare"]) == 1
    assert "hold the matrix in memory" in " ".join(capsys.readouterr().out.split())
    assert main([*argv, "--dask", "local:1"]) == 2
    assert "--max-memory is for fits here" in capsys.readouterr().err


RULES = {
    "--xmin=1": {"xmin": 1.0},
    "--xmin=0.5:1.5": {"xmin": (0.5, 1.5)},
    "--xmax=3": {"xmax": 3.0},
    "--ks=two-sided": {"ks": "two-sided"},
    "--min-tail=20": {"min_tail": 20},
    "--xmin=0.5:2 --xmax=4 --ks=two-sided --min-tail=10": {
        "xmin": (0.5, 2.0), "xmax": 4.0, "ks": "two-sided", "min_tail": 10,
    },
}  # fmt: skip


def assert_fitted_by(rule, row, array):
    expected = fit_power_law(array.ravel(), side="abs", **rule)
    for key in ("alpha", "xmin", "distance", "n", "n_tail", "stderr", "n_excluded"):
        assert row[key] == getattr(expected, key), key
    assert row["excluded"] == expected.excluded


@pytest.mark.parametrize("argv", list(RULES))
def test_the_rule_of_a_fit_in_blocks_is_the_librarys(tmp_path, capsys, argv):
    # all values between an xmin and an xmax are held: fewer of them fit into the budget of a thread
    is_held = {"xmin", "xmax"} & RULES[argv].keys()
    shape = (600, 600) if is_held else (1500, 1000)
    values = np.random.default_rng(3).standard_t(3, shape).astype(np.float32)
    assert 12 * values.nbytes > 16 << 20  # so it is read in blocks
    np.save(tmp_path / "w.npy", values)
    tracemalloc.start()
    words = ["--json", "--max-memory", "32M", *argv.split()]
    assert main(["fit", str(tmp_path / "w.npy"), *words]) == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20
    (row,) = json.loads(capsys.readouterr().out)["matrices"]
    assert_fitted_by(RULES[argv], row, values)


@pytest.mark.parametrize("where", ["memory", "cluster"])
@pytest.mark.parametrize("argv", list(RULES))
def test_the_rule_of_a_fit_is_the_librarys(heavy, capsys, argv, where):
    rule, words = RULES[argv], argv.split()
    if where == "cluster":
        pytest.importorskip("distributed")
        words += ["--dask", "local:1"]
    assert main(["fit", str(heavy), "--json", *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rule"] == {
        key: list(value) if isinstance(value, tuple) else value for key, value in rule.items()
    }
    for row in answer["matrices"]:
        assert_fitted_by(rule, row, HEAVY[row["name"]])


def test_the_rule_holds_for_tests_and_is_not_mentioned_where_there_is_none(heavy, capsys):
    argv = ["fit", str(heavy), "--json", "--tensor", "conv", "--gof", "40"]
    assert main([*argv, "--xmax", "3"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["matrices"]
    fit = fit_power_law(HEAVY["conv"].ravel(), side="abs", xmax=3.0)
    assert row["gof"]["pvalue"] == fit.goodness_of_fit(40, stop_at=0.1).pvalue
    assert main([*argv]) == 0
    assert "rule" not in json.loads(capsys.readouterr().out)


def test_a_rule_that_leaves_nothing_is_an_error_of_its_matrix(heavy, capsys):
    assert main(["fit", str(heavy), "--min-tail", "10000"]) == 1
    assert "no candidate xmin is allowed" in " ".join(capsys.readouterr().out.split())


def test_a_cluster_says_the_same(heavy, capsys):
    pytest.importorskip("distributed")
    answers = []
    for where in ([], ["--dask", "local:1"]):
        assert main(["fit", str(heavy), *EXTRAS, "--json", *where]) == 0
        answers.append(json.loads(capsys.readouterr().out)["matrices"])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("folder", ["new", "new/er"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("zeros.npy", None), ("words.txt", "one\ntwo\nx1\n"), ("few.txt", "1\n1\n1\n")],
)
def test_a_folder_without_pictures_is_removed(tmp_path, capsys, folder, name, content):
    pytest.importorskip("matplotlib")
    path = tmp_path / name
    if content is None:
        np.save(path, np.zeros((3, 3)))
    else:
        path.write_text(content)
    assert main(["fit", str(path), "--plot", str(tmp_path / folder)]) in (1, 2)
    assert os.listdir(tmp_path) == [name]
    (tmp_path / "there").mkdir()  # but not one that was there before
    assert main(["fit", str(path), "--plot", str(tmp_path / "there")]) in (1, 2)
    assert sorted(os.listdir(tmp_path)) == sorted([name, "there"])
