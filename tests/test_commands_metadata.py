"""Metadata, names, order and tied tensors survive `compress` and `decompress`."""

import json
import os

import pytest
from containers import HOSTILE, rebuilt, records
from conversions import arrays_of, numbers, read_bits, run, torch, write_input, write_safetensors

from htstats.commands._carried import collapse_names, list_names
from htstats.compression.container import ContainerWriter, RecordSizes, open_container
from htstats.compression.partition import compress_rows
from htstats.weights import open_weights

# ---- metadata, names, order ------------------------------------------------------------------


SAID = {"format": "pt", "": "", "k\u00e9y": 'quo"te\n\\ \u4e2d', "large": "x" * 3_000_000}


@pytest.mark.parametrize("output", ["o.safetensors", "o/"])
def test_metadata_survive(tmp_path, output):
    path = tmp_path / "a.safetensors"
    write_safetensors(path, arrays_of("float32"), SAID)
    assert run("compress", path, "-o", tmp_path / "a.htz") == 0
    assert run("decompress", tmp_path / "a.htz", "-o", f"{tmp_path}/{output}") == 0
    from safetensors import safe_open

    out = tmp_path / output
    files = sorted(out.glob("*.safetensors")) if out.is_dir() else [out]
    for file in files:
        with safe_open(file, "np") as opened:
            assert opened.metadata() == SAID
    assert list(read_bits(out)) == list(read_bits(path))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("zip.pt", {"format": "pt"}), ("legacy.pth", {"format": "pt"}), ("a.bin", {"format": "pt"}),
     ("stored.npz", {}), ("a.npy", {}), ("a.safetensors", {})],
)  # fmt: skip
def test_metadata_of_files_that_have_none(tmp_path, kind, expected):
    path = write_input(tmp_path, kind, arrays_of("float32"))
    assert run("compress", path, "-o", tmp_path / "a.htz") == 0
    with open_container(tmp_path / "a.htz") as container:
        assert container.metadata == expected


def test_metadata_of_shards(tmp_path, capsys):
    path = write_input(tmp_path, "shards", arrays_of("float32"))
    arrays = arrays_of("float32")
    for part, names in enumerate((list(arrays)[:2], list(arrays)[2:])):
        said = {"format": "pt", "part": str(part), "both": "same", f"own{part}": "x"}
        some = {name: arrays[name] for name in names}
        write_safetensors(path / f"model-{part}.safetensors", some, said)
    assert run("compress", path, "-o", tmp_path / "a.htz") == 0
    assert "unlike in shards: part\n" in capsys.readouterr().out
    with open_container(tmp_path / "a.htz") as container:
        assert container.metadata == {
            "format": "pt", "part": "0", "both": "same", "own0": "x", "own1": "x"
        }  # fmt: skip


@pytest.mark.parametrize("wrong", [{"a": 1}, {1: "a"}, {"a": None}])
def test_a_container_takes_text_alone(tmp_path, wrong):
    with pytest.raises(TypeError, match="metadata must map text to text"):
        ContainerWriter(tmp_path / "a.htz", metadata=wrong)
    assert os.listdir(tmp_path) == []


def test_metadata_that_are_no_text_and_numpy_outputs(tmp_path, capsys):
    path = tmp_path / "a.safetensors"
    write_safetensors(path, {"w": numbers("float32")}, {"format": "pt", "n": 3})
    assert run("compress", path, "-o", tmp_path / "a.htz") == 0
    assert "no text or unlike in shards: n\n" in capsys.readouterr().out
    assert run("decompress", tmp_path / "a.htz", "-o", tmp_path / "o.npz") == 0
    assert "left out, having no place in NumPy's files: format\n" in capsys.readouterr().out
    write_safetensors(path, {"w": numbers("float32")}, ["no", "object"])
    assert run("compress", path, "-o", tmp_path / "a.htz") == 0


def test_resume_keeps_metadata_and_ties(tmp_path):
    w = torch.randn(30, 20)
    path, out = tmp_path / "a.pt", tmp_path / "a.htz"
    torch.save({"a": w, "b": w, "c": torch.randn(9), "d": w}, path)
    assert run("compress", path, "-o", out) == 0
    whole = out.read_bytes()
    assert b"TIED" in whole
    assert b"META" in whole
    for end in range(0, len(whole), 23):
        (tmp_path / "a.htz.partial").write_bytes(whole[:end])
        out.unlink()
        assert run("compress", path, "-o", out, "--resume") == 0
        assert out.read_bytes() == whole


