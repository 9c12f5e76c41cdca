"""The kernels of the spectral norm against NumPy: W^T (W v), squares, a tridiagonal's top."""

import math

import numpy as np
import pytest

from htstats._core import products, tridiagonal

GRAM = {np.float32: products.gram_f32, np.float64: products.gram_f64}
SQUARES = {np.float32: products.squares_f32, np.float64: products.squares_f64}
U = 2.0**-53


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (4, 32), (7, 100), (301, 384), (6, 1500)])
def test_products_are_numpys(dtype, shape):
    rng = np.random.default_rng(0)
    W = rng.standard_t(2, shape).astype(dtype)
    v, out = rng.standard_normal(shape[1]), rng.standard_normal(shape[1])
    wide = W.astype(np.longdouble)
    expected = out + wide.T @ (wide @ v)
    # the bounds of htst_products.h, of dot products and of their sums
    dots = np.abs(wide) @ np.abs(v) * (shape[1] / 8 + 5 + shape[0] + 2) * U
    room = np.abs(wide).T @ dots + np.abs(wide).T @ np.abs(wide @ v) * (shape[0] + 2) * U
    GRAM[dtype](W, v, out)
    assert (np.abs(out - expected) <= room + 4 * U * np.abs(out)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [0, 1, 7, 1023, 1024, 1025, 100_003])
def test_squares_are_exact_sums(dtype, n):
    x = np.random.default_rng(1).standard_t(2, n).astype(dtype)
    sums = np.zeros(2)
    SQUARES[dtype](x[: n // 3], sums)
    SQUARES[dtype](x[n // 3 :], sums)
    exact = math.fsum(float(value) * float(value) for value in x)
    assert abs(sums.sum() - exact) <= 140 * U * exact


def test_shapes_are_checked():
    W, v = np.zeros((2, 3)), np.zeros(3)
    for gram, data in ((products.gram_f64, W), (products.gram_f32, W.astype(np.float32))):
        with pytest.raises(ValueError, match="v and out must have 3 entries"):
            gram(data, v, np.zeros(2))
        with pytest.raises(ValueError, match="v and out must have 3 entries"):
            gram(data, np.zeros(4), v)
    for squares in SQUARES.values():
        with pytest.raises(ValueError, match="sum must have 2 entries"):
            squares(np.zeros(1, np.float32 if squares is products.squares_f32 else float), v)
    with pytest.raises(ValueError, match="n must fit"):
        tridiagonal.top(v, v, 4, 0.0, np.zeros(8))
    with pytest.raises(ValueError, match="n must fit"):
        tridiagonal.top(v, v, 0, 0.0, np.zeros(8))
    with pytest.raises(ArithmeticError, match="HTST_ERR_NO_CONVERGENCE"):
        tridiagonal.top(np.full(2, np.nan), v, 2, 0.0, np.zeros(8))


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("kind", ["random", "decaying", "growing", "alike"])
def test_a_growing_tridiagonal_is_lapacks(kind, scale):
    rng = np.random.default_rng(2)
    n = 80
    diagonal, beside = np.abs(rng.standard_normal(n)) + 1, np.abs(rng.standard_normal(n))
    if kind in ("decaying", "growing"):
        order = np.arange(n) if kind == "decaying" else n - 1 - np.arange(n)
        diagonal, beside = diagonal * 0.8**order, beside * 0.5 * 0.8**order
    elif kind == "alike":
        diagonal, beside = np.ones(n), np.full(n, 1e-9)
    diagonal, beside = diagonal * scale, beside * scale
    value, work = 0.0, np.empty(2 * n)
    for k in range(1, n + 1):
        value, last = tridiagonal.top(diagonal, beside, k, value, work)
        off = beside[: k - 1] / scale
        dense = np.diag(diagonal[:k] / scale) + np.diag(off, 1) + np.diag(off, -1)
        values, vectors = np.linalg.eigh(dense)
        # both are exact for a matrix that is off by some n ulps of the norm
        assert value / scale == pytest.approx(values[-1], rel=4 * k * 2.3e-16)
        gap = values[-1] - values[-2] if k > 1 else values[-1]
        if gap > 1e-12 * values[-1]:
            room = 8 * k * 2.3e-16 * values[-1] / gap
            assert last == pytest.approx(abs(vectors[-1, -1]), rel=1e-9, abs=room)
