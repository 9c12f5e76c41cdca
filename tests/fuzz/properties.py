"""Run the property tests on cases that `make test` does not draw, with a new seed each round.

    python tests/fuzz/properties.py [--seconds 30] [--seed 0]

A case that fails is printed by Hypothesis with the line that repeats it.
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from fuzz_arguments import fuzz_arguments  # noqa: E402


def main():
    args = fuzz_arguments(__doc__)
    rng = np.random.default_rng(args.seed)
    holding = [path for path in sorted(TESTS.glob("test_*.py"))
               if "hypothesis" in path.read_text()]  # fmt: skip
    end, runs = time.monotonic() + args.seconds, 0
    while time.monotonic() < end:
        # file by file, so that a short run ends soon after its time
        path = holding[runs % len(holding)]
        seed = int(rng.integers(2**31))
        call = [sys.executable, "-m", "pytest", "-q", "-m", "hypothesis", str(path),
                "--hypothesis-profile=explore", f"--hypothesis-seed={seed}"]  # fmt: skip
        answer = subprocess.run(call, cwd=TESTS.parent, capture_output=True, text=True)
        runs += 1
        if answer.returncode not in (0, 5):  # 5: no property test in this file
            print(answer.stdout[-6000:], file=sys.stderr)
            print(f"fuzz/properties.py: {path.name} fails with seed {seed}", file=sys.stderr)
            return 1
    print(f"fuzz/properties.py: {runs} rounds over {len(holding)} files of property tests")
    return 0


if __name__ == "__main__":
    sys.exit(main())
