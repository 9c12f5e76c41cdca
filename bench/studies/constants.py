"""Time both methods around each size at which htstats changes its method, to choose that size.

    python bench/studies/constants.py pruned-from     # --help lists the names
    python bench/studies/constants.py gram-side --quick

Each row is one size. Its columns are the methods: the milliseconds of the fastest of several
rounds, in which the methods alternate. The constant should be the size at which the fastest column
changes. No result depends on any of these constants.
"""

import argparse
import contextlib
import os
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from htstats import binomial
from htstats._common import broadcast
from htstats._exact_fit.candidates import sort_distinct
from htstats._exact_fit.dispatch import fit_tail
from htstats._exact_fit.histogram import count_buckets
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.out_of_core.budget import plan_memory
from htstats._exact_fit.out_of_core.ranges import Cells
from htstats._exact_fit.out_of_core.scan import OutOfCoreScan
from htstats._exact_fit.sample import gather
from htstats._exact_fit.sorted_tail import take_sorted_tail
from htstats._exact_fit.source import as_source
from htstats.binomial._arguments import kernel_of
from htstats.distributed import fit_rows as distributed_fit
from htstats.sketch import FORMATS, TailSketch
from htstats.spectral import Sizes, norms, open_rows
from htstats.weights import _quantized, _sources, open_weights


def weights(n):
    """Numbers like trained weights: a bulk, and a power law above it."""
    return np.abs(np.random.default_rng(0).standard_t(3, n)) / 50


def pruned_from(quick):
    """PRUNED_FROM: values from which pruning is faster than one call on all of them."""
    for n in (30_000,) if quick else (100_000, 200_000, 300_000, 500_000, 1_000_000):
        x = weights(n)
        ways = {way: FitOptions(way=way) for way in ("at once", "pruned")}
        yield n, {way: lambda x=x, o=options: fit_tail(x, None, o) for way, options in ways.items()}


def estimates_at_once(quick):
    """HTST_FIT_ALL_AT_ONCE: distinct values up to which all estimates come before the scan."""
    for n in (10_000,) if quick else (1 << 15, 1 << 16, 1 << 17, 1 << 18, 1 << 20):
        x = np.random.default_rng(0).pareto(1.5, n) + 1
        ways = {"before": 1 << 30, "by blocks": 0}
        yield (
            n,
            {
                name: partial(fit_tail, x, None, FitOptions(way="sorted", estimates_at_once=k))
                for name, k in ways.items()
            },
        )


def gram_side(quick):
    """Sizes.gram_side_in_memory and gram_side: columns up to which W^T W is faster."""
    rows, sides = (500, (50,)) if quick else (4000, (32, 64, 128, 256, 512, 1024, 2048))
    for side in sides:
        W = np.random.default_rng(0).standard_normal((rows, side)).astype(np.float32)
        product = Sizes(gram_side_in_memory=side)
        steps = Sizes(gram_side_in_memory=0, gram_side=0)
        yield (
            side,
            {
                "W^T W": lambda W=W, s=product: norms(open_rows(W, s)),
                "iteration": lambda W=W, s=steps: norms(open_rows(W, s)),
            },
        )


def spectral_block(quick):
    """Sizes.block_bytes: bytes of a block of rows."""
    W = np.random.default_rng(0).standard_normal((300, 300) if quick else (3000, 3000))
    sizes = {f"{kib} KiB": Sizes(block_bytes=kib << 10) for kib in (64, 256, 1024, 4096, 16384)}
    yield W.shape, {n: lambda s=s: norms(open_rows(W.astype("f4"), s)) for n, s in sizes.items()}


def broadcast_block(quick):
    """BLOCK_ELEMENTS: elements of broadcast inputs that are copied at a time."""
    n = 100 if quick else 1500
    k, p, kernel = np.arange(n)[:, None] * 1.0, np.linspace(0, 1, n), kernel_of("logsf")
    out, trials = np.empty((n, n)), np.array(2.0 * n)
    yield (
        out.shape,
        {
            f"{size}": lambda s=size: broadcast.run_into(
                kernel, (k, trials, p), out, out.shape, 1, block_elements=s
            )
            for size in (256, 1024, 4096, 16384, 65536, 1 << 20)
        },
    )


def elements_a_thread(quick):
    """ELEMENTS_A_THREAD: elements from which a second thread saves time."""
    for n in (64, 256) if quick else (64, 256, 512, 1024, 2048, 4096, 16384):
        k = np.arange(n) * 1.0
        yield n, {f"{t} threads": lambda k=k, t=t: run_threads(k, t) for t in (1, 2)}


def run_threads(k, n_threads):
    out, one = np.empty(k.size), np.array(0.3)
    inputs = k, np.array(2.0 * k.size), one
    broadcast.run_into(kernel_of("logsf"), inputs, out, out.shape, n_threads, elements_a_thread=1)


