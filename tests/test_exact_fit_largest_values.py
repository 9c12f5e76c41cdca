"""The values that the counting pass copies are those that another reading would give."""

import numpy as np
import pytest

from htstats._exact_fit import dispatch
from htstats._exact_fit.histogram import count_buckets
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.sample import gather
from htstats._exact_fit.source import as_source

N = 50_003  # no whole number of vectors
SAMPLES = {
    "normal": lambda rng: rng.standard_normal(N),
    "ascending": lambda rng: np.sort(rng.standard_normal(N)),
    "pareto": lambda rng: rng.pareto(1.5, N) + 1,
    "ties": lambda rng: np.round(rng.standard_normal(N)),
    "zeros": lambda rng: rng.standard_normal(N) * (rng.random(N) < 0.01),
    "all equal but one": lambda rng: np.where(np.arange(N) == 777, 2.0, 1.0),
    "large at the end": lambda rng: np.where(np.arange(N) > 0.9 * N, 1e3, 1) * rng.random(N),
}


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", ["abs", "positive", "negative"])
@pytest.mark.parametrize("name", SAMPLES)
def test_copied_values_are_those_of_the_sample(monkeypatch, name, side, dtype, n_threads):
    monkeypatch.setattr("htstats._common.threads._WORTH_A_THREAD", 1000)
    source = as_source(SAMPLES[name](np.random.default_rng(4)).astype(dtype))
    largest = count_buckets(source, n_threads, side).largest
    lows = np.unique(np.abs(next(source.parts())))[1:]
    found = 0
    for low in lows[:: max(1, len(lows) // 50)].tolist():
        copied = largest.source(side, low)
        if copied is not None:
            found += 1
            expected = np.sort(gather(source, side, low))
            assert np.array_equal(np.sort(gather(copied, "positive", low)), expected)
            assert copied.dtype == source.dtype
    other = {"abs": "positive", "positive": "negative", "negative": "abs"}[side]
    assert largest.source(other, float("inf")) is None
    if name == "normal":
        assert found > 0


@pytest.mark.parametrize("name", ["normal", "large at the end"])
def test_one_reading_is_enough(name):
    """A fit of a sample whose tail is a small part of it reads the sample once."""
    x = SAMPLES[name](np.random.default_rng(5)).astype("f4")
    source = as_source(x)
    readings = []

    def parts():
        readings.append(1)
        return source.parts()

    largest = count_buckets(source._replace(parts=parts), 1, "abs").largest
    assert largest.source("abs", float(np.quantile(np.abs(x), 0.97))) is not None
    assert len(readings) == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", ["abs", "negative"])
@pytest.mark.parametrize("name", SAMPLES)
def test_fits_do_not_depend_on_what_was_copied(monkeypatch, name, side, dtype):
    x = SAMPLES[name](np.random.default_rng(6)).astype(dtype)
    x[0] = -1.5  # every sample has a negative value, and two distinct ones
    x[1] = -1.25
    pruned, at_once = FitOptions(way="pruned"), FitOptions(way="at once")
    expected = dispatch.fit_tail(x, side, at_once)
    assert dispatch.fit_tail(x, side, pruned) == expected
    for copied, room in [(0.5, 0.4), (1e-3, 0.5), (0.9, 1.0)]:
        monkeypatch.setattr("htstats._exact_fit.largest_values.COPIED", copied)
        monkeypatch.setattr("htstats._exact_fit.largest_values.ROOM", room)
        assert dispatch.fit_tail(x, side, pruned) == expected
