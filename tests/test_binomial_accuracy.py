"""The published accuracy of the binomial tails: measured against tests/tables/binomial*.csv.

`python tests/test_binomial_accuracy.py` rewrites docs/accuracy-binomial.md from what it measures.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from accuracy_pages import Peaks, format_peaks, read_peaks, require_goal
from errors import relative_error

from htstats import binomial
from htstats.binomial import _arguments as _binomial_arrays

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "tables" / "binomial.csv"
INVERSES = ROOT / "tests" / "tables" / "binomial_inverses.csv"
PAGE = ROOT / "docs" / "accuracy-binomial.md"
GOALS = {"log tails": 4e-15, "log pmf": 4e-15, "tails": 4e-15, "pmf": 4e-15, "n KL": 1e-15}
GOALS["Chernoff"] = 1e-15
INVERSE_GOALS = {"p": 1e-13, "log p": 1e-13, "log(1-p)": 1e-13}
ONE_ULP = 2.3e-16  # what another C library's log or exp may add
PREAMBLE = """# Accuracy of the binomial tails

This page gives the largest relative error in each stratum of `tests/tables/binomial.csv`. The
table has {points} points with 22 digits, each computed by two independent methods
(`tests/tables/make_binomial_reference.py`). The columns are: log P(X >= k) and log P(X <= k), in
units of max(1, abs log(1-P)); log P(X = k); these three probabilities themselves, if they are
above 1e-300; n KL(k/n || p); and Chernoff's bound of log P(X >= k), which is exactly 0 for k <= n
p. `python tests/test_binomial_accuracy.py` writes the page. A test checks the code against these
figures and the figures against the code.

"""
INVERSE_PREAMBLE = """
## Inversions

`log_isf` gives the smallest k by `logsf` itself, without error; a test checks it at every tail of
the table above. `upper_limit` is compared with `tests/tables/binomial_inverses.csv` ({points}
points with 22 digits, by two methods: `tests/tables/make_binomial_inverses.py`). `lower_limit` is
its mirror image, bit by bit. The columns are: the smaller of p and 1-p, computed from its log, if
it is above 1e-300; log p; log(1-p).

"""


def log_error(got: float, want: mp.mpf, other: mp.mpf) -> float:
    """The relative error of log P in units of max(1, abs log(1-P)).

    Denormal logs may miss by the distance between two of them: the last ones, which have hardly a
    digit, by twice that.
    """
    grain = 1e-323 if abs(want) < mp.mpf(2) ** -1060 else 5e-324
    unit = max(1.0, abs(float(other)) if abs(want) < 0.69 else 1.0)
    return relative_error(got, want, grain=grain) / unit


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table; mpmath then works with as many digits as it has."""
    mp.mp.dps = 30
    with path.open() as file:
        return list(csv.DictReader(file))


def measure() -> tuple[Peaks, int]:
    """stratum -> column -> peak error."""
    peaks: Peaks = {}
    rows = read_table(TABLE)
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
            "log pmf": relative_error(binomial.logpmf(k, n, p), mass)
            if abs(mass) > mp.mpf(2) ** -1022
            else 0.0,
            "n KL": relative_error(binomial.kl(k, n, p), kl) if kl > mp.mpf(2) ** -1022 else 0.0,
        }
        bound = binomial.chernoff_logsf(k - 1, n, p)
        if k > n * mp.mpf(p):
            found["Chernoff"] = relative_error(-bound, kl) if kl > mp.mpf(2) ** -1022 else 0.0
        else:
            found["Chernoff"] = 0.0 if bound == 0 else math.inf
        values = ((binomial.sf(k - 1, n, p), upper), (binomial.cdf(k, n, p), lower))
        found["tails"] = max(
            (relative_error(got, mp.exp(log)) for got, log in values if log > -690), default=0.0
        )
        found["pmf"] = relative_error(binomial.pmf(k, n, p), mp.exp(mass)) if mass > -690 else 0.0
        best = peaks.setdefault(row["stratum"], dict.fromkeys(GOALS, 0.0))
        for column, error in found.items():
            best[column] = max(best[column], error)
    return peaks, len(rows)


