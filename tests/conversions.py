"""Checkpoints of every format and dtype, for tests of compress and decompress."""

import json

import ml_dtypes
import numpy as np
import pytest
from checkpoints import safetensors_bytes

from htstats.cli import main
from htstats.compression.container import _dense as dense
from htstats.weights import ITEMSIZES, open_weights

# Without it, the test files that import this one are skipped.
torch = pytest.importorskip("torch", reason="pip install 'htstats[torch]'")

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
    """A torch tensor of the same bits, for any dtype."""
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
