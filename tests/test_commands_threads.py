"""The BLAS of NumPy and that of SciPy start no threads in addition to those of a command."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("threadpoolctl", reason="pip install threadpoolctl")

COUNT = """
import json, sys
from htstats.cli import main
code = main()
from threadpoolctl import threadpool_info
found = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
print(json.dumps([code, found, "OPENBLAS_NUM_THREADS" in __import__("os").environ]))
"""

SIDE = 1030  # of a matrix whose eigenvalues SciPy computes


CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def blas_threads(folder, *argv, **environment):
    """The number of threads of each loaded BLAS at the end of a command."""
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-P", "-c", COUNT, *argv],
        cwd=folder, env={**kept, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, found, is_set = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    assert is_set == bool(environment)
    return found


@pytest.fixture
def files(tmp_path):
    matrices = np.random.default_rng(0).standard_normal((2, SIDE + 60, SIDE), np.float32)
    np.savez(tmp_path / "two.npz", a=matrices[0], b=matrices[1])
    np.save(tmp_path / "one.npy", matrices[0])
    return tmp_path


@pytest.mark.parametrize(
    "argv",
    [
        ("fit", "two.npz", "--spectrum"),
        ("fit", "two.npz", "--spectrum", "--threads", "3"),
        ("report", "one.npy", "--spectrum", "-o", "page.html"),
    ],
    ids=" ".join,
)
def test_matrices_that_are_fitted_at_a_time_use_one_thread_each(files, argv):
    found = blas_threads(files, *argv)
    assert len(found) >= 2  # NumPy's and SciPy's
    assert set(found) == {1}


def test_a_single_matrix_has_all_threads(files):
    assert sorted(blas_threads(files, "fit", "one.npy", "--spectrum")) == [1, min(2, CORES)]


def test_the_user_decides(files):
    found = blas_threads(files, "fit", "two.npz", "--spectrum", OPENBLAS_NUM_THREADS="2")
    assert set(found) == {min(2, CORES)}
