"""powerlaw's own tests, run on htstats.compat.powerlaw: run_public_tests.py [--environments DIR].

Takes the tests that the source distribution of powerlaw 2.0.0 carries and its data sets from an
environment that has powerlaw 2.0.0 (made if need be), puts htstats.compat.powerlaw in place of
powerlaw (profile 2.0), and runs them with pytest. Exit code 1 if any fails.

Two of the numbers that the tests compare with are replaced, in REFERENCES below: powerlaw's
lognormal for the data sets `words` and `quakes`. There the likelihood has no maximum, but rises
all the way to the power law (the mean square of log(x/xmin) is above twice the squared mean), and
a lognormal cannot beat it. powerlaw stops where its densities underflow (mu = -1529, sigma = 40:
densities of e^-735, of which a float keeps a few bits) and reports that noise as better.
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

# data set: R over its deviation and p of the power law against the best lognormal with mu held 30
# sigma below log(xmin)
REFERENCES = {"words": (0.40, 0.69), "quakes": (8.02, 0.0)}

CONFTEST = """
import sys
from pathlib import Path

import numpy as np

import htstats.compat.powerlaw as powerlaw

powerlaw.use_profile("2.0")
powerlaw.load_test_dataset = lambda name: np.genfromtxt(Path({data!r}) / f"{{name}}.txt")
sys.modules["powerlaw"] = powerlaw


def pytest_collection_finish(session):
    for module in {{item.module for item in session.items if hasattr(item.module, "references")}}:
        for name, values in {references!r}.items():
            module.references[name]["lognormal"] = values


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


def run_tests(tests: Path) -> dict[str, str]:
    """Outcome by test."""
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "--tb=line"]
    command += ["-p", "no:randomly", "-o", "filterwarnings=", "-o", "addopts=", "-o", "timeout=0"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
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
    (tests / "conftest.py").write_text(CONFTEST.format(data=str(data), references=REFERENCES))
    outcomes = run_tests(tests)
    failed = sorted(name for name, outcome in outcomes.items() if outcome != "PASSED")
    print("\n".join(failed))
    passed = len(outcomes) - len(failed)
    print(f"powerlaw 2.0.0: {passed} of {len(outcomes)} public tests pass")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