# ---- tied tensors, and plain values that are left out ----------------------------------------


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("tensor", [None, "embed", "head", "norm"])
def test_tied_tensors_stay_tied(tmp_path, capsys, legacy, tensor):
    torch.manual_seed(0)
    w, bias = torch.randn(64, 50), torch.randn(40)
    state = {
        "embed": w, "bias": bias, "head": w, "again": torch.nn.Parameter(w), "tied_bias": bias,
        "transposed": w.T, "part": w[:10], "equal": w.clone(), "norm": torch.randn(8, 9),
    }  # fmt: skip
    path, out = tmp_path / "a.pt", tmp_path / "a.htz"
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    argv = [] if tensor is None else ["--tensor", tensor]
    assert run("compress", path, "-o", out, *argv) == 0
    said = capsys.readouterr().out
    line = "stored once: head is embed, again is embed, tied_bias is bias\n"
    assert line in said
    assert run("decompress", out, "-o", tmp_path / "o.safetensors") == 0
    before, back = read_bits(path), read_bits(tmp_path / "o.safetensors")
    assert list(back) == list(state)
    assert back["embed"] == back["head"] == back["again"]
    assert back["bias"] == back["tied_bias"] == before["bias"]
    with open_container(out) as container:
        assert container.tied == {"head": "embed", "again": "embed", "tied_bias": "bias"}
        assert container["head"] is container["embed"]
        # naming one of them is naming the tensor that they are
        assert ("embed" in container.matrices) == (tensor != "norm")
        assert ("equal" in container.matrices) == (tensor is None)
        container.verify()
    assert (back["embed"] == before["embed"]) == (tensor == "norm")
    alone = tmp_path / "alone.pt"
    torch.save({k: v for k, v in state.items() if k not in ("head", "again", "tied_bias")}, alone)
    assert (
        run("compress", alone, "-o", tmp_path / "b.htz", *(argv if tensor != "head" else [])) == 0
    )
    if tensor != "head":
        assert out.stat().st_size < (tmp_path / "b.htz").stat().st_size + 500


def test_tied_tensors_on_a_cluster(tmp_path):
    pytest.importorskip("distributed")
    w = torch.randn(64, 50)
    torch.save({"a": w, "b": w, "c": torch.randn(30, 30)}, tmp_path / "a.pt")
    files = []
    for where in ([], ["--dask", "local:1"]):
        assert run("compress", tmp_path / "a.pt", "-o", tmp_path / "a.htz", *where) == 0
        files.append((tmp_path / "a.htz").read_bytes())
    assert files[0] == files[1]


def whole_file(path):
    """Every new record and field: metadata in pieces, a tie, a matrix that had 8 bits."""
    source = {"w": numbers("float8_e4m3fn", (9, 10))}
    write_safetensors(path.with_suffix(".safetensors"), source)
    matrix = open_weights(path.with_suffix(".safetensors"))["w"]
    sizes = RecordSizes(tensor_bytes=16)
    with ContainerWriter(path, metadata={"format": "pt", "\u4e2d": ""}, sizes=sizes) as writer:
        compress_rows(writer, "w", matrix)
        writer.add_tied("v", "w")
        writer.add_tensor("t", "int16", (3,), [bytes(6)])
        writer.commit()
    return path.read_bytes()


def read_all(path, data):
    path.write_bytes(data)
    with open_container(path) as container:
        container.verify()
        return dict(container.metadata), dict(container.tied), container["w"].info.source_dtype


def test_damage_to_what_is_new_is_an_error(tmp_path):
    path = tmp_path / "a.htz"
    good = whole_file(path)
    assert read_all(path, good) == (
        {"format": "pt", "\u4e2d": ""}, {"v": "w"}, "float8_e4m3fn"
    )  # fmt: skip
    for at in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            with pytest.raises(ValueError, match=r"a\.htz"):
                read_all(path, bytes(bad))
        with pytest.raises(ValueError, match=r"a\.htz"):
            read_all(path, good[:at])


