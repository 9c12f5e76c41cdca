"""Measure the bias of stable fits, and how often their intervals contain the true parameters.

    python bench/studies/stable_fits.py [--quick] [PART ...]
    python bench/studies/stable_fits.py --page

Every data set has 1000 values of a stable law with location 0 and scale 1. Parts:

    estimates   21 laws, each of the three methods, 500 data sets: the mean error of each parameter
                in units of its own standard error, the spread of the estimates in units of the
                stated standard error, and how often the 95 % asymptotic intervals contain the
                true value
    pvalues     3 laws, both statistics, 500 data sets: p-values of stable data from 99 one-step
                resamples; how many are at most .1, and their largest distance from uniform
    bootstrap   2 laws, 40 data sets (each is fitted a hundred times more): how often the
                percentile intervals of 100 resamples contain the true value

The numbers of each law are added to stable_fits.json as soon as they are known, and a later run
skips them; remove the file to measure again. --page writes them into docs/stable.md, and
tests/test_stable_study.py holds that page to the file. --quick takes 40 data sets of three laws,
and prints the numbers without keeping them.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from htstats.stable import StableFit, fit_stable, sample

METHODS = ("mle", "ecf", "quantile")
NAMES = ("alpha", "beta", "loc", "scale")
LAWS = [
    (alpha, beta)
    for alpha in (0.6, 0.8, 1.0, 1.2, 1.5, 1.7, 1.9)
    for beta in (0.0, 0.5, 0.9)
]  # fmt: skip
FEW_LAWS = [(0.8, 0.5), (1.2, 0.0), (1.7, 0.5)]
BOOTSTRAP_LAWS = [(1.2, 0.0), (1.7, 0.0)]
STATISTICS = ("ks", "ad")
N = 1000
DATA_SETS = 500
BOOTSTRAP_SETS = 40
RESAMPLES = {"bootstrap": 100, "pvalues": 99}
QUICK_SETS = 40
SEEDS = 1_000_000  # seeds other than those of the tests
RESULTS = Path(__file__).with_name("stable_fits.json")
PAGE = Path(__file__).parents[2] / "docs/stable.md"
MARKS = ("<!-- from bench/studies/stable_fits.py: begin -->\n", "<!-- end -->\n")

Law = tuple[float, float]
Row = dict[str, Any]

# ---- measurements --------------------------------------------------------------------------------


def truth_of(law: Law) -> tuple[float, ...]:
    return (*law, 0.0, 1.0)


def fits_of(law: Law, count: int, method: str = "mle") -> Iterator[StableFit]:
    for k in range(count):
        yield fit_stable(sample(N, *law, seed=SEEDS + k), method)


def measure_estimates(law: Law, method: str, count: int) -> Row:
    found = list(fits_of(law, count, method))
    off = np.array([fit.estimate for fit in found]) - truth_of(law)
    errors = np.array([fit.stderr for fit in found])
    row: Row = {name: [] for name in ("bias", "spread", "coverage", "all_bias")}
    reach = stats.norm.ppf(0.975)
    for k in range(len(NAMES)):
        kept = np.isfinite(errors[:, k])  # an estimate at a bound has no standard error
        mean, error = off[kept, k].mean(), np.sqrt(np.mean(errors[kept, k] ** 2))
        row["bias"].append(mean / error * math.sqrt(kept.sum()))
        row["spread"].append(off[kept, k].std() / error)
        row["coverage"].append(np.mean(np.abs(off[kept, k]) <= reach * errors[kept, k]))
        row["all_bias"].append(off[:, k].mean())
    row["at_bound"] = np.mean(~np.isfinite(errors).all(axis=1))
    return row


def measure_pvalues(law: Law, statistic: str, count: int) -> Row:
    p = [
        fit.goodness_of_fit(statistic, n_resamples=RESAMPLES["pvalues"], seed=k).pvalue
        for k, fit in enumerate(fits_of(law, count))
    ]
    return {
        "at_most_tenth": np.mean(np.array(p) <= 0.1),
        "distance": stats.kstest(p, "uniform").statistic,
    }


def measure_bootstrap(law: Law, method: str, count: int) -> Row:
    hits = np.zeros(len(NAMES))
    for k, fit in enumerate(fits_of(law, count, method)):
        options = {"n_resamples": RESAMPLES["bootstrap"], "seed": k}
        ends = fit.confidence_interval(0.95, "bootstrap", **options)
        pairs = zip(ends, truth_of(law), strict=True)
        hits += [low <= true <= high for (low, high), true in pairs]
    return {"coverage": list(hits / count)}


Part = tuple[Callable[[Law, str, int], Row], list[Law], tuple[str, ...], int]
PARTS: dict[str, Part] = {
    "estimates": (measure_estimates, LAWS, METHODS, DATA_SETS),
    "pvalues": (measure_pvalues, FEW_LAWS, STATISTICS, DATA_SETS),
    "bootstrap": (measure_bootstrap, BOOTSTRAP_LAWS, ("mle",), BOOTSTRAP_SETS),
}


def rounded(row: Row) -> Row:
    """The numbers with four decimals, which is more than the data sets determine."""
    return {
        name: [round(float(v), 4) for v in value]
        if isinstance(value, list)
        else round(float(value), 4)
        for name, value in row.items()
    }


def measure(part: str, quick: bool) -> None:
    function, laws, kinds, count = PARTS[part]
    for law in FEW_LAWS if quick else laws:
        for kind in kinds:
            key = f"{part} {law[0]} {law[1]} {kind}"
            known = read_results()
            if quick or key not in known:
                row = rounded(function(law, kind, QUICK_SETS if quick else count))
                print(key, row, flush=True)
                if not quick:
                    RESULTS.write_text(json.dumps(known | {key: row}, indent=1) + "\n")


def read_results() -> dict[str, Row]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


# ---- the page ------------------------------------------------------------------------------------


def rows_of(results: dict[str, Row], part: str) -> Iterator[tuple[Law, str, Row]]:
    _, laws, kinds, _ = PARTS[part]
    for law in laws:
        for kind in kinds:
            if row := results.get(f"{part} {law[0]} {law[1]} {kind}"):
                yield law, kind, row


def estimates_table(results: dict[str, Row]) -> list[str]:
    lines = [
        f"`estimates`, {DATA_SETS} data sets of {N} values for each of {len(LAWS)} laws:",
        "",
        "| law, method | alpha: bias, spread, coverage | beta | loc | scale | at a bound |",
        "|---|---|---|---|---|---|",
    ]
    for law, method, row in rows_of(results, "estimates"):
        columns = zip(row["bias"], row["spread"], row["coverage"], strict=True)
        cells = " | ".join(f"{b:+.1f} {s:.2f} {c:.3f}" for b, s, c in columns)
        lines.append(f"| {law}, {method} | {cells} | {row['at_bound']:.2f} |")
    return lines


def bootstrap_table(results: dict[str, Row]) -> list[str]:
    lines = [
        f"`bootstrap`, {BOOTSTRAP_SETS} data sets of {N} values, {RESAMPLES['bootstrap']} "
        "resamples each, maximum likelihood (a coverage of .95 is known to ±.034):",
        "",
        "| law | coverage of alpha | beta | loc | scale |",
        "|---|---|---|---|---|",
    ]
    for law, _, row in rows_of(results, "bootstrap"):
        lines.append(f"| {law} | {' | '.join(f'{c:.3f}' for c in row['coverage'])} |")
    return lines


def pvalues_table(results: dict[str, Row]) -> list[str]:
    limit = 1.36 / math.sqrt(DATA_SETS)
    lines = [
        f"`pvalues`, {DATA_SETS} data sets of {N} values, {RESAMPLES['pvalues']} resamples each. "
        f"For exact p-values the distance exceeds {limit:.3f} in one run of twenty:",
        "",
        "| law, statistic | at most .1 | distance from uniform |",
        "|---|---|---|",
    ]
    for law, statistic, row in rows_of(results, "pvalues"):
        cells = f"{row['at_most_tenth']:.3f} | {row['distance']:.3f}"
        lines.append(f"| {law}, {statistic} | {cells} |")
    return lines


TABLES = {"estimates": estimates_table, "bootstrap": bootstrap_table, "pvalues": pvalues_table}


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
    for part in [] if given.page else given.parts or PARTS:
        measure(part, given.quick)
    if given.page:
        write_page()
