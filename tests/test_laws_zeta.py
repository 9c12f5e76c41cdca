"""The zeta function against a table by two independent methods, and against itself."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from errors import relative_error
from hypothesis import given, settings
from hypothesis import strategies as st

from htstats._core import zeta

TABLE = Path(__file__).parent / "tables" / "zeta.csv"
# what htst_zeta.h promises for log Z and its derivatives, in its units
PROMISED = {"endless": (5e-16, 1e-15, 2e-15), "truncated": (1e-15, 2e-15, 2e-14)}


def rows():
    with TABLE.open() as file:
        for row in csv.DictReader(file):
            yield (
                "endless" if row["top"] == "inf" else "truncated",
                (float.fromhex(row["s"]), float(row["q"]), float(row["top"])),
                [float(row[name]) for name in ("log_z", "d1", "d2")],
            )


def test_table():
    strata = set()
    for kind, at, want in rows():
        strata.add(kind)
        got = zeta.log_scaled_sum(*at)
        unit = 1 + at[0] * math.log1p(1 / at[1])
        for value, exact, bound in zip(got, want, PROMISED[kind], strict=True):
            assert relative_error(value, exact) <= bound * unit, (at, got, want)
    assert strata == set(PROMISED)


def test_value_is_that_of_the_logarithm():
    for _, (s, q, top), want in rows():
        out = np.empty(1)
        zeta.scaled_sums(s, np.array([q]), top, out)
        # an exponential multiplies the error of its argument
        assert relative_error(out[0], math.exp(want[0])) <= 4e-15 * max(1, want[0])


def test_log_zeta_adds_the_scale():
    scaled, plain = zeta.log_scaled_sum(2.5, 17.0, math.inf), zeta.log_zeta(2.5, 17.0)
    assert plain[0] == scaled[0] - 2.5 * math.log(17)
    assert plain[1] == scaled[1] - math.log(17)
    assert plain[2] == scaled[2]
    # zeta(4) = pi^4/90
    assert zeta.log_zeta(4.0, 1.0)[0] == pytest.approx(math.log(math.pi**4 / 90), rel=1e-14)


@given(st.floats(1.01, 60), st.integers(1, 10**9), st.integers(1, 200))
@settings(max_examples=200, deadline=None)
def test_pieces_add_up(s, q, n):
    """Z(q) is the sum up to q + n - 1, and Z from q + n on: across every seam."""
    values = np.empty(2)
    zeta.scaled_sums(s, np.array([q, q + n], dtype=float), math.inf, values)
    head = np.empty(1)
    zeta.scaled_sums(s, np.array([float(q)]), float(q + n - 1), head)
    tail = values[1] * math.exp(-s * math.log1p(n / q))
    assert relative_error(head[0] + tail, values[0]) <= 1e-14


def test_outside_is_nan_and_lengths_are_checked():
    for at in [(1.0, 1.0, math.inf), (2.0, 0.5, math.inf), (2.0, 5.0, 4.0), (math.nan, 1.0, 2.0)]:
        assert np.isnan(zeta.log_scaled_sum(*at)).all()
    with pytest.raises(ValueError, match="lengths differ"):
        zeta.scaled_sums(2.0, np.ones(2), math.inf, np.ones(3))
