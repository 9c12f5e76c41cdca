"""Fixtures of benchmarks: tools are timed in one run, and a row can state the goal it must reach.

    def test_fit_against_sort(race, quick):
        x = np.random.default_rng(0).standard_normal(10**5 if quick else 10**7)
        race(
            "exact fit, n = 1e7, one thread",       # the table in RESULTS.md
            "half-normal",                          # the row
            lambda: fit_power_law(x, side="abs"),
            {"np.sort": lambda: np.sort(x)},
            reach={"np.sort": "time <= 0.5"},       # or "speedup >= 40"
        )

The tools alternate, round by round, so that other load on the machine affects all of them; the
fastest round of each counts. A tool that is too slow to repeat goes into `once`, and is timed once.
`fact` records a figure that does not come from a race (bytes, elements per second, an exponent).

`make bench` runs all benchmarks and rewrites bench/RESULTS.md, which keeps the figures of other
machines. `make bench ISA=avx2` holds htstats and NumPy to AVX2 (bench/isa.py); its rows are a
column of their own. `make bench QUICK=1` runs small sizes, to check that the benchmarks run, and
writes no results.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

QUICK = os.environ.get("QUICK", "") not in ("", "0")
# The instructions to which bench/isa.py holds htstats and NumPy; empty for the best.
ISA = os.environ.get("HTST_ISA", "")
RESULTS = Path(__file__).with_name("results.json")
ROOT = RESULTS.parents[1]
ROWS = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[ROWS] = []


def pytest_sessionfinish(session):
    rows = session.config.stash[ROWS]
    if QUICK or not rows:
        return
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    here = {"machine": machine(), "commit": commit()}
    if ISA:
        here["isa"] = ISA
    fresh = {(row["table"], row["row"], here["machine"]) for row in rows}
    kept = [row for row in known if row.get("isa", "") != ISA or key_of(row) not in fresh]
    RESULTS.write_text(json.dumps(kept + [row | here for row in rows], indent=1) + "\n")


def key_of(row: dict) -> tuple[str, str, str]:
    """What a fresh row replaces, among those of the same instructions."""
    return row["table"], row["row"], row["machine"]


@pytest.fixture
def quick() -> bool:
    """True if sizes should be small."""
    return QUICK


@pytest.fixture
def fact(request):
    """Record one figure: fact(table, row, value, unit, reach="<= 1.05")."""

    def record(table: str, row: str, value: float, unit: str, reach: str = "") -> None:
        line = {"table": table, "row": row, "value": value, "unit": unit, "reach": reach}
        request.config.stash[ROWS].append(line)
        print(f"\n{table} | {row}: {value:.4g} {unit} {reach and f'(reach {reach})'}")

    return record


@pytest.fixture
def race(benchmark, request):
    """Time `ours` and its peers in one run; see the module's docstring."""

    def run(
        table: str,
        row: str,
        ours: Callable[[], object],
        peers: Mapping[str, Callable[[], object]],
        *,
        reach: Mapping[str, str] | None = None,
        once: Mapping[str, Callable[[], object]] | None = None,
        rounds: int = 7,
    ) -> dict[str, float]:
        best = {name: seconds(call) for name, call in (once or {}).items()}

        def time_peers():
            for name, call in peers.items():
                best[name] = min(best.get(name, float("inf")), seconds(call))
            gc.collect()

        # Freeze existing objects: a collection in each round would walk them and leave the caches
        # cold, for htstats alone.
        gc.collect()
        gc.freeze()
        try:
            benchmark.pedantic(ours, setup=time_peers, rounds=1 if QUICK else rounds, iterations=1)
        finally:
            gc.unfreeze()
        own = benchmark.stats.stats.min if benchmark.stats else seconds(ours)
        line = {"table": table, "row": row, "seconds": own, "peers": best, "reach": reach or {}}
        request.config.stash[ROWS].append(line)
        for name, other in best.items():
            print(f"\n{table} | {row}: {own:.3e} s, {name} {other:.3e} s, ratio {own / other:.3g}")
        return {"htstats": own, **best}

    return run


@pytest.fixture
def fastest() -> Callable[[Callable[[], object], int], float]:
    """fastest(call, rounds): the seconds of the fastest round, for figures that are no race."""
    return lambda call, rounds: min(seconds(call) for _ in range(rounds))


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def machine() -> str:
    """The processor and the number of its cores, as a text for each figure."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    return f"{name}, {os.cpu_count()} cores"


def commit() -> str:
    """The commit that is measured, with a + if the sources differ from it."""
    sources = ["csrc", "htstats", "bench/*.py", "bench/races", "bench/kernels", "setup.py"]
    try:
        changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *sources], cwd=ROOT)
        name = ["git", "rev-parse", "--short", "HEAD"]
        answer = subprocess.run(name, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""  # the sources are not in a git repository
    return answer.stdout.strip() + ("+" if changed.returncode else "")
