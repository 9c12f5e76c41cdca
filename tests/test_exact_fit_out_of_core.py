"""A fit of more values than memory holds is that of the array in memory, bit by bit."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.watched_matrix import Matrix, ThreadedMatrix

from htstats._core import estimate, scan
from htstats._exact_fit.options import check_options
from htstats._exact_fit.out_of_core.budget import plan_memory
from htstats._exact_fit.out_of_core.ranges import Cells, Ranges
from htstats._exact_fit.out_of_core.scan import OutOfCoreScan, Shortlist
from htstats._exact_fit.source import as_source
from htstats.power_law import LEAST_FOR_A_FIT, fit_power_law, fit_rows
from htstats.power_law._fit_rows import fit_in_budget
from htstats.sketch import FORMATS, TailSketch

DTYPES = {"float32": np.float32, "float64": np.float64}


def cells_of(x, side="abs"):
    buckets = TailSketch(x.dtype.name).update(x).buckets(side)
    last = buckets.pattern + (1 << FORMATS[x.dtype.name].dropped) - 1
    return Cells(np.maximum(buckets.pattern, 1), last, buckets.count)


def samples(n, rng):
    yield "pareto", rng.pareto(1.5, n) + 1
    yield "student", rng.standard_t(3, n)
    yield "ties", np.round(rng.pareto(1.2, n) * 3) + 1
    yield "one bucket", 1 + rng.random(n) * 1e-5
    yield "wide", np.exp(rng.normal(size=n) * 20)
    yield "quantiles", ((np.arange(n) + 0.5) / n) ** -0.7
    yield "heavy value", np.where(rng.random(n) < 0.5, 2.0, rng.pareto(2, n) + 1)
    yield "denormals", rng.pareto(1.5, n) * 1e-42


def assert_found(x, side, max_memory, **sizes):
    budget = plan_memory(max_memory)
    found = OutOfCoreScan(as_source(x), side, cells_of(x, side), budget, **sizes).best()
    fit = fit_power_law(x, side=side)
    assert found.xmin == fit.xmin
    assert found.rate + 1 == fit.alpha
    assert found.distance == fit.distance
    assert fit.n - found.first == fit.n_tail


@pytest.mark.parametrize("dtype", list(DTYPES))
@pytest.mark.parametrize("max_memory", [1 << 13, 1 << 16, 1 << 20])
def test_the_best_candidate_is_that_of_memory(dtype, max_memory):
    rng = np.random.default_rng(0)
    for side, (_, x) in zip(
        itertools.cycle(("abs", "positive", "negative")),
        samples(min(max_memory // 16, 20_000), rng),
        strict=False,
    ):
        y = -x if side == "negative" else x
        assert_found(y.astype(DTYPES[dtype]), side, max_memory)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=200), st.integers(1, 4))
def test_few_values_many_ties(numbers, chunk):
    x = np.array(numbers, np.float64) ** 1.5
    if len(set(numbers)) > 1:
        # candidates come one by one, and more than a few are measured in two rounds
        assert_found(x, "positive", 1 << 10, many=chunk, n_likely=chunk)


def test_candidates_that_are_all_alike_are_taken_in_turns():
    """Of exact quantiles each candidate is nearly as good as the next one."""
    turns = []

    class Watched(OutOfCoreScan):
        def search_below(self, limit, below):
            turns.append(below)
            return super().search_below(limit, below)

    x = ((np.arange(3000) + 0.5) / 3000) ** -0.7
    budget = plan_memory(1 << 13)
    found = Watched(as_source(x), "positive", cells_of(x), budget, tolerance=1e-4).best()
    assert len(turns) > 3
    assert turns == sorted(turns, reverse=True)
    from htstats._exact_fit.candidates import candidates_of

    k, distance = candidates_of(x).best(tolerance=1e-4)
    assert (found.xmin, found.distance) == (np.sort(x)[k], distance)


def held(ranges, pieces):
    """Bytes that these pieces take while their values are there."""
    return sum(8 * piece.words(ranges._item) for piece in pieces) + sum(
        a.slots.nbytes + a.more.nbytes for a in ranges._overflow
    )


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_ranges_give_all_values_once_and_fit_their_room(dtype):
    for (name, x), room in itertools.product(
        samples(2000, np.random.default_rng(1)), (1 << 8, 1 << 12, 1 << 16)
    ):
        x = x.astype(DTYPES[dtype])
        ranges = Ranges(as_source(x), "abs", cells_of(x), room)
        parts, largest = [], 0
        for v, c in ranges.chunks(37):
            parts.append((v.copy(), c))
            largest = max(largest, held(ranges, ranges.ranges[ranges._held]))
        values, counts = np.unique(np.abs(x), return_counts=True)
        assert np.array_equal(np.concatenate([v for v, _ in parts[::-1]]), values)
        assert np.array_equal(np.concatenate([c for _, c in parts[::-1]]), counts)
        assert max(len(v) for v, _ in parts) <= 37
        assert largest <= room, name


def crowded(n):
    """Of neighbouring floats: one thousandth of them have nearly all, some 70,000 have two."""
    few, many = np.arange(0, 70_000, 1000), np.repeat(np.arange(70_000), 2)
    steps = np.concatenate([many, np.repeat(few, n // len(few))])
    return (np.float32(1).view(np.int32) + steps.astype(np.int32)).view(np.float32)


def test_narrow_counts_start_anew_and_lose_nothing():
    x = np.random.default_rng(2).permutation(crowded(560_000))
    ranges = Ranges(as_source(x), "positive", cells_of(x), 1 << 20)
    (top, top_counts), (v, c) = ranges.chunks(len(x))
    assert [piece.width for piece in ranges.ranges[0]] == [0, 1]
    assert len(ranges._overflow[1].slots) == 70
    v, c = np.append(v, top), np.append(c, top_counts)
    values, counts = np.unique(x, return_counts=True)
    assert np.array_equal(v, values)
    assert np.array_equal(c, counts)


def test_counts_are_as_wide_as_values_are_dense():
    base = np.float32(1).view(np.int32) + np.arange(1 << 15, dtype=np.int32)
    for times, width in ((1, 1), (40, 2), (3000, 2)):
        x = np.repeat(base[: 1 << 15 if times < 100 else 1 << 12].view(np.float32), times)
        (pieces,) = Ranges(as_source(x), "positive", cells_of(x), 1 << 20).ranges
        assert [piece.width for piece in pieces] == [width]


def test_one_range_is_read_once():
    reads = []
    source = as_source(np.random.default_rng(3).pareto(1.5, 30_000) + 1)
    x = next(source.parts())

    def parts():
        reads.append(1)
        return iter((x,))

    ranges = Ranges(source._replace(parts=parts), "abs", cells_of(x), 1 << 20)
    one, other = (np.concatenate([v for v, _ in ranges.chunks(100)]) for _ in range(2))
    assert np.array_equal(one, other)
    assert len(reads) == 1
    assert len(ranges.ranges) == 1


def test_a_pareto_is_read_twice_where_its_counts_fit():
    """Once for the sketch, and once for the counts of each float: 14 million of them in 17 MB."""
    n, budget = 1 << 24, 48 << 20
    x = np.exp(np.random.default_rng(6).standard_exponential((1 << 11, n >> 11)) / 1.5)
    rows = Matrix("w", x.astype("f4"))
    fit = fit_rows(rows, max_memory=budget)
    assert fit.n_tail > 0.9 * n  # nothing could be left out, nor was it gathered
    assert 8 * n > budget
    assert rows.passes == 2


def test_values_that_change_are_noticed():
    x = np.random.default_rng(3).pareto(1.5, 4000).astype("f4") + 1
    for room in (1 << 10, 1 << 20):
        with pytest.raises(ValueError, match="the same numbers each time"):
            list(Ranges(as_source(x[:-1]), "abs", cells_of(x), room).chunks(100))


@pytest.mark.parametrize("dtype", list(DTYPES))
@pytest.mark.parametrize("side", ["abs", "positive", "negative"])
def test_rows_beyond_the_memory(dtype, side):
    rng = np.random.default_rng(4)
    for name, x in samples(10_000, rng):
        W = (x * rng.choice([-1, 1], len(x))).astype(DTYPES[dtype]).reshape(50, 200)
        rows = Matrix("w", W)
        fit, expected = fit_in_bytes(rows, 1 << 16, side), fit_power_law(W, side=side)
        for field in ("alpha", "xmin", "distance", "n", "n_tail", "excluded", "side", "ks"):
            assert getattr(fit, field) == getattr(expected, field), (name, field)
        assert rows.largest <= 1 << 12


def fit_in_bytes(rows, max_memory, side="abs", **rule):
    """`fit_rows` with less memory than it takes, so that small matrices go beyond it."""
    return fit_in_budget(rows, side, check_options(**rule), plan_memory(max_memory))


FIELDS = ("alpha", "xmin", "distance", "n", "n_tail", "excluded", "side", "ks", "xmax")

RULES = [
    {"ks": "two-sided"},
    {"min_tail": 700},
    {"xmin": 1.25},
    {"xmin": (1.2, 3.0)},
    {"xmin": (0.0, 1.5), "min_tail": 300},
    {"xmax": 4.0},
    {"xmin": 1.1, "xmax": 2.0},
    {"xmin": (1.0, 1.3), "xmax": 1.9, "ks": "two-sided", "min_tail": 5},
    {"xmax": 1e30},
]


@pytest.mark.parametrize("dtype", ["float16", *DTYPES])
@pytest.mark.parametrize("side", ["abs", "negative"])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_rules_of_a_fit(dtype, side, rule):
    rng = np.random.default_rng(7)
    W = ((rng.pareto(1.5, (50, 200)) + 1) * rng.choice([-1, 0, 1], (50, 200))).astype(dtype)
    W[:, 0] = W.dtype.type(rule.get("xmax", 4.0) if rule.get("xmax", 1) < 1e9 else 4.0)
    rows = ThreadedMatrix("w", W)
    fit = fit_rows(rows, side=side, n_threads=2, **rule)
    expected = fit_power_law(W, side=side, **rule)
    assert [getattr(fit, f) for f in FIELDS] == [getattr(expected, f) for f in FIELDS]
    assert rows.passes <= 4


def test_min_tail_beyond_the_memory():
    W = np.random.default_rng(8).pareto(1.5, (50, 200)) + 1
    for min_tail in (20, 9990):
        rows, rule = Matrix("w", W), {"min_tail": min_tail}
        fit, expected = fit_in_bytes(rows, 1 << 16, **rule), fit_power_law(W, **rule)
        assert rows.passes > 4
        assert [getattr(fit, f) for f in FIELDS[:5]] == [getattr(expected, f) for f in FIELDS[:5]]
    with pytest.raises(
        ValueError, match="no candidate xmin is allowed by xmin=None, min_tail=10001"
    ):
        fit_in_bytes(Matrix("w", W), 1 << 16, min_tail=10001)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"ks": "two-sided"}, "enough for the tail where ks is 'two-sided': got 65536"),
        ({"xmax": 9.0}, "enough for the values between xmin and xmax, up to 9[0-9]{3}: it is for"),
        ({"xmin": (0.5, 2.0)}, "enough for the values between xmin and xmax, up to 10000"),
    ],
)
def test_what_is_only_scanned_in_memory_says_so(rule, message):
    W = np.random.default_rng(8).pareto(1.5, (50, 200)) + 1
    with pytest.raises(ValueError, match=f"max_memory must be {message}"):
        fit_in_bytes(Matrix("w", W), 1 << 16, **rule)
    far = {"xmin": 6.0} if "ks" not in rule else {"xmin": 6.0, **rule}
    fit, expected = (
        fit_in_bytes(Matrix("w", W), 1 << 16, **far),
        fit_power_law(W, side="abs", **far),
    )
    assert [getattr(fit, f) for f in FIELDS] == [getattr(expected, f) for f in FIELDS]


@pytest.mark.parametrize(
    "rule", [{"xmin": (90.0, 95.0)}, {"xmin": 1e9}, {"xmax": 0.5}, {"xmin": 2.0, "xmax": 1.0},
             {"ks": "right"}, {"min_tail": 0}],
)  # fmt: skip
def test_rules_that_cannot_be_met_say_what_they_say_in_memory(rule):
    W = np.random.default_rng(9).random((20, 20)) + 1
    with pytest.raises(ValueError) as expected:
        fit_power_law(W, side="abs", **rule)
    with pytest.raises(ValueError) as found:
        fit_rows(Matrix("w", W), **rule)
    assert str(found.value) == str(expected.value)


def test_one_value_alone_is_no_law():
    for dtype in DTYPES:
        with pytest.raises(ValueError, match="at least two distinct usable values"):
            fit_in_bytes(Matrix("w", np.ones((100, 100), dtype)), 1 << 12)


def test_the_least_memory_is_named():
    with pytest.raises(ValueError, match="max_memory must be at least 16777216, got 1000"):
        fit_rows(Matrix("w", np.ones((3, 3))), max_memory=1000)


RESIDENT = """
from pathlib import Path
import numpy as np
from htstats.streaming import fit_rows
from htstats.power_law import fit_power_law
from htstats.weights import open_weights

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

