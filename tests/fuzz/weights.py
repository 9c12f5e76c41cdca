"""Damage small checkpoints of every format and compressed files at random, and read them.

    python tests/fuzz/weights.py [--seconds 30] [--seed 0]

A file must be read or refused with a ValueError of one line that names it; memory must stay within
a small multiple of its size. What does otherwise is kept, and its place printed. Of compressed
files the fields and payloads are damaged and the checksums made right, as a forger would.
"""

import argparse
import collections
import pathlib
import random
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from checkpoints import read_everything, survives, write_all, write_safetensors
from containers import HOSTILE, make, rebuilt, records
from fuzz_arguments import fuzz_arguments

from htstats.compression.container import ContainerWriter, RecordSizes, open_container
from htstats.compression.matrix import DTYPES

INTERESTING = [0, 1, 0x7F, 0x80, 0xFF]
TURN = 0.05  # seconds for one file in turn, so that fast readers get more calls


def write_pickles(folder):
    """torch checkpoints whose pickles hold every kind of harmless object, by two protocols."""
    import torch

    with warnings.catch_warnings():  # torch deprecates quantized tensors; files of them stay
        warnings.simplefilter("ignore")
        quantized = torch.quantize_per_tensor(torch.ones(2, 3), 0.1, 0, torch.qint8)
    state = {
        "w": torch.ones(3, 4),
        "half": torch.ones(2, 2, dtype=torch.bfloat16).T,
        "quantized": quantized,
        "sparse": torch.eye(3).to_sparse(),
        "parameter": torch.nn.Parameter(torch.ones(2, 2)),
        "args": argparse.Namespace(lr=0.1, path=pathlib.PurePosixPath("a/b"), keys={1, 2}),
        "numpy": [np.float32(1), np.dtype("f4"), np.arange(3.0), np.random.default_rng(0)],
        "random": random.Random(0).getstate(),
        "optimizer": {"state": {0: {"exp_avg": torch.ones(3, 4)}}, "param_groups": [{"lr": 1}]},
        "more": collections.defaultdict(list, {"a": [torch.ones(1, 2)], (1, "b"): 1 + 2j}),
        "types": [int, torch.float32, torch.device("cpu"), torch.Size([2]), bytearray(b"abc")],
    }
    for protocol in (2, 5):
        torch.save(state, folder / f"objects{protocol}.pt", pickle_protocol=protocol)
    torch.save(state, folder / "objects.pth", _use_new_zipfile_serialization=False)


def write_scaled(folder):
    """8-bit floats with scales of several shapes."""
    scales = {"a": (2, 1), "b": (), "c": (20, 1)}
    arrays = {f"{name}.weight": np.full((20, 30), 60, np.uint8) for name in scales}
    dtypes = dict.fromkeys(arrays, "F8_E4M3")
    for name, shape in scales.items():
        arrays[f"{name}.weight_scale"] = np.ones(shape, np.float32)
    write_safetensors(folder / "scaled.safetensors", arrays, dtypes)


def mutate(content, rng):
    """Make one to four changes: of bits, bytes or words; cut out, repeat or copy a part."""
    changed = bytearray(content)
    draws = iter(rng.integers(1 << 31, size=17).tolist())  # one call: a call for each is slow
    for _ in range(1 + next(draws) % 4):
        if not changed:
            break
        at, length, kind, which = (next(draws) for _ in range(4))
        at, length = at % len(changed), 1 + length % 8
        match kind % 7:
            case 0:
                changed[at] ^= 1 << which % 8
            case 1:
                changed[at] = INTERESTING[which % len(INTERESTING)]
            case 2:
                word = [b"\xff", b"\x00", b"\x7f", b"\x80", b"9"][which % 5]
                changed[at : at + length] = word * len(changed[at : at + length])
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case 5:
                del changed[at:]
            case 6:
                other = which % len(changed)
                changed[at : at + length] = changed[other : other + length]
    return bytes(changed)


def write_container(path):
    """Matrices of every dtype in several records, with and without a codebook, and a tensor."""
    matrices = {dtype: make(90, 10, 0.3, dtype) for dtype in DTYPES}
    coded = make(90, 10, 0.6)
    coded.sparse.data[:] = coded.sparse.data[0]
    sizes = RecordSizes(elements=300)
    with ContainerWriter(path, metadata={"format": "pt", "a": "b"}, sizes=sizes) as writer:
        for name, matrix in {**matrices, "coded": coded}.items():
            writer.add_matrix(name, matrix)
        writer.add_tensor("t", "float32", (9,), [bytes(36)])
        writer.add_tied("u", "t")
        writer.add_tied("v", "coded")
        writer.commit()
    return list(records(path.read_bytes()))


def forge(items, rng):
    """One record with other fields or another payload."""
    at = int(rng.integers(len(items) - 1))
    kind, fields, payload = items[at]
    if payload and rng.random() < 0.5:
        payload = mutate(payload, rng)
    elif fields:
        key = sorted(fields)[rng.integers(len(fields))]
        fields = {**fields, key: HOSTILE[rng.integers(len(HOSTILE))]}
        if rng.random() < 0.3 and isinstance(items[at][1][key], int):
            fields[key] = items[at][1][key] + int(rng.integers(-3, 4))
    return rebuilt([*items[:at], (kind, fields, payload), *items[at + 1 :]])


def read_container(path):
    """Read everything in a compressed file."""
    with open_container(path) as container:
        for matrix in container.matrices.values():
            matrix.sparse()
        container.verify()


def main():
    args = fuzz_arguments(__doc__)
    rng = np.random.default_rng(args.seed)
    folder = Path(tempfile.mkdtemp(prefix="htstats-fuzz-"))
    write_all(folder)
    write_pickles(folder)
    write_scaled(folder)
    files = {path: path.read_bytes() for path in sorted(folder.iterdir())}
    compressed = folder / "a.htz"
    items = write_container(compressed)
    end, tried, read = time.monotonic() + args.seconds, collections.Counter(), 0
    while time.monotonic() < end:
        for path, content in [*files.items(), (compressed, None)]:
            turn = time.monotonic() + TURN
            while time.monotonic() < turn:
                path.write_bytes(forge(items, rng) if content is None else mutate(content, rng))
                tried[path.suffix] += 1
                try:
                    read += survives(path, read_container if content is None else read_everything)
                except Exception:
                    traceback.print_exc()
                    print(f"seed {args.seed}, file {tried.total()}: {path}", file=sys.stderr)
                    return 1
    for path in [*files, compressed]:
        path.unlink()
    folder.rmdir()
    for suffix, count in tried.items():
        print(f"  {suffix}: {count} damaged files")
    total = tried.total()
    print(f"fuzz/weights.py: {total} damaged files, {read} harmless, {total - read} refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
