"""The tail that several threads take is the one that one thread takes."""

import numpy as np
import pytest

from htstats import fit_power_law
from htstats._exact_fit import dispatch, sorted_tail
from htstats._exact_fit.candidates import sort_distinct
from htstats._exact_fit.histogram import count_buckets
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.sample import gather
from htstats._exact_fit.source import as_source

N = 30_000
SAMPLES = {
    "pareto": lambda rng: rng.pareto(1.2, N) + 1,
    "ties": lambda rng: np.round(rng.pareto(1.2, N), 1),
    "two values": lambda rng: rng.choice([1.0, 3.0], N),
    "normal": lambda rng: rng.standard_normal(N),
    "one bucket": lambda rng: 1 + 1e-7 * rng.random(N),
    "wide": lambda rng: np.exp(80 * rng.standard_normal(N).clip(-1, 1)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", ["abs", "positive"])
@pytest.mark.parametrize("name", SAMPLES)
def test_intervals_together_are_the_tail(name, side, dtype):
    x = SAMPLES[name](np.random.default_rng(2)).astype(dtype)
    source = as_source(x)
    prospect = count_buckets(source, 1).prospect(side)
    for start in {0, len(prospect.lower) // 2, len(prospect.lower) - 1}:
        low = float(prospect.lower[start])
        values, first = sort_distinct(gather(source, side, low))
        for n_threads in (2, 3, 7, 40):
            found = sorted_tail.take_sorted_tail(source, side, prospect, start, n_threads)
            assert np.array_equal(found[0], values)
            assert np.array_equal(found[1], first)
            assert found[0].dtype == np.float64


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", SAMPLES)
def test_fits_on_threads_have_the_same_bits(monkeypatch, name, dtype):
    monkeypatch.setattr(dispatch, "WORTH_A_SORT", 1000)
    with np.errstate(over="ignore"):
        x = SAMPLES[name](np.random.default_rng(3)).astype(dtype)
    x = x[np.isfinite(x)]
    taken = []
    take = sorted_tail.take_sorted_tail
    monkeypatch.setattr(dispatch, "take_sorted_tail", lambda *a: taken.append(1) or take(*a))
    for options in (FitOptions(way="pruned"), FitOptions(way="pruned", ks="two-sided")):
        try:
            one, checksum = dispatch.fit_tail(x, "abs", options)
        except ValueError as error:
            with pytest.raises(ValueError, match=str(error)[:20]):
                dispatch.fit_tail(x, "abs", options, n_threads=3)
            continue
        for n_threads in (2, 3):
            other, again = dispatch.fit_tail(x, "abs", options, n_threads=n_threads)
            assert (one, checksum) == (other, again)
    if name == "pareto" and dtype != "float16":
        assert taken


def test_a_large_pareto_sample_is_sorted_on_threads(monkeypatch):
    x = (np.random.default_rng(4).random(400_000) ** -0.8).astype(np.float32)
    taken = []
    take = sorted_tail.take_sorted_tail
    monkeypatch.setattr(dispatch, "take_sorted_tail", lambda *a: taken.append(1) or take(*a))
    assert fit_power_law(x, n_threads=2) == fit_power_law(x)
    assert taken == [1]


def test_data_that_change_between_the_readings_are_refused():
    x = np.random.default_rng(2).pareto(1.2, N).astype(np.float32) + 1
    source = as_source(x)
    prospect = count_buckets(source, 1).prospect("positive")
    x[:100] += 5
    with pytest.raises(ValueError, match="x must give the same numbers each time"):
        sorted_tail.take_sorted_tail(source, "positive", prospect, 0, 3)
