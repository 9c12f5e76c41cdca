"""`fit_matrix` of 16-bit matrices, which are held as their bits, against their float32 copies."""

import threading

import ml_dtypes
import numpy as np
import pytest

from htstats.power_law import fit_power_law
from htstats.report import matrix as report
from htstats.report._held import Buffers, HeldHalves
from htstats.report.matrix import Extras, fit_matrix
from htstats.spectral import fit_spectrum, stable_rank
from htstats.weights import open_weights

RULES = [{}, {"min_tail": 500}, {"xmin": 0.5}, {"xmin": (0.1, 2.0), "xmax": 9.0}]


def half(dtype, shape=(1100, 1000)):
    return np.random.default_rng(0).standard_t(4, shape).astype(dtype)


def row_of(W, **options):
    return fit_matrix(open_weights({"w": W})["w"], "abs", **options)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_bits_have_the_fit_of_the_float32_copy(dtype, rule):
    W = half(dtype)
    assert W.nbytes >= report.HELD_AS_BITS
    row = row_of(W, rule=rule)
    expected = fit_power_law(W.astype(np.float32).ravel(), side="abs", **rule)
    for key in ("alpha", "xmin", "distance", "n", "n_tail", "stderr", "n_excluded"):
        assert row[key] == getattr(expected, key), key
    assert row["excluded"] == expected.excluded
    assert row["stable_rank"] == pytest.approx(stable_rank(W), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("shape", [(2200, 2000), (1 << 21, 1), (1, 1 << 21)])
def test_stable_ranks_of_bits_of_any_shape(dtype, shape):
    W = half(dtype, shape)
    expected = 1.0 if 1 in shape else stable_rank(W)
    assert row_of(W)["stable_rank"] == pytest.approx(expected, rel=1e-6)
    assert row_of(W, n_threads=2) == row_of(W)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_extras_of_bits(dtype):
    W = half(dtype, (4100, 260))
    row = row_of(W, extras=Extras(gof=10, spectrum=True))
    given = W if dtype is np.float16 else W.astype(np.float32)  # as toarray() gives them
    fit = fit_power_law(given.ravel(), side="abs")
    assert row["gof"]["pvalue"] == fit.goodness_of_fit(10, stop_at=0.1).pvalue
    spectrum = fit_spectrum(W)
    assert row["esd_alpha"] == spectrum.alpha
    assert row["esd_way"] == "gram"
    assert row["esd_num_evals"] == 260


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bits_that_are_not_finite_are_an_error(dtype, bad):
    W = half(dtype)
    W[7, 9] = bad
    assert "must be finite" in row_of(W)["error"]


def test_held_bits_are_read_once_and_stay():
    W = half(np.float16)
    held = HeldHalves(open_weights({"w": W})["w"], Buffers())
    for size in (1 << 12, 1 << 22, 1):
        parts = [block.copy() for block in held.row_blocks(size)]
        assert np.array_equal(np.concatenate(parts), W.view(np.uint16))
    partly = HeldHalves(open_weights({"w": W})["w"], Buffers())
    next(partly.row_blocks(1 << 12))
    assert np.array_equal(partly.rows().data, W.view(np.uint16))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_matrices_use_the_memory_of_the_one_before(dtype):
    rng, buffers = np.random.default_rng(3), Buffers()
    for shape in ((1700, 1600), (1500, 1800), (1, 7), (1800, 1700)):  # smaller, then larger
        W = rng.standard_t(4, shape).astype(getattr(ml_dtypes, dtype, dtype))
        matrix = open_weights({"w": W})["w"]
        assert fit_matrix(matrix, "abs", buffers=buffers) == fit_matrix(matrix, "abs")


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_buffers_are_aligned_and_used_again(dtype):
    buffers = Buffers()
    first = buffers.take((1000, 700), dtype)
    first[:] = 3
    second = buffers.take((70, 900), dtype)
    assert (second == 3).all(), "the memory is not used again"
    assert np.shares_memory(first, second)
    for array in (first, second, buffers.take((1001, 700), dtype)):
        assert array.ctypes.data % 64 == 0


def test_each_thread_has_its_own_buffer():
    buffers, found = Buffers(), {}
    for name in "ab":
        thread = threading.Thread(
            target=lambda name=name: found.update({name: buffers.take((9, 9), np.uint16)})
        )
        thread.start()
        thread.join()
    assert not np.shares_memory(found["a"], found["b"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("shape", [(300, 90), (90, 300), (2200, 500), (40, 30)])
def test_a_spectrum_gives_the_stable_rank_without_an_estimate(monkeypatch, dtype, shape):
    W = half(dtype, shape)
    estimated = row_of(W)["stable_rank"]
    for name in ("estimate_stable_rank", "estimate_norms"):
        monkeypatch.setattr(f"htstats.spectral.{name}", None)  # not callable
    row = row_of(W, extras=Extras(spectrum=True))
    assert row["stable_rank"] == row["esd_stable_rank"]
    assert row["stable_rank"] == pytest.approx(estimated, rel=1e-7)
    assert list(row)[-1] == "esd_lambda_max"


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (300, 3)])
def test_a_matrix_without_a_spectrum_has_an_estimated_stable_rank(shape):
    W = np.random.default_rng(1).standard_t(4, shape[0])[:, None] * np.ones(shape[1])
    if shape[0] == 1:
        W = np.random.default_rng(1).standard_t(4, shape)
    row = row_of(W, extras=Extras(spectrum=True))  # of rank 1: a single eigenvalue
    assert "error" not in row
    assert "two" in row["esd_error"]
    assert row["stable_rank"] == pytest.approx(1.0, rel=1e-12)
