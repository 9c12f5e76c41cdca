"""The spectrum of a matrix against LAPACK's SVD of its float64 copy, and the memory it takes."""

import subprocess
import sys

import numpy as np

from htstats.spectral import fit_spectrum

TABLE = "spectrum of a matrix"

PEAK = """
import sys
from pathlib import Path
import numpy as np
import scipy.linalg, scipy.linalg.blas
from htstats.spectral import fit_spectrum

def peak():  # ru_maxrss would include what the parent process holds
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

n = int(sys.argv[1])
W = np.random.default_rng(0).standard_normal((n, n), np.float32)
fit_spectrum(W[:200, :150])
before = peak()
fit_spectrum(W)
print((peak() - before) * 1024 / (8 * n * n))
"""


def side(quick):
    return 300 if quick else 4096


def test_spectrum(race, quick):
    n = side(quick)
    W = np.random.default_rng(0).standard_normal((n, n), np.float32)
    assert fit_spectrum(W).way == "gram"
    race(
        TABLE,
        f"{n} x {n} float32",
        lambda: fit_spectrum(W),
        {},
        once={"numpy svd of the float64 copy": lambda: svd(W)},
        reach={"numpy svd of the float64 copy": "speedup >= 3"},
        rounds=2,
    )


def svd(W):
    return np.linalg.svd(W.astype(np.float64), compute_uv=False)


def test_the_largest_eigenvalues(race, quick):
    n = side(quick)
    W = np.random.default_rng(0).standard_t(4, (n, n)).astype(np.float32)
    race(
        TABLE,
        f"the 50 largest of {n} x {n} float32",
        lambda: fit_spectrum(W, k=50),
        {},
        once={"all of them by fit_spectrum": lambda: fit_spectrum(W)},
        rounds=2,
    )


def test_memory(fact, quick):
    n = side(quick)
    answer = subprocess.run(
        [sys.executable, "-c", PEAK, str(n)], capture_output=True, text=True, check=True
    )
    fact(TABLE, f"{n} x {n} float32: memory beyond W", float(answer.stdout), "of W in float64",
         "<= 1.2")  # fmt: skip
