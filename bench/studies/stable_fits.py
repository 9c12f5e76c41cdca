"""Measure the bias of stable fits, and how often their intervals contain the true parameters.

    python bench/studies/stable_fits.py [--quick] [PART ...]
    python bench/studies/stable_fits.py --page

Every data set has 1000 values; those of a stable law have location 0 and scale 1. Parts:

    estimates   21 laws, each of the three methods, 500 data sets: the mean error of each parameter
                in units of its own standard error, the spread of the estimates in units of the
                stated standard error, and how often the 95 % asymptotic intervals contain the
                true value. All laws use the same seeds; those of the other parts differ by law
    blocks      1 law, quantiles, 20 times 500 data sets of other seeds: the mean and the spread of
                the mean errors that `estimates` measures once
    pvalues     3 laws, both statistics, 300 data sets: p-values of stable data from 99 one-step
                resamples; how many are at most .05 and .1, and their largest distance from uniform
    power       2 laws that are not stable, both statistics, 60 data sets: how many p-values are
                at most .05 and .1
    bootstrap   2 laws, each method, 40 data sets (200 for quantiles; each is fitted 99 times more):
                how often the percentile intervals of 99 resamples contain the true value, and how
                often the asymptotic intervals of the same fits do

The numbers of each law are added to stable_fits.json as soon as they are known, with the commit of
the measured code, and a later run skips them; remove the file to measure again. --page writes them
into docs/stable.md, and tests/test_stable_study.py holds that page to the file. --quick takes 40
data sets of three laws, and prints the numbers without keeping them. All parts take some 40 minutes
of one core.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import htstats
from htstats.stable import StableFit, fit_stable, sample

METHODS = ("mle", "ecf", "quantile")
NAMES = ("alpha", "beta", "loc", "scale")
LAWS = [
    (alpha, beta)
    for alpha in (0.6, 0.8, 1.0, 1.2, 1.5, 1.7, 1.9)
    for beta in (0.0, 0.5, 0.9)
]  # fmt: skip
FEW_LAWS = [(0.8, 0.5), (1.2, 0.0), (1.7, 0.5)]
BOOTSTRAP_LAWS = [(1.7, 0.5), (0.8, 0.5)]
OTHER_LAWS = {("student_t", 3): stats.t(3), ("laplace",): stats.laplace()}
STATISTICS = ("ks", "ad")
N = 1000
DATA_SETS = {"estimates": 500, "blocks": 500, "pvalues": 300, "power": 60, "bootstrap": 40}
QUANTILE_SETS = 200  # of `bootstrap`: a fit by quantiles takes 2 ms
RESAMPLES = 99
QUICK_SETS = 40
SEEDS = 1_000_000  # seeds other than those of the tests
SEEDS_OF_ONE_LAW = 1000
BLOCKS, BLOCK_SEEDS = 20, 10_000_000
RESULTS = Path(__file__).with_name("stable_fits.json")
PAGE = Path(__file__).parents[2] / "docs/stable.md"
MARKS = ("<!-- from bench/studies/stable_fits.py: begin -->\n", "<!-- end -->\n")

Law = tuple[Any, ...]  # alpha and beta, or the name of a law that is not stable
Row = dict[str, Any]

# ---- measurements --------------------------------------------------------------------------------


def truth_of(law: Law) -> tuple[float, ...]:
    return (*law, 0.0, 1.0)


def data_of(law: Law, count: int, first: int) -> Iterator[np.ndarray]:
    """Data sets of a law, from consecutive seeds."""
    for seed in range(first, first + count):
        if law in OTHER_LAWS:
            yield OTHER_LAWS[law].rvs(size=N, random_state=np.random.default_rng(seed))
        else:
            yield sample(N, *law, seed=seed)


@lru_cache(maxsize=1)
def fits_of(law: Law, count: int, method: str = "mle", first: int | None = None) -> list[StableFit]:
    """Fits of data sets whose seeds begin at `first`, by default one that no other law uses."""
    if first is None:
        first = SEEDS + (SEEDS_OF_ONE_LAW * LAWS.index(law) if law in LAWS else 0)
    return [fit_stable(x, method) for x in data_of(law, count, first)]


def asymptotic_hits(found: list[StableFit], law: Law) -> np.ndarray:
    """Which 95 % intervals contain the true value; NaN where a fit has no interval."""
    pairs = np.array([fit.confidence_interval(0.95) for fit in found])
    inside = (pairs[..., 0] <= truth_of(law)) & (truth_of(law) <= pairs[..., 1])
    return np.where(np.isnan(pairs[..., 0]), np.nan, inside)


def measure_estimates(law: Law, method: str, count: int, first: int = SEEDS) -> Row:
    found = fits_of(law, count, method, first)
    off = np.array([fit.estimate for fit in found]) - truth_of(law)
    errors = np.array([fit.stderr for fit in found])
    row: Row = {name: [] for name in ("bias", "spread", "coverage", "all_bias")}
    hits = asymptotic_hits(found, law)
    for k in range(len(NAMES)):
        kept = np.isfinite(errors[:, k])  # an estimate at a bound has no standard error
        mean, error = off[kept, k].mean(), np.sqrt(np.mean(errors[kept, k] ** 2))
        row["bias"].append(mean / error * math.sqrt(kept.sum()))
        row["spread"].append(off[kept, k].std() / error)
        row["coverage"].append(np.mean(hits[kept, k]))
        row["all_bias"].append(off[:, k].mean())
    row["at_bound"] = np.mean(~np.isfinite(errors).all(axis=1))
    return row


def measure_blocks(law: Law, method: str, count: int) -> Row:
    """The bias of blocks of data sets: what one block shows by chance."""
    firsts = [BLOCK_SEEDS + SEEDS_OF_ONE_LAW * k for k in range(BLOCKS)]
    bias = np.array([measure_estimates(law, method, count, first)["bias"] for first in firsts])
    return {"mean": list(bias.mean(axis=0)), "spread": list(bias.std(axis=0, ddof=1))}


def measure_pvalues(law: Law, statistic: str, count: int) -> Row:
    """P-values of data from a stable law, or of data from another law (the power of the test)."""
    p = np.array(
        [
            fit.goodness_of_fit(statistic, n_resamples=RESAMPLES, seed=k).pvalue
            for k, fit in enumerate(fits_of(law, count))
        ]
    )
    return {
        "at_most_twentieth": np.mean(p <= 0.05),
        "at_most_tenth": np.mean(p <= 0.1),
        "distance": stats.kstest(p, "uniform").statistic,
    }


def measure_bootstrap(law: Law, method: str, count: int) -> Row:
    found = fits_of(law, count, method)
    hits = np.zeros(len(NAMES))
    for k, fit in enumerate(found):
        ends = fit.confidence_interval(0.95, "bootstrap", n_resamples=RESAMPLES, seed=k)
        pairs = zip(ends, truth_of(law), strict=True)
        hits += [low <= true <= high for (low, high), true in pairs]
    plain = np.nanmean(asymptotic_hits(found, law), axis=0)
    return {"coverage": list(hits / count), "asymptotic": list(plain)}


Part = tuple[Callable[[Law, str, int], Row], list[Law], tuple[str, ...]]
PARTS: dict[str, Part] = {
    "estimates": (measure_estimates, LAWS, METHODS),
    "blocks": (measure_blocks, [(1.2, 0.0)], ("quantile",)),
    "pvalues": (measure_pvalues, FEW_LAWS, STATISTICS),
    "power": (measure_pvalues, list(OTHER_LAWS), STATISTICS),
    "bootstrap": (measure_bootstrap, BOOTSTRAP_LAWS, METHODS[::-1]),
}


def build() -> str:
    """The last commit that changed the measured code; empty if it is not in a git repository."""
    call = ["git", "log", "-1", "--format=%h", "--", "csrc", "htstats/stable", "htstats/_core"]
    root = Path(htstats.__file__).parents[1]
    try:
        done = subprocess.run(call, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def sets_of(part: str, kind: str) -> int:
    """The number of data sets of a row."""
    return QUANTILE_SETS if (part, kind) == ("bootstrap", "quantile") else DATA_SETS[part]


def key_of(part: str, law: Law, kind: str) -> str:
    return " ".join(map(str, (part, *law, kind)))


def rounded(row: Row) -> Row:
    """The numbers with four decimals, which is more than the data sets determine."""
    return {
        name: [round(float(v), 4) for v in value]
        if isinstance(value, list)
        else round(float(value), 4)
        for name, value in row.items()
    }


def measure(part: str, quick: bool, commit: str) -> None:
    function, laws, kinds = PARTS[part]
    for law in laws[:3] if quick and part != "estimates" else FEW_LAWS if quick else laws:
        for kind in kinds:
            key, count = key_of(part, law, kind), QUICK_SETS if quick else sets_of(part, kind)
            known = read_results()
            if quick or key not in known:
                row = rounded(function(law, kind, count)) | {"data_sets": count, "build": commit}
                print(key, row, flush=True)
                if not quick:
                    RESULTS.write_text(json.dumps(known | {key: row}, indent=1) + "\n")


def read_results() -> dict[str, Row]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


# ---- the page ------------------------------------------------------------------------------------


def rows_of(results: dict[str, Row], part: str) -> Iterator[tuple[Law, str, Row]]:
    _, laws, kinds = PARTS[part]
    for law in laws:
        for kind in kinds:
            if row := results.get(key_of(part, law, kind)):
                yield law, kind, row


def spell(law: Law) -> str:
    if law not in OTHER_LAWS:
        return str(law)
    return " ".join(map(str, law)).replace("student_t", "Student's t, df").replace("lap", "Lap")


def format_table(what: str, columns: str, rows: Iterable[list[str]]) -> list[str]:
    """A sentence, and a table in Markdown below it; `columns` are separated by bars."""
    n = columns.count("|") + 1
    return [what, "", f"| {columns} |", "|" + "---|" * n, *(f"| {' | '.join(r)} |" for r in rows)]


def estimates_table(results: dict[str, Row]) -> list[str]:
    rows = []
    for law, method, row in rows_of(results, "estimates"):
        columns = zip(row["bias"], row["spread"], row["coverage"], strict=True)
        cells = [f"{b:+.1f} {s:.2f} {c:.3f}" for b, s, c in columns]
        rows.append([f"{law}, {method}", *cells, f"{row['at_bound']:.2f}"])
    what = f"`estimates`, {DATA_SETS['estimates']} data sets of {N} values for each law:"
    names = "law, method | alpha: bias, spread, coverage | beta | loc | scale | at a bound"
    return format_table(what, names, rows)


def blocks_table(results: dict[str, Row]) -> list[str]:
    rows = []
    for law, method, row in rows_of(results, "blocks"):
        cells = [f"{m:+.2f} ± {s:.2f}" for m, s in zip(row["mean"], row["spread"], strict=True)]
        rows.append([f"{law}, {method}", *cells])
    what = (
        f"`blocks`, the bias of `estimates` measured {BLOCKS} times with other seeds, "
        f"{DATA_SETS['blocks']} data sets each: mean and spread over the blocks (the spread of an "
        "unbiased estimate is 1):"
    )
    return format_table(what, "law, method | alpha | beta | loc | scale", rows)


def bootstrap_table(results: dict[str, Row]) -> list[str]:
    rows = [
        [f"{law}, {method}, {title}", str(row["data_sets"]), *(f"{c:.3f}" for c in row[name])]
        for law, method, row in rows_of(results, "bootstrap")
        for name, title in (("coverage", "bootstrap"), ("asymptotic", "asymptotic"))
    ]
    errors = [
        f"{math.sqrt(0.95 * 0.05 / sets_of('bootstrap', kind)):.3f} for {kind}" for kind in METHODS
    ]
    what = (
        f"`bootstrap`, data sets of {N} values, {RESAMPLES} resamples each. The standard error "
        f"of a coverage of .95 is {', '.join(errors)}:"
    )
    names = "law, method, intervals | data sets | coverage of alpha | beta | loc | scale"
    return format_table(what, names, rows)


def small_pvalues(row: Row) -> list[str]:
    """How many p-values are at most .05 and .1."""
    return [f"{row['at_most_twentieth']:.3f}", f"{row['at_most_tenth']:.3f}"]


def pvalues_table(results: dict[str, Row]) -> list[str]:
    count = DATA_SETS["pvalues"]
    limit = 1.36 / math.sqrt(count)
    what = (
        f"`pvalues`, {count} data sets of {N} values of stable laws, {RESAMPLES} one-step "
        f"resamples each. For exact p-values the distance exceeds {limit:.3f} in one run of "
        "twenty:"
    )
    rows = [
        [f"{law}, {statistic}", *small_pvalues(row), f"{row['distance']:.3f}"]
        for law, statistic, row in rows_of(results, "pvalues")
    ]
    names = "law, statistic | at most .05 | at most .1 | distance from uniform"
    return format_table(what, names, rows)


def power_table(results: dict[str, Row]) -> list[str]:
    what = (
        f"`power`, {DATA_SETS['power']} data sets of {N} values of laws that are not stable: the "
        "proportion of p-values that rule out a stable law:"
    )
    rows = [
        [f"{spell(law)}, {statistic}", *small_pvalues(row)]
        for law, statistic, row in rows_of(results, "power")
    ]
    return format_table(what, "law, statistic | at most .05 | at most .1", rows)


TABLES = {
    "estimates": estimates_table,
    "blocks": blocks_table,
    "pvalues": pvalues_table,
    "power": power_table,
    "bootstrap": bootstrap_table,
}


def section(results: dict[str, Row]) -> str:
    """What docs/stable.md has between the marks: a table for each part that was measured."""
    tables = [
        "\n".join(table(results)) + "\n"
        for part, table in TABLES.items()
        if any(rows_of(results, part))
    ]
    return "\n".join(tables)


def between_marks(page: str) -> tuple[str, str, str]:
    before, rest = page.split(MARKS[0])
    inside, after = rest.split(MARKS[1])
    return before, inside, after


def write_page() -> None:
    before, _, after = between_marks(PAGE.read_text())
    PAGE.write_text(before + MARKS[0] + section(read_results()) + MARKS[1] + after)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "parts", nargs="*", choices=[[], *PARTS], help="all of them if none is named"
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--page", action="store_true", help="write docs/stable.md")
    given = parser.parse_args()
    commit = build()
    for part in [] if given.page else given.parts or PARTS:
        measure(part, given.quick, commit)
    if given.page:
        write_page()
