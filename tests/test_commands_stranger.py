"""Wrong command lines, as a stranger writes them: one line that helps, exit code 2, no file."""

import argparse
import json

import numpy as np
import pytest
from refusals import refusals, require_refusal

from htstats._common.messages import suggest_path
from htstats.commands.demo import _text, _work

RNG = np.random.default_rng(5)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a checkpoint, a table, a column and a folder that holds another checkpoint."""
    weights = {f"fc{i}.weight": RNG.standard_t(3, (30, 20)).astype(np.float32) for i in (1, 2)}
    np.savez(tmp_path / "model.npz", **weights)
    rows = "\n".join(f"{x:.4f},{y:.4f}" for x, y in 1 + RNG.pareto(2, (50, 2)))
    (tmp_path / "data.csv").write_text(f"price,volume\n{rows}\n")
    np.save(tmp_path / "x.npy", RNG.pareto(2, 100))
    (tmp_path / "weights").mkdir()
    np.savez(tmp_path / "weights" / "first.npz", **weights)
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "junk.htc").write_bytes(bytes(range(137, 200)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@refusals("""
    -> the following arguments are required: COMMAND
    ft model.npz -> did you mean 'fit'?
    fit modle.npz -> modle.npz: No such file or directory; did you mean 'model.npz'?
    fit weigths/first.npz -> did you mean 'weights/first.npz'?
    fit weights/frist.npz -> did you mean 'weights/first.npz'?
    fit weigths/none.npz -> did you mean 'weights'?
    fit model.npz --tensor fc1.wieght -> there are 'fc1.weight'
    fit data.csv --column pirce -> did you mean 'price'?
    fit data.csv -> 2 columns: say which one
    fit model.npz --jsn -> did you mean '--json'?
    fit model.npz --max-memory 12q -> --max-memory: must be a number of bytes such as 512M
    fit model.npz --min-tail x -> --min-tail: must be a whole number, got 'x'
    fit model.npz --xmax x -> --xmax: must be a number, got 'x'
    fit model.npz -o no/such/rows.csv -> htstats: no/such: No such file or directory
    fit empty.txt -> empty.txt: no numbers
    compress model.npz -> required: -o/--output
    compress modle.npz -o a.htz -> did you mean 'model.npz'?
    compress model.npz -o a.htz --threshold sdt -> did you mean 'std'?
    compress model.npz -o model.npz -> never overwritten
    decompress modle.npz -o b.npz -> did you mean 'model.npz'?
    decompress model.npz -o b.npz -> model.npz: not a .htz file
    verify jnk.htc --data digits -> did you mean 'junk.htc'?
    verify junk.htc --data digits -> junk.htc: no certificate of `htstats certify`
    certify --data digts -o n.htc -> got digts; did you mean 'digits'?
    certify --data fashion-mnst -o n.htc -> did you mean 'fashion-mnist'?
    certify --data modle.npz -o n.htc -> did you mean 'model.npz'?
    certify --data digits -o n.txt -> -o must end in .htc, got n.txt
    certify --data digits -o weigths/n.htc -> no folder weigths; did you mean 'weights'?
    report modle.npz -> did you mean 'model.npz'?
    report model.npz -o page.pdf -> -o must end in .html, got page.pdf
    report model.npz x.npy data.csv -> give one or two files, got 3
    reproduce figur1 -> did you mean 'figure1'?
    completion bsh -> did you mean 'bash'?
    demo --trials 1 -> --trials must be at least 2, got 1
    demo --epochs many -> --epochs: must be a whole number, got 'many'
""")
def test_a_wrong_command_line_gets_one_line_that_helps(folder, capsys, words, said):
    assert said in require_refusal(capsys, folder, *words)


@pytest.mark.parametrize(
    ("path", "ending"),
    [
        ("net.htc", ""),  # as near to empty.txt as many words of no kinship
        ("p.npy", ""),  # only the suffix is that of x.npy
        ("zebra", ""),
        ("", ""),
        ("junk.hct", "; did you mean 'junk.htc'?"),
        ("x" * 5000, ""),
        ("model.npz/a", ""),
        ("no/such/folder", ""),
    ],
)
def test_only_similar_names_are_suggested(folder, path, ending):
    assert suggest_path(path) == ending


def test_words_are_suggested_for_a_single_name(folder):
    assert suggest_path("digit", ["digits"]) == "; did you mean 'digits'?"
    assert suggest_path("weights/digit", ["digits"]) == ""


# ---- the tables of demo -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def report():
    """The report of a short demo."""
    pytest.importorskip("torch", reason="the demo needs torch")
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    args = argparse.Namespace(seed=0, epochs=2, trials=2, threshold="std", save=None)
    return json.loads(json.dumps(_work(args, "cpu")))


@pytest.mark.slow
@pytest.mark.parametrize("width", [60, 72, 80, 100, 200])
def test_the_tables_of_demo_fit_the_terminal(report, width):
    text = _text(report, width)
    body = text[: text.index("Try next")]
    assert max(map(len, body.splitlines())) <= width
    for m in report["matrices"]:
        assert m["name"] in text
        assert f"{m['fit']['xmin']:.4f}" in text
        assert text.count(f"{m['split']['threshold']:.4f}") >= 1
    for tail in ("fitted", "paper"):
        rows = [line for line in body.splitlines() if f" {tail} " in line and "." in line]
        assert len(rows) >= len(report["matrices"])
