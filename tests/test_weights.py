"""Readers: every format gives the same matrices, lazily. test_weights_damage.py has refusals."""

import json
import os
import threading

import ml_dtypes
import numpy as np
import pytest
from checkpoints import (
    some_arrays,
    write_all,
    write_safetensors,
)

from htstats.weights import open_weights

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    write_all(folder)
    return folder


CHECKPOINTS = ["stored.npz", "deflated.npz", "a.safetensors", "zip.pt", "legacy.pth"]


@pytest.mark.parametrize("file", CHECKPOINTS)
def test_every_format_gives_the_same_matrices(files, file):
    arrays = some_arrays()
    weights = open_weights(files / file)
    assert list(weights) == ["fc.weight", "conv.weight", "half"]
    assert list(weights.tensors) == list(arrays)
    assert dict(weights.skipped) == {
        "fc.bias": "1-D, 5 elements",
        "steps": "int64, not a float that is read",
    }
    for name, matrix in weights.items():
        array = arrays[name]
        assert (matrix.name, matrix.source_shape) == (name, array.shape)
        assert matrix.dtype == array.dtype.name
        assert np.array_equal(matrix.toarray(), array.reshape(len(array), -1))
        assert matrix.toarray().dtype == array.dtype
    for name, raw in weights.tensors.items():
        assert (raw.dtype, raw.shape) == (arrays[name].dtype.name, arrays[name].shape)
        assert b"".join(map(bytes, raw.chunks(9))) == arrays[name].tobytes()


@pytest.mark.parametrize("file", [*CHECKPOINTS, "fortran.npy"])
@pytest.mark.parametrize("max_bytes", [1, 64, 1 << 20])
def test_blocks_share_a_buffer_and_cover_the_rows(files, file, max_bytes):
    for matrix in open_weights(files / file).values():
        rows, addresses = [], set()
        for block in matrix.row_blocks(max_bytes):
            assert block.flags.c_contiguous
            assert block.nbytes <= max(max_bytes, block[:1].nbytes)
            addresses.add(block.ctypes.data)
            rows.append(block.copy())
        assert len(addresses) == 1
        whole = np.concatenate(rows)
        if matrix.dtype == "float16":
            whole = whole.view(np.float16)
        assert np.array_equal(whole, matrix.toarray())


def test_npy_orders_and_byte_orders(tmp_path):
    array = np.random.default_rng(1).standard_normal((6, 5, 4))
    for name, stored in {
        "c": array,
        "f": np.asfortranarray(array),
        "big": array.astype(">f8"),
        "both": np.asfortranarray(array.astype(">f4")),
    }.items():
        np.save(tmp_path / f"{name}.npy", stored)
        np.savez_compressed(tmp_path / f"{name}.npz", w=stored)
        expected = stored.astype(stored.dtype.newbyteorder("="))
        for weights in (
            open_weights(tmp_path / f"{name}.npy"),
            open_weights(tmp_path / f"{name}.npz"),
        ):
            (raw,) = weights.tensors.values()
            assert raw.name in (name, "w")
            assert b"".join(map(bytes, raw.chunks(1))) == expected.tobytes()
            (matrix,) = weights.values()
            assert np.array_equal(matrix.toarray(), expected.reshape(6, 20))


def test_all_patterns_of_8_bit_floats_widen_exactly(tmp_path):
    patterns = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_safetensors(
        tmp_path / "a.safetensors",
        {"e4": patterns, "e5": patterns},
        {"e4": "F8_E4M3", "e5": "F8_E5M2"},
    )
    weights = open_weights(tmp_path / "a.safetensors")
    for name, dtype in {"e4": ml_dtypes.float8_e4m3fn, "e5": ml_dtypes.float8_e5m2}.items():
        expected = patterns.view(dtype).astype(np.float32)
        for matrix in (weights[name], open_weights({name: patterns.view(dtype)})[name]):
            found = matrix.toarray()
            assert (matrix.dtype, matrix.source_dtype) == ("float16", np.dtype(dtype).name)
            assert np.array_equal(found.astype(np.float32), expected, equal_nan=True)
            assert np.array_equal(np.signbit(found), np.signbit(expected))
    tensor = torch.from_numpy(patterns.copy()).view(torch.float8_e4m3fn)
    assert np.array_equal(
        open_weights({"t": tensor})["t"].toarray(), weights["e4"].toarray(), equal_nan=True
    )
    torch.save({"t": tensor}, tmp_path / "a.pt")
    assert np.array_equal(
        open_weights(tmp_path / "a.pt")["t"].toarray(), weights["e4"].toarray(), equal_nan=True
    )


