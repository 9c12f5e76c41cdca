"""Spectral norm and stable rank against LAPACK and ARPACK."""

import math
import tracemalloc

import ml_dtypes
import mpmath
import numpy as np
import pytest
from errors import relative_error
from reference.watched_matrix import Matrix
from scipy.linalg import hadamard
from scipy.sparse.linalg import svds

from htstats.spectral import Sizes, norms, open_rows, spectral_norm, stable_rank

# A residual of 1e-10 leaves at most 0.5e-10 of the norm; LAPACK's own error is far below.
RTOL = 1e-10


def matrices():
    rng = np.random.default_rng(1)
    yield "gaussian", rng.standard_normal((200, 130))
    yield "wide", rng.standard_normal((7, 300))
    yield "pareto", (rng.random((120, 90)) ** -1.0) * rng.choice([-1, 1], (120, 90))
    yield "row", rng.standard_normal((1, 50))
    yield "column", rng.standard_normal((50, 1))
    yield "one", np.array([[-3.0]])
    yield "rank one", np.outer(rng.standard_normal(20), rng.standard_normal(30))
    yield "identity", np.eye(40)
    yield "sparse", np.where(rng.random((80, 80)) < 0.02, rng.standard_normal((80, 80)), 0.0)
    close = np.linalg.qr(rng.standard_normal((100, 100)))[0]
    yield "large", rng.standard_t(3, (300, 170))
    yield "large and wide", rng.standard_t(3, (150, 1100))
    double = (
        np.linalg.qr(rng.standard_normal((260, 200)))[0] * np.r_[2, 2, np.linspace(1.99, 1, 198)]
    )
    yield "twice the largest", double
    yield "large rank one", np.outer(rng.standard_normal(200), rng.standard_normal(300))
    yield "large and one entry", np.pad([[-3.0]], ((5, 200), (300, 2)))
    yield "close values", close * (1 - 1e-3 * np.arange(100) / 100)


@pytest.mark.parametrize(("name", "W"), list(matrices()), ids=lambda v: v if type(v) is str else "")
def test_norm_and_rank_are_lapacks(name, W):
    exact = np.linalg.norm(W, 2)
    assert spectral_norm(W) == pytest.approx(exact, rel=RTOL)
    assert stable_rank(W) == pytest.approx((np.linalg.norm(W) / exact) ** 2, rel=2 * RTOL)


@pytest.mark.parametrize(("name", "W"), list(matrices()), ids=lambda v: v if type(v) is str else "")
def test_passes_over_the_rows_find_the_same(name, W):
    """What larger matrices take, in memory and in blocks."""
    norm, rank = spectral_norm(W), stable_rank(W)
    never = Sizes(gram_side=0, gram_side_in_memory=0)
    for given in (W, Matrix("w", W)):
        rows = open_rows(given, never)
        assert not rows.has_a_small_gram
        assert norms(rows).spectral_norm == pytest.approx(norm, rel=RTOL)
        assert norms(rows).stable_rank == pytest.approx(rank, rel=2 * RTOL)


def test_norm_is_arpacks():
    W = np.random.default_rng(2).standard_t(3, (300, 400))
    assert spectral_norm(W) == pytest.approx(svds(W, k=1)[1][0], rel=RTOL)


@pytest.mark.parametrize("scale", [1e300, 1e-300, 5e-324])
def test_neither_overflow_nor_underflow(scale):
    W = np.round(np.random.default_rng(3).standard_normal((30, 20)) * 10)
    exact = mpmath.mpf(np.linalg.norm(W, 2)) * scale
    # W * scale is exact; the norm may be denormal, and is then rounded to a multiple of 5e-324
    assert relative_error(spectral_norm(W * scale), exact, grain=5e-324) <= 2 * RTOL
    assert stable_rank(W * scale) == pytest.approx(stable_rank(W), rel=1e-9)


@pytest.mark.parametrize("shape", [(30, 20), (200, 150), (150, 600), (1, 400), (400, 1)])
@pytest.mark.parametrize("largest", [3e38, 1e-38, 1e-44])
def test_all_of_float32_is_in_range(shape, largest):
    W = np.random.default_rng(10).uniform(-1, 1, shape).astype(np.float32)
    W = (W * np.float32(largest)).astype(np.float32)
    wide = W.astype(np.float64)
    wide /= np.abs(wide).max()
    exact = np.linalg.norm(wide, 2)
    assert spectral_norm(W) / float(np.abs(W).max()) == pytest.approx(exact, rel=RTOL)
    assert stable_rank(W) == pytest.approx((np.linalg.norm(wide) / exact) ** 2, rel=2 * RTOL)


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e160, 1e-160])
def test_float64_out_of_range_of_squares_by_passes(scale):
    W = np.random.default_rng(11).standard_t(3, (300, 200))
    assert spectral_norm(W * scale) == pytest.approx(spectral_norm(W) * scale, rel=RTOL)
    assert stable_rank(W * scale) == pytest.approx(stable_rank(W), rel=2 * RTOL)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(20, 10), (300, 200)])
