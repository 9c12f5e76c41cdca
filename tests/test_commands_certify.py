"""`htstats certify` and `htstats verify` at the command line."""

import json
import os
import signal
import sys

import numpy as np
import pytest
from refusals import refusals, require_refusal

from htstats.cli import main
from htstats.commands._search_progress import SearchProgress


def run(*argv):
    return main([str(a) for a in argv])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """600 images of 10 x 10 pixels: a bright spot whose corner is the class, and noise."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 4, 900)
    x = rng.integers(0, 90, (900, 10, 10)).astype(np.uint8)
    for image, corner in zip(x, y, strict=True):
        row, column = 5 * (corner // 2), 5 * (corner % 2)
        image[row : row + 5, column : column + 5] += 90
    path = tmp_path_factory.mktemp("data") / "spots.npz"
    np.savez(path, x_train=x[:600], y_train=y[:600], x_test=x[600:], y_test=y[600:])
    return path


@pytest.fixture(scope="module")
def certified(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("out") / "net.htc"
    assert run("certify", "--data", data, "-o", path, "--preset", "pixels", "--minutes", ".05") == 0
    return path


def test_certify_writes_a_file_that_verify_confirms(certified, data, capsys):
    assert run("verify", certified, "--data", data, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["holds"]
    assert report["m"] == 600
    assert report["bits"]["file"] == 8 * len(certified.read_bytes())
    assert report["certified_error"] == report["claimed"] < 0.5
    assert report["test_error"] < report["certified_error"]
    names = {"errors", "m", "bits", "delta", "certified_error", "train_error", "test_error"}
    assert names | {"format", "sha256", "data_sha256", "statement", "assumptions"} <= {*report}


def test_the_preset_fcnn_finds_a_network_that_verify_reads_without_torch(
    data, tmp_path, capsys, monkeypatch
):
    pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
    path = tmp_path / "net.htc"
    argv = ["certify", "--data", data, "-o", path, "--preset", "fcnn", "--hidden", "9,7"]
    argv += ["--noise", "2"]
    assert run(*argv, "--seeds", "2", "--minutes", ".02") == 0
    assert path.read_bytes()[0] == 19
    capsys.readouterr()
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run("verify", path, "--data", data, "--json") in (0, 1)
    report = json.loads(capsys.readouterr().out)
    assert report["holds"] or report["vacuous"]
    monkeypatch.setitem(sys.modules, "htstats.torch", None)
    assert run(*argv) == 2
    err = capsys.readouterr().err
    assert "pip install 'htstats[torch]'" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [[], ["--filters", "3,2", "--hidden", "6"], ["--filters", "2", "--noise", "4"]],
    ids=["usual", "deep", "noise"],
)
def test_the_preset_cnn_finds_a_network_that_verify_reads_without_torch(
    data, tmp_path, capsys, monkeypatch, words
):
    pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
    path = tmp_path / "net.htc"
    argv = ["certify", "--data", data, "-o", path, "--preset", "cnn", "--minutes", ".03", *words]
    assert run(*argv) == 0
    assert path.read_bytes()[0] == 22
    capsys.readouterr()
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run("verify", path, "--data", data, "--json") in (0, 1)
    report = json.loads(capsys.readouterr().out)
    assert report["holds"] or report["vacuous"]
    assert "convolutions of raw" in report["format"]
    if not words:
        assert report["certified_error"] < 0.5
    monkeypatch.setitem(sys.modules, "htstats.torch", None)
    assert run(*argv) == 2
    err = capsys.readouterr().err
    assert "the preset cnn" in err
    assert len(err.splitlines()) == 1


def test_convolutions_want_images(tmp_path, capsys):
    pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
    path = tmp_path / "columns.npz"
    np.savez(path, x=np.eye(20, 6, dtype=np.int8), y=np.arange(20) % 2)
    argv = ["certify", "--data", path, "-o", tmp_path / "net.htc", "--preset", "cnn"]
    assert "convolutions want images" in require_refusal(capsys, tmp_path, *argv)


def test_verify_says_the_statement_and_what_it_rests_on(certified, data, capsys):
    assert run("verify", certified, "--data", data) == 0
    out = capsys.readouterr().out
    for words in ("With probability at least 0.95", "independent draws", "held-out", "it holds"):
        assert words in out


def test_a_flipped_bit_fails_or_changes_the_claim(certified, data, tmp_path, capsys):
    whole = certified.read_bytes()
    claim = (certified.parent / f"{certified.name}.json").read_text()
    path = tmp_path / "net.htc"
    for bit in range(0, 8 * len(whole), 5):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        (tmp_path / "net.htc.json").write_text(claim)
        code = run("verify", path, "--data", data, "--json")
        out, err = capsys.readouterr()
        if code == 2:
            assert len(err.splitlines()) == 1
            continue
        report = json.loads(out)
        before = json.loads(claim)
        assert code == 1 or report["certified_error"] <= before["certified_error"]
        assert report["errors"] != before["errors"] or report["sha256"] != before.get("sha256")


def test_without_a_claim_the_bound_must_say_something(certified, data, tmp_path):
    path = tmp_path / "net.htc"
    path.write_bytes(certified.read_bytes())
    assert run("verify", path, "--data", data) == 0
    assert run("verify", path, "--data", data, "--claim", "0.001") == 1
    assert run("verify", path, "--data", data, "--claim", "0.9") == 0


@refusals("""
    --data nothing.npz -> nothing.npz
    --data nothing.txt -> fashion-mnist, digits
    --preset best-of-all -> 'held-out', got 'best-of-all'
    --delta 1 -> --delta must be in (0, 1)
    --delta 2 -> --delta must be in (0, 1)
    --surrogate a.htc -> --unlabelled
    --surrogate a.htc --unlabelled x.npy -> give one of --predictions
    --seeds 0 -> --seeds
    --preset fcnn --hidden 9,x -> --hidden
    --preset fcnn --hidden 0 -> --hidden
    --preset fcnn --noise 5 -> noise must be one of
    --preset fcnn --filters 8 -> --filters belongs to the preset cnn
    --preset cnn --filters 8,x -> --filters
    --preset cnn --filters 257 -> --filters
    --preset cnn --hidden 0 -> --hidden
    --preset cnn --noise 5 -> noise must be one of
    --threads 0 -> --threads
    --minutes -1 -> --minutes
    -o net.bin -> must end in .htc
    -o nowhere/net.htc -> nowhere
