"""`htstats compress` and `htstats decompress`, from a checkpoint back to a checkpoint."""

import io
import os
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from htstats.cli import main
from htstats.compression.container import open_container
from htstats.compression.partition import partition
from htstats.weights import open_weights


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    heavy = lambda *shape: rng.standard_t(2.5, shape).astype("f4") * 0.05  # noqa: E731
    return {
        "conv.weight": heavy(16, 8, 3, 3),
        "conv.bias": heavy(16),
        "fc.weight": heavy(64, 100),
        "half": heavy(32, 40).astype("f2"),
        "brain": heavy(32, 40).astype(ml_dtypes.bfloat16),
        "steps": np.array(12345678901, dtype="i8"),
    }


@pytest.fixture
def checkpoint(arrays, tmp_path):
    path = tmp_path / "model.safetensors"
    save_file(arrays, path)
    return path


def layer_of(checkpoint, name):
    return list(open_weights(checkpoint)).index(name)


def run(*argv):
    return main([str(a) for a in argv])


def as2d(array):
    return array.reshape(len(array), -1)


def test_there_and_back(checkpoint, arrays, tmp_path, capsys):
    out, dense = tmp_path / "m.htz", tmp_path / "m.safetensors"
    assert run("compress", checkpoint, "-o", out, "--seed", 5) == 0
    printed = capsys.readouterr()
    size = out.stat().st_size
    assert f"ratio {size / checkpoint.stat().st_size:.3f}, all metadata included" in printed.out
    assert "carried along as they are: 2 tensors, 72 bytes" in printed.out
    assert all(len(line) <= 100 for line in printed.out.splitlines()[:7])
    assert printed.err == ""
    assert run("decompress", out, "-o", dense) == 0
    back = load_file(dense)
    assert list(open_weights(dense).tensors) == list(open_weights(checkpoint).tensors)
    for name, array in arrays.items():
        assert back[name].shape == array.shape
        assert back[name].dtype == array.dtype
    for name in ("conv.bias", "steps"):
        assert np.array_equal(back[name], arrays[name])
    names = ["conv.weight", "fc.weight", "half", "brain"]
    assert sorted(open_weights(checkpoint)) == sorted(names)
    for name in names:
        layer = layer_of(checkpoint, name)
        split = partition(as2d(arrays[name]), seed=5, layer=layer)
        expected = split.toarray().astype(arrays[name].dtype).reshape(arrays[name].shape)
        assert back[name].tobytes() == expected.tobytes()
    first = dense.read_bytes()
    assert run("decompress", out, "-o", dense, "--threads", 3) == 0
    assert dense.read_bytes() == first


def test_it_is_smaller_and_says_how_much(checkpoint, tmp_path, capsys):
    out = tmp_path / "m.htz"
    run("compress", checkpoint, "-o", out)
    table = capsys.readouterr().out
    with open_container(out) as container:
        stored = container.matrices["fc.weight"]
        assert f" {stored.stored_bytes}  {stored.stored_bytes / 25600:.3f}" in table
    assert out.stat().st_size < 0.4 * checkpoint.stat().st_size


def test_a_ratio_above_one_is_a_warning(checkpoint, tmp_path, capsys):
    assert run("compress", checkpoint, "-o", tmp_path / "m.htz", "--threshold", "0") == 0
    err = capsys.readouterr().err
    assert "warning: not smaller than before: " in err
    assert "conv.weight" in err
    assert "warning: " + str(tmp_path / "m.htz") in err


def test_one_bad_matrix_does_not_end_the_run(checkpoint, arrays, tmp_path, capsys):
    arrays["fc.weight"][3, 4] = np.nan
    save_file(arrays, checkpoint)
    out = tmp_path / "m.htz"
    assert run("compress", checkpoint, "-o", out) == 1
    said = capsys.readouterr().out
    assert "not compressed, carried as it is: fc.weight: W must be finite, got 1" in said
    assert run("decompress", out, "-o", tmp_path / "m.npz") == 2  # bfloat16
    assert run("decompress", out, "-o", tmp_path / "m.safetensors") == 0
    back = load_file(tmp_path / "m.safetensors")
    assert np.array_equal(back["fc.weight"], arrays["fc.weight"], equal_nan=True)
    assert np.array_equal(back["conv.bias"], arrays["conv.bias"])


@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
@pytest.mark.parametrize("rule", ["std", "nnz:3", "error:1,.1"])
def test_a_matrix_without_elements_is_no_failure(tmp_path, capsys, shape, rule):
    checkpoint, out = tmp_path / "m.npz", tmp_path / "m.htz"
    np.savez(checkpoint, a=np.zeros(shape), b=np.random.default_rng(0).normal(size=(40, 50)))
    options = ["--threshold", rule, "--noise", "none"]
    assert run("compress", checkpoint, "-o", out, *options) == 0
    assert "carried as it is: a: threshold" in capsys.readouterr().out
    with open_container(out) as container:
        assert list(container.matrices) == ["b"]
        assert container.tensors["a"].shape == shape


