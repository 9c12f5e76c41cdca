"""What `compress` accepts `decompress` gives back: every dtype, input format and output format."""

import json
import math
import os

import ml_dtypes
import numpy as np
import pytest
import torch
from checkpoints import safetensors_bytes
from test_container import HOSTILE, rebuilt, records

from htstats._common.float8 import FLOAT8_DTYPES, float8_numbers, float8_of, to_float8
from htstats.cli import main
from htstats.commands._carried import collapse_names, list_names
from htstats.commands._sizes import size
from htstats.compression.container import ContainerWriter, _info, open_container
from htstats.compression.container import _dense as dense
from htstats.compression.container._shards import write_shards
from htstats.compression.partition import compress_rows
from htstats.weights import ITEMSIZES, open_weights

# Inputs by their names; what each can say of dtypes is asked of it, not listed here.
INPUTS = [
    "a.safetensors", "shards", "index", "zip.pt", "legacy.pth", "a.bin", "stored.npz",
    "deflated.npz", "a.npy",
]  # fmt: skip
OUTPUTS = ["o.safetensors", "o/", "o.npz", "o.npy"]

# Of the dtypes that are read, what numpy's files know, and what the rest is called.
NUMPY = {name for name in ITEMSIZES if not name.startswith(("bfloat", "float8"))}
EXTENDED = {
    name: np.dtype(getattr(ml_dtypes, name)) for name in ITEMSIZES if name not in NUMPY
}  # fmt: skip


def run(*argv):
    return main([str(a) for a in argv])


