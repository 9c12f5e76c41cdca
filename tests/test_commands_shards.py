"""`decompress` writes shards of a size that is asked for."""

import json
import os

import numpy as np
import pytest
from conversions import read_bits, run, write_safetensors

from htstats.commands._sizes import size
from htstats.compression.container import open_container
from htstats.compression.container._shards import write_shards

# ---- shards ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("5GB", 5 * 10**9), ("500MB", 5 * 10**8), ("1GiB", 2**30), ("1G", 2**30), ("1.5K", 1536),
     ("7", 7), ("10kb", 10_000), ("2TiB", 2**41), ("3 MB", 3_000_000), ("1e9", 10**9),
     ("128M", 2**27), ("64KiB", 65536), ("9B", 9), (".5G", 2**29)],
)  # fmt: skip
def test_sizes(text, n_bytes):
    assert size(text) == n_bytes


@pytest.mark.parametrize("text", ["", "GB", "-1G", "1X", "nan", "inf", "1e400", "9" * 400, "1,5G"])
def test_sizes_that_are_none(tmp_path, capsys, text):
    with pytest.raises(ValueError):
        size(text)
    for argv in (["compress", "x.pt", "-o", "x.htz", f"--max-memory={text}"],
                 ["decompress", "x.htz", "-o", "x/", f"--shard-size={text}"]):  # fmt: skip
        with pytest.raises(SystemExit):
            run(*argv)
        assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.fixture
def compressed(tmp_path):
    rng = np.random.default_rng(0)
    shapes = [(30, 20), (5,), (200, 10), (1, 1), (0, 4), (40, 40), (9,)]
    arrays = {f"n{i}": rng.standard_normal(shape).astype("f4") for i, shape in enumerate(shapes)}
    write_safetensors(tmp_path / "a.safetensors", arrays, {"format": "pt"})
    assert run("compress", tmp_path / "a.safetensors", "-o", tmp_path / "a.htz") == 0
    assert run("decompress", tmp_path / "a.htz", "-o", tmp_path / "whole.safetensors") == 0
    return tmp_path / "a.htz"


@pytest.mark.parametrize("limit", ["1", "1KB", "3000", "8.1KB", "9KB", "16KiB", "5GB", None])
def test_shards(compressed, tmp_path, limit):
    from safetensors.numpy import load_file

    extra = [] if limit is None else ["--shard-size", limit]
    out = tmp_path / "o"
    assert run("decompress", compressed, "-o", out, *extra, "--threads", 2) == 0
    index = json.loads((out / "model.safetensors.index.json").read_text())
    whole = load_file(tmp_path / "whole.safetensors")
    assert index["metadata"]["total_size"] == sum(a.nbytes for a in whole.values())
    assert list(index["weight_map"]) == list(read_bits(tmp_path / "whole.safetensors"))
    shards = sorted(path.name for path in out.glob("*.safetensors"))
    assert list(dict.fromkeys(index["weight_map"].values())) == shards
    assert shards == [
        f"model-{i + 1:05}-of-{len(shards):05}.safetensors" for i in range(len(shards))
    ]
    assert sorted(os.listdir(out)) == [*shards, "model.safetensors.index.json"]
    for shard in shards:
        found = load_file(out / shard)
        names = [name for name, where in index["weight_map"].items() if where == shard]
        assert sorted(found) == sorted(names)
        for name, array in found.items():
            assert np.array_equal(array, whole[name])
        if limit is not None:
            assert (out / shard).stat().st_size <= size(limit) or len(names) == 1
    if limit in ("5GB", None):
        assert len(shards) == 1
    assert read_bits(out) == read_bits(tmp_path / "whole.safetensors")
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run("decompress", compressed, "-o", out, *extra) == 0  # again, over what it wrote
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_shards_do_not_mix_with_others(compressed, tmp_path, capsys):
    out = tmp_path / "o"
    assert run("decompress", compressed, "-o", out, "--shard-size", "3000") == 0
    (out / "config.json").write_text("{}")
    before = sorted(os.listdir(out))
    assert run("decompress", compressed, "-o", out, "--shard-size", "9KB") == 2
    assert "has weights already, such as model-0000" in capsys.readouterr().err
    assert sorted(os.listdir(out)) == before
    assert run("decompress", compressed, "-o", out, "--shard-size", "3000") == 0
    assert sorted(os.listdir(out)) == before
    for argv, said in [
        (["-o", tmp_path / "x.safetensors", "--shard-size", "1KB"], "--shard-size is for a folder"),
        (["-o", out, "--shard-size", "0"], "--shard-size must be"),
        (["-o", tmp_path / "no" / "where"], "No such file"),
        (["-o", tmp_path / "a.htz" / "x"], "Not a directory"),
    ]:
        assert run("decompress", compressed, *argv) == 2
        err = capsys.readouterr().err
        assert said in err
        assert len(err.splitlines()) == 1


def test_an_error_between_shards_leaves_nothing(compressed, tmp_path):
    written = []
    with open_container(compressed) as container:
        whole = write_shards(container, tmp_path / "whole", shard_size=3000, report=written.append)
        pieces = len(written)
        assert min(pieces, len(whole)) > 2
        for stop in range(pieces):
            left = iter(range(stop))

            def interrupt(_, left=left):
                if next(left, None) is None:
                    raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                write_shards(container, tmp_path / "o", shard_size=3000, report=interrupt)
            assert not (tmp_path / "o").exists()


def test_no_shard_is_held_in_memory(tmp_path):
    """A matrix of 48 MB from a file of zeros: rows are made a few MiB at a time."""
    import tracemalloc

    path = tmp_path / "a.npy"
    np.save(path, np.random.default_rng(0).standard_normal((3000, 4000), dtype="f4"))
    assert run("compress", path, "-o", tmp_path / "a.htz", "--threshold", "3") == 0
    tracemalloc.start()
    assert run("decompress", tmp_path / "a.htz", "-o", tmp_path / "o") == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000
