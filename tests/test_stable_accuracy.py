"""The published accuracy of the stable laws: measured against tests/tables/stable_reference.csv.

`python tests/test_stable_accuracy.py` rewrites docs/accuracy-stable.md from what it measures.
"""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from accuracy_pages import Peaks, format_peaks, read_peaks, require_goal
from errors import relative_error

from htstats import stable
from htstats.stable import StableDistribution
from htstats.stable._table import table_of

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "tables" / "stable_reference.csv"
PAGE = ROOT / "docs" / "accuracy-stable.md"
GOALS = {"pdf": 1e-12, "cdf": 1e-12, "sf": 1e-12, "log pdf": 1e-12, "log tails": 1e-12}
GOALS |= {"quantiles": 1e-11, "table": 1e-11}
FUNCTIONS = {"pdf": stable.pdf, "cdf": stable.cdf, "sf": stable.sf}
# Another C library's exp, log and pow move results by some units in the last place, times the
# size of an exponent.
MACHINE = 2e-13
PREAMBLE = """# Accuracy of the stable laws

This page gives the largest error in each stratum of `tests/tables/stable_reference.csv`. The table
has {points} points with 22 digits, each computed by two independent methods
(`tests/tables/make_stable_reference.py`): Fourier's integral on a ray with a working precision that
grows with the cancellation, and a power series or Nolan's integral. alpha runs from 0.1 to 2, with
alpha - 1 down to 1e-9 and 2 - alpha down to 1e-9; beta includes -1, 1 and 1 less 1e-9; x runs from
1e-300 to 1e300 on both sides, in S0 and S1. Points of the strata "seam" lie beside the places where
the library changes its method, or where its integrals are difficult; those of "faults" are where an
earlier version was wrong (`tests/tables/stable_points.py`).

The columns are: relative errors of the density and both tails, where they are above 1e-300; the
error of the log of the density in units of max(1, abs(log f)), and the relative error of the logs
of both tails; the error of `ppf` and `isf` at the tails of the table, in units of max(1, abs(x))
and beyond what the rounding of the probability alone makes; and the relative error of the density,
where it is above 1e-300, by the table that `StableDistribution` keeps.
`python tests/test_stable_accuracy.py` writes the page. A test checks the code against these
figures.

"""
OUTSIDE = """
For alpha in (0, 0.1) relative errors of the density and both tails are below 1e-11 too, down to
alpha = 1e-16 (`tests/test_stable_small_alpha.py` compares with the power series).

## What SciPy gives

`scipy.stats.levy_stable` (SciPy 1.17) uses S1 unless told otherwise, so
`StableDistribution(alpha, beta, loc, scale, parameterization="S1")` takes its place.

| call | SciPy | right |
|---|---|---|
{scipy}
"""


def read() -> list[dict[str, str]]:
    with TABLE.open() as file:
        return list(csv.DictReader(file))


def quantile_error(row: dict[str, str], values: dict[str, mp.mpf], law: dict) -> float:
    """Of the smaller tail, less the error that the rounding of the probability makes."""
    x = float.fromhex(row["x"])
    name = "cdf" if values["cdf"] < values["sf"] else "sf"
    q = float(values[name])
    if not 1e-290 < q <= 0.5 or values["pdf"] < 1e-290 or abs(x) > 1e290:
        return 0.0
    found = (stable.ppf if name == "cdf" else stable.isf)(q, **law)
    rounding = abs(values[name] - mp.mpf(q)) / values["pdf"]
    return float(max(mp.mpf(0), abs(mp.mpf(found) - x) - rounding) / max(1.0, abs(x)))


def as_double(log: mp.mpf) -> mp.mpf:
    """A logarithm below all doubles is -inf in the library too."""
    return -mp.inf if log < -sys.float_info.max else log


def errors_of(row: dict[str, str]) -> dict[str, float]:
    x = float.fromhex(row["x"])
    law = {
        "alpha": float.fromhex(row["alpha"]),
        "beta": float.fromhex(row["beta"]),
        "parameterization": row["parameterization"],
    }
    values = {name: mp.mpf(row[name]) for name in FUNCTIONS}
    found = {
        name: relative_error(function(x, **law), values[name]) if values[name] > 1e-300 else 0.0
        for name, function in FUNCTIONS.items()
    }
    log_pdf = as_double(mp.log(values["pdf"]))
    error = relative_error(stable.logpdf(x, **law), log_pdf)
    found["log pdf"] = error * float(min(1, abs(log_pdf)))
    tails = []
    for name, other, function in (("cdf", "sf", stable.logcdf), ("sf", "cdf", stable.logsf)):
        want = mp.log(values[name]) if values[name] < 0.5 else mp.log1p(-values[other])
        tails.append(relative_error(function(x, **law), as_double(want), grain=1e-322))
    found["log tails"] = max(tails)
    found["quantiles"] = quantile_error(row, values, law)
    table = table_of(law["alpha"], law["beta"])
    by_table = table.evaluate("pdf", np.array([x]), s1=law["parameterization"] == "S1")[0]
    found["table"] = relative_error(by_table, values["pdf"]) if values["pdf"] > 1e-300 else 0.0
    return found