(matrix,) = open_weights({path!r}).values()
fit_power_law(np.arange(1.0, 9.0))
before = peak()
fit = fit_rows(matrix, max_memory={budget})
print(peak() - before, fit.alpha, fit.xmin, fit.distance, fit.n_tail)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
@pytest.mark.parametrize("dtype", list(DTYPES))
def test_resident_memory_of_a_pareto_stays_in_the_budget(tmp_path, dtype):
    """All of it is the fit's tail, and two or four times the budget before it is sorted."""
    n, budget = 8 << 20, 16 << 20
    W = np.exp(np.random.default_rng(5).standard_exponential((n // 1024, 1024)) / 1.5)
    W = W.astype(dtype)
    np.save(tmp_path / "w.npy", W)
    code = RESIDENT.format(path=str(tmp_path / "w.npy"), budget=budget)
    answer = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    expected = fit_power_law(W)
    assert 1024 < int(answer[0]) < budget >> 10
    assert [float(word) for word in answer[1:4]] == [
        expected.alpha, expected.xmin, expected.distance
    ]  # fmt: skip
    assert int(answer[4]) == expected.n_tail


@given(st.integers(16, 1 << 40))
def test_the_fields_of_a_budget_add_up(max_memory):
    assert sum(plan_memory(max_memory)) == max_memory
    assert min(plan_memory(max_memory)) > 0


@given(st.integers(LEAST_FOR_A_FIT, 1 << 36))
def test_the_fields_of_a_budget_hold_what_they_are_for(max_memory):
    budget = plan_memory(max_memory)
    size = budget.chunk + estimate.BLOCK + max(budget.probes, budget.most_candidates) + 1
    assert 4 * 8 * size + 8 * scan.workspace(size) <= budget.window
    columns = len(Shortlist._fields)
    assert 3 * columns * 8 * budget.most_candidates <= budget.shortlist


@pytest.mark.parametrize("max_memory", [1 << 18, 999_983, 1 << 24, (1 << 26) + 12345])
def test_what_a_scan_allocates_is_in_its_budget(max_memory):
    budget, x = plan_memory(max_memory), np.random.default_rng(9).pareto(1.5, 5000) + 1
    found = OutOfCoreScan(as_source(x), "abs", cells_of(x), budget)
    assert found._ranges._buffer.nbytes <= budget.ranges + 8
    window = found._window
    columns = (window._v, window._y, window._rate, window._first)
    assert sum(column.nbytes for column in columns) <= budget.window
