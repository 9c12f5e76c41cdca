"""Put one fault after another into csrc and see a test fail for each: `make mutate`.

A fault is (file, line, replacement): the line must occur exactly once, whatever space stands
between its words, else the tool fails, so that a fault cannot rot silently. Everything happens in a
copy of the tree under build/mutate. The C library is compiled there once, at -O1, as one shared
object that all Cython modules use; a fault costs one recompiled file. Its module's C test runs
first, then that module's Python tests, until one fails. A fault that does not compile counts for
nothing: the tool fails. A fault that no test notices is a test missing: the tool fails too.

`--quick` tries a handful, with C tests alone before and after. `--only TEXT` picks faults by file.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from fault import Fault
from mutations import FAULTS, TESTS

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "mutate"
TREE, CACHE = PLACE / "tree", PLACE / "cache"
# the flags of setup.py, but for -O1 and visible symbols
C_FLAGS = "-O1 -std=c11 -ffp-contract=off -fno-math-errno -fno-trapping-math -fPIC".split()
C_FOLDERS = sorted(p.name for p in (ROOT / "csrc").iterdir() if p.is_dir() and p.name != "examples")
C_FLAGS += ["-Icsrc", *(f"-Icsrc/{folder}" for folder in C_FOLDERS)]
CLONES = "-DHTST_HAVE_CLONES=1"
CYTHON = "language_level=3,boundscheck=False,wraparound=False,initializedcheck=False,cdivision=True"
TIMEOUT = 600
# asked for once: sysconfig fills itself in at the first question, and threads would not wait for it
SUFFIX, INCLUDE = sysconfig.get_config_var("EXT_SUFFIX"), sysconfig.get_paths()["include"]


class Outcome(NamedTuple):
    """What became of a fault: `by` is the test that failed, or why there was none."""

    killed: bool
    by: str


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command in the copy. With `check`, a failure of the command ends this program."""
    environment = {**os.environ, "PYTHONPATH": str(TREE), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        list(map(str, command)),
        cwd=TREE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done


def copy_tree() -> None:
    """csrc, htstats without its compiled modules, the tests and what they read."""
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    CACHE.mkdir(exist_ok=True)
    left_out = shutil.ignore_patterns("__pycache__", "*.so", ".hypothesis")
    for room in ("csrc", "htstats", "tests", "docs"):
        shutil.copytree(ROOT / room, TREE / room, ignore=left_out)
    for file in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(ROOT / file, TREE / file)


def cached(key: str, suffix: str, make) -> Path:
    """The file that was made earlier from the same key, or a new one."""
    place = CACHE / (hashlib.sha256(key.encode()).hexdigest()[:24] + suffix)
    if not place.exists():
        fresh = place.with_name("new-" + place.name)
        make(fresh)
        fresh.replace(place)
    return place


def c_files(tree: Path, pattern: str) -> list[Path]:
    """The C library's files, in the order of their names."""
    files = [p for folder in C_FOLDERS for p in (tree / "csrc" / folder).glob(pattern)]
    return sorted(files, key=lambda p: p.name)


def path_of(tree: Path, name: str) -> Path:
    """The one file of the C library with this name."""
    found = c_files(tree, name)
    if len(found) != 1:
        sys.exit(f"csrc has {len(found)} files named {name}")
    return found[0]


def compiler() -> list[str]:
    return os.environ.get("CC", "cc").split()


def object_of(source: Path) -> Path | str:
    """The compiled file, found by its preprocessed text; the error as a str if it fails."""
    flags = [*C_FLAGS, CLONES]
    text = run(*compiler(), *flags, "-E", "-P", source, check=False)
    if text.returncode != 0:
        return text.stderr
    try:
        return cached(
            f"{flags}{text.stdout}",
            ".o",
            lambda out: run_or_raise(*compiler(), *flags, "-c", source, "-o", out),
        )
    except CompileError as error:
        return str(error)


class CompileError(Exception):
    """A compiler's complaint."""


def run_or_raise(*command: str | Path) -> None:
    done = run(*command, check=False)
    if done.returncode != 0:
        raise CompileError(done.stderr)


def build_library() -> str | None:
    """csrc as csrc/libhtst.so; what the compiler said if it failed."""
    objects = [object_of(source) for source in c_files(TREE, "*.c")]
    broken = [text for text in objects if isinstance(text, str)]
    if broken:
        return broken[0]
    fresh = TREE / "csrc" / "new.so"  # a loaded library must not be overwritten in place
    run(*compiler(), "-shared", *objects, "-lm", "-o", fresh)
    fresh.replace(TREE / "csrc" / "libhtst.so")
    return None


def build_module(source: Path) -> None:
    """A Cython module against libhtst.so."""
    pxd = "".join(p.read_text() for p in sorted(source.parent.glob("*.pxd")))
    headers = "".join(p.read_text() for p in c_files(TREE, "*.h"))
    library = TREE / "csrc"

    def make(out: Path) -> None:
        c_file = out.with_suffix(".c")
        run(sys.executable, "-m", "cython", "-X", CYTHON, source, "-o", c_file)
        include = f"-I{INCLUDE}"
        link = [f"-L{library}", "-lhtst", f"-Wl,-rpath,{library}"]
        run(*compiler(), *C_FLAGS, include, "-shared", c_file, *link, "-o", out)
        c_file.unlink()

    built = cached(f"{sys.version}{library}{pxd}{headers}{source.read_text()}", ".so", make)
    shutil.copy(built, source.with_suffix(SUFFIX))


def build_c_test(module: str) -> Path | None:
    """tests/c/test_MODULE.c against libhtst.so, where there is one."""
    source = TREE / "tests" / "c" / f"test_{module}.c"
    if not source.exists():
        return None
    program, library = TREE / "tests" / "c" / f"run_{module}", TREE / "csrc"
    link = [f"-L{library}", "-lhtst", f"-Wl,-rpath,{library}", "-lm"]
    run(*compiler(), *C_FLAGS, source, *link, "-o", program)
    return program


def module_of(file: str) -> str:
    """The module that a file belongs to: the longest name in TESTS that the file's begins with."""
    name = Path(file).stem.removeprefix("htst_")
    return max((m for m in TESTS if f"{name}_".startswith(f"{m}_")), key=len)


def pattern_of(line: str) -> re.Pattern[str]:
    """A pattern for the text of a fault with any spaces: formatting may change them."""
    return re.compile(r"\s*".join(map(re.escape, re.findall(r"\w+|[^\w\s]", line))))


def failing_c_test(program: Path | None) -> str | None:
    """The first check that failed, or how the program died."""
    if program is None:
        return None
    try:
        done = run(program, check=False)
    except subprocess.TimeoutExpired:
        return f"{program.name}: no end"
    if done.returncode == 0:
        return None
    found = re.search(r"test_\w+\.c:\d+", done.stderr)
    return found.group(0) if found else f"{program.name}: signal {-done.returncode}"


def failing_test(file: str) -> str | None:
    """The first test of a file that fails."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:randomly"]
    try:
        # -q of pytest's prints the name; the same examples each time
        done = run(*command, "--hypothesis-seed=0", f"tests/{file}", "-rfE", check=False)
    except subprocess.TimeoutExpired:
        return f"{file}: no end"
    if done.returncode == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(\S+)", done.stdout, re.MULTILINE)
    if found is None and done.returncode > 0:
        sys.exit(f"pytest {file} did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return found.group(1) if found else f"{file}: signal {-done.returncode}"


def first_failure(module: str, program: Path | None, quick: bool) -> str | None:
    found = failing_c_test(program)
    for file in () if found or quick else TESTS[module]:
        found = failing_test(file)
        if found:
            break
    return found


def try_fault(fault: Fault, program: Path | None, quick: bool) -> Outcome:
    """Apply, rebuild, test, take back."""
    path = path_of(TREE, fault.file)
    text = path.read_text()
    path.write_text(pattern_of(fault.line).sub(lambda _: fault.replacement, text))
    try:
        complaint = build_library()
        if complaint is not None:
            return Outcome(False, f"does not compile: {complaint.splitlines()[0]}")
        found = first_failure(module_of(fault.file), program, quick)
        return Outcome(found is not None, found or "SURVIVED")
    finally:
        path.write_text(text)


def check_faults() -> None:
    """Each fault's text occurs exactly once, and changes something."""
    for fault in FAULTS:
        times = len(pattern_of(fault.line).findall(path_of(ROOT, fault.file).read_text()))
        if times != 1:
            sys.exit(f"{fault.file}: {fault.line!r} occurs {times} times; rewrite the fault")
        if fault.line == fault.replacement:
            sys.exit(f"{fault.file}: {fault.line!r} is replaced by itself")


def prepare(modules: list[str], quick: bool) -> dict[str, Path | None]:
    """The copy, built, and shown to pass without a fault."""
    copy_tree()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(object_of, c_files(TREE, "*.c")))
    complaint = build_library()
    if complaint is not None:
        sys.exit(f"csrc does not compile:\n{complaint}")
    programs = {module: build_c_test(module) for module in modules}
    if not quick:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(build_module, sorted(TREE.glob("htstats/_core/*.pyx"))))
        where = run(sys.executable, "-c", "import htstats; print(htstats.__file__)").stdout
        if not where.startswith(str(TREE)):
            sys.exit(f"the tests would import {where.strip()}, not the copy")
    for module in modules:
        found = first_failure(module, programs[module], quick)
        if found:
            sys.exit(f"without any fault, {found} fails")
    return programs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a handful, C tests alone")
    parser.add_argument("--only", default="", metavar="TEXT", help="faults of files with this name")
    arguments = parser.parse_args()
    check_faults()
    faults = [f for f in FAULTS if arguments.only in f.file and (f.quick or not arguments.quick)]
    modules = sorted({module_of(fault.file) for fault in faults})
    programs = prepare(modules, arguments.quick)
    alive = 0
    print("| file | fault | killed by |\n|---|---|---|")
    for fault in faults:
        start = time.monotonic()
        outcome = try_fault(fault, programs[module_of(fault.file)], arguments.quick)
        alive += not outcome.killed
        by = outcome.by if outcome.killed else f"**{outcome.by}**"
        took = time.monotonic() - start
        print(f"| {fault.file} | {fault.what} | {by} ({took:.0f} s) |", flush=True)
    print(f"{len(faults)} faults, {len(faults) - alive} killed")
    return alive != 0


if __name__ == "__main__":
    sys.exit(main())