def test_only_some_matrices(checkpoint, arrays, tmp_path, capsys):
    out = tmp_path / "m.htz"
    assert run("compress", checkpoint, "-o", out, "--tensor", "half", "--noise", "none") == 0
    with open_container(out) as container:
        assert list(container.matrices) == ["half"]
        assert container.matrices["half"].info.layer == layer_of(checkpoint, "half")
        assert (container.matrices["half"].info.std, len(container.tensors)) == (0, 5)
    assert run("compress", checkpoint, "-o", out, "--tensor", "full") == 2
    assert "no tensor named 'full'; there are " in capsys.readouterr().err


def test_resume_makes_the_same_file(checkpoint, tmp_path, capsys):
    out, partial = tmp_path / "m.htz", tmp_path / "m.htz.partial"
    run("compress", checkpoint, "-o", out)
    whole = out.read_bytes()
    table = capsys.readouterr().out
    partial.write_bytes(whole[: len(whole) // 2])
    out.unlink()
    assert run("compress", checkpoint, "-o", out, "--resume") == 0
    assert out.read_bytes() == whole
    assert capsys.readouterr().out == table
    partial.write_bytes(whole[: len(whole) // 2])
    assert run("compress", checkpoint, "-o", out, "--resume", "--seed", 1) == 2
    assert "made with seed 0, not 1" in capsys.readouterr().err
    os.utime(partial, (1, 1))
    assert run("compress", checkpoint, "-o", out, "--resume") == 2
    assert "has changed since" in capsys.readouterr().err
    assert out.read_bytes() == whole


def test_a_cluster_makes_the_same_file(checkpoint, arrays, tmp_path, capsys):
    pytest.importorskip("distributed")
    arrays["bad"] = np.full((3, 5), np.nan, "f4")
    save_file(arrays, checkpoint)
    out, said = tmp_path / "m.htz", []
    for where in ([], ["--dask", "local:2"]):
        options = ["--noise", "matched", "--threshold", "quantile:0.9", "--seed", 3]
        assert run("compress", checkpoint, "-o", out, *options, *where) == 1
        printed = capsys.readouterr()
        said.append((printed.out, printed.err, out.read_bytes()))
        assert sorted(os.listdir(tmp_path)) == ["m.htz", "model.safetensors"]
    assert said[0] == said[1]
    assert "not compressed, carried as it is: bad: W must be finite, got 15" in said[0][0]
    partial = tmp_path / "m.htz.partial"
    partial.write_bytes(said[0][2][: len(said[0][2]) // 2])
    out.unlink()
    assert run("compress", checkpoint, "-o", out, *options, *where, "--resume") == 1
    assert out.read_bytes() == said[0][2]
    assert run("compress", checkpoint, "-o", out, "--dask", "local:0") == 2
    assert "--dask must be an address or local:N" in capsys.readouterr().err
    assert out.read_bytes() == said[0][2]


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_numpy_files(checkpoint, arrays, tmp_path, suffix, capsys):
    for name in list(arrays):
        if name != "fc.weight" and (suffix == "npy" or name == "brain"):
            del arrays[name]
    save_file(arrays, checkpoint)
    out, dense = tmp_path / "m.htz", tmp_path / f"m.{suffix}"
    run("compress", checkpoint, "-o", out)
    assert run("decompress", out, "-o", dense) == 0
    split = partition(arrays["fc.weight"], layer=layer_of(checkpoint, "fc.weight"))
    back = np.load(dense)
    assert np.array_equal(back if suffix == "npy" else back["fc.weight"], split.toarray())
    if suffix == "npz":
        assert sorted(back.files) == sorted(arrays)
        assert back["steps"] == arrays["steps"]
        back.close()
    first = dense.read_bytes()
    run("decompress", out, "-o", dense)
    assert dense.read_bytes() == first


def test_bad_paths_and_options(checkpoint, tmp_path, capsys):
    out = tmp_path / "m.htz"
    run("compress", checkpoint, "-o", out)
    (tmp_path / "cut.htz").write_bytes(out.read_bytes()[:-5])
    (tmp_path / "text.htz").write_text("hello")
    capsys.readouterr()
    before = sorted(os.listdir(tmp_path))
    for argv, said in [
        (["compress", checkpoint, "-o", tmp_path], "Is a directory"),
        (["compress", checkpoint, "-o", tmp_path / "no" / "m.htz"], "No such file"),
        (["compress", checkpoint, "-o", out, "--seed", "-1"], "--seed"),
        (["compress", checkpoint, "-o", out, "--threads", "0"], "--threads"),
        (["compress", checkpoint, "-o", out, "--max-memory", "100M"], "--max-memory"),
        (["decompress", out, "-o", tmp_path / "m.txt"], "output must end in"),
        (["decompress", out, "-o", tmp_path / "m.npy"], ".npy holds one tensor, got 6"),
        (["decompress", tmp_path / "none.htz", "-o", tmp_path / "m.npz"], "No such file"),
        (["decompress", tmp_path / "cut.htz", "-o", tmp_path / "m.npz"], "the file ends inside"),
        (["decompress", tmp_path / "text.htz", "-o", tmp_path / "m.npz"], "not a .htz file"),
        (["decompress", tmp_path, "-o", tmp_path / "m.npz"], "Is a directory"),
    ]:
        assert run(*argv) == 2, argv
        err = capsys.readouterr().err
        assert said in err
        assert len(err.splitlines()) == 1
        assert sorted(os.listdir(tmp_path)) == before


def test_every_matrix_failing_still_writes_them(checkpoint, tmp_path, capsys):
    rule = "error:1e-9,0.1"  # no threshold meets it
    assert run("compress", checkpoint, "-o", tmp_path / "m.htz", "--threshold", rule) == 1
    assert capsys.readouterr().out.count("not compressed, carried as it is") == 4


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("sdt", "got 'sdt'"),
        ("quantile:2", "needs Q in [0, 1]"),
        ("error:0,0.1", "needs EPS > 0"),
        ("nan", "--threshold must be finite"),
        ("-1", "--threshold must be 0 or above"),
    ],
)
def test_a_rule_for_no_matrix_writes_nothing(checkpoint, tmp_path, capsys, rule, said):
    assert run("compress", checkpoint, "-o", tmp_path / "m.htz", f"--threshold={rule}") == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1
    assert os.listdir(tmp_path) == [checkpoint.name]


def test_damage_found_late_leaves_no_output(checkpoint, tmp_path, capsys):
    out = tmp_path / "m.htz"
    run("compress", checkpoint, "-o", out)
    with open_container(out) as container:
        last = container.matrices["brain"]._chunks[-1][2]
    data = bytearray(out.read_bytes())
    data[last.payload_at + 3] ^= 1
    out.write_bytes(data)
    assert run("decompress", out, "-o", tmp_path / "m.safetensors") == 2
    assert "its checksum is wrong" in capsys.readouterr().err
    assert not (tmp_path / "m.safetensors").exists()


def test_progress_is_for_terminals(monkeypatch):
    from htstats.commands import _progress

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    clock = iter(range(100))
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(clock) * 0.6)
    for stream, silent in [(io.StringIO(), True), (Terminal(), False)]:
        monkeypatch.setattr("sys.stderr", stream)
        with _progress.Progress(4 << 20) as progress:
            progress.begin("layer")
            for _ in range(4):
                progress(1 << 20)
        assert (stream.getvalue() == "") == silent
    assert " 50 %  2.00 MiB of 4.00 MiB" in stream.getvalue()
    assert "0:01 left  layer" in stream.getvalue()


@pytest.mark.parametrize(
    ("command", "where"),
    [
        ("fit", []),
        ("fit", ["--dask", "local:1"]),
        ("compress", []),
        ("compress", ["--dask", "local:1"]),
        ("decompress", []),
    ],
)
def test_progress_of_the_commands(checkpoint, tmp_path, monkeypatch, capsys, command, where):
    """All that is to be done is done in the end, and it is shown to terminals only."""
    from htstats.commands import _progress

    out = tmp_path / "m.htz"
    argv = {
        "fit": ["fit", checkpoint, *where],
        "compress": ["compress", checkpoint, "-o", out, "--threshold", "quantile:0.9", *where],
        "decompress": ["decompress", out, "-o", tmp_path / "d.safetensors"],
    }[command]
    if command == "decompress":
        run("compress", checkpoint, "-o", out)
    elif where:
        pytest.importorskip("distributed")
    clock = iter(range(100_000))  # of the bar alone, a second for each look
    monkeypatch.setattr(_progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    capsys.readouterr()
    for terminal in (False, True):
        stream = io.StringIO()
        stream.isatty = lambda terminal=terminal: terminal
        monkeypatch.setattr("sys.stderr", stream)
        assert run(*argv) == 0
        shown = stream.getvalue()
        assert bool(shown) == terminal
    lines = [line for line in shown.split("\r\033[K") if line.strip()]
    assert all(" left" in line and " of " in line for line in lines)
    assert lines[-1].startswith("100 %"), lines
    assert int(lines[0].split()[0]) < 100
    assert shown.endswith("\r\033[K")
