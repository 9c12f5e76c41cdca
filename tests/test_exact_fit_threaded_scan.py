"""The scan on threads: to the bit the result of one thread, and of the curve of all distances."""

import numpy as np
import pytest

from htstats import fit_power_law
from htstats._core import estimate, narrow, scan, scan_part
from htstats._exact_fit import solve
from htstats._exact_fit.candidates import best_of, estimate_candidates, sort_distinct
from htstats._exact_fit.threaded_scan import best_on_threads, marks_on_threads


def pareto(rng, n):
    return 1 + rng.pareto(1.5, n)


SAMPLES = {
    "pareto": pareto,
    "ties": lambda rng, n: np.round(pareto(rng, n), 3),
    "float32": lambda rng, n: pareto(rng, n).astype(np.float32).astype(float),
    "normal": lambda rng, n: np.abs(rng.standard_normal(n)),
    "two tails": lambda rng, n: np.concatenate(
        [pareto(rng, n // 2), 50 + 90 * pareto(rng, n // 2)]
    ),
    # repeated far up: distances that are equal except for their last digits
    "repeated": lambda rng, n: np.repeat(1.5 ** np.arange(1.0, 60), n // 60),
    "few": lambda rng, n: pareto(rng, 3),
    "two": lambda rng, n: np.array([1.0, 2.0]),
}


def distinct(name, seed=0, n=9000):
    return sort_distinct(SAMPLES[name](np.random.default_rng(seed), n))


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
def test_threads_find_the_candidate_of_one_thread(name, two_sided):
    values, first = distinct(name)
    m = len(values)
    for begin, end in {(0, m - 1), (0, m), (m // 3, m - 1), (m - 2, m - 1), (0, 1)}:
        for tolerance in (0.0, 1e-13, 1e-3):
            one = best_of(values, first, two_sided, begin, end, tolerance, at_once=0)
            for n_threads in (1, 2, 3, 8):
                found = best_on_threads(values, first, two_sided, begin, end, tolerance, n_threads)
                assert found[:2] == one[:2], (begin, end, tolerance, n_threads)
                assert found[2] == one[2] or found[0] < 0


@pytest.mark.parametrize("seed", range(5))
def test_threads_find_the_lowest_candidate_within_the_tolerance(seed):
    values, first = distinct("ties", seed)
    end = len(values) - 1
    plus, minus = estimate_candidates(values, first).curve(0, end)
    distances = np.maximum(plus, minus)
    for tolerance in (0.0, 1e-3, 0.02):
        k = int(np.flatnonzero(distances <= distances.min() + tolerance)[0])
        found = best_on_threads(values, first, False, 0, end, tolerance, 3)
        assert found[:2] == (k, distances[k])


@pytest.mark.parametrize("name", SAMPLES)
def test_marks_of_threads_are_those_of_one(name, monkeypatch):
    monkeypatch.setattr("htstats._exact_fit.threaded_scan.BLOCKS_OF_A_TURN", 7)
    values, first = distinct(name)
    marks = np.empty((estimate.blocks(len(values)) + 1, 4))
    estimate.marks(values, first, marks)
    for n_threads in (1, 2, 5):
        assert np.array_equal(marks_on_threads(values, first, n_threads), marks)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "options", [{}, {"ks": "two-sided"}, {"xmin": (1.5, 9.0)}, {"min_tail": 99}]
)
def test_large_fits_scan_on_threads(monkeypatch, dtype, options):
    scanned = []
    monkeypatch.setattr(
        solve, "best_on_threads", lambda *a: scanned.append(a[-1]) or best_on_threads(*a)
    )
    x = pareto(np.random.default_rng(1), 700_000).astype(dtype)
    assert fit_power_law(x, n_threads=3, **options) == fit_power_law(x, **options)
    assert scanned == [3]


def test_no_allowed_candidate_is_none_for_any_number_of_threads():
    values, first = np.array([1.0, 2.0, 4.0]), np.array([0, 1, 2, 3])
    for n_threads in (1, 2):
        found = best_on_threads(values, first, False, 2, 3, 0.0, n_threads)
        assert found[0] == best_of(values, first, False, 2, 3, 0.0, at_once=0)[0] == -1


@pytest.mark.parametrize(
    ("steps", "groups_of", "dtypes"),
    [(scan_part, estimate.groups, ("f8", "i8")), (narrow, narrow.groups, ("f4", "u4"))],
)
def test_the_steps_of_the_bindings_refuse_wrong_shapes(steps, groups_of, dtypes):
    values, first = (
        array.astype(d) for array, d in zip(distinct("float32", n=300), dtypes, strict=True)
    )
    m = len(values)
    marks, work = marks_on_threads(values, first, 1), np.empty(scan.workspace(m))
    steps.prepare(values, first, marks, False, 5, work)
    good = (values, first, marks, False, 5, work, scan_part.LEAST, 5, m, 1.0, np.inf)
    assert steps.part(*good)[0] >= 5
    for place, bad in ((1, first[1:]), (2, marks[1:]), (4, 6), (5, work[1:]), (6, 4), (8, m + 1)):
        with pytest.raises(ValueError, match=r"need|must"):
            steps.part(*good[:place], bad, *good[place + 1 :])
    for place, bad in ((1, first[1:]), (2, marks[1:]), (4, m), (4, -1), (5, work[1:])):
        with pytest.raises(ValueError, match=r"need|must"):
            steps.prepare(*good[:place], bad, *good[place + 1 : 6])
    groups = np.empty((len(marks) - 1, estimate.WORDS_OF_GROUPS))
    for edges in ((0, len(marks)), (1, len(marks) - 1), (0, 0)):
        with pytest.raises(ValueError, match="out must"):
            groups_of(values, first, *edges, groups)
    with pytest.raises(ValueError, match=r"need|must"):
        estimate.marks_of_groups(groups, marks[1:])
    with pytest.raises(ValueError, match="argument"):
        groups_of(values[::-1].copy(), first, 0, len(groups), groups)