def test_bfloat16_stays_bits(tmp_path):
    values = np.random.default_rng(2).standard_normal((3, 8)).astype(ml_dtypes.bfloat16)
    tensor = torch.from_numpy(values.view(np.int16)).view(torch.bfloat16)
    torch.save({"w": tensor}, tmp_path / "a.pt")
    torch.save({"w": tensor}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    write_safetensors(tmp_path / "a.safetensors", {"w": values.view(np.uint16)}, {"w": "BF16"})
    for source in (
        tmp_path / "a.pt",
        tmp_path / "old.pt",
        tmp_path / "a.safetensors",
        {"w": values},
        {"w": tensor},
    ):
        matrix = open_weights(source)["w"]
        assert matrix.dtype == "bfloat16"
        (block,) = matrix.row_blocks()
        assert np.array_equal(block, values.view(np.uint16))
        assert np.array_equal(matrix.toarray(), values.astype(np.float32))


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_views_share_their_storage(tmp_path, zipped):
    base = torch.arange(3000, dtype=torch.float64).reshape(30, 100)
    views = {
        "transposed": base.T,
        "columns": base[:, 10:20],
        "strided": base[1::3, ::7],
        "permuted": base.reshape(3, 10, 20, 5).permute(2, 0, 3, 1),
        "row": base[3:4],
        "tied": base,
    }
    torch.save(views, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    weights = open_weights(tmp_path / "a.pt")
    for name, view in views.items():
        expected = view.reshape(len(view), -1).numpy()
        assert np.array_equal(weights[name].toarray(), expected), name
        blocks = [block.copy() for block in weights[name].row_blocks(800)]
        assert np.array_equal(np.concatenate(blocks), expected), name
    torch.save({"w": torch.ones(1).expand(3, 4), "v": base}, tmp_path / "b.pt")
    weights = open_weights(tmp_path / "b.pt")
    assert list(weights) == ["v"]
    assert weights.unread["w"].reason.startswith("repeats its elements")


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_tensors_that_are_still_to_be_changed(tmp_path, zipped):
    """Their storages hold the numbers from before: reading those would turn every sign."""
    imaginary = torch.arange(6.0).reshape(2, 3)
    pairs = torch.complex(torch.ones(2, 3), imaginary)
    for tensor in (pairs.conj().imag, pairs.conj()):
        assert tensor.is_neg() or tensor.is_conj()
        state = {"w": tensor, "v": imaginary}
        torch.save(state, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
        weights = open_weights(tmp_path / "a.pt")
        assert list(weights) == list(weights.tensors) == ["v"]
        assert "negated or conjugated; save it after" in weights.unread["w"].reason
    torch.save({"w": pairs.conj().imag.resolve_neg()}, tmp_path / "a.pt")
    assert np.array_equal(open_weights(tmp_path / "a.pt")["w"].toarray(), -imaginary.numpy())


def test_every_layer_of_a_network(tmp_path):
    modules = {
        "attention": torch.nn.MultiheadAttention(8, 2),
        "lstm": torch.nn.LSTM(4, 3, proj_size=2, bidirectional=True),
        "gru": torch.nn.GRU(4, 3),
        "embedding": torch.nn.Embedding(5, 4),
        "one": torch.nn.Conv1d(2, 3, 5),
        "three": torch.nn.Conv3d(2, 3, 2),
        "transposed": torch.nn.ConvTranspose2d(2, 3, 2),
        "norm": torch.nn.BatchNorm2d(3),
    }
    model = torch.nn.ModuleDict(modules)
    torch.save(model.state_dict(), tmp_path / "m.pt")
    direct, read = open_weights(model), open_weights(tmp_path / "m.pt")
    assert {name: matrix.shape for name, matrix in read.items()} == {
        "attention.in_proj_weight": (24, 8), "attention.out_proj.weight": (8, 8),
        "lstm.weight_ih_l0": (12, 4), "lstm.weight_hh_l0": (12, 2), "lstm.weight_hr_l0": (2, 3),
        "lstm.weight_ih_l0_reverse": (12, 4), "lstm.weight_hh_l0_reverse": (12, 2),
        "lstm.weight_hr_l0_reverse": (2, 3), "gru.weight_ih_l0": (9, 4),
        "gru.weight_hh_l0": (9, 3), "embedding.weight": (5, 4), "one.weight": (3, 10),
        "three.weight": (3, 16), "transposed.weight": (2, 12),
    }  # fmt: skip
    assert direct.skipped == read.skipped
    for name, tensor in model.state_dict().items():
        if tensor.ndim < 2:
            count = "int64, not a float that is read"
            reason = count if tensor.ndim == 0 else f"1-D, {len(tensor)} elements"
            assert dict(read.skipped)[name] == reason
        else:
            expected = tensor.detach().reshape(len(tensor), -1).numpy()
            assert np.array_equal(read[name].toarray(), expected)
            assert np.array_equal(direct[name].toarray(), expected)


def test_torch_nesting_and_parameters(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LSTM(4, 2))
    state = model.state_dict()
    torch.save(
        {
            "epoch": 3,
            "model": state,
            "p": torch.nn.Parameter(torch.ones(2, 2)),
            "l": [torch.ones(1, 1)],
        },
        tmp_path / "a.pt",
    )
    weights = open_weights(tmp_path / "a.pt")
    assert list(weights) == [
        "model.0.weight", "model.1.weight_ih_l0", "model.1.weight_hh_l0", "p", "l.0",
    ]  # fmt: skip
    assert ("epoch", "int, not a tensor") in weights.skipped
    direct = open_weights(model)
    assert np.array_equal(direct["0.weight"].toarray(), model[0].weight.detach().numpy())
    assert list(direct) == ["0.weight", "1.weight_ih_l0", "1.weight_hh_l0"]


def test_select_says_what_is_wrong():
    weights = open_weights({"w": np.eye(2), "bias": np.ones(2)})
    assert list(weights.select()) == ["w"]
    assert list(weights.select(["w"])) == ["w"]
    with pytest.raises(ValueError, match="'bias' is no matrix: 1-D"):
        weights.select(["bias"])
    with pytest.raises(ValueError, match="no tensor named 'v'; there are 'w'"):
        weights.select(["v"])


def shards(folder):
    arrays = some_arrays()
    first = {name: arrays[name] for name in ("fc.weight", "fc.bias")}
    second = {name: arrays[name] for name in ("conv.weight", "half", "steps")}
    write_safetensors(folder / "model-1.safetensors", first)
    write_safetensors(folder / "model-2.safetensors", second)
    index = {name: "model-1.safetensors" for name in first}
    index |= {name: "model-2.safetensors" for name in second}
    return arrays, index


def write_index(folder, index):
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {}, "weight_map": index}))
    return path


