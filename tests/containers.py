"""Compressed files for tests: made, taken apart into records, and put together again."""

import json
import struct
import zlib

import numpy as np
from scipy import sparse

from htstats.compression.container import RECORD_SIZES, ContainerWriter
from htstats.compression.container import _rice as _chunks
from htstats.compression.container._records import FRAME_BYTES, SIGNATURE, write_record
from htstats.compression.matrix import CompressedMatrix


def make(rows=50, cols=40, density=0.2, dtype="float32", seed=0, **changes):
    rng = np.random.default_rng([seed, rows, cols])
    values = _chunks.decode_values(
        _chunks.encode_values(rng.standard_normal(rows * cols), dtype)
        if dtype != "bfloat16"
        else _chunks.encode_values(rng.standard_normal(rows * cols).astype("f4"), dtype),
        dtype,
    ).reshape(rows, cols)
    values[rng.random((rows, cols)) >= density] = 0
    fields = dict(
        mean=0.1, std=0.5, threshold=1.0, seed=2**63 + 1, layer=3, shape=(rows, cols), dtype=dtype,
        keep="abs", noise="paper", support="replaced", rule="std",
    )  # fmt: skip
    return CompressedMatrix(sparse=sparse.csr_array(values), **{**fields, **changes})


def write(path, matrices, tensors=(), *, sizes=RECORD_SIZES, **options):
    with ContainerWriter(path, options=options, sizes=sizes) as writer:
        for name, matrix in matrices.items():
            writer.add_matrix(name, matrix)
        for name, array in dict(tensors).items():
            writer.add_tensor(name, array.dtype.name, array.shape, [array.tobytes()])
        writer.commit()
    return path


def same(a, b):
    return (
        all(getattr(a, f) == getattr(b, f) for f in vars(a) if f != "sparse")
        and all(
            np.array_equal(getattr(a.sparse, f), getattr(b.sparse, f))
            and getattr(a.sparse, f).dtype == getattr(b.sparse, f).dtype
            for f in ("data", "indices", "indptr")
        )
    )  # fmt: skip


def records(data):
    """(kind, fields, payload) of each record."""
    at = len(SIGNATURE)
    while at < len(data):
        kind, n_meta, n_payload, _, _ = struct.unpack_from("<4sIQII", data, at)
        at += FRAME_BYTES
        yield kind.decode(), json.loads(data[at : at + n_meta]), data[at + n_meta :][:n_payload]
        at += n_meta + n_payload


def rebuilt(items):
    """A file of these records with right checksums, as a forger would write it."""

    class Sink(bytearray):
        write = bytearray.extend

    out, chain, count = Sink(SIGNATURE), 0, 0
    for kind, fields, payload in items:
        if kind == "DONE":
            fields = {"records": count, "chain": chain, **fields.get("forged", {})}
        chain = zlib.crc32(write_record(out, kind, fields, [payload]), chain)
        count += 1
    return bytes(out)


HOSTILE = [-1, 0, 1, 2**31, 2**62, 2**64, 2**200, 1.5, 1e308, "x", "", None, True, [], [1], {}]