def numbers(dtype, shape=(12, 10), seed=0):
    """Finite numbers of a dtype, zero left out where the dtype allows."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype.startswith(("int", "uint")):
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    values = rng.standard_t(3, shape)
    if dtype == "float8_e8m0fnu":  # powers of two
        return np.exp2(np.round(values)).astype(EXTENDED[dtype])
    if dtype.startswith("complex"):
        return (values + 1j * rng.standard_t(3, shape)).astype(dtype)
    array = np.where(np.abs(values) < 0.1, 0.1, values).astype(EXTENDED.get(dtype, dtype))
    return array


def arrays_of(dtype):
    return {
        "matrix": numbers(dtype),
        "kernel": numbers(dtype, (4, 3, 2, 2), 1),
        "vector": numbers(dtype, (7,), 2),
        "number": numbers(dtype, (), 3),
        "empty": numbers(dtype, (0, 3), 4),
    }


def as_tensor(array):
    """A torch tensor of the same bits, whatever the dtype."""
    array = np.array(array, order="C")
    raw = torch.from_numpy(np.frombuffer(array.tobytes(), np.uint8).copy())
    if array.size == 0:
        raw = torch.empty(0, dtype=torch.uint8)
    return raw.view(getattr(torch, array.dtype.name)).reshape(array.shape)


def write_safetensors(path, arrays, metadata=None):
    words, header, data = dense.SAFETENSORS, {}, b""
    for name, array in arrays.items():
        if array.dtype.name not in words:
            pytest.skip("no such dtype in the format")
        offsets = [len(data), len(data) + array.nbytes]
        header[name] = {
            "dtype": words[array.dtype.name], "shape": array.shape, "data_offsets": offsets
        }  # fmt: skip
        data += array.tobytes()
    if metadata is not None:
        header["__metadata__"] = metadata
    path.write_bytes(safetensors_bytes(header, data))


def write_input(folder, kind, arrays):
    """The arrays in a format; the path to give to `compress`. Skips what the format lacks."""
    path = folder / kind
    if kind.endswith(".safetensors"):
        write_safetensors(path, arrays)
    elif kind in ("shards", "index"):
        path = folder / "shards"
        path.mkdir()
        where = {}
        for part, names in enumerate((list(arrays)[:2], list(arrays)[2:])):
            shard = f"model-{part}.safetensors"
            write_safetensors(path / shard, {name: arrays[name] for name in names})
            where |= dict.fromkeys(names, shard)
        index = path / "model.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": where}))
        path = index if kind == "index" else path
    elif kind.endswith((".npz", ".npy")):
        if any(array.dtype.name not in NUMPY for array in arrays.values()):
            pytest.skip("no such dtype in the format")
        if kind == "a.npy":
            np.save(path, arrays["matrix"])
        else:
            (np.savez if kind == "stored.npz" else np.savez_compressed)(path, **arrays)
    else:
        tensors = {name: as_tensor(array) for name, array in arrays.items()}
        torch.save(tensors, path, _use_new_zipfile_serialization=kind != "legacy.pth")
    return path


def read_bits(path):
    """(dtype, shape, bytes) of every tensor of a file, in its order."""
    return {
        name: (raw.dtype, raw.shape, b"".join(bytes(c) for c in raw.chunks()))
        for name, raw in open_weights(path).tensors.items()
    }


LOSSLESS = ["--threshold", "0", "--noise", "none"]


@pytest.mark.parametrize("dtype", ITEMSIZES)
@pytest.mark.parametrize("kind", INPUTS)
def test_every_dtype_from_every_format_to_every_format(tmp_path, capsys, dtype, kind):
    arrays = arrays_of(dtype)
    path = write_input(tmp_path, kind, arrays)
    before = read_bits(path)
    if kind == "a.npy":
        arrays = {"a": arrays["matrix"]}
    assert list(before) == list(arrays)
    for name, array in arrays.items():
        assert before[name] == (dtype, array.shape, array.tobytes())
    compressed = tmp_path / "a.htz"
    assert run("compress", path, "-o", compressed, *LOSSLESS) == 0
    written = 0
    for output in OUTPUTS:
        capsys.readouterr()
        out = tmp_path / output
        if run("decompress", compressed, "-o", f"{tmp_path}/{output}") == 0:
            assert {n: v[1:] for n, v in read_bits(out).items()} == {
                # the name of the one array of a .npy file is its file's
                ("o" if output == "o.npy" else n): v[1:]
                for n, v in before.items()
            }
            assert {v[0] for v in read_bits(out).values()} == {dtype}
            written += 1
            continue
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        if output == "o.npy" and len(arrays) > 1:
            assert ".npy holds one tensor" in said
        else:  # the format has no such dtype: it must really have none
            assert f"is {dtype}, which" in said
            assert dtype in (EXTENDED if output.startswith("o.np") else ["complex128"])
        assert not out.exists()
    assert written


def test_the_tables_agree_with_the_reader():
    """Each dtype that is read can be written to some file, and words are those of the reader."""
    from htstats.weights._safetensors import DTYPES

    words = {name: word for word, name in DTYPES.items()}
    assert {name: words.get(name) for name in dense.SAFETENSORS} == dense.SAFETENSORS
    for dtype in ITEMSIZES:
        assert any(dense.refusal(suffix, {"a": dtype}) == "" for suffix in dense.SUFFIXES), dtype
    for dtype in set(ITEMSIZES) - set(dense.SAFETENSORS):
        assert dtype not in words  # the format lacks it, not the table


@pytest.mark.parametrize("narrow", sorted(EXTENDED))
@pytest.mark.parametrize("shape", [(3, 4), (3,), ()])
def test_what_no_format_could_hold_is_refused(tmp_path, capsys, narrow, shape):
    """complex128 beside what NumPy's files lack: each alone is fine."""
    arrays = {"wide": numbers("complex128", shape), "narrow": numbers(narrow, shape, 1)}
    path = write_input(tmp_path, "zip.pt", arrays)
    assert run("compress", path, "-o", tmp_path / "a.htz") == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "'wide' is complex128" in said
    assert f"'narrow' is {narrow}" in said
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("kind", ["zip.pt", "legacy.pth"])
@pytest.mark.parametrize("dtype", ["float4_e2m1fn_x2", "quint8", "qint32", "sparse"])
@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_a_tensor_that_is_not_read_is_never_lost(tmp_path, capsys, kind, dtype):
    if dtype == "sparse":
        odd = torch.eye(3).to_sparse()
    elif dtype.startswith("q"):
        odd = torch.quantize_per_tensor(torch.randn(4, 4), 0.1, 0, getattr(torch, dtype))
    elif hasattr(torch, dtype):
        odd = torch.zeros(4, 4, dtype=torch.uint8).view(getattr(torch, dtype))
    else:
        pytest.skip("no such dtype in this torch")
    path = tmp_path / kind
    try:
        torch.save(
            {"a": torch.randn(5, 6), "odd": odd},
            path,
            _use_new_zipfile_serialization=kind == "zip.pt",
        )
    except (RuntimeError, KeyError) as error:
        pytest.skip(f"torch does not write it: {error}"[:80])
    assert run("compress", path, "-o", tmp_path / "a.htz") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert os.listdir(tmp_path) == [kind]


