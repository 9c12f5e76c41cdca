"""Nanoseconds per element of kernels with each kind of instructions: CPU time of one thread.

    python bench/kernels/instructions.py [--rounds 30]

Each kind runs in a process of its own (HTST_ISA), and NumPy is held to it too (bench/isa.py). The
shortest time of all rounds counts.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from isa import environment, found_features

N = 1 << 20


def kernels():
    """Name and call of each kernel; a call handles N elements."""
    from htstats import TailSketch, binomial, partition, stable
    from htstats._core import moments, normal, products, sort, tail

    rng = np.random.default_rng(0)
    x = rng.standard_normal(N).astype(np.float32)
    wide, W = x.astype(np.float64), x.reshape(1024, 1024)
    halves, wider = x.astype(np.float16).reshape(W.shape), wide.reshape(W.shape)
    table, key = np.zeros(tail.SLOTS[0], np.uint32), np.abs(x)
    draws, k, copy = np.empty((1024, 1024)), np.arange(float(N)) % 300, np.empty_like(x)
    for words, add, data in (
        (moments.WORDS_F32, moments.add_f32, x),
        (moments.WORDS_F64, moments.add_f64, wide),
    ):
        sums = [np.zeros(size, np.uint64) for size in words]
        yield f"exact sums, {data.dtype}", lambda a=add, d=data, s=sums: a(d, *s)
    for data in (halves, W, wider):
        yield f"split, {data.dtype}", lambda d=data: partition(d, 1.3408, noise="none")
        yield f"split with noise, {data.dtype}", lambda d=data: partition(d, 1.3408)
    yield "sketch, float32", lambda: TailSketch("float32").update(x)
    # 1.3 % of the elements are copied, as by a fit
    low, high = (int(np.float32(edge).view(np.int32)) for edge in (2.5, 1e30))
    few = np.empty(N // 12, np.float32)
    yield (
        "histogram, checksum and copies, float32",
        lambda: tail.histogram_f32(x, 0, low, table, few),
    )
    yield "select, float32", lambda: tail.select_f32(x, 0, low, high, few)
    yield "survey, float32", lambda: tail.survey_f32(x)
    yield "sort, float32", lambda: sort.sort_f32(key.copy(), copy)
    yield "normal numbers", lambda: normal.fill(1, 0, 0, 0, draws)
    yield "W^T W v, float32", lambda: products.gram_f32(W, draws[0], np.zeros(1024))
    yield "binomial logsf", lambda: binomial.logsf(k, 300, 0.3)
    law = stable.StableDistribution(1.5, 0.5)
    for call in (law.pdf, law.sf):
        yield f"stable {call.__name__} of one law", lambda f=call: f(wide)
    yield "stable numbers", lambda: stable.sample(N, 1.5, 0.5, seed=0, out=draws.reshape(-1))
    yield "np.sort, float32", lambda: np.sort(key)
    yield "np.max, float32", lambda: np.max(x)
    yield "np.copyto, float32", lambda: np.copyto(copy, x)


def measure(rounds):
    """The shortest time of each kernel, in nanoseconds per element."""
    best = {}
    for _ in range(rounds):
        for name, call in kernels():
            start = time.thread_time()
            call()
            spent = 1e9 * (time.thread_time() - start) / N
            best[name] = min(best.get(name, spent), spent)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--alone", action="store_true", help="measure and print as JSON")
    options = parser.parse_args()
    if options.alone:
        print(json.dumps(measure(options.rounds)))
        return
    from htstats._common.processor import usable_instructions

    kinds, found, features = usable_instructions(), {}, found_features()
    for kind in kinds:
        command = [sys.executable, __file__, "--alone", "--rounds", str(options.rounds)]
        variables = {**os.environ, **environment(kind, features)}
        done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=True)
        found[kind] = json.loads(done.stdout)
    print(f"| ns an element | {' | '.join(kinds)} |")
    print("|" + "---|" * (1 + len(kinds)))
    for name in found[kinds[0]]:
        print(f"| {name} | {' | '.join(f'{found[kind][name]:.3g}' for kind in kinds)} |")


if __name__ == "__main__":
    main()
