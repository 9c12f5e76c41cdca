"""The tail of float32 numbers that is spread over its buckets is the sorted one, in less memory."""

import numpy as np
import pytest
from test_exact_fit_sorted_tail import SAMPLES
from test_exact_fit_threaded_scan import distinct

from htstats import fit_power_law
from htstats._core import estimate, spread
from htstats._exact_fit import dispatch, solve, spread_tail
from htstats._exact_fit.candidates import best_of, sort_distinct
from htstats._exact_fit.histogram import count_buckets
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.sample import gather
from htstats._exact_fit.source import as_source
from htstats._exact_fit.threaded_scan import best_on_threads, marks_on_threads


def counted(x, side="positive", n_threads=1):
    """The source, the bounds and the tables of a sample, counted on threads however small it is."""
    source = as_source(x)
    buckets = count_buckets(source, n_threads)
    return source, buckets.prospect(side), buckets.tables


@pytest.fixture(autouse=True)
def _small_samples(monkeypatch):
    """Small samples are counted on threads, and spread however few elements a bucket has."""
    monkeypatch.setattr("htstats._common.threads._WORTH_A_THREAD", 100)
    monkeypatch.setattr(spread_tail, "WORTH_COUNTING", 0)


@pytest.mark.parametrize("side", ["abs", "positive", "negative"])
@pytest.mark.parametrize("name", SAMPLES)
def test_the_spread_tail_is_the_sorted_one(name, side):
    x = SAMPLES[name](np.random.default_rng(2)).astype(np.float32)
    x = -x if side == "negative" else x
    for n_threads in (1, 2, 3, 7, 40):
        source, prospect, tables = counted(x, side, n_threads)
        assert [where.stop for where, _ in tables][-1] == len(x)
        for start in {0, len(prospect.lower) // 2, len(prospect.lower) - 1}:
            values, first = sort_distinct(gather(source, side, float(prospect.lower[start])))
            given = source, side, tables, prospect, start, n_threads
            found = spread_tail.take_spread_tail(*given)
            assert found[0].dtype == np.float32
            assert found[1].dtype == np.uint32
            assert np.array_equal(found[0], values)
            assert np.array_equal(found[1], first)


def test_a_large_pareto_sample_is_spread(monkeypatch):
    x = (np.random.default_rng(4).random(900_000) ** -0.8).astype(np.float32)
    taken, scanned = [], []
    take = spread_tail.take_spread_tail
    monkeypatch.setattr(dispatch, "take_spread_tail", lambda *a: taken.append(1) or take(*a))
    monkeypatch.setattr(
        solve, "best_on_threads", lambda *a: scanned.append(a[0].dtype) or best_on_threads(*a)
    )
    for given in (x, -x, x.reshape(300, 3000), x.astype(">f4"), x[::2].copy()):
        for ks in ("left", "two-sided"):
            for min_tail in (1, 1000):
                rule = {"ks": ks, "min_tail": min_tail, "side": "abs"}
                other = fit_power_law(given.astype(float), **rule)
                found = [fit_power_law(given, n_threads=n, **rule) for n in (1, 2)]
                assert found[0] == found[1]
                assert (found[0].alpha, found[0].distance) == (other.alpha, other.distance)
    assert taken == [1] * 40
    assert scanned == [np.float32] * 40


def test_a_tail_that_is_too_small_is_refused():
    x = (np.random.default_rng(4).random(700_000) ** -0.8).astype(np.float32)
    for n_threads in (1, 2):
        for given in (x, x.astype(float)):
            with pytest.raises(ValueError, match="no candidate xmin is allowed"):
                fit_power_law(given, n_threads=n_threads, min_tail=700_001)
            fit = fit_power_law(given, n_threads=n_threads, min_tail=700_000)
            assert (fit.n_tail, fit.xmin) == (700_000, x.min())


def test_few_distinct_values_become_wide(monkeypatch):
    monkeypatch.setattr(dispatch, "WORTH_A_SORT", 1000)
    x = np.round(np.random.default_rng(3).pareto(1.2, 30_000) + 1, 1).astype(np.float32)
    taken = []
    take = spread_tail.take_spread_tail
    monkeypatch.setattr(dispatch, "take_spread_tail", lambda *a: taken.append(1) or take(*a))
    for estimates_at_once in (10, 10_000):
        options = FitOptions(way="pruned", estimates_at_once=estimates_at_once)
        one = dispatch.fit_tail(x, "abs", options._replace(way="sorted"))
        for n_threads in (1, 2):
            assert dispatch.fit_tail(x, "abs", options, n_threads=n_threads) == one
    assert taken == [1] * 4


@pytest.mark.parametrize("is_fast", [False, True])
def test_one_thread_spreads_too(monkeypatch, is_fast):
    x = (np.random.default_rng(8).random(700_000) ** -0.8).astype(np.float32)
    monkeypatch.setattr("htstats._exact_fit.dispatch.is_sorted_by_numpy", lambda x: is_fast)
    taken = []
    take = spread_tail.take_spread_tail
    monkeypatch.setattr(dispatch, "take_spread_tail", lambda *a: taken.append(1) or take(*a))
    one = dispatch.fit_tail(x, "abs", FitOptions())
    assert taken == [1]
    assert one == dispatch.fit_tail(x, "abs", FitOptions(way="at once"))
    assert one == dispatch.fit_tail(x, "abs", FitOptions(way="pruned or at once"))
    assert taken == [1] * (2 if is_fast else 1)


def test_what_cannot_be_spread_is_sorted(monkeypatch):
    rng = np.random.default_rng(5)
    x = (1 + rng.pareto(1.5, 9000)).astype(np.float32)
    source, prospect, tables = counted(x)
    assert spread_tail.can_spread(source, tables, prospect, 0)
    few = int(np.searchsorted(-prospect.tail, -len(x) // 9))
    assert not spread_tail.can_spread(source, tables, prospect, few)
    assert not spread_tail.can_spread(source, [], prospect, 0)
    for other in (x.astype(float), [x[:4000], x[4000:]]):
        source, prospect, tables = counted(other)
        assert not spread_tail.can_spread(source, tables, prospect, 0)
    source, prospect, tables = counted(np.append(x, np.float32([0, 1e-42])))  # in one slot
    assert not spread_tail.can_spread(source, tables, prospect, 0)
    source, prospect, tables = counted(x)
    average = int(prospect.tail[0]) / len(prospect.lower)
    for few, is_worth_it in ((0.99 * average, True), (1.01 * average, False)):
        monkeypatch.setattr(spread_tail, "WORTH_COUNTING", few)
        assert spread_tail.can_spread(source, tables, prospect, 0) == is_worth_it


@pytest.mark.parametrize(
    "change", [lambda x: x[:100] + 5, lambda x: -x[:100], lambda x: 0 * x[:100]]
)
def test_data_that_change_between_the_readings_are_refused(change):
    x = np.random.default_rng(2).pareto(1.2, 30_000).astype(np.float32) + 1
    source, prospect, tables = counted(x, "positive", 3)
    x[:100] = change(x)
    with pytest.raises(ValueError, match="x must give the same numbers each time"):
        spread_tail.take_spread_tail(source, "positive", tables, prospect, 0, 3)


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("name", ["float32", "ties", "repeated", "two"])
def test_narrow_arrays_give_the_candidate_of_wide_ones(monkeypatch, name, two_sided):
    monkeypatch.setattr("htstats._exact_fit.threaded_scan.BLOCKS_OF_A_TURN", 5)
    values, first = distinct(name)
    values, first = sort_distinct(np.repeat(values.astype(np.float32), np.diff(first)))
    m, slim = len(values), (values.astype(np.float32), first.astype(np.uint32))
    marks = np.empty((estimate.blocks(m) + 1, 4))
    estimate.marks(values, first, marks)
    for n_threads in (1, 2, 5):
        assert np.array_equal(marks_on_threads(*slim, n_threads), marks)
        for begin, end in {(0, m - 1), (m // 3, m - 1), (m - 2, m - 1), (0, 1), (m - 1, m)}:
            for tolerance in (0.0, 1e-13, 1e-3):
                one = best_of(values, first, two_sided, begin, end, tolerance, at_once=0)
                found = best_on_threads(*slim, two_sided, begin, end, tolerance, n_threads)
                assert found[:2] == one[:2]
                assert found[2] == one[2] or found[0] < 0


def test_the_bindings_that_spread_refuse_wrong_shapes():
    x, out = np.array([1, 1.5, 1], np.float32), np.zeros(6, np.uint16)
    begin = int(x[:1].view(np.int32)[0]) >> 14
    size = 257
    starts = np.zeros(size + 1, np.uint32)
    starts[1:] = 2
    starts[-1] = 3
    good = (x, 1, begin, starts[:-1].copy(), out)
    assert spread.spread_f32(*good) == 3
    for place, bad in ((2, -1), (2, spread.BUCKETS), (3, starts[:0]), (4, out[:4])):
        with pytest.raises(ValueError, match=r"need|must"):
            spread.spread_f32(*good[:place], bad, *good[place + 1 :])
    count, v, first = np.zeros(spread.LOWER, np.uint32), x.copy(), np.zeros(3, np.uint32)
    good = (begin, starts, out, False, count, v, first)
    assert spread.distinct_f32(*good) == 2
    assert v[:2].tolist() == [1, 1.5]
    assert first[:2].tolist() == [0, 2]
    falls = starts[::-1].copy()
    for place, bad in ((0, -1), (1, starts[:1]), (2, out[:2]), (4, count[1:]), (5, v[1:])):
        with pytest.raises(ValueError, match=r"need|must"):
            spread.distinct_f32(*good[:place], bad, *good[place + 1 :])
    with pytest.raises(ValueError, match=r"need|must|BAD_ARG"):
        spread.distinct_f32(begin, falls, out, False, count, v, first)
