"""Small checkpoints of every format, and what damage does to them."""

import json
import tracemalloc

import numpy as np

from htstats.weights import open_weights


def some_arrays(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "fc.weight": rng.standard_normal((5, 7)).astype(np.float32),
        "conv.weight": rng.standard_normal((4, 3, 2, 2)).astype(np.float64),
        "half": rng.standard_normal((3, 6)).astype(np.float16),
        "fc.bias": rng.standard_normal(5).astype(np.float32),
        "steps": np.array(12, np.int64),
    }


def safetensors_bytes(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def write_safetensors(path, arrays, dtypes=None):
    words = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "uint8": "U8"}
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        dtype = (dtypes or {}).get(name) or words[array.dtype.name]
        offsets = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        data += array.tobytes()
    path.write_bytes(safetensors_bytes(header, data))
    return path


def write_all(folder):
    """One file of each format, all of the same arrays; the formats by file name."""
    import torch

    arrays = some_arrays()
    tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    np.save(folder / "a.npy", arrays["fc.weight"])
    np.save(folder / "fortran.npy", np.asfortranarray(arrays["conv.weight"]))
    np.savez(folder / "stored.npz", **arrays)
    np.savez_compressed(folder / "deflated.npz", **arrays)
    write_safetensors(folder / "a.safetensors", arrays)
    torch.save(tensors, folder / "zip.pt")
    torch.save(tensors, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    return arrays


def read_everything(path):
    """Open a checkpoint and read every byte of it, as matrices and as tensors."""
    weights = open_weights(path)
    for raw in weights.tensors.values():
        assert sum(len(chunk) for chunk in raw.chunks(64)) == raw.nbytes
    for matrix in weights.values():
        assert matrix.toarray().shape == matrix.shape
    return weights


def survives(path, read=read_everything):
    """Whether a damaged file is read, or refused in one line that names it: nothing else may be.

    Memory stays within a small multiple of the file: no size it claims is believed.
    """
    size, message = path.stat().st_size, ""
    tracemalloc.start()
    try:
        read(path)
    except ValueError as error:
        message = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # buffers of zipfile, of the pickle and json modules, and the header of an .npy member
    assert peak < 2_000_000 + 50 * size, f"{peak} bytes for a file of {size}"
    assert not message or (str(path) in message and "\n" not in message)
    return not message


def damaged(content, at, bit):
    changed = bytearray(content)
    changed[at] ^= 1 << bit
    return bytes(changed)


def header_bytes(path):
    """Where a file describes itself: everything but the numbers."""
    content = path.read_bytes()
    if path.suffix == ".npy":
        return range(128)
    if path.suffix == ".safetensors":
        return range(8 + int.from_bytes(content[:8], "little"))
    return range(len(content))
