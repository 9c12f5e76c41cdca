"""The published accuracy of the binomial tails: measured against tests/tables/binomial.csv.

`python tests/test_binomial_accuracy.py` rewrites docs/accuracy-binomial.md from what it measures.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from htstats import binomial

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "tables" / "binomial.csv"
PAGE = ROOT / "docs" / "accuracy-binomial.md"
GOALS = {"log tails": 4e-15, "log pmf": 4e-15, "tails": 4e-15, "pmf": 4e-15, "n KL": 1e-15}
ONE_ULP = 2.3e-16  # what another C library's log or exp may add
PREAMBLE = """# Accuracy of the binomial tails

Largest relative error per stratum of `tests/tables/binomial.csv` ({points} points, 22 digits, each
by two independent methods: `tests/tables/make_binomial_reference.py`). Columns: log P(X >= k) and
log P(X <= k) in units of max(1, abs log(1-P)); log P(X = k); the three probabilities themselves
where they are above 1e-300; n KL(k/n || p). Written by `python tests/test_binomial_accuracy.py`; a
test holds the code to these figures, and these figures to the code.

"""


def relative(got: float, want: mp.mpf) -> float:
    return float(abs(mp.mpf(got) - want) / abs(want)) if want else abs(got)


def log_error(got: float, want: mp.mpf, other: mp.mpf) -> float:
    if abs(got - want) <= 5e-324 or abs(want) < mp.mpf(2) ** -1060:  # no digits to lose
        return 0.0 if abs(got - want) <= 1e-323 else math.inf
    grain = 5e-324 / abs(float(want))  # of a denormal log
    return max(0.0, relative(got, want) - grain) / max(
        1.0, abs(float(other)) if abs(want) < 0.69 else 1.0
    )


def measure() -> tuple[dict[str, dict[str, float]], int]:
    """stratum -> column -> peak error."""
    peaks: dict[str, dict[str, float]] = {}
    with TABLE.open() as file:
        rows = list(csv.DictReader(file))
    mp.mp.dps = 30
    for row in rows:
        n, k, p = int(row["n"]), int(row["k"]), float.fromhex(row["p"])
        upper, lower, mass, kl = (
            mp.mpf(row[c]) for c in ("log_upper", "log_lower", "log_pmf", "kl")
        )
        found = {
            "log tails": max(
                log_error(binomial.logsf(k - 1, n, p), upper, lower),
                log_error(binomial.logcdf(k, n, p), lower, upper),
            ),
            "log pmf": relative(binomial.logpmf(k, n, p), mass)
            if abs(mass) > mp.mpf(2) ** -1022
            else 0.0,
            "n KL": relative(binomial.kl(k, n, p), kl) if kl > mp.mpf(2) ** -1022 else 0.0,
        }
        values = ((binomial.sf(k - 1, n, p), upper), (binomial.cdf(k, n, p), lower))
        found["tails"] = max(
            (relative(got, mp.exp(log)) for got, log in values if log > -690), default=0.0
        )
        found["pmf"] = relative(binomial.pmf(k, n, p), mp.exp(mass)) if mass > -690 else 0.0
        best = peaks.setdefault(row["stratum"], dict.fromkeys(GOALS, 0.0))
        for column, error in found.items():
            best[column] = max(best[column], error)
    return peaks, len(rows)


def page(peaks: dict[str, dict[str, float]], points: int) -> str:
    lines = ["| stratum | " + " | ".join(GOALS) + " |", "|---" * (len(GOALS) + 1) + "|"]
    for name, row in peaks.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[c]:.1e}" for c in GOALS) + " |")
    worst = [max(row[c] for row in peaks.values()) for c in GOALS]
    lines.append("| **worst** | " + " | ".join(f"**{x:.1e}**" for x in worst) + " |")
    lines.append("| goal | " + " | ".join(f"{x:.0e}" for x in GOALS.values()) + " |")
    return PREAMBLE.format(points=points) + "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def measured() -> tuple[dict[str, dict[str, float]], int]:
    return measure()


def test_the_table_is_large(measured):
    assert measured[1] >= 5000


def test_no_error_above_what_is_published(measured):
    published = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in measured[0]:
            published[cells[0]] = dict(zip(GOALS, map(float, cells[1:]), strict=True))
    assert published.keys() == measured[0].keys()
    for name, row in measured[0].items():
        for column, error in row.items():
            # the page has two digits
            assert error <= published[name][column] * 1.05 + ONE_ULP, (name, column)
            assert published[name][column] <= error * 1.05 + ONE_ULP, (name, column)


@pytest.mark.parametrize("column", GOALS)
def test_goals(measured, column):
    worst = max(measured[0], key=lambda name: measured[0][name][column])
    assert measured[0][worst][column] <= GOALS[column], worst


def test_arrays_give_what_numbers_give():
    with TABLE.open() as file:
        rows = list(csv.DictReader(file))[::7]
    n = np.array([int(r["n"]) for r in rows])
    k = np.array([int(r["k"]) for r in rows])
    p = np.array([float.fromhex(r["p"]) for r in rows])
    together = binomial.logsf(k, n, p)
    alone = [binomial.logsf(*one) for one in zip(k, n, p, strict=True)]
    np.testing.assert_array_equal(together, alone)


if __name__ == "__main__":
    PAGE.write_text(page(*measure()))