def likely(quick):
    """N_LIKELY: candidates that an out-of-core scan measures first."""
    x = np.random.default_rng(0).pareto(1.5, 5000 if quick else 500_000) + 1
    buckets = TailSketch("float64").update(x).buckets()
    last = buckets.pattern + (1 << FORMATS["float64"].dropped) - 1
    cells, budget = Cells(buckets.pattern, last, buckets.count), plan_memory(1 << 20)
    yield (
        len(x),
        {
            f"{n}": lambda n=n: OutOfCoreScan(
                as_source(x), "positive", cells, budget, n_likely=n, many=4 * n
            ).best()
            for n in (4, 16, 64, 256)
        },
    )


def worth_a_sort(quick):
    """WORTH_A_SORT: values for each thread from which sorting on two threads is faster."""
    for n in (1 << 12,) if quick else (1 << 14, 1 << 15, 1 << 16, 1 << 17, 1 << 18, 1 << 20):
        x = np.random.default_rng(0).pareto(1.5, 2 * n) + 1
        source = as_source(x)
        prospect = count_buckets(source, 1).prospect("positive")
        low = float(prospect.lower[0])
        yield (
            n,
            {
                "one": lambda s=source, low=low: sort_distinct(gather(s, "positive", low)),
                "two": lambda s=source, p=prospect: take_sorted_tail(s, "positive", p, 0, 2),
            },
        )


def piece_bytes(quick):
    """PIECE_BYTES of weights/_quantized.py: bytes of scales that are expanded at a time."""
    rows, cols = (256, 256) if quick else (4096, 4096)
    scale = _Ones(None, (rows // 128, cols // 128), (128, 128))
    out = np.ones((rows, cols), np.float32)
    usual = _quantized.PIECE_BYTES

    def multiply(size):
        _quantized.PIECE_BYTES = size
        scale.multiply(0, out)
        _quantized.PIECE_BYTES = usual

    sizes = (1 << 16, 1 << 18, usual, 1 << 22, 1 << 24)
    yield f"{rows} x {cols}", {str(size): partial(multiply, size) for size in sizes}


class _Ones(_quantized.Scale):
    """Scales that need no file."""

    def _rows(self, first, last):
        return np.ones((last - first, self.shape[1]), np.float32)


def worth_a_call(quick):
    """WORTH_A_CALL: bytes of a gap that are read and thrown away, to save a system call."""
    n, usual = 64 if quick else 2000, _sources.WORTH_A_CALL
    with tempfile.TemporaryFile() as file:
        for gap in (1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18):
            file.truncate(n * gap)
            strided = _sources.StridedSource(_File(file.fileno()), 0, 4, (n, 16), (gap // 4, 1))
            out = memoryview(bytearray(n * 64))

            def read(worth, strided=strided, out=out):
                _sources.WORTH_A_CALL = worth
                for row in range(0, n, 4):
                    strided.read(64 * row, out[64 * row : 64 * (row + 4)])
                _sources.WORTH_A_CALL = usual

            calls = {"calls": partial(read, 0), "gaps": partial(read, 1 << 40)}
            yield f"gaps of {gap} bytes, four rows at a time", calls


class _File:
    """A source that reads a file."""

    def __init__(self, number):
        self.number = number

    def read(self, offset, out):
        os.preadv(self.number, [out], offset)


def task_bytes(quick):
    """TASK_BYTES: bytes of a task of a cluster with two workers in this process."""
    x = np.random.default_rng(0).standard_t(3, (100, 1000) if quick else (8000, 4000))
    with tempfile.TemporaryDirectory() as folder, _cluster() as client:
        path = Path(folder, "x.npy")
        np.save(path, x.astype(np.float32))
        name = next(iter(open_weights(path)))
        fit = partial(distributed_fit, path, name, client=client)
        sizes = (1 << 22, 1 << 24, 1 << 26, 1 << 28)
        yield "task_bytes", {str(n): partial(fit, task_bytes=n) for n in sizes}


@contextlib.contextmanager
def _cluster():
    """Two workers in this process."""
    from distributed import Client, LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "processes": False}
    with LocalCluster(**options, dashboard_address=None) as cluster, Client(cluster) as client:
        yield client


STUDIES = {
    study.__name__.replace("_", "-"): study
    for study in (
        pruned_from, estimates_at_once, gram_side, spectral_block, broadcast_block,
        elements_a_thread, likely, worth_a_sort, piece_bytes, worth_a_call, task_bytes,
    )
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=STUDIES)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one small size, to see that it runs")
    options = parser.parse_args()
    assert binomial.logsf(0, 1, 0.5) < 0  # loads the library before the first round
    print(STUDIES[options.name].__doc__)
    for size, calls in STUDIES[options.name](options.quick):
        best = dict.fromkeys(calls, np.inf)
        for _ in range(options.rounds):
            for name, call in calls.items():
                start = time.perf_counter()
                call()
                best[name] = min(best[name], time.perf_counter() - start)
        print(f"{size}:", ", ".join(f"{name} {1e3 * t:.4g} ms" for name, t in best.items()))


if __name__ == "__main__":
    main()
