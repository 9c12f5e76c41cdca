"""Run the targets of tests/fuzz/c, which compare the C library with slow twins, under libFuzzer.

    python tests/fuzz/c_library.py [--seconds 30] [--seed 0]

The seconds are for all targets together. An input that fails is written to tests/regressions, and
the run fails. `make fuzz-targets` builds the targets; without clang there are none.
"""

import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from fuzz_arguments import fuzz_arguments  # noqa: E402

BUILT = TESTS.parent / "build" / "c" / "fuzzer"


def run_target(program, seconds, seed):
    """(number of executions, whether all passed) of one target."""
    name = program.name
    new, kept = TESTS.parent / "build" / "fuzz" / name, TESTS / "corpora" / name
    new.mkdir(parents=True, exist_ok=True)
    crashes = TESTS / "regressions" / name
    crashes.mkdir(parents=True, exist_ok=True)
    call = [program, f"-max_total_time={seconds}", f"-seed={seed + 1}", "-print_final_stats=1",
            "-max_len=4096", "-timeout=60", f"-artifact_prefix={crashes}/", new]  # fmt: skip
    call += [folder for folder in (kept, crashes) if folder.is_dir()]
    done = subprocess.run(call, capture_output=True, text=True)
    found = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    if done.returncode:
        print(done.stderr[-6000:], file=sys.stderr)
    elif not any(crashes.iterdir()):
        crashes.rmdir()
    return int(found.group(1)) if found else 0, done.returncode == 0


def main():
    args = fuzz_arguments(__doc__)
    programs = [path for path in sorted(BUILT.glob("fuzz_*")) if path.suffix == ""]
    if not programs:
        print("fuzz/c_library.py: no target is built; get clang: apt-get install clang")
        return 0
    seconds, passed, total = max(1, round(args.seconds / len(programs))), True, 0
    for program in programs:
        count, is_right = run_target(program, seconds, args.seed)
        print(f"  {program.name}: {count} executions")
        passed, total = passed and is_right, total + count
    print(f"fuzz/c_library.py: {total} executions of {len(programs)} targets")
    return not passed


if __name__ == "__main__":
    sys.exit(main())
