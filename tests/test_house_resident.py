"""Calls do not keep memory: `tests/resident_calls.py --exact` on functions of every room.

`python tests/resident_calls.py` measures the resident memory over 10,000 calls of every function.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("resident_calls.py")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mallinfo2 is a function of glibc")


@pytest.mark.parametrize("names", ["binomial.logsf", "sketch.exact_sums", "partition",
                                   "compression.partition.split", "open_container"])  # fmt: skip
def test_calls_keep_no_memory(names):
    call = [sys.executable, PROGRAM, "--exact", "--seconds", "2", "--only", names]
    found = subprocess.run(call, capture_output=True, text=True)
    assert json.loads(found.stdout)["failed"] == {}, found.stderr[-2000:]
