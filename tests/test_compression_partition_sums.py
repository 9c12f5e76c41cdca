"""The sums that a split adds up in the pass that splits."""

import math
from fractions import Fraction

import numpy as np
import pytest

from htstats import TailSketch, partition
from htstats._core import partition as _core
from htstats._core import split_sums
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.split import split_block
from htstats.sketch.exact_sums import ExactSums, HalfSums


def exact_moments(values):
    """Mean and standard deviation (ddof 0) of floats, each rounded once."""
    terms = [Fraction(v) for v in values.astype(np.float64).ravel().tolist()]
    n, total = len(terms), sum(terms)
    variance = sum(t * t for t in terms) / n - (total / n) ** 2
    return float(total / n), math.sqrt(variance)  # the root is rounded from a rounded square


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("noise", ["paper", "matched"])
@pytest.mark.parametrize("shape", [(3, 1000), (700, 9), (1, 1), (40, 256), (5, 0)])
def test_a_number_as_threshold_needs_one_reading(monkeypatch, dtype, noise, shape):
    W = np.random.default_rng(5).standard_t(3, shape).astype(dtype)
    expected = partition(W, 0.8, noise=noise)
    readings = []
    for kind in (ExactSums, HalfSums, TailSketch):
        monkeypatch.setattr(kind, "update", lambda *given, **named: readings.append(given))
    split = partition(W, 0.8, noise=noise)
    assert readings == []
    assert (split.mean, split.std) == (expected.mean, expected.std)
    rest = W[np.abs(W) <= np.asarray(0.8, dtype)] if noise == "matched" else W
    if rest.size:
        mean, std = exact_moments(rest)
        assert split.mean == mean
        assert split.std == pytest.approx(std, rel=1e-15, abs=0)
    else:
        assert (split.mean, split.std) == (0.0, 0.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("instructions", range(_core.BEST + 1))
@pytest.mark.parametrize("shape", [(2, 70_000), (3000, 50), (9, 8191)])
def test_sums_of_a_split_do_not_depend_on_threads(dtype, instructions, shape):
    x = np.random.default_rng(6).standard_t(3, shape).astype(np.float32)
    halves = {"float16": x.astype(np.float16).view("u2"), "bfloat16": x.view(np.uint32) >> 16}
    W = np.ascontiguousarray(halves.get(dtype, x), dtype="u2" if dtype in halves else dtype)
    bounds = Bounds.of(dtype, "abs", 1.5)
    new = HalfSums if dtype in halves else ExactSums
    wide = "float64" if dtype == "float64" else "float32"
    expected = new(dtype).update(W)
    for n_threads in (1, 2, 5):
        every, kept = new(dtype), ExactSums(wide)
        how = {"instructions": instructions, "all_sums": every, "kept_sums": kept}
        _, _, values = split_block(W, bounds, n_threads, **how)
        assert (every.n, every.total) == (expected.n, expected.total)
        assert every.total_of_squares == expected.total_of_squares
        alone = ExactSums(wide).update(values)
        assert (kept.n, kept.sum, kept.squares) == (alone.n, alone.sum, alone.squares)


def test_elements_that_are_not_finite_are_found_by_the_only_reading():
    for value in (np.nan, np.inf, -np.inf):
        W = np.ones((3, 70), np.float32)
        W[1, 5] = value
        for noise in ("paper", "matched", "none"):
            with pytest.raises(ValueError, match="W"):
                partition(W, 0.5, noise=noise)


@pytest.mark.parametrize("kind", [split_sums.F32, split_sums.F64, split_sums.PATTERNS])
def test_sums_refuse_arrays_that_do_not_fit(kind):
    with pytest.raises(ValueError, match="must have"):
        split_sums.Sums(kind, np.zeros(7, np.uint64), np.zeros(7, np.uint64))
