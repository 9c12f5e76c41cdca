"""A matrix larger than the memory limit: its split from a file, against reading that file.

The file is generated: 8 GiB of float32 with Student tails, in the page cache when it is read.
Writing is timed separately: the races compute B and discard it; the last figures include writing B.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from htstats._common import rows as _rows
from htstats.compression.partition._rows import RowSplit
from htstats.compression.partition.plan import SplitOptions
from htstats.power_law import _fit_rows
from htstats.sketch import TailSketch
from htstats.weights import open_weights

TABLE = "split of an 8 GiB .npy, warm page cache"
ROWS, COLS = 524_288, 4096
SIGMA = 0.02 * np.sqrt(2)


def matrix(path):
    """The only matrix of a file, which is opened again."""
    (only,) = open_weights(path).values()
    return only


def header(file, rows):
    fields = {"descr": "<f4", "fortran_order": False, "shape": (rows, COLS)}
    np.lib.format.write_array_header_1_0(file, fields)


def generate_pareto(path, rows):
    """Independent Pareto numbers from 1 on with tail exponent 1.5."""
    rng = np.random.default_rng(0)
    with open(path, "wb") as file:
        header(file, rows)
        for start in range(0, rows, 4096):
            shape = (min(4096, rows - start), COLS)
            file.write(np.exp(rng.standard_exponential(shape, dtype="f4") / np.float32(1.5)))


def generate(path, rows):
    base = (np.random.default_rng(0).standard_t(4, (4096, COLS)) * 0.02).astype("f4")
    with open(path, "wb") as file:
        header(file, rows)
        for start in range(0, rows, 4096):
            file.write(np.roll(base, start // 4096 * 7, axis=1)[: rows - start])


@pytest.fixture(scope="module")
def path():
    rows = 8192 if os.environ.get("QUICK", "") not in ("", "0") else ROWS
    folder = Path(tempfile.mkdtemp(prefix="htstats-bench-"))
    if shutil.disk_usage(folder).free < 2 * rows * COLS * 4:
        folder.rmdir()
        pytest.skip(f"needs {2 * rows * COLS * 4} bytes of disk")
    generate(folder / "w.npy", rows)
    yield folder / "w.npy"
    shutil.rmtree(folder)


def read(path):
    for _ in matrix(path).row_blocks(_rows.BLOCK_BYTES):
        pass


def split(path, threshold, noise, n_threads):
    options = SplitOptions(threshold, "abs", noise, "replaced").check()
    return RowSplit(matrix(path), options, n_threads).run(lambda *block: None)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(
    ("threshold", "noise", "row"),
    [
        (SIGMA, "none", "threshold a number, no noise: one reading"),
        (SIGMA, "paper", "threshold a number: one reading"),
        ("std", "paper", "threshold std: two readings"),
    ],
)
def test_partition(race, path, threshold, noise, row, n_threads):
    race(
        TABLE,
        f"{row}, {n_threads} thread{'s' * (n_threads > 1)}",
        lambda: split(path, threshold, noise, n_threads),
        {"reading it": lambda: read(path)},
        reach={"reading it": "time <= 1.5"} if noise == "none" and n_threads == 2 else {},
        rounds=3,
    )


def test_fit_and_partition(race, path):
    """The exact fit of all candidates, and the split at its xmin, on two threads."""

    def ours():
        xmin = _fit_rows.fit_rows(matrix(path), n_threads=2).xmin
        split(path, xmin, "none", 2)

    def peer():
        read(path)
        read(path)
        block = next(iter(matrix(path).row_blocks(_rows.BLOCK_BYTES))).copy()
        sketch = TailSketch("float32")
        for _ in range(os.path.getsize(path) // block.nbytes):
            sketch.update(block)

    reach = {"reading twice and sketching": "time <= 1.5"}
    contenders = {"reading twice and sketching": peer}
    row = "exact fit, and split at its xmin, 2 threads"
    race(TABLE, row, ours, contenders, reach=reach, rounds=2)


COMPRESS = """
import sys, time
sys.path.insert(0, {folder!r})
import bench_streaming
from htstats.compression.container import ContainerWriter
from htstats.streaming import compress_rows
source = bench_streaming.matrix({path!r})
before = bench_streaming.peak()
start = time.perf_counter()
with ContainerWriter({path!r} + ".htz") as writer:
    compress_rows(writer, "w", source, {rule!r}, n_threads=2)
    writer.commit()
print(bench_streaming.peak() - before, time.perf_counter() - start)
"""


FIT = """
import sys, time
sys.path.insert(0, {folder!r})
import bench_streaming
from htstats.power_law import fit_power_law
from htstats.streaming import fit_rows
source = bench_streaming.matrix({path!r})
fit_power_law([1.0, 2.0, 3.0])
before, read = bench_streaming.peak(), []
start = time.perf_counter()
fit = fit_rows(source, max_memory=256 << 20, n_threads=2, report=read.append)
seconds = time.perf_counter() - start
print(bench_streaming.peak() - before, seconds, fit.n_tail / fit.n, sum(read) / source.nbytes)
"""


def peak():
    """Peak resident size, in KiB. ru_maxrss would include the peak of the parent process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


@pytest.mark.parametrize("rule", ["std", "quantile:0.9"])
def test_whole_compression(fact, path, rule):
    """Including the writing of B: time, and peak memory in addition to that after imports."""
    code = COMPRESS.format(folder=os.path.dirname(__file__), path=str(path), rule=rule)
    answer = subprocess.check_output([sys.executable, "-c", code], text=True)
    kib, seconds = map(float, answer.split())
    size = os.path.getsize(path)
    fact(TABLE, f"peak memory of compression, {rule}", kib / 1024, "MiB", reach="<= 256")
    fact(TABLE, f"compression into .htz, {rule}, 2 threads", size / 2**30 / seconds, "GiB/s")
    ratio = os.path.getsize(f"{path}.htz") / size
    fact(TABLE, f"bytes after / before, {rule}", ratio, "")


@pytest.mark.parametrize("data", ["Student", "Pareto"])
def test_whole_fit(fact, path, data):
    """In a pure Pareto sample no value can be left out: the fit holds a count of each float."""
    size, file = os.path.getsize(path), path
    if data == "Pareto":
        if shutil.disk_usage(path.parent).free < size:
            pytest.skip(f"needs {size} bytes of disk")
        file = path.parent / "pareto.npy"
        generate_pareto(file, matrix(path).shape[0])
    code = FIT.format(folder=os.path.dirname(__file__), path=str(file))
    answer = subprocess.check_output([sys.executable, "-c", code], text=True)
    kib, seconds, share, readings = map(float, answer.split())
    fact(TABLE, f"peak memory of the exact fit, {data}", kib / 1024, "MiB", reach="<= 256")
    fact(TABLE, f"exact fit in 256 MiB, {data}, 2 threads", seconds, "s")
    fact(TABLE, f"readings of that fit, {data}", readings, "times")
    fact(TABLE, f"share of the elements in the fitted tail, {data}", share, "")
    if data == "Pareto":
        file.unlink()
