"""Time each block size of htstats against a quarter of it and four times it.

    python bench/studies/block_sizes.py [--rounds 5]

Each size determines how much is in memory at a time; no size changes a result. The rounds of the
sizes alternate, so that other load affects all of them. The ratios are those of the shortest times.
"""

import argparse
import io
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from htstats.compression import matrix
from htstats.compression.container import RECORD_SIZES, ContainerWriter, RecordSizes, open_container
from htstats.compression.partition import partition
from htstats.compression.partition._rows import RowSplit
from htstats.compression.partition.plan import SplitOptions
from htstats.compression.thresholds import Resolver
from htstats.compression.thresholds._keys import LIMITS
from htstats.sketch import TailSketch
from htstats.torch import GaussianSparseLinear
from htstats.weights.columns._text import BLOCK_BYTES, TextColumn, read_lines

W = np.random.default_rng(0).standard_t(3, (2000, 2000)).astype(np.float32)
SPLIT = partition(W, "quantile:0.9")
SKETCH = TailSketch("float32").update(W)
TEXT = "\n".join(map(repr, W.ravel()[:300_000].tolist())).encode()


def rebuild(size):
    """TILE: rebuild W(t) from B and the seed."""
    usual, matrix.TILE = matrix.TILE, size
    SPLIT.toarray()
    matrix.TILE = usual


def find_quantile(size):
    """Limits.chunk: one pass for the median of the keys."""
    limits = LIMITS._replace(chunk=size)
    resolver = Resolver("quantile:0.5", SKETCH, keep="centered", limits=limits)
    resolver.update(W)
    resolver.finish()


def split_rows(size):
    """BLOCK_BYTES of _common/rows.py: split a matrix that is read in blocks."""
    step = max(1, size // W[:1].nbytes)
    blocks = lambda _: (W[i : i + step].copy() for i in range(0, len(W), step))  # noqa: E731
    source = SimpleNamespace(shape=W.shape, dtype="float32", row_blocks=blocks)
    RowSplit(source, SplitOptions("std")).matrix()


def write_and_read(size):
    """RecordSizes.elements: write a container and read B."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "w.htz")
        with ContainerWriter(path, sizes=RecordSizes(elements=size)) as writer:
            writer.add_matrix("w", SPLIT)
            writer.commit()
        with open_container(path) as container:
            container.matrices["w"].sparse()


LAYER = GaussianSparseLinear(SPLIT)
X = torch.ones(8, W.shape[1])


def multiply(size):
    """GaussianSparseLinear.block_elements: a product with eight vectors."""
    LAYER.block_elements = size
    with torch.no_grad():
        LAYER(X)


def read_text(size):
    """BLOCK_BYTES of columns/_text.py: read a column of numbers."""
    column = TextColumn("text", ".txt", None, False)
    for line, block in read_lines(io.BytesIO(TEXT), "text", size):
        column.numbers(line, block)


SIZES = {
    rebuild: matrix.TILE,
    find_quantile: LIMITS.chunk,
    split_rows: 1 << 22,
    write_and_read: RECORD_SIZES.elements,
    multiply: GaussianSparseLinear.block_elements,
    read_text: BLOCK_BYTES,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{'':68} {'usual':>8} {'time':>9}   ratio at /16   /4   x4   x16")
    for work, usual in SIZES.items():
        sizes = [usual // 16, usual // 4, usual, 4 * usual, 16 * usual]
        best = dict.fromkeys(sizes, float("inf"))
        for size in [*sizes] * rounds:
            begin = time.perf_counter()
            work(size)
            best[size] = min(best[size], time.perf_counter() - begin)
        ratios = [best[size] / best[usual] for size in sizes if size != usual]
        print(
            f"{work.__doc__:68} {usual:8} {1e3 * best[usual]:6.1f} ms"
            f"        {'  '.join(f'{r:.2f}' for r in ratios)}"
        )


if __name__ == "__main__":
    main()
