"""`make test-machines`: the numerical tests as other machines would run them, and a table.

    python tests/machines/run.py [--quick] [--only WORD] [--list]

Exit status 1 if any run fails. What this machine lacks is skipped with a line that says how to get
it. configurations.py says what is tried, other_sums.py and byte_forms.py how.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import big_endian
from configurations import (
    Program,
    Suite,
    clean_environment,
    emulated_suites,
    programs,
    suites,
    usable_kernels,
)

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "machines"
C_FLAGS = ["-std=c11", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
LINES_SHOWN = 40  # of what a failed run said

# (tests, result, what it said): the result is ok, FAILED or a reason to skip.
Outcome = tuple[int, str, str]


def run_suite(suite: Suite) -> Outcome:
    if suite.emulator and not shutil.which(suite.emulator[0]):
        return 0, "skipped: apt-get install qemu-user", ""
    environment = {**clean_environment(), **suite.environment}
    python = [*suite.emulator, sys.executable]
    if suite.kernel and (other := wrong_kernel(python, environment, suite.kernel)):
        return 0, f"skipped: OpenBLAS runs {other} all the same", ""
    files = [str(ROOT / "tests" / f"test_{name}.py") for name in suite.files]
    command = [*python, "-m", "pytest", "-q", "--tb=short", *suite.options, *files]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    said = done.stdout + done.stderr
    counts = re.findall(r"(\d+) (?:passed|failed|error)", said)
    return sum(map(int, counts)), "ok" if done.returncode == 0 else "FAILED", said


def wrong_kernel(python: list[str], environment: dict[str, str], kernel: str) -> str:
    """The kernel that NumPy's OpenBLAS has chosen, if it is not the one asked for.

    threadpoolctl comes with scikit-learn; where neither is, or NumPy has another BLAS, the run
    tells nothing of the kernel and goes ahead.
    """
    code = (
        "import numpy, threadpoolctl as t;"
        "print(*{i.get('architecture') for i in t.threadpool_info()"
        " if i.get('internal_api') == 'openblas'})"
    )
    done = subprocess.run([*python, "-c", code], env=environment, capture_output=True, text=True)
    found = done.stdout.split()
    return "" if not found or kernel in found else " ".join(found)


def include_flags() -> list[str]:
    folders = sorted({header.parent for header in (ROOT / "csrc").rglob("*.h")})
    return [f"-I{folder}" for folder in [*folders, ROOT / "tests" / "c"]]


def run_program(program: Program) -> Outcome:
    for tool in (program.compiler, program.emulator):
        if tool and not shutil.which(tool):
            return 0, f"skipped: {tool} is missing: apt-get install {program.package}", ""
    folder = BUILD / re.sub(r"\W+", "-", program.name)
    folder.mkdir(parents=True, exist_ok=True)
    compile_one = [program.compiler, *program.flags, *C_FLAGS, *include_flags()]
    # csrc/examples holds programs with a main of their own
    sources = sorted((ROOT / "csrc").glob("*/htst_*.c"))
    objects = [folder / f"{source.stem}.o" for source in sources]
    tests = sorted((ROOT / "tests" / "c").glob("test_*.c"))
    if program.tests:
        tests = [test for test in tests if test.stem.removeprefix("test_") in program.tests]
    steps = [
        [*compile_one, "-c", str(source), "-o", str(target)]
        for source, target in zip(sources, objects, strict=True)
    ]
    links = [
        [*compile_one, str(test), *map(str, objects), "-lm", "-o", str(folder / test.stem)]
        for test in tests
    ]
    emulator = [program.emulator] if program.emulator else []
    runs = [[*emulator, str(folder / test.stem)] for test in tests]
    for stage in (steps, links, runs):
        said = [text for text in each(stage) if text]
        if said:
            return len(tests), "FAILED", "\n".join(said)
    return len(tests), "ok", ""


def each(commands: list[list[str]]) -> Iterator[str]:
    """Run commands on all cores. Return the output of a command that failed, or an empty string."""

    def one(command: list[str]) -> str:
        done = subprocess.run(command, capture_output=True, text=True)
        failed = f"{' '.join(command)}\nexit {done.returncode}\n{done.stdout}{done.stderr}"
        return failed if done.returncode else ""

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(one, commands)


def run_big_endian() -> Outcome:
    return big_endian.compare_bytes(ROOT, BUILD / "s390x-python")


def run_nehalem_bytes() -> Outcome:
    if not shutil.which("qemu-x86_64"):
        return 0, "skipped: apt-get install qemu-user", ""
    return big_endian.compare_with(
        ["qemu-x86_64", "-cpu", "Nehalem", sys.executable], ROOT, BUILD / "nehalem", ROOT
    )


def jobs(*, quick: bool) -> list[tuple[str, Callable[[], Outcome]]]:
    found: list[tuple[str, Callable[[], Outcome]]] = []
    for program in programs(quick=quick):
        found.append((program.name, lambda program=program: run_program(program)))
    found.append(("qemu: Nehalem, byte forms", run_nehalem_bytes))
    if not quick:  # fetches a Python, NumPy and SciPy of that machine
        found.append(("qemu: s390x, byte forms of Python", run_big_endian))
    chosen = suites(ROOT / "tests", quick=quick) + ([] if quick else emulated_suites())
    for suite in chosen:
        found.append((suite.name, lambda suite=suite: run_suite(suite)))
    for kernel in usable_kernels()[1]:
        result = (0, "skipped: not for this processor", "")
        found.append((kernel, lambda result=result: result))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="The numerical tests as other machines run them.")
    parser.add_argument("--quick", action="store_true", help="some three minutes' worth")
    parser.add_argument("--only", metavar="WORD", default="", help="runs whose name has WORD")
    parser.add_argument("--list", action="store_true", help="names alone")
    options = parser.parse_args()
    chosen = [job for job in jobs(quick=options.quick) if options.only.lower() in job[0].lower()]
    if not chosen:
        parser.error(f"--only: no run's name has {options.only!r}")
    failed = 0
    print(f"{'configuration':<40} {'tests':>6}  {'seconds':>7}  result", flush=True)
    for name, job in chosen:
        if options.list:
            print(name)
            continue
        start = time.monotonic()
        tests, result, said = job()
        print(f"{name:<40} {tests:>6}  {time.monotonic() - start:>7.0f}  {result}", flush=True)
        if result == "FAILED":
            failed += 1
            print("\n".join(f"    {line}" for line in said.splitlines()[-LINES_SHOWN:]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