""")
def test_bad_arguments_of_certify(data, tmp_path, monkeypatch, capsys, words, said):
    if "--noise" in words:  # the training checks it
        pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
    monkeypatch.chdir(tmp_path)
    argv = ["certify", "--data", data, "-o", tmp_path / "net.htc", *words]
    assert said in require_refusal(capsys, tmp_path, *argv)


def test_bad_files_and_data_of_verify(certified, data, tmp_path, capsys):
    other = tmp_path / "other.npz"
    np.savez(other, x=np.zeros((20, 3, 3), np.uint8) + np.arange(20, dtype=np.uint8)[:, None, None],
             y=np.arange(20) % 4)  # fmt: skip
    short = tmp_path / "short.htc"
    short.write_bytes(certified.read_bytes()[:4])
    nothing = tmp_path / "empty.htc"
    nothing.write_bytes(b"")
    for argv in (
        [certified, "--data", other],
        [short, "--data", data],
        [nothing, "--data", data],
        [tmp_path / "none.htc", "--data", data],
        [certified, "--data", tmp_path / "none.npz"],
        [certified, "--data", data, "--delta", "2"],
    ):
        assert run("verify", *argv) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_claim_that_cannot_be_read_is_named(certified, data, tmp_path, capsys):
    path = tmp_path / "net.htc"
    path.write_bytes(certified.read_bytes())
    (tmp_path / "net.htc.json").write_text("{}")
    assert run("verify", path, "--data", data) == 2
    assert "net.htc.json" in capsys.readouterr().err


def test_ctrl_c_keeps_the_best_so_far(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(5)
    y = rng.integers(0, 3, 20_000)
    x = np.clip(rng.normal(0, 40, (20_000, 30)) + 25 * (y[:, None] - 1), -127, 127)
    data, out = tmp_path / "columns.npz", tmp_path / "net.htc"
    np.savez(data, x=x.astype(np.int8), y=y)
    calls = []
    before = SearchProgress.__call__

    def interrupt(self, *args):
        calls.append(args)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)  # as a terminal does
        return before(self, *args)

    monkeypatch.setattr(SearchProgress, "__call__", interrupt)
    assert run("certify", "--data", data, "-o", out, "--preset", "best") == 0
    assert len(calls) == 2  # of hundreds
    assert run("verify", out, "--data", data) == 0
    assert "it holds" in capsys.readouterr().out


def test_the_data_are_not_overwritten(data, tmp_path, capsys):
    link = tmp_path / "net.htc"
    link.symlink_to(data)
    before = data.read_bytes()
    assert run("certify", "--data", data, "-o", link) == 2
    assert data.read_bytes() == before
    assert len(capsys.readouterr().err.splitlines()) == 1