def test_shards(tmp_path):
    arrays, index = shards(tmp_path)
    path = write_index(tmp_path, index)
    for where in (tmp_path, path):
        weights = open_weights(where)
        assert list(weights) == ["fc.weight", "conv.weight", "half"]
        for name, matrix in weights.items():
            array = arrays[name]
            assert np.array_equal(matrix.toarray(), array.reshape(len(array), -1))
    write_index(tmp_path, {k: v for k, v in index.items() if k != "half"})
    assert ("half", "in model-2.safetensors, but not in the index for it") in open_weights(
        tmp_path
    ).skipped


def test_bad_indexes(tmp_path):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    _, index = shards(folder)
    for changed, message in [
        ({"half": "model-3.safetensors"}, "the shard model-3.safetensors is missing"),
        ({"half": "model-1.safetensors"}, "'half' is not in model-1.safetensors"),
        ({"half": "../model-2.safetensors"}, "not the name of a file beside it"),
        ({"half": "/etc/passwd"}, "not the name of a file beside it"),
        ({"half": ".."}, "not the name of a file beside it"),
        ({"half": 5}, "weight_map must map"),
    ]:
        write_index(folder, index | changed)
        with pytest.raises(ValueError, match=message):
            open_weights(folder)
    for text in ("[]", "{}", '{"weight_map": 3}', "not json"):
        (folder / "model.safetensors.index.json").write_text(text)
        with pytest.raises(ValueError, match=r"index\.json: "):
            open_weights(folder)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_shards_that_are_no_files(tmp_path, make):
    """A pipe is not waited for."""
    _, index = shards(tmp_path)
    write_index(tmp_path, index)
    (tmp_path / "model-2.safetensors").unlink()
    make(tmp_path / "model-2.safetensors")
    with pytest.raises(ValueError, match=r"model-2\.safetensors: not a regular file"):
        open_weights(tmp_path)
    lone = tmp_path / "lone"
    lone.mkdir()
    make(lone / "model.safetensors")
    with pytest.raises(ValueError, match=r"model\.safetensors: not a regular file"):
        open_weights(lone)