def test_what_is_not_finite_is_found_wherever_it_is(dtype, bad, shape):
    W = np.random.default_rng(12).standard_normal(shape).astype(dtype)
    for place in [(0, 0), (shape[0] // 2, 3), (shape[0] - 1, shape[1] - 1)]:
        with_bad = W.copy()
        with_bad[place] = bad
        with pytest.raises(ValueError, match="W must be finite"):
            spectral_norm(with_bad)


@pytest.mark.parametrize("shape", [(300, 200), (140, 3000), (5000, 140)])
def test_large_matrices_go_by_the_small_gram(shape):
    W = np.random.default_rng(13).standard_t(3, shape).astype(np.float32)
    by_passes = stable_rank(W), stable_rank(W, iterations=20)
    assert not open_rows(W).has_a_small_gram
    rows = open_rows(W, Sizes(large=1000))
    assert rows.has_a_small_gram
    assert norms(rows).stable_rank == pytest.approx(by_passes[0], rel=2 * RTOL)
    by_product = norms(rows, iterations=20).stable_rank
    for early in (by_passes[1], by_product):  # the norm is then too small
        assert by_passes[0] * (1 - 2 * RTOL) <= early <= 1.1 * by_passes[0]


def test_more_steps_than_there_is_room_for_at_first():
    W = np.random.default_rng(14).standard_normal((400, 390))
    assert norms(open_rows(W, Sizes(first_vectors=2))).spectral_norm == spectral_norm(W)
    with pytest.raises(ArithmeticError, match="did not reach rtol=1e-10 in 5 steps"):
        norms(open_rows(W, Sizes(max_steps=5)))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_narrow_dtypes_widen_exactly(dtype):
    W = np.random.default_rng(4).standard_normal((60, 40)).astype(dtype)
    assert spectral_norm(W) == spectral_norm(W.astype(np.float64))


def test_a_memmap_is_read_in_blocks_and_unchanged(tmp_path):
    W = np.random.default_rng(5).standard_normal((3000, 600)).astype(np.float32)
    np.save(tmp_path / "w.npy", W)
    mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
    assert spectral_norm(mapped) == spectral_norm(W)
    assert spectral_norm(mapped) == pytest.approx(np.linalg.norm(W.astype(float), 2), rel=RTOL)
    assert np.array_equal(W, mapped)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(3000, 40), (40, 3000), (1300, 1100)])
def test_rows_read_in_blocks(dtype, shape):
    small = Sizes(block_bytes=1 << 16)
    W = np.random.default_rng(9).standard_t(3, shape).astype(getattr(ml_dtypes, dtype, dtype))
    rows = Matrix("w", W.view(np.uint16) if dtype == "bfloat16" else W, dtype)
    # the whole matrix may go by W W^T: both have the tolerance
    found = norms(open_rows(rows, small))
    assert found.stable_rank == pytest.approx(stable_rank(W), rel=4 * RTOL)
    assert found.spectral_norm == pytest.approx(spectral_norm(W), rel=2 * RTOL)
    assert rows.largest <= 1 << 16
    with pytest.raises(ValueError, match="W must be a matrix with entries"):
        stable_rank(Matrix("w", W[:0].view(np.uint16) if dtype == "bfloat16" else W[:0], dtype))


def orthogonal_columns(lengths):
    """A matrix of +-1 with its columns stretched, and its norm: sqrt(n) times the longest."""
    return hadamard(len(lengths)) * lengths, math.sqrt(len(lengths)) * lengths.max()


def test_the_papers_thousand_iterations_come_from_below():
    W, exact = orthogonal_columns(np.append(np.linspace(1, 1.96, 63), 2))
    errors = [1 - spectral_norm(W, iterations=k) / exact for k in (1, 10, 100, 1000)]
    assert errors == sorted(errors, reverse=True)
    # (1.96/2)^(2*1000) of the second direction is left, and n eps of rounding
    assert 0 <= errors[-1] + 64 * 2.3e-16 < 1e-10
    assert errors[0] > 0.01


def test_seed_moves_only_the_rounding():
    W = np.random.default_rng(7).standard_normal((90, 90))
    assert spectral_norm(W, iterations=3, seed=0) != spectral_norm(W, iterations=3, seed=1)
    assert spectral_norm(W, seed=0) == pytest.approx(spectral_norm(W, seed=1), rel=RTOL)


def test_rtol_is_a_promise():
    W, exact = orthogonal_columns(np.linspace(1, 2, 512))
    rough, fine = (abs(spectral_norm(W, rtol=r) / exact - 1) for r in (1e-1, 1e-12))
    assert fine < 1e-13 < rough < 1e-1


@pytest.mark.parametrize(
    ("W", "message"),
    [
        (np.zeros((2, 3)), "W must have a non-zero entry"),
        ([[1.0, np.nan]], "W must be finite"),
        ([[1.0, -np.inf]], "W must be finite"),
        ([1.0, 2.0], r"W must be a matrix with entries, got shape \(2,\)"),
        (np.empty((0, 3)), "W must be a matrix with entries"),
    ],
)
def test_bad_matrices(W, message):
    for function in (spectral_norm, stable_rank):
        with pytest.raises(ValueError, match=message):
            function(W)


def test_bad_arguments():
    with pytest.raises(TypeError, match="W must be real numbers"):
        spectral_norm([[1j]])
    with pytest.raises(ValueError, match=r"rtol must be in \(0, 1\), got 0"):
        spectral_norm([[1.0]], rtol=0)
    with pytest.raises(ValueError, match="iterations must be at least 1, got 0"):
        stable_rank([[1.0]], iterations=0)
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        stable_rank([[1.0]], seed=-1)


@pytest.mark.parametrize("shape", [(1, 1 << 20), (1 << 20, 1)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_one_row_takes_no_vectors_of_its_length(shape, dtype):
    W = np.random.default_rng(15).standard_normal(shape).astype(dtype)
    tracemalloc.start()
    norm, rank = spectral_norm(W), stable_rank(Matrix("w", W, dtype))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert norm == pytest.approx(math.sqrt(math.fsum(W.ravel().astype(float) ** 2)), rel=1e-14)
    assert rank == 1
    assert peak < W.nbytes + (2 << 20)  # the row that the source gives; a vector is 8 MiB
