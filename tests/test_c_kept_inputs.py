"""Inputs on which a fuzz target once failed pass now, with any compiler (tests/fuzz/c/main.c)."""

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CSRC = TESTS.parent / "csrc"
KEPT = sorted((TESTS / "regressions").glob("fuzz_*"))

pytestmark = [
    pytest.mark.skipif(not CSRC.is_dir(), reason="the C library is in the checkout only"),
    pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler"),
]


@pytest.mark.parametrize("folder", KEPT, ids=lambda path: path.name)
def test_kept_inputs_pass(folder, tmp_path):
    folders = [path for path in CSRC.iterdir() if path.is_dir() and path.name != "examples"]
    includes = [f"-I{path}" for path in (CSRC, TESTS / "fuzz" / "c", *folders)]
    sources = [path for each in folders for path in each.glob("*.c")]
    sources += [TESTS / "fuzz" / "c" / "main.c", TESTS / "fuzz" / "c" / f"{folder.name}.c"]
    program, inputs = tmp_path / folder.name, sorted(folder.iterdir())
    flags = ["-std=c11", "-O1", "-g0", "-ffp-contract=off"]
    build = ["cc", *flags, *includes, *sources, "-lm", "-o", program]
    subprocess.run(build, check=True, capture_output=True)
    done = subprocess.run([program, *inputs], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{len(inputs)} inputs\n"), done.stderr