def test_forged_metadata_ties_and_formats(tmp_path):
    path = tmp_path / "a.htz"
    items = list(records(whole_file(path)))
    kinds = [kind for kind, _, _ in items]
    assert kinds == ["HEAD", "DATA", "DATA", "META", "ROWS", "MATX", "TIED", "DATA", "TENS", "DONE"]
    for at, fields in [(3, ["bytes", "chunks"]), (6, ["name", "tied_to"]), (5, ["source_dtype"])]:
        kind, old, payload = items[at]
        for key in fields:
            for value in [*HOSTILE, "w", "v", "t"]:
                if value == old[key] and type(value) is type(old[key]):
                    continue
                free = key == "name" and isinstance(value, str) and value not in ("w", "t")
                new = [*items[:at], (kind, {**old, key: value}, payload), *items[at + 1 :]]
                if free:
                    read_all(path, rebuilt(new))
                    continue
                with pytest.raises(ValueError, match=r"a\.htz"):
                    read_all(path, rebuilt(new))
    swapped = {**items[5][1], "dtype": "float32", "source_dtype": "float8_e5m2"}
    for order in (
        [*items[:5], ("MATX", swapped, b""), *items[6:]],
        [items[0], *items[3:]],  # META without its pieces
        [*items[:4], *items[1:4], *items[4:]],  # twice
        [items[0], *items[4:7], *items[1:4], *items[7:]],  # behind a matrix
        [*items[:4], items[6], *items[4:6], *items[7:]],  # a tie before what it is tied to
        [*items[:7], items[6], *items[7:]],  # the same tie twice
        [*items[:6], items[7], items[6], *items[8:]],  # a tie with pieces
    ):
        with pytest.raises(ValueError, match=r"a\.htz"):
            read_all(path, rebuilt(order))
    for text in (b"[]", b'{"a": 1}', b"{", b"\xff", b"[" * 100_000):
        forged = [("DATA", {}, text), ("META", {"bytes": len(text), "chunks": 1}, b"")]
        with pytest.raises(ValueError, match=r"a\.htz"):
            read_all(path, rebuilt([items[0], *forged, *items[4:]]))


def test_ties_of_a_container(tmp_path):
    with ContainerWriter(tmp_path / "a.htz") as writer:
        writer.add_tensor("a", "bool", (2,), [b"\0\1"])
        writer.add_tied("b", "a")
        for name, tied_to in [("c", "none"), ("c", "b"), ("c", "c"), ("a", "a"), ("b", "a")]:
            with pytest.raises(ValueError, match=r"tied_to|is in the container already"):
                writer.add_tied(name, tied_to)
        writer.commit()
    with open_container(tmp_path / "a.htz") as container:
        assert (list(container), container.tied) == (["a", "b"], {"b": "a"})


def test_plain_values_are_named_in_one_line(tmp_path, capsys):
    model = torch.nn.Linear(20, 30)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model(torch.randn(2, 20)).sum().backward()
    optimizer.step()
    training = {
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "best": 0.5,
        "name": "x\ny", "none": None, "flags": [True] * 9,
    }  # fmt: skip
    torch.save(training, tmp_path / "a.pt")
    assert run("compress", tmp_path / "a.pt", "-o", tmp_path / "a.htz") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out")]
    for name in ("epoch", "best", "name", "none", "optimizer.param_groups", "flags"):
        assert name in line
    with open_container(tmp_path / "a.htz") as container:
        assert {"model.weight", "optimizer.state.0.exp_avg"} <= set(container)


def test_names_of_plain_values_stay_few():
    names = [f"a.0.b.{i}" for i in range(9)] + ["c", "d.0", "d.1", "d.x", *map("e{}".format, "abc")]
    assert collapse_names(names) == ["a.*.b.* (9)", "c", "d.0", "d.1", "d.x", "ea", "eb", "ec"]
    assert list_names(["x\ny", "z"]) == "x y, z"
    assert list_names([str(i) for i in range(33)]).endswith("28, 29 and 3 more")


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"total_size": 7}, None),
        ({}, None),
        (None, None),
        ({"total_size": 7, "total_parameters": 5}, "total_parameters"),
        ({"a": "text", "b": {"c": 1}}, "a, b"),
    ],
)
def test_metadata_of_the_index_that_are_left_out_are_named(tmp_path, capsys, said, named):
    path = write_input(tmp_path, "shards", arrays_of("float32"))
    (index,) = path.glob("*.json")
    found = json.loads(index.read_text())
    found.pop("metadata", None)
    index.write_text(json.dumps(found if said is None else {**found, "metadata": said}))
    assert run("compress", path, "-o", tmp_path / "a.htz") == 0
    out, line = capsys.readouterr().out, "left out, being metadata of the index of shards: "
    assert (f"{line}{named}\n" in out) if named else (line not in out)