def test_empty_matrices(tmp_path):
    arrays = {"no_rows": np.zeros((0, 4), np.float32), "no_columns": np.zeros((3, 0), np.float32)}
    write_safetensors(tmp_path / "a.safetensors", arrays)
    np.savez(tmp_path / "a.npz", **arrays)
    torch.save({n: torch.from_numpy(a) for n, a in arrays.items()}, tmp_path / "a.pt")
    for file in ("a.safetensors", "a.npz", "a.pt"):
        weights = open_weights(tmp_path / file)
        for name, array in arrays.items():
            assert weights[name].toarray().shape == array.shape
            assert sum(len(block) for block in weights[name].row_blocks()) == len(array)
            assert b"".join(weights.tensors[name].chunks()) == b""


def test_rows_are_read_from_many_threads(files):
    for file in CHECKPOINTS:
        matrix = open_weights(files / file)["conv.weight"]
        whole, wrong = matrix.toarray(), []

        def read(start, matrix=matrix, whole=whole, wrong=wrong):
            for _ in range(50):
                out = np.empty((2, 12))
                matrix.read_rows(start, start + 2, out)
                if not np.array_equal(out, whole[start : start + 2]):
                    wrong.append(start)

        threads = [threading.Thread(target=read, args=(start,)) for start in (0, 1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


def test_rows_are_checked(files):
    matrix = open_weights(files / "a.npy")["a"]
    for start, stop in [(-1, 2), (2, 1), (0, 6)]:
        with pytest.raises(ValueError, match="rows must be within 0 to 5"):
            matrix.read_rows(start, stop, np.empty((2, 7), np.float32))
    for out in (np.empty((2, 6), np.float32), np.empty((2, 7)), np.empty((7, 2), np.float32).T):
        with pytest.raises(ValueError, match="out must be"):
            matrix.read_rows(0, 2, out)
    with pytest.raises(ValueError, match="max_bytes must be at least 1"):
        next(matrix.row_blocks(0))


@pytest.mark.parametrize("n_masked", [1, 4])
def test_a_masked_array_does_not_refuse_the_arrays_beside_it(n_masked):
    mask = np.arange(12).reshape(3, 4) < n_masked
    masked = np.ma.masked_array(np.ones((3, 4), np.float32), mask)
    found = open_weights({"good": np.ones((2, 3)), "masked": masked})
    assert list(found) == ["good"]
    assert found.unread["masked"].shape == (3, 4)
    assert f"got {n_masked}" in found.unread["masked"].reason
    with pytest.raises(ValueError, match="masked"):
        open_weights(masked)
