"""Time both methods around each size at which htstats changes its method, to choose that size.

    python bench/studies/constants.py pruned-from     # --help lists the names
    python bench/studies/constants.py gram-side --quick

Each row is one size. Its columns are the methods: the milliseconds of the fastest of several
rounds, in which the methods alternate. The constant should be the size at which the fastest column
changes. No result depends on any of these constants.
"""

import argparse
import time
from functools import partial

import numpy as np

from htstats import binomial
from htstats._common import broadcast
from htstats._exact_fit.dispatch import fit_tail
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.out_of_core.budget import plan_memory
from htstats._exact_fit.out_of_core.ranges import Cells
from htstats._exact_fit.out_of_core.scan import OutOfCoreScan
from htstats._exact_fit.source import as_source
from htstats.binomial._arguments import kernel_of
from htstats.sketch import FORMATS, TailSketch
from htstats.spectral import Sizes, norms, open_rows


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


STUDIES = {
    study.__name__.replace("_", "-"): study
    for study in (
        pruned_from, estimates_at_once, gram_side, spectral_block, broadcast_block,
        elements_a_thread, likely,
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
