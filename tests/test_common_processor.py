"""Each kind of instructions gives the same bits, and a wrong HTST_ISA is an error of one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from htstats._common.processor import instructions, usable_instructions

TESTS = Path(__file__).parent
KINDS = usable_instructions()
ALL_KINDS = ("plain", "avx2", "avx512")


def run(kind, *command):
    environment = {name: value for name, value in os.environ.items() if name != "HTST_ISA"}
    if kind is not None:
        environment["HTST_ISA"] = kind
    command = [sys.executable, *map(str, command)]
    where = {"env": environment, "cwd": TESTS.parent}
    return subprocess.run(command, **where, capture_output=True, text=True)


@pytest.fixture(scope="module")
def calls():
    """What every binding gives with each kind of instructions."""
    found = {}
    for kind in KINDS:
        done = run(kind, TESTS / "kernel_calls.py")
        assert done.returncode == 0, done.stderr
        found[kind] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_gives_the_bits_of_the_plain_kernels(calls, kind):
    one, other = calls["plain"]["results"], calls[kind]["results"]
    assert calls[kind]["kind"] == kind
    assert len(one) > 150
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_every_binding_is_called(calls):
    assert calls["plain"]["missed"] == []


SHOW = "from htstats._common.processor import instructions; print(instructions())"


def test_without_the_variable_the_best_kind_is_used():
    assert run(None, "-c", SHOW).stdout.strip() == KINDS[-1]
    assert run("", "-c", SHOW).stdout.strip() == KINDS[-1]


def test_the_variable_is_read_once():
    code = f"import os; os.environ['HTST_ISA'] = 'plain'; {SHOW}"
    lines = run(KINDS[-1], "-c", f"{SHOW}; {code}").stdout.split()
    assert lines == [KINDS[-1]] * 2
    assert instructions() in KINDS


WRONG = ["fast", "AVX2", "avx", " avx2", "avx5122", "0", "plain,avx2"]
WRONG += [kind for kind in ALL_KINDS if kind not in KINDS]


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_kind_is_an_error_of_one_line(kind):
    for command in ("fit x.npy", "--help"):
        done = run(kind, "-m", "htstats", *command.split())
        (line,) = done.stderr.splitlines()
        assert (done.returncode, done.stdout) == (2, "")
        assert line == (
            f"htstats: HTST_ISA must be one of {', '.join(KINDS)} on this processor, "
            f"got {kind!r}: correct or unset the environment variable"
        )
    done = run(kind, "-c", "import htstats; htstats.fit_power_law([1, 2, 3])")
    assert done.stderr.splitlines()[-1].startswith("ImportError: HTST_ISA must be one of")
