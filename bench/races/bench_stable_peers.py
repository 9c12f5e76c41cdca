"""Stable laws: the values of htstats and of other tools on the reference table, and libstable and
pystab, which run as programs of their own (bench/peers/stable_worker.py)."""

from __future__ import annotations

import csv
import glob
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from htstats import stable
from htstats.stable import StableDistribution, fit_stable, sample

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "tests" / "tables" / "stable_reference.csv"
WORKER = ROOT / "bench" / "peers" / "stable_worker.py"
SPEED, ACCURACY = "stable laws", "stable laws on the reference table"
LAW = 1.5, 0.5
NAMES = ("pdf", "cdf")
# Where a tool's value is compared: with fewer digits than floats have, nothing can be told.
LEAST = 1e-300
WRONG = 1e-8

# ---- programs ------------------------------------------------------------------------------------


def run_program(what: str, task: dict) -> object:
    """The answer of the worker; the test is skipped if the program cannot run here."""
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        # libstable asks for the GSL of 2019, whose interface the later versions keep
        given = os.environ.get("LD_LIBRARY_PATH", "")
        places = [*filter(None, given.split(":")), *glob.glob("/usr/lib/*-linux-gnu"), "/usr/lib64"]
        found = [path for place in places for path in sorted(Path(place).glob("libgsl.so.2?"))]
        if found:
            Path(folder, "libgsl.so.25").symlink_to(found[-1].resolve())
        environment["LD_LIBRARY_PATH"] = ":".join([folder, *places])
        command = [sys.executable, str(WORKER), what]
        answer = subprocess.run(
            command, input=json.dumps(task), capture_output=True, text=True, env=environment
        )
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or [f"exit {answer.returncode}"])[-1]
        pytest.skip(f"{what} needs pystable, pystab and GSL (Debian: libgsl27): {reason}")
    return json.loads(answer.stdout)


# ---- accuracy ------------------------------------------------------------------------------------


def read_groups(quick: bool) -> dict[tuple[float, float, str], list[tuple[float, float, float]]]:
    """Points, densities and distribution functions of the reference table, by law."""
    groups = defaultdict(list)
    with TABLE.open() as file:
        rows = list(csv.DictReader(file))
    for row in rows[:: 60 if quick else 1]:
        alpha, beta, x = (float.fromhex(row[name]) for name in ("alpha", "beta", "x"))
        known = x, float(row["pdf"]), float(row["cdf"])
        groups[alpha, beta, row["parameterization"]].append(known)
    return groups


def errors(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Relative errors, infinite for NaN, where the known value is at least LEAST."""
    seen = known >= LEAST
    with np.errstate(all="ignore"):
        found = np.abs(values[seen] / known[seen] - 1)
    return np.where(np.isnan(found), np.inf, found)


def of_htstats(name, x, alpha, beta, kind):
    return getattr(stable, name)(x, alpha, beta, parameterization=kind)


def of_table(name, x, alpha, beta, kind):
    """The values of the table that `StableDistribution` keeps for large arrays."""
    law = StableDistribution(alpha, beta, parameterization=kind)
    return law.table.evaluate(name, x, s1=kind == "S1")


def of_scipy(name, x, alpha, beta, kind):
    law = scipy.stats.levy_stable(alpha, beta)
    law.parameterization = kind
    return getattr(law, name)(x)


def of_levy(name, x, alpha, beta, kind):
    import levy

    return getattr(levy, name)(x, alpha=alpha, beta=beta, par=kind[1])


TOOLS = {"htstats": of_htstats, "htstats, by its table of a law": of_table, "scipy": of_scipy}
TOOLS["levy-stable 2.0.0, alpha from .5"] = of_levy


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", NAMES)
def test_values_of(fact, quick, tool, name):
    if tool.startswith("levy"):
        pytest.importorskip("levy")
    found = []
    for (alpha, beta, kind), rows in read_groups(quick).items():
        if tool.startswith("levy") and alpha < 0.5:
            continue
        x, *known = np.array(rows).T
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                values = np.asarray(TOOLS[tool](name, x, alpha, beta, kind))
            except RecursionError:  # scipy's cdf, where both tails call each other for ever
                values = np.full(x.shape, np.nan)
        found.append(errors(values, known[NAMES.index(name)]))
    record(fact, f"{name}: {tool}", np.concatenate(found), ours=tool.startswith("htstats"))


def test_values_of_libstable(fact, quick):
    groups = read_groups(quick)
    kinds = {"S0": 0, "S1": 1}
    task = {
        "groups": [
            [alpha, beta, kinds[kind], [row[0] for row in rows]]
            for (alpha, beta, kind), rows in groups.items()
        ]
    }
    answers = run_program("values", task)
    for name, place in (("pdf", 1), ("cdf", 2)):
        found = [
            errors(np.array(answer[name]), np.array(rows)[:, place])
            for answer, rows in zip(answers, groups.values(), strict=True)
        ]
        record(fact, f"{name}: libstable", np.concatenate(found), ours=False)


def record(fact, row: str, found: np.ndarray, *, ours: bool) -> None:
    points = f"{row}, {found.size} points"
    wrong = float(np.mean(found > WRONG))
    fact(ACCURACY, points, 100 * wrong, f"% off by more than {WRONG:g}", "<= 0" if ours else "")
    worst = float(np.max(found))
    if ours:
        fact(ACCURACY, f"{row}, worst", worst, "relative error", "<= 1e-11")
    else:
        fact(ACCURACY, f"{row}, median", float(np.median(found)), "relative error")


# ---- speed ---------------------------------------------------------------------------------------


def test_libstable(fact, fastest, quick):
    """Seconds of a subsample, scaled to all points of the race."""
    count, some = (2_000, 20) if quick else (100_000, 2_000)
    x = scipy.stats.t.rvs(LAW[0], size=count, random_state=0)
    (answer,) = run_program("values", {"groups": [[*LAW, 1, x[:some].tolist()]]})
    law = StableDistribution(*LAW, parameterization="S1")
    for name, seconds in zip(NAMES, answer["seconds"], strict=True):
        ratio = seconds / some * count / fastest(lambda n=name: getattr(law, n)(x), 20)
        fact(SPEED, f"{name} of one law: libstable, a subsample", ratio, "times our time")


def test_pystab(fact, fastest, quick):
    """pystab 5 has samples and McCulloch's estimate, and no densities."""
    count = 10**5 if quick else 10**7
    data = sample(10**4, *LAW, seed=0)
    task = {"law": LAW, "count": count, "data": data.tolist()}
    answer = run_program("pystab", task)
    out = np.empty(count)
    mine = fastest(lambda: sample(count, *LAW, seed=0, out=out), 3)
    fact(SPEED, f"{count} numbers: pystab 5", answer["sample"] / mine, "times our time", ">= 1")
    mine = fastest(lambda: fit_stable(data, "quantile"), 20)
    row = "quantile fit of 1e4 values: pystab 5"
    fact(SPEED, row, answer["fit"] / mine, "times our time, which includes standard errors")