def measure() -> tuple[Peaks, int]:
    """stratum -> column -> peak error."""
    mp.mp.dps = 30
    rows = sorted(read(), key=lambda r: (r["stratum"], r["alpha"], r["beta"]))
    peaks: Peaks = {}
    for row in rows:
        best = peaks.setdefault(row["stratum"], dict.fromkeys(GOALS, 0.0))
        for column, error in errors_of(row).items():
            best[column] = max(best[column], error)
    return dict(sorted(peaks.items(), key=lambda item: sort_key(item[0]))), len(rows)


def sort_key(stratum: str) -> tuple[bool, float, str]:
    last = stratum.split()[-1]
    is_alpha = stratum.startswith("alpha")
    return (not is_alpha, float(last) if is_alpha else 0.0, stratum)


# Cases that users of SciPy have reported, and what its functions give.
SCIPY_CASES = (
    ("sf", 200.0, 1.0, 0.5),
    ("pdf", 200.0, 1.0, 0.5),
    ("sf", 1e6, 1.5, 0.0),
    ("sf", 1e10, 0.5, 0.3),
    ("pdf", -10.0, 1.5, 1.0),
    ("logpdf", -20.0, 1.7, 1.0),
    ("pdf", 1.0, 1.003, 0.9),
    ("cdf", -30.0, 1.99, 0.0),
)


def scipy_lines() -> str:
    import warnings

    from scipy.stats import levy_stable

    lines = []
    for name, x, alpha, beta in SCIPY_CASES:
        law = StableDistribution(alpha, beta, parameterization="S1")
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            other = float(getattr(levy_stable, name)(x, alpha, beta))
        right = getattr(law, name)(x)
        lines.append(f"| `{name}({x:g}, {alpha:g}, {beta:g})` | {other:.8g} | {right:.8g} |")
    return "\n".join(lines)


def page() -> str:
    peaks, points = measure()
    return (
        PREAMBLE.format(points=points)
        + format_peaks(peaks, GOALS)
        + OUTSIDE.format(scipy=scipy_lines())
    )


@pytest.fixture(scope="module")
def measured() -> tuple[Peaks, int]:
    return measure()


def test_the_table_is_large_and_reaches_every_kind_of_law(measured):
    rows = read()
    assert measured[1] >= 3000
    alphas = {float.fromhex(r["alpha"]) for r in rows}
    assert {0.1, 1 - 1e-9, 1.0, 1 + 1e-9, 2 - 1e-9, 2.0} <= alphas
    betas = {float.fromhex(r["beta"]) for r in rows}
    assert {-1.0, -1 + 1e-9, 0.0, 1.0} <= betas
    assert {r["parameterization"] for r in rows} == {"S0", "S1"}


def test_no_error_above_what_is_published(measured):
    page = read_peaks(PAGE.read_text(), GOALS)
    assert page.keys() == measured[0].keys()
    for name, row in measured[0].items():
        for column, error in row.items():
            assert error <= page[name][column] * 1.05 + MACHINE, (name, column)


@pytest.mark.parametrize("column", GOALS)
def test_goals(measured, column):
    require_goal(measured[0], GOALS, column)


if __name__ == "__main__":
    PAGE.write_text(page())


@pytest.mark.parametrize("alpha", [0.98, 1.0, 1.02, 1.05, 1.2, 1.5, 1.7, 1.95, 1.999])
@pytest.mark.parametrize("q", [1e-30, 1e-100, 1e-200, 1e-263, 1e-300])
def test_quantiles_far_in_a_light_tail(alpha, q):
    """The log of the tail falls like a power of x, so Newton's method has steps of every size."""
    x = stable.ppf(q, alpha, 1.0)
    assert stable.logcdf(x, alpha, 1.0) == pytest.approx(math.log(q), rel=1e-11)
    assert stable.isf(q, alpha, -1.0) == -x
    assert stable.log_isf(math.log(q), alpha, -1.0) == pytest.approx(-x, rel=1e-11)