@pytest.mark.parametrize("word", ["F4", "F6_E2M3", "F6_E3M2", "I128", ""])
def test_a_dtype_that_is_not_read_is_never_lost(tmp_path, capsys, word):
    header = {
        "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "b": {"dtype": word, "shape": [8], "data_offsets": [16, 20]},
    }
    (tmp_path / "a.safetensors").write_bytes(safetensors_bytes(header, bytes(20)))
    assert run("compress", tmp_path / "a.safetensors", "-o", tmp_path / "a.htz") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_numbers_of_npz_that_are_not_read(tmp_path, capsys):
    good = np.random.default_rng(0).standard_normal((5, 6))
    np.savez(tmp_path / "a.npz", good=good, long=np.ones((3, 3), np.longdouble))
    assert run("compress", tmp_path / "a.npz", "-o", tmp_path / "a.htz") == 2
    assert "'long' would be lost" in capsys.readouterr().err
    labels = {"text": np.array(["x", "y"]), "day": np.array("2020-01-01", "M8[D]")}
    np.savez(tmp_path / "a.npz", good=good, odd=np.array([{}], object), **labels)
    assert run("compress", tmp_path / "a.npz", "-o", tmp_path / "a.htz") == 0
    assert "left out, being no tensors: odd, text, day\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("__metadata__", {".npz", ".npy"}),
        ("a\0b", {".safetensors", ".npy"}),
        ("n" * 65_532, {".safetensors", ".npy"}),
        ("a/b\\c. .npy", {".safetensors", ".npz", ".npy"}),
        ("", {".safetensors", ".npz", ".npy"}),
        ("\u4e2d\U0001f600", {".safetensors", ".npz", ".npy"}),
        ("\ud800", {".npy"}),
    ],
)
def test_names(tmp_path, capsys, name, holds):
    path = tmp_path / "a.htz"
    with ContainerWriter(path) as writer:
        writer.add_tensor(name, "int32", (3,), [np.arange(3, dtype="<i4").tobytes()])
        writer.commit()
    for suffix in dense.SUFFIXES:
        out = tmp_path / f"o{suffix}"
        code = run("decompress", path, "-o", out)
        assert (code == 0) == (suffix in holds), suffix
        if code:
            assert len(capsys.readouterr().err.splitlines()) == 1
            assert not out.exists()
            continue
        found = read_bits(out)
        assert list(found) == (["o"] if suffix == ".npy" else [name])


def test_a_container_takes_no_bytes_of_another_size(tmp_path):
    with ContainerWriter(tmp_path / "a.htz") as writer:
        for dtype, shape, data in [("float32", (3,), bytes(8)), ("bool", (3,), bytes(2)),
                                   ("int4", (2,), bytes(1)), ("float64", (), b"")]:  # fmt: skip
            with pytest.raises(ValueError, match=r"of 't'"):
                writer.add_tensor("t", dtype, shape, [data])
        writer.add_tensor("t", "bool", (3,), [b"\1\0\1"])
        writer.commit()
    with open_container(tmp_path / "a.htz") as container:
        container.verify()
        assert list(container) == ["t"]


# ---- 8-bit floats ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOAT8_DTYPES)
def test_rounding_to_8_bits_is_right_for_every_float16(dtype):
    """Against a search of the nearest in exact arithmetic; ties by the pattern's last bit."""
    theirs = np.arange(256, dtype=np.uint8).view(EXTENDED[dtype]).astype(np.float64)
    finite = [(p, float(x)) for p, x in enumerate(theirs[:128]) if math.isfinite(x)]
    assert float8_numbers(dtype).tolist() == [x for _, x in finite]
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    every = every[np.isfinite(every)]
    found = to_float8(every, dtype)
    for x, pattern in zip(every[::7].tolist(), found[::7].tolist(), strict=True):
        magnitude = min(abs(x), finite[-1][1])
        best = min(finite, key=lambda item: (abs(item[1] - magnitude), item[0] % 2))[0]
        has_sign = math.copysign(1, x) < 0 and (best or not dtype.endswith("fnuz"))
        assert pattern == best | (128 if has_sign else 0), x
    theirs = every.astype(EXTENDED[dtype])  # NaN or infinite beyond the largest
    inside = np.isfinite(theirs.astype(np.float32))
    assert np.array_equal(found[inside], theirs.view(np.uint8)[inside])
    own = np.arange(256, dtype=np.uint8)
    numbers_of_own = own.view(EXTENDED[dtype]).astype(np.float16)
    own = own[np.isfinite(numbers_of_own)]
    assert np.array_equal(to_float8(numbers_of_own[np.isfinite(numbers_of_own)], dtype), own)


