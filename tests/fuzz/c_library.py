"""Run the targets of tests/fuzz/c, which compare the C library with slow twins.

    python tests/fuzz/c_library.py [--seconds 30] [--seed 0] [--only gaps sums ...] [--by sweep]
    python tests/fuzz/c_library.py --counts

Each target runs in two ways. libFuzzer looks for inputs that reach new branches, and keeps them in
build/fuzz. A sweep (tests/fuzz/c/sweep.c) changes these and the kept inputs at random, many more
in the same time. The seconds are for all targets and both ways together.

An input that fails is written to tests/regressions, and the run fails. Every run adds a line for
each target to build/fuzz/counts.csv; --counts prints their sums. `make fuzz-targets` builds the
targets, `make sweep-targets` those that need no clang.
"""

import argparse
import csv
import datetime
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[1]
BUILT = TESTS.parent / "build"
COUNTS = BUILT / "fuzz" / "counts.csv"
WAYS = {"libFuzzer": BUILT / "c" / "fuzzer", "sweep": BUILT / "c" / "sweep"}

# Inputs of sweeps are short: the larger an array, the fewer of its values matter.
MOST_BYTES = {"libFuzzer": 4096, "sweep": 256, "fuzz_gaps": 96}

# A sweep keeps the input if a sanitizer aborts. A small quarantine of freed memory is faster.
ENVIRONMENT = os.environ | {
    "ASAN_OPTIONS": "malloc_context_size=0:quarantine_size_mb=4:abort_on_error=1",
    "UBSAN_OPTIONS": "abort_on_error=1:print_stacktrace=1",
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", metavar="TARGET")
    parser.add_argument("--by", choices=sorted(WAYS), help="one of the two ways only")
    parser.add_argument("--counts", action="store_true")
    return parser.parse_args()


def find_programs(way, only):
    programs = [path for path in sorted(WAYS[way].glob("fuzz_*")) if path.suffix == ""]
    return [path for path in programs if not only or path.name.removeprefix("fuzz_") in only]


def call_of(way, program, seconds, seed, failed):
    """The command that runs a target one way, from the inputs that are there."""
    name = program.name
    new = BUILT / "fuzz" / name
    new.mkdir(parents=True, exist_ok=True)
    kept = (TESTS / "corpora" / name, TESTS / "regressions" / name)
    folders = [new, *(folder for folder in kept if folder.is_dir())]
    if way == "libFuzzer":
        return [program, f"-max_total_time={seconds}", f"-seed={seed + 1}", "-print_final_stats=1",
                f"-max_len={MOST_BYTES[way]}", "-timeout=60", f"-artifact_prefix={failed}/",
                *folders]  # fmt: skip
    files = [path for folder in folders for path in sorted(folder.iterdir())]
    most = MOST_BYTES.get(name, MOST_BYTES[way])
    return [program, str(seconds), str(seed), str(most), failed / f"sweep_{seed}", *files[:4000]]


def run_target(way, program, seconds, seed):
    """(number of executions, whether all passed) of one target."""
    failed = BUILT / "fuzz" / "failed" / program.name
    failed.mkdir(parents=True, exist_ok=True)
    call = call_of(way, program, seconds, seed, failed)
    begin = time.monotonic()
    done = subprocess.run(call, capture_output=True, text=True, env=ENVIRONMENT)
    found = re.search(r"number_of_executed_units:\s*(\d+)|(\d+) calls", done.stderr + done.stdout)
    count = int(found.group(1) or found.group(2)) if found else 0
    if done.returncode:
        print(done.stderr[-6000:], file=sys.stderr)
        keep_failed(failed, TESTS / "regressions" / program.name)
    record_count(way, program.name, count, time.monotonic() - begin, seed)
    return count, done.returncode == 0


def keep_failed(failed, folder):
    folder.mkdir(exist_ok=True)
    for path in failed.iterdir():
        shutil.move(path, folder / path.name)


def record_count(way, target, count, seconds, seed):
    is_new = not COUNTS.exists()
    with COUNTS.open("a", newline="") as file:
        rows = csv.writer(file)
        if is_new:
            rows.writerow(["date", "target", "way", "executions", "seconds", "seed"])
        rows.writerow([datetime.date.today(), target, way, count, round(seconds), seed])


def name_processor():
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    found = re.search(r"model name\s*: (.*)", text)
    return found.group(1) if found else platform.machine()


def print_counts():
    sums, dates = defaultdict(int), set()
    if COUNTS.exists():
        with COUNTS.open(newline="") as file:
            for row in csv.DictReader(file):
                sums[row["target"], row["way"]] += int(row["executions"])
                dates.add(row["date"])
    print("| target | libFuzzer | sweep |\n|---|---:|---:|")
    for target in sorted({target for target, _ in sums}):
        cells = [f"{sums[target, way]:,}" for way in WAYS]
        print(f"| `{target}` | " + " | ".join(cells) + " |")
    when = " to ".join(sorted({min(dates), max(dates)})) if dates else "no run yet"
    print(f"\n{sum(sums.values()):,} executions ({when}, {name_processor()})")


def main():
    args = parse_arguments()
    if args.counts:
        print_counts()
        return 0
    ways = [args.by] if args.by else list(WAYS)
    jobs = [(way, program) for way in ways for program in find_programs(way, args.only)]
    if not jobs:
        print("fuzz/c_library.py: no target is built: make sweep-targets, or with clang "
              "(apt-get install clang) make fuzz-targets")  # fmt: skip
        return 0
    seconds, passed, total = max(1, round(args.seconds / len(jobs))), True, 0
    for way, program in jobs:
        count, is_right = run_target(way, program, seconds, args.seed)
        print(f"  {program.name}: {count} executions by {way}", flush=True)
        passed, total = passed and is_right, total + count
    print(f"fuzz/c_library.py: {total} executions of {len({p.name for _, p in jobs})} targets")
    return not passed


if __name__ == "__main__":
    sys.exit(main())
