"""What `compress` accepts `decompress` gives back: every dtype, input format and output format."""

import math
import os

import numpy as np
import pytest
from checkpoints import safetensors_bytes
from conversions import (
    EXTENDED,
    INPUTS,
    LOSSLESS,
    OUTPUTS,
    arrays_of,
    numbers,
    read_bits,
    run,
    torch,
    write_input,
)

from htstats._common.float8 import FLOAT8_DTYPES, float8_numbers, float8_of, to_float8
from htstats.compression.container import ContainerWriter, open_container
from htstats.compression.container import _dense as dense
from htstats.weights import ITEMSIZES, open_weights


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
