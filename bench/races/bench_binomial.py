"""Binomial tails against SciPy and, if Rscript is installed (apt-get install r-base-core), R.

Arrays near the mean, far tails, and inversions are timed. binomial_kernels.c times the kernels
alone, from C, and callgrind.sh counts their instructions.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from htstats import binomial

TABLE = "binomial tails"
KERNELS = "binomial kernels, from C"
ROOT = Path(__file__).parents[2]


def bulk(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    n = np.floor(10 ** rng.uniform(4, 9, count))
    p = rng.uniform(0.05, 0.95, count)
    k = np.floor(n * p + rng.uniform(-6, 6, count) * np.sqrt(n * p * (1 - p)))
    return k, n, p


def test_logsf_bulk(race, fact, quick):
    count = 1000 if quick else 100_000
    k, n, p = bulk(count)
    seconds = race(
        TABLE,
        "logsf, array in the bulk",
        lambda: binomial.logsf(k, n, p),
        {"scipy": lambda: scipy.stats.binom.logsf(k, n, p)},
        reach={"scipy": "speedup >= 20"},
        rounds=3,
    )
    fact(TABLE, "logsf in the bulk", seconds["htstats"] / count * 1e9, "ns an element")


@pytest.mark.parametrize("count", [1000, 100_000])
def test_logsf_bulk_alone(fact, quick, count):
    """htstats alone: each call of SciPy takes milliseconds and displaces data in the caches."""
    arguments = bulk(count)
    best = float("inf")
    for _ in range(3 if quick else 300):
        start = time.perf_counter()
        binomial.logsf(*arguments)
        best = min(best, time.perf_counter() - start)
    row = f"logsf, {count} elements in the bulk, best of 300 calls"
    fact(TABLE, row, best / count * 1e9, "ns an element", "<= 20")


def kernel_times(rounds: int, size: int) -> dict[str, float]:
    """Nanoseconds a call or an element of each kernel, without Python: of the library as setup.py
    compiles it.
    """
    folder = ROOT / "build" / "bench"
    build = [sys.executable, "setup.py", "-q", "build_clib"]
    build += ["--build-clib", str(folder), "--build-temp", str(folder)]
    program = folder / "binomial_kernels"
    folders = ["-Icsrc/binomial", "-Icsrc/common"]
    compiler = ["cc", "-std=c11", "-O2", *folders, "bench/kernels/binomial_kernels.c"]
    compiler += [str(folder / "libhtst.a"), "-lm", "-o", str(program)]
    for command in (build, compiler):
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    command = [str(program), "time", str(rounds), str(size)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = (line.split("\t") for line in answer.stdout.splitlines())
    return {name: float(ns) for name, ns in lines}


REACHES = {
    "logsf, numbers": "<= 80",
    "logsf, array": "<= 20",
    "log_isf, array": "<= 500",
    "upper_limit, array": "<= 500",
}


def test_kernels(fact, quick):
    times = kernel_times(1, 1000) if quick else kernel_times(40, 100_000)
    for name, ns in times.items():
        unit = "ns an element" if name.endswith("array") else "ns a call"
        fact(KERNELS, name, ns, unit, REACHES.get(name, ""))


R_SCRIPT = """
size <- {count}
read <- function(name) readBin(file.path("{folder}", name), "double", size)
k <- read("k"); n <- read("n"); p <- read("p")
seconds <- function() {{
    start <- proc.time()[["elapsed"]]
    for (i in 1:{repeats}) pbinom(k, n, p, lower.tail = FALSE, log.p = TRUE)
    (proc.time()[["elapsed"]] - start) / {repeats}
}}
cat(min(replicate(3, seconds())))
"""


def test_logsf_beside_r(fact, quick, tmp_path):
    """R times its own calls, so that its start does not count. Rounds of both alternate."""
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    count = 1000 if quick else 100_000
    arguments = bulk(count)
    for name, values in zip("knp", arguments, strict=True):
        values.tofile(tmp_path / name)
    script = R_SCRIPT.format(count=count, folder=tmp_path, repeats=10)
    ours, theirs = float("inf"), float("inf")
    for _ in range(1 if quick else 5):
        command = ["Rscript", "-e", script]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        theirs = min(theirs, float(answer.stdout))
        for _ in range(10):
            start = time.perf_counter()
            binomial.logsf(*arguments)
            ours = min(ours, time.perf_counter() - start)
    fact(TABLE, "R's pbinom(log.p = TRUE) in the bulk", theirs / count * 1e9, "ns an element")
    fact(TABLE, "faster than R's pbinom", theirs / ours, "times", ">= 2.5")


def test_logsf_far(race, quick):
    count = 1000 if quick else 100_000
    k, n, p = bulk(count)
    far = np.minimum(n, k + np.floor(0.5 * (n - k)))
    race(
        TABLE,
        "logsf, far tails (scipy: -inf there)",
        lambda: binomial.logsf(far, n, p),
        {"scipy": lambda: scipy.stats.binom.logsf(far, n, p)},
        rounds=3,
    )


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("sf", "sf to full relative accuracy, array in the bulk"),
        ("logpmf", "logpmf, array in the bulk"),
    ],
)
def test_bulk(race, quick, name, row):
    k, n, p = bulk(1000 if quick else 100_000)
    ours, theirs = getattr(binomial, name), getattr(scipy.stats.binom, name)
    race(TABLE, row, lambda: ours(k, n, p), {"scipy": lambda: theirs(k, n, p)}, rounds=3)


def test_one_number(race, quick):
    calls = 10 if quick else 1000
    race(
        TABLE,
        f"logsf, {calls} calls of three numbers from Python",
        lambda: [binomial.logsf(5200, 10000, 0.5) for _ in range(calls)],
        {"scipy": lambda: [scipy.stats.binom.logsf(5200, 10000, 0.5) for _ in range(calls)]},
        rounds=3,
    )


def test_upper_limit(race, quick):
    k, n, _ = bulk(1000 if quick else 20_000)
    level = np.log(0.025)
    race(
        TABLE,
        "upper_limit, array",
        lambda: binomial.upper_limit(k, n, level),
        {"scipy beta.ppf": lambda: scipy.stats.beta.ppf(0.975, k + 1, n - k)},
        rounds=3,
    )


def test_log_isf(race, quick):
    _, n, p = bulk(1000 if quick else 20_000)
    level = -30.0
    race(
        TABLE,
        "log_isf, array",
        lambda: binomial.log_isf(level, n, p),
        {"scipy isf": lambda: scipy.stats.binom.isf(np.exp(level), n, p)},
        rounds=3,
    )
