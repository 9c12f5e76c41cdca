"""The calls that compare.py times. `python cases.py NAME` is its worker.

The worker makes the data of a case and prints "ready". For each line that it then reads, it prints
the seconds per call: the mean of as many calls as fit in a hundredth of a second.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Call = Callable[[], Any]

rng = np.random.default_rng(1)


def fit_pareto(n: int, dtype: str = "f8", **options: Any) -> Call:
    from htstats import fit_power_law

    x = (rng.pareto(1.5, n) + 1).astype(dtype)
    return lambda: fit_power_law(x, **options)


def fit_normal(n: int, dtype: str = "f4", **options: Any) -> Call:
    from htstats import fit_power_law

    x = rng.standard_normal(n).astype(dtype)
    return lambda: fit_power_law(x, side="abs", **options)


def goodness(n: int, n_resamples: int) -> Call:
    from htstats import fit_power_law

    found = fit_power_law(rng.pareto(1.5, n) + 1)
    return lambda: found.goodness_of_fit(n_resamples, seed=1)


def split(side: int, **options: Any) -> Call:
    from htstats import partition

    w = rng.standard_normal((side, side)).astype("f4")
    return lambda: partition(w, 1.0, **options)


def log_tails(n: int) -> Call:
    from htstats import binomial

    k = rng.integers(1, 400, n)
    return lambda: binomial.logsf(k, 1000, 0.2)


def rank(rows: int, columns: int) -> Call:
    from htstats import stable_rank

    w = rng.standard_normal((rows, columns)).astype("f4")
    return lambda: stable_rank(w)


def sketch(n: int, dtype: str) -> Call:
    from htstats import TailSketch

    x = rng.standard_normal(n).astype(dtype)
    return lambda: TailSketch(dtype).update(x)


def fit_integers(n: int) -> Call:
    from htstats import fit_power_law

    x = np.floor(10 * (rng.pareto(1.5, n) + 1))
    return lambda: fit_power_law(x, discrete=True)


def sample_integers(n: int) -> Call:
    from htstats.alternatives import fit_alternative

    x = np.floor(10 * (rng.pareto(1.5, 10_000) + 1))
    law = fit_alternative(x, "lognormal", xmin=10, discrete=True)
    return lambda: law.sample(n, 1)


def normal_numbers(n: int) -> Call:
    from htstats._core import normal

    out = np.empty((1, n))
    return lambda: normal.fill(1, 0, 0, 0, out)


def stable_density(n: int) -> Call:
    from htstats.stable import StableDistribution

    law, x = StableDistribution(1.5, 0.5), rng.standard_normal(n)
    return lambda: law.pdf(x)


def features(n: int) -> Call:
    from htstats.certificate import extract_features

    images = rng.integers(0, 256, (n, 28, 28)).astype(np.uint8)
    return lambda: extract_features("gabor", images)


CASES: dict[str, Callable[[], Call]] = {
    "fit 8 values": lambda: fit_pareto(8),
    "fit 1e3": lambda: fit_pareto(1000),
    "fit 1e5": lambda: fit_pareto(100_000, "f4"),
    "fit 1e7 Pareto": lambda: fit_pareto(10_000_000, "f4"),
    "fit 1e7 Pareto, 2 threads": lambda: fit_pareto(10_000_000, "f4", n_threads=2),
    "fit 1e7 normal": lambda: fit_normal(10_000_000),
    "fit 1e7 normal, 2 threads": lambda: fit_normal(10_000_000, n_threads=2),
    "fit 1e7 normal, float16": lambda: fit_normal(10_000_000, "f2"),
    "fit 1e6 normal, float64": lambda: fit_normal(1_000_000, "f8"),
    "goodness of fit 1e3, 100": lambda: goodness(1000, 100),
    "partition 2048, noise": lambda: split(2048),
    "partition 2048, no noise": lambda: split(2048, noise="none"),
    "binomial.logsf 1e5": lambda: log_tails(100_000),
    "stable rank 1024 x 512": lambda: rank(1024, 512),
    "stable rank 1024 x 4096": lambda: rank(1024, 4096),
    "sketch 1e7 float32": lambda: sketch(10_000_000, "float32"),
    "fit 1e6 integers": lambda: fit_integers(1_000_000),
    "sample 1e4 integers": lambda: sample_integers(10_000),
    "normal numbers 1e6": lambda: normal_numbers(1_000_000),
    "stable pdf 1e5": lambda: stable_density(100_000),
    "features of 500 images": lambda: features(500),
}


def main() -> None:
    call = CASES[sys.argv[1]]()
    start = time.perf_counter()
    call()
    calls = max(1, min(1000, int(0.01 / max(time.perf_counter() - start, 1e-6))))
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        print((time.perf_counter() - start) / calls, flush=True)


if __name__ == "__main__":
    main()
