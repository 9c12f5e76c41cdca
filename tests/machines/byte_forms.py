"""Print the SHA-256 of every byte form that leaves htstats, to compare machines.

Sketches, replayed noise, splits and `.htz` files of fixed input, for all dtypes. The input comes
from integers alone, so that it is the same everywhere. With a folder as argument the `.htz` files
stay there; files of another machine, in a second folder, are read, and what they hold is printed
in place of what is made here.

    python tests/machines/byte_forms.py OUT [IN]
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from htstats.compression.container import ContainerWriter, open_container
from htstats.compression.matrix import CompressedMatrix
from htstats.compression.partition import compress_rows, partition, partition_rows
from htstats.power_law import fit_power_law
from htstats.sketch import TailSketch
from htstats.weights import open_weights

DTYPES = ("float64", "float32", "float16")
ROWS, COLS = 61, 257


def elements(dtype: str, count: int = ROWS * COLS, seed: int = 1) -> np.ndarray:
    """Heavy-tailed values of both signs, exact in every dtype down to float16.

    A linear congruence modulo 2^31 - 1 in place of a generator; each value is a small integer over
    a power of two.
    """
    numbers, state = [], seed
    for _ in range(count):
        state = state * 48271 % (2**31 - 1)
        tail = (state & -state).bit_length()  # k with probability 2^-k
        numbers.append((1 - 2 * (state >> 20 & 1)) * (1 + (state >> 9 & 1023)) * 2.0 ** (tail - 18))
    return np.array(numbers).astype(dtype)


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[:32]


def little(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()


def contents(matrix: CompressedMatrix) -> str:
    kept = matrix.sparse
    law = [matrix.mean, matrix.std, matrix.threshold]
    parts = (np.array(law), kept.data, kept.indices.astype("i8"), kept.indptr.astype("i8"))
    return digest(*map(little, parts), little(matrix.toarray()))


def splits(dtype: str):
    W = elements(dtype).reshape(ROWS, COLS)
    for keep in ("abs", "upper", "centered"):
        for noise in ("paper", "matched", "none"):
            for support in ("replaced", "full"):
                options = dict(keep=keep, noise=noise, support=support, seed=2**63 + 5, layer=3)
                yield f"{keep}-{noise}-{support}", partition(W, **options)
    yield "few values", partition(np.sign(W) * (np.abs(W) > 2), 0.5)


def show(name: str, value: str) -> None:
    print(f"{name:<48} {value}", flush=True)


def show_sketches() -> None:
    for dtype in DTYPES:
        x = elements(dtype)
        whole = TailSketch(dtype).update(x)
        show(f"sketch {dtype}", digest(whole.to_bytes()))
        odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0], dtype)
        parts = TailSketch(dtype).update(x[:100]).merge(TailSketch(dtype).update(odd))
        show(f"sketch {dtype} of parts", digest(parts.to_bytes()))
        again = TailSketch.from_bytes(whole.to_bytes())
        found = [again.mean, again.std, again.min, again.max, float(again.n_negative)]
        show(f"sketch {dtype} read", digest(little(np.array(found))))
        fit = fit_power_law(x[x > 0].astype("f8"))
        show(f"n of the tail of a fit {dtype}", f"{fit.n_tail} {fit.xmin.hex()}")


def write(folder: Path) -> None:
    for dtype in DTYPES:
        with ContainerWriter(folder / f"{dtype}.htz", options={"made": "here"}) as writer:
            for name, matrix in splits(dtype):
                writer.add_matrix(name, matrix)
            carried = elements(dtype, 100, 7)
            writer.add_tensor("carried", dtype, carried.shape, [little(carried)])
            writer.commit()
        np.save(folder / f"{dtype}.npy", elements(dtype).reshape(ROWS, COLS))


def write_narrow(path: Path) -> None:
    """A safetensors file of bfloat16 and 8-bit floats, which NumPy does not have."""
    bits = elements("float32").view(np.uint32) >> 16
    brain, eight = bits.astype("<u2").tobytes(), (bits & 0x77).astype("u1").tobytes()
    fields = {"brain": ("BF16", 0, len(brain)), "eight": ("F8_E4M3", len(brain), 3 * bits.size)}
    header = json.dumps(
        {
            name: {"dtype": dtype, "shape": [ROWS, COLS], "data_offsets": [begin, end]}
            for name, (dtype, begin, end) in fields.items()
        }
    ).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + brain + eight)


def show_narrow(path: Path, out: Path) -> None:
    weights = open_weights(path)
    for name, source in weights.items():
        sketch = TailSketch(source.dtype)
        for block in source.row_blocks():
            sketch.update(block)
        show(f"sketch {name}", digest(sketch.to_bytes()))
        show(f"split {name}", contents(partition_rows(source, 0.1)))
    with ContainerWriter(out) as writer:
        for name, source in weights.items():
            compress_rows(writer, name, source)
        writer.commit()
    show(f"file {out.name}", digest(out.read_bytes()))


def main(out: Path, there: Path | None) -> None:
    show_sketches()
    out.mkdir(parents=True, exist_ok=True)
    write(out)
    write_narrow(out / "narrow.safetensors")
    show_narrow((there or out) / "narrow.safetensors", out / "narrow.htz")
    for dtype in DTYPES:
        for name, matrix in splits(dtype):
            show(f"split {dtype} {name}", contents(matrix))
        show(f"file {dtype}.htz", digest((out / f"{dtype}.htz").read_bytes()))
        # from here on the other machine's files
        source = there or out
        with open_container(source / f"{dtype}.htz") as container:
            container.verify()
            for name, stored in container.matrices.items():
                show(f"{dtype}.htz {name}", contents(stored.matrix()))
                show(f"{dtype}.htz {name} noise", digest(little(stored.gaussian_rows(3, 9))))
        weights = open_weights(source / f"{dtype}.npy")
        for name in weights:
            sketch = TailSketch(dtype).update(weights[name].toarray())
            show(f"{dtype}.npy {name}", digest(sketch.to_bytes()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(word) for word in sys.argv[1:]] or [Path(scratch)]
        main(folders[0], folders[1] if len(folders) > 1 else None)
