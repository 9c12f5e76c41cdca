"""A tensor that cannot be read has a row that says why; the others are read all the same."""

import json
import warnings

import numpy as np
import pytest
from checkpoints import safetensors_bytes, write_safetensors

from htstats.cli import main
from htstats.weights import open_weights

torch = pytest.importorskip("torch")

GOOD = np.random.default_rng(0).standard_t(3, (20, 15)).astype(np.float32)


def unread_tensors():
    """Of every kind that torch saves and that is no plain array."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls most of them a prototype
        return make_unread_tensors()


def make_unread_tensors():
    dense = torch.arange(12.0).reshape(3, 4)
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    pairs = torch.complex(dense, dense)
    return {
        "per tensor": torch.quantize_per_tensor(dense, 0.1, 3, torch.quint8),
        "per tensor signed": torch.quantize_per_tensor(dense, 0.1, 3, torch.qint8),
        "per tensor wide": torch.quantize_per_tensor(dense, 0.1, 3, torch.qint32),
        "per channel": torch.quantize_per_channel(
            dense, torch.ones(3), torch.zeros(3), 0, torch.qint8
        ),
        "four bits": torch.quantize_per_channel(
            dense, torch.ones(3), torch.zeros(3), 0, torch.quint4x2
        ),
        "coo": dense.to_sparse(),
        "csr": dense.to_sparse_csr(),
        "csc": dense.to_sparse_csc(),
        "bsr": dense[:2].to_sparse_bsr((2, 2)),
        "nested": nested,
        "meta": torch.ones(3, 4, device="meta"),
        "complex": pairs,
        "wide complex": pairs.to(torch.complex128),
        "half complex": pairs.to(torch.complex32),
        "conjugated": pairs.conj(),
        "negated": pairs.conj().imag,
        "expanded": torch.ones(1).expand(3, 4),
        "float4": torch.zeros(3, 4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2),
        "parameter": torch.nn.Parameter(dense.to_sparse()),
    }


SHAPES = {"bsr": [2, 4], "nested": []}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", unread_tensors())
@pytest.mark.parametrize("zipped", [True, False])
def test_torch_tensors_that_are_not_read(tmp_path, capsys, name, zipped):
    good, last = torch.from_numpy(GOOD), torch.from_numpy(GOOD.copy())
    state = {"good": good, "bad": unread_tensors()[name], "last": last}
    path = tmp_path / "a.pt"
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    weights = open_weights(path)
    assert list(weights) == ["good", "last"]
    for matrix in weights.values():
        assert np.array_equal(matrix.toarray(), GOOD)
    assert list(weights.unread) == ["bad"]
    assert main(["fit", str(path), "--json"]) == 1
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["matrices"]}
    assert [name for name, row in rows.items() if "error" in row] == ["bad"]
    assert rows["bad"]["source_shape"] == SHAPES.get(name, [3, 4])
    assert (rows["bad"]["status"], rows["bad"]["layer_id"]) == ("failed", 3)
    for form in ([], ["--csv"]):
        assert main(["fit", str(path), *form]) == 1
        out = " ".join(capsys.readouterr().out.split())
        assert "bad" in out
        assert " ".join(rows["bad"]["error"].split()[:3]) in out
    assert main(["fit", str(path), "--exclude", "bad"]) == 0
    assert main(["fit", str(path), "--tensor", "good"]) == 0
    assert main(["fit", str(path), "--tensor", "bad"]) == 1
    capsys.readouterr()


def file_with(tmp_path, dtype, shape=(20, 4), n_bytes=40):
    """A .safetensors file of two good matrices, and one of another dtype between them."""
    sizes = [GOOD.nbytes, n_bytes, GOOD.nbytes]
    ends = np.cumsum([0, *sizes]).tolist()
    header = {
        name: {"dtype": word, "shape": list(sides), "data_offsets": ends[i : i + 2]}
        for i, (name, word, sides) in enumerate(
            [("good", "F32", GOOD.shape), ("bad", dtype, shape), ("last", "F32", GOOD.shape)]
        )
    }
    path = tmp_path / "a.safetensors"
    data = GOOD.tobytes() + bytes(n_bytes) + GOOD.tobytes()
    path.write_bytes(safetensors_bytes(header, data))
    return path


@pytest.mark.parametrize(
    "dtype", ["F4", "F6_E2M3", "F6_E3M2", "F4_E2M1", "I4", "U2", "F128", "new"]
)
def test_safetensors_of_dtypes_that_are_not_known(tmp_path, capsys, dtype):
    path = file_with(tmp_path, dtype)
    weights = open_weights(path)
    assert list(weights) == ["good", "last"]
    assert weights.unread["bad"].reason == f"dtype {dtype!r}, which is not read"
    assert main(["fit", str(path), "--json"]) == 1
    bad = json.loads(capsys.readouterr().out)["matrices"][-1]
    assert (bad["name"], bad["shape"], bad["dtype"]) == ("bad", [20, 4], dtype)
    out = tmp_path / "a.htz"
    assert main(["compress", str(path), "-o", str(out)]) == 2
    err = capsys.readouterr().err
    assert "'bad' cannot be carried along: dtype" in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_vector_that_is_not_read_is_skipped(tmp_path, capsys):
    path = file_with(tmp_path, "F4", (80,))
    assert main(["fit", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["skipped"] == [{"name": "bad", "reason": "dtype 'F4', which is not read"}]
    assert main(["compress", str(path), "-o", str(tmp_path / "a.htz")]) == 2


def test_integers_that_are_not_read_are_no_matrices(tmp_path, capsys):
    """Positions are often expanded; they are no weights in any case."""
    path = tmp_path / "a.pt"
    torch.save({"w": torch.from_numpy(GOOD), "ids": torch.arange(3).expand(4, 3)}, path)
    assert main(["fit", str(path), "--json"]) == 0
    (skipped,) = json.loads(capsys.readouterr().out)["skipped"]
    assert skipped["name"] == "ids"
    assert "repeats its elements" in skipped["reason"]


def test_complex_matrices_have_a_row_and_are_carried(tmp_path, capsys):
    path = file_with(tmp_path, "C64", (5, 1))
    assert main(["fit", str(path)]) == 1
    assert "bad: not fitted: complex64: complex numbers have no order" in capsys.readouterr().out
    assert main(["compress", str(path), "-o", str(tmp_path / "a.htz")]) == 0


def test_a_file_of_nothing_else(tmp_path, capsys):
    path = write_safetensors(
        tmp_path / "a.safetensors", {"bad": np.zeros((2, 2), np.uint8)}, {"bad": "F4"}
    )
    assert main(["fit", str(path)]) == 1
    assert "bad: not fitted: dtype 'F4'" in capsys.readouterr().out


def test_arrays_in_memory(tmp_path):
    state = {name.replace(" ", "_"): tensor for name, tensor in unread_tensors().items()}
    weights = open_weights({"good": GOOD, **state})
    assert list(weights) == ["good", "negated", "expanded"]  # their numbers can be computed
    assert "complex" in weights.unread
    assert {"per_tensor", "coo", "csr", "nested", "meta"} <= {
        *weights.unread,
        *dict(weights.skipped),
    }
