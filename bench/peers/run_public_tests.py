"""powerlaw's own tests, run on htstats.compat.powerlaw: run_public_tests.py [--environments DIR].

Takes the tests from the source distribution of powerlaw 2.0.0, and the data sets from an
environment that has powerlaw 2.0.0 (the script makes it if necessary). Runs the tests with pytest,
with htstats.compat.powerlaw (profile 2.0) in place of powerlaw. Exit code 1 if a test fails.

For three data sets, RIDGES below, one assertion is replaced: that the comparison of the power law
with the lognormal gives powerlaw's numbers. For these sets the lognormal's likelihood has no
maximum, but rises all the way to the power law's (the mean square of log(x/xmin) is above twice the
squared mean). powerlaw stops where its densities underflow (mu = -1529, sigma = 40: densities of
e^-735, of which a float keeps a few bits) and compares that point. htstats says that the laws
cannot be distinguished, and the assertion is R = 0 with p = 1. The script also prints the count
without the replacement; that test may then fail.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

from check_powerlaw import environment

ROOT = Path(__file__).resolve().parents[2]

# test -> data sets for which its result must be "undecided"
RIDGES = {"test_lognormal": ("words", "quakes", "surnames")}

CONFTEST = """
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import htstats.compat.powerlaw as powerlaw

powerlaw.use_profile("2.0")
powerlaw.load_test_dataset = lambda name: np.genfromtxt(Path({data!r}) / f"{{name}}.txt")
sys.modules["powerlaw"] = powerlaw
RIDGES = {ridges!r}


@pytest.fixture(autouse=True)
def undecided_on_ridges(request, monkeypatch):
    module, names = request.module, RIDGES.get(request.node.name, ())
    if names and hasattr(module, "references") and "RIDGES_AS_REFERENCES" not in os.environ:
        original = module.assert_allclose

        def check(actual, desired, *, err_msg="", **words):
            if err_msg in names:
                assert tuple(actual) == (0.0, 1.0), err_msg
            else:
                original(actual, desired, err_msg=err_msg, **words)

        monkeypatch.setattr(module, "assert_allclose", check)


def pytest_runtest_setup(item):
    np.random.seed(int.from_bytes(item.name.encode()[-4:], "little"))
"""


def sources(folder: Path, python: Path) -> Path:
    """The unpacked source distribution."""
    target = folder / "powerlaw-2.0.0"
    if not target.exists():
        command = [python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "-d", folder, "powerlaw==2.0.0"], check=True, timeout=600)
        with tarfile.open(folder / "powerlaw-2.0.0.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return target


def run_tests(tests: Path, only: str = "", **environment: str) -> dict[str, str]:
    """The outcome of each test whose name contains `only`."""
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "--tb=line"]
    command += ["-p", "no:randomly", "-o", "filterwarnings=", "-o", "addopts=", "-o", "timeout=0"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", **environment}
    command += ["-k", only] if only else []
    done = subprocess.run(
        [*command, "--rootdir", str(tests), str(tests)],
        env=env,
        cwd=tests,
        capture_output=True,
        text=True,
    )
    found = re.findall(r"^(PASSED|FAILED|ERROR) \S*?(\w+\.py::\S+)", done.stdout, re.MULTILINE)
    if not found:
        sys.exit(done.stdout + done.stderr)
    print("\n".join(re.findall(r"^E? *\S*Error.*", done.stdout, re.MULTILINE)))
    return {name: outcome for outcome, name in found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", type=Path, default=Path("build/compat"))
    folder = parser.parse_args().environments.resolve()
    python = environment(folder, "2.0")
    tests = sources(folder, python) / "testing"
    data = tests.parent / "powerlaw" / "reference_data"
    (tests / "conftest.py").write_text(CONFTEST.format(data=str(data), ridges=RIDGES))
    outcomes = run_tests(tests)
    failed = sorted(name for name, outcome in outcomes.items() if outcome != "PASSED")
    print("\n".join(failed))
    passed = len(outcomes) - len(failed)
    print(f"powerlaw 2.0.0: {passed} of {len(outcomes)} public tests pass")
    names = ", ".join(f"{test}: {' and '.join(sets)}" for test, sets in RIDGES.items())
    print(f"'undecided' stands for powerlaw's numbers in {names}")
    again = run_tests(tests, only=" or ".join(RIDGES), RIDGES_AS_REFERENCES="1")
    lost = [name for name in again if again[name] != "PASSED" and name not in failed]
    print(f"with powerlaw's numbers there: {passed - len(lost)} of {len(outcomes)}; fail: {lost}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
