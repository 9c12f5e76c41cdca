"""What `make test-machines` relies on, and the bytes that every machine must make."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from machines import byte_forms, configurations

HERE = Path(__file__).parent / "machines"

# SHA-256 of the lines of byte_forms.py on sketches and splits, made on x86-64; the same under
# qemu-s390x, which is big-endian, and on a processor without AVX.
FORMS = "5b6ccc44af1d26bd4d513301c7a21283bd7d79cfa8d44578808f26f875e74cb4"


def test_sketches_and_splits_have_the_same_bytes_on_every_machine(tmp_path, capsys):
    byte_forms.main(tmp_path, None)
    lines = capsys.readouterr().out.splitlines()
    chosen = [line for line in lines if line.startswith(("sketch", "split"))]
    assert len(chosen) == 70
    assert hashlib.sha256("\n".join(chosen).encode()).hexdigest() == FORMS


RELIANT = """
import math
import numpy as np
import pytest

X = np.random.default_rng(0).standard_normal(1 << 18) ** 2


@pytest.mark.parametrize(
    "total", [lambda: X.sum(), lambda: np.sum(X), lambda: X @ np.ones(X.size),
              lambda: np.mean(X) * X.size, lambda: np.linalg.norm(np.sqrt(X)) ** 2])
def test_that_relies_on_the_last_bits(total):
    assert total() == pytest.approx(math.fsum(X), rel=1e-15)


def test_that_does_not():
    assert X.sum() == pytest.approx(math.fsum(X), rel=1e-11)
    assert X.reshape(512, -1).sum(axis=1).sum() == pytest.approx(math.fsum(X), rel=1e-11)
    assert np.var(X) == pytest.approx(X.var(ddof=1), rel=1e-5)
    assert (X > 0).sum() == X.size
    assert np.linalg.norm(X.reshape(512, -1)[:, :3], 2) > 0
"""


def test_other_sums_tell_what_relies_on_the_last_bits(tmp_path):
    (tmp_path / "test_sums.py").write_text(RELIANT)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "other_sums", "-c", os.devnull]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(HERE)}, cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert "5 failed, 1 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("flags", "able"),
    [
        ({"sse4_2"}, ["Nehalem"]),
        ({"sse4_2", "avx2"}, ["Nehalem"]),
        ({"sse4_2", "avx2", "fma"}, ["Nehalem", "Haswell", "Zen"]),
        (set(), []),  # a system that does not say
    ],
)
def test_no_kernel_is_tried_that_the_processor_cannot_run(flags, able, monkeypatch):
    monkeypatch.setattr(configurations, "processor_flags", lambda: flags)
    monkeypatch.setattr(configurations.platform, "machine", lambda: "x86_64")
    assert configurations.usable_kernels()[0] == able


def test_every_file_is_numerical_or_named():
    names = {path.stem.removeprefix("test_") for path in HERE.parent.glob("test_*.py")}
    assert configurations.NOT_NUMERICAL <= names
    assert set(configurations.QUICK) <= names - configurations.NOT_NUMERICAL
    assert set(configurations.EMULATED) <= names