def split_dtypes():
    """The 8-bit floats whose matrices are split."""
    zeros = {name: np.zeros((2, 2), EXTENDED[name]) for name in FLOAT8_DTYPES}
    return list(open_weights(zeros))


def test_every_8_bit_matrix_that_is_split_says_its_format():
    matrices = open_weights({n: np.zeros((2, 2), t) for n, t in EXTENDED.items()})
    for name, matrix in matrices.items():
        if name.startswith("float8"):
            assert (matrix.dtype, name) == ("float16", float8_of(matrix))


@pytest.mark.parametrize("dtype", split_dtypes())
@pytest.mark.parametrize("where", [[], ["--dask", "local:1"]])
def test_8_bit_matrices_with_noise_come_back_as_8_bits(tmp_path, dtype, where):
    if where:
        pytest.importorskip("distributed")
    arrays = {"w": numbers(dtype, (60, 50)), "kernel": numbers(dtype, (4, 3, 2, 2))}
    path = write_input(tmp_path, "a.safetensors", arrays)
    assert run("compress", path, "-o", tmp_path / "a.htz", *where) == 0
    assert run("decompress", tmp_path / "a.htz", "-o", tmp_path / "o.safetensors") == 0
    back = read_bits(tmp_path / "o.safetensors")
    with open_container(tmp_path / "a.htz") as container:
        for name, array in arrays.items():
            stored = container.matrices[name]
            assert stored.info.source_dtype == dtype
            wide = stored.row_block(0, len(array))
            assert wide.dtype == np.float16
            assert back[name] == (dtype, array.shape, to_float8(wide, dtype).tobytes())
            assert stored.matrix().dtype == "float16"
    assert run("decompress", tmp_path / "a.htz", "-o", tmp_path / "o.npz") == 2


@pytest.mark.parametrize("end", ["_scale", "_scale_inv"])
def test_scaled_8_bit_matrices_are_carried(tmp_path, capsys, end):
    arrays = {"q.weight": numbers("float8_e4m3fn"), f"q.weight{end}": numbers("float32", (1, 1))}
    path = write_input(tmp_path, "a.safetensors", arrays)
    assert run("compress", path, "-o", tmp_path / "a.htz") == 0
    said = capsys.readouterr().out.splitlines()
    assert any("carried as they are" in line and "q.weight" in line for line in said)
    assert run("decompress", tmp_path / "a.htz", "-o", tmp_path / "o.safetensors") == 0
    assert read_bits(tmp_path / "o.safetensors") == read_bits(path)


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


def test_resume_keeps_metadata_and_ties(tmp_path, monkeypatch):
    monkeypatch.setattr(_info, "CHUNK_BYTES", 64)
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


# ---- tied tensors, and what is left out ------------------------------------------------------


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
    with ContainerWriter(path, metadata={"format": "pt", "\u4e2d": ""}) as writer:
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


def test_damage_to_what_is_new_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(_info, "CHUNK_BYTES", 16)
    path = tmp_path / "a.htz"
    good = whole_file(path)
    assert read_all(path, good) == (
        {"format": "pt", "\u4e2d": ""}, {"v": "w"}, "float8_e4m3fn"
    )  # fmt: skip
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        for damaged in (bytes(bad), good[:at]):
            with pytest.raises(ValueError, match=r"a\.htz"):
                read_all(path, damaged)


def test_forged_metadata_ties_and_formats(tmp_path, monkeypatch):
    monkeypatch.setattr(_info, "CHUNK_BYTES", 16)
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


def test_an_error_between_shards_leaves_nothing(compressed, tmp_path, monkeypatch):
    from htstats.compression.container import _shards as module

    calls = []

    def failing(file, *rest):
        calls.append(rest)
        if len(calls) == 2:
            raise KeyboardInterrupt
        file.write(b"x")

    monkeypatch.setattr(module, "write_safetensors", failing)
    with open_container(compressed) as container:
        with pytest.raises(KeyboardInterrupt):
            write_shards(container, tmp_path / "o", shard_size=3000)
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