def measure_inverses() -> tuple[Peaks, int]:
    """stratum -> column -> peak error."""
    peaks: Peaks = {}
    rows = read_table(INVERSES)
    for row in rows:
        n, k, level = int(row["n"]), int(row["k"]), float.fromhex(row["level"])
        log_p, log_q = mp.mpf(row["log_p"]), mp.mpf(row["log1m_p"])
        limit = binomial.upper_limit(k, n, level)
        got, want = min((limit.log_p, log_p), (limit.log1m_p, log_q))
        found = {
            "p": float(abs(mp.mpf(got) - want)) if want > -690 else 0.0,
            "log p": relative_error(limit.log_p, log_p) if log_p < -1e-300 else 0.0,
            "log(1-p)": relative_error(limit.log1m_p, log_q) if log_q < -1e-300 else 0.0,
        }
        best = peaks.setdefault(row["stratum"], dict.fromkeys(INVERSE_GOALS, 0.0))
        for column, error in found.items():
            best[column] = max(best[column], error)
    return peaks, len(rows)


def page() -> str:
    (peaks, points), (inverse_peaks, inverse_points) = measure(), measure_inverses()
    return (
        PREAMBLE.format(points=points)
        + format_peaks(peaks, GOALS)
        + INVERSE_PREAMBLE.format(points=inverse_points)
        + format_peaks(inverse_peaks, INVERSE_GOALS)
    )


@pytest.fixture(scope="module")
def measured() -> tuple[Peaks, int]:
    return measure()


def test_the_table_is_large(measured):
    assert measured[1] >= 5000


@pytest.fixture(scope="module")
def inverses() -> tuple[Peaks, int]:
    return measure_inverses()


@pytest.mark.parametrize(("fixture", "goals"), [("measured", GOALS), ("inverses", INVERSE_GOALS)])
def test_no_error_above_what_is_published(fixture, goals, request):
    measured, _ = request.getfixturevalue(fixture)
    page = read_peaks(PAGE.read_text(), goals)
    assert page.keys() == measured.keys()
    for name, row in measured.items():
        for column, error in row.items():
            # the page has two digits
            assert error <= page[name][column] * 1.05 + ONE_ULP, (name, column)
            assert page[name][column] <= error * 1.05 + ONE_ULP, (name, column)


@pytest.mark.parametrize("column", GOALS)
def test_goals(measured, column):
    require_goal(measured[0], GOALS, column)


@pytest.mark.parametrize("column", INVERSE_GOALS)
def test_inverse_goals(inverses, column):
    assert inverses[1] >= 300
    require_goal(inverses[0], INVERSE_GOALS, column)


def table_arguments() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with TABLE.open() as file:
        rows = list(csv.DictReader(file))
    n = np.array([int(r["n"]) for r in rows])
    k = np.array([int(r["k"]) for r in rows])
    return k, n, np.array([float.fromhex(r["p"]) for r in rows])


@pytest.mark.parametrize("name", _binomial_arrays.FUNCTIONS)
def test_arrays_give_what_numbers_give(name):
    function, (k, n, p) = getattr(binomial, name), table_arguments()
    together = function(k, n, p)
    alone = [function(*one) for one in zip(k.tolist(), n.tolist(), p.tolist(), strict=True)]
    np.testing.assert_array_equal(together, alone)


def test_log_isf_of_every_tail_of_the_table():
    k, n, p = table_arguments()
    level = binomial.logsf(k, n, p)
    found = binomial.log_isf(level, n, p)
    assert np.all(found <= k)
    assert np.all(binomial.logsf(found, n, p) <= level)
    before = binomial.logsf(found - 1, n, p)
    assert np.all((before > level) | (level == 0))


if __name__ == "__main__":
    PAGE.write_text(page())
