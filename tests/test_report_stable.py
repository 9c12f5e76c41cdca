"""`htstats fit --stable`: the stable law of each matrix, in the table, in JSON and in CSV."""

import csv
import io
import json

import numpy as np
import pytest

from htstats.cli import main
from htstats.stable import fit_stable, sample


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("stable") / "w.npz"
    rng = np.random.default_rng(0)
    hollow = np.zeros((40, 30))
    hollow[:2] = rng.normal(size=(2, 30))
    np.savez(
        path,
        stable=sample((60, 50), 1.6, 0.1, 0, 0.02, seed=1).astype("f4"),
        t5=(rng.standard_t(5, (80, 50)) * 0.02).astype("f4"),
        uniform=rng.uniform(-1, 1, (60, 50)),
        hollow=hollow,
    )
    return path


def run(capsys, *args):
    code = main(["fit", *map(str, args)])
    return code, capsys.readouterr().out


def test_json_has_the_fit_of_all_elements(weights, capsys):
    _, out = run(capsys, weights, "--stable", "--json")
    rows = {row["name"]: row for row in json.loads(out)["matrices"]}
    values = np.load(weights)
    for name in ("stable", "t5", "uniform"):
        fit, found = fit_stable(values[name]), rows[name]["stable"]
        for key in ("alpha", "beta", "loc", "scale"):
            assert found[key] == getattr(fit, key)
        error = fit.stderr.alpha
        assert found["stderr"] == (error if error == error else None)
        assert found["ks_pvalue"] == fit.goodness_of_fit("ks", n_resamples=199).pvalue
        assert found["edge"] == fit.edge
    assert rows["stable"]["stable"]["ks_pvalue"] > 0.01
    assert rows["uniform"]["stable"]["ks_pvalue"] == 1 / 200
    assert "its quartiles" not in rows["hollow"]
    assert rows["hollow"]["stable_error"].startswith("x must have different quartiles, got 0.0")


def test_exponents_that_cannot_belong_together_are_told(weights, capsys):
    _, out = run(capsys, weights, "--stable", "--json")
    for row in json.loads(out)["matrices"]:
        if "stable" in row:
            assert bool(row["stable"]["note"]) == (row["tail_exponent"] > 2)
    rows = {row["name"]: row for row in json.loads(out)["matrices"]}
    assert rows["stable"]["tail_exponent"] < 2 < rows["t5"]["tail_exponent"]
    assert "above 2, which no stable law has" in rows["t5"]["stable"]["note"]


def test_the_table_has_a_row_for_each_matrix_and_notes(weights, capsys):
    code, out = run(capsys, weights, "--stable")
    assert code == 0
    table = out.split("stable law of all elements; KS p below 0.1 speaks against stable laws:\n")[1]
    lines = table.splitlines()
    assert lines[0].split() == (
        "matrix stable alpha stderr beta scale KS D KS p tail exponent".split()
    )
    assert [line.split()[0] for line in lines[2:5]] == ["stable", "t5", "uniform"]
    assert lines[4].split()[1:3] == ["2", "-"]
    text = " ".join(table.split())
    assert "t5: its tail exponent" in text
    assert "uniform: alpha is 2, its upper bound" in text
    assert "hollow: no stable law fitted: x must have different quartiles, got 0.0" in text
    assert max(map(len, out.splitlines())) <= 100


def test_csv_has_the_columns_only_if_asked_for(weights, capsys):
    _, out = run(capsys, weights, "--stable", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    fit = fit_stable(np.load(weights)["t5"])
    assert float(rows[1]["stable_alpha"]) == fit.alpha
    assert float(rows[1]["stable_scale"]) == fit.scale
    assert {"stable_stderr", "stable_beta", "stable_ks_distance", "stable_ks_pvalue"} <= {*rows[0]}
    assert rows[3]["stable_alpha"] == ""
    assert "stable_alpha" not in run(capsys, weights, "--csv")[1]
    assert "stable law" not in run(capsys, weights)[1]


def test_a_matrix_larger_than_memory_is_fitted_in_blocks(tmp_path, capsys):
    path = tmp_path / "large.npy"
    np.save(path, sample((1200, 1000), 1.6, 0.0, 0, 0.02, seed=1).astype("f4"))
    small = 40 << 20  # a twelfth of what the fit in memory takes
    _, out = run(capsys, path, "--stable", "--json", "--max-memory", small, "--threads", 1)
    (row,) = json.loads(out)["matrices"]
    whole = fit_stable(np.load(path))
    assert abs(row["stable"]["alpha"] - whole.alpha) < 0.05 * whole.stderr.alpha
    assert row["stable"]["binning_error"] > 0


def test_a_column_of_numbers_has_its_stable_law(tmp_path, capsys):
    path = tmp_path / "x.txt"
    x = sample(800, 1.4, 0.5, 1.0, 2.0, seed=2)
    np.savetxt(path, x, fmt="%.17g")
    _, out = run(capsys, path, "--stable", "--json")
    (row,) = json.loads(out)["matrices"]
    assert row["stable"]["alpha"] == fit_stable(x).alpha
