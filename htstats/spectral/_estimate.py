"""Both norms of a large matrix to the accuracy of a table, mostly in single precision."""

from __future__ import annotations

import math

import numpy as np

from htstats._core import products as _products
from htstats._core.tridiagonal import top
from htstats.spectral._norms import Norms, largest_by_lanczos, norms, start_vector
from htstats.spectral._rows import Rows, Vector, open_rows

__all__ = ["estimate_norms", "estimate_stable_rank"]

# From this number of elements on, passes over the matrix take most of the time.
LARGE = 1 << 22

# The iteration ends when the residual of the projected matrix is below this, relative to the
# eigenvalue. A vector that is nearly orthogonal to the first singular vector converges to the
# second one at first; only a small residual shows that this did not happen.
END = 1e-7

# The largest residual of W^T W itself, relative to the eigenvalue, that is accepted. Products in
# float32 leave 1e-6 to 4e-6 of matrices without outlying singular values.
MOST_RESIDUAL = 5e-5

MAX_STEPS = 200

# Sums of squares, divided by the number of entries, for which no product leaves float32.
SAFE_SQUARES = 2.0**-60, 2.0**60


def estimate_stable_rank(
    W: object, rtol: float, *, squares: float | None = None, n_threads: int = 1
) -> float:
    """The stable rank for a table; see `estimate_norms`."""
    return estimate_norms(open_rows(W, n_threads=n_threads), rtol, squares).stable_rank


def estimate_norms(rows: Rows, rtol: float, squares: float | None = None) -> Norms:
    """Compute both norms of a matrix to about `rtol`.

    Parameters
    ----------
    rows : Rows
    rtol : float
        Accuracy of the squares of the norms.
    squares : float, optional
        The sum of the squares of all entries, if it is known. The entries are then finite.

    Notes
    -----
    For a small matrix or one of float64, `norms` computes both. Otherwise Lanczos' method runs with
    products in float32, which read 16-bit matrices in 16 bits. The vector that it finds is then
    judged in float64. One product gives its Rayleigh quotient t and the residual r of W^T W: some
    eigenvalue is in [t - r, t + r]. If the next eigenvalue is g below t, the error of t is at most
    r^2 / g (Kato and Temple; Parlett, The Symmetric Eigenvalue Problem, section 11.7); g is
    estimated from the Ritz values. If r is at most 5e-5 t and r^2 / g at most `rtol` t, this is the
    result. Else `norms` computes it.
    """
    size = rows.shape[0] * rows.shape[1]
    if size < LARGE or rows.dtype == "float64" or rows.has_a_small_gram or 1 in rows.shape:
        return norms(rows, rtol)
    v = start_vector(rows.shape[1], 0)
    first = None
    if squares is None:
        first, squares = rows.gram_and_squares(v)
    if not SAFE_SQUARES[0] * size <= squares <= SAFE_SQUARES[1] * size:
        return norms(rows, rtol)
    found = _iterate(rows, v, first)
    product = rows.gram(found.vector)
    value = float(found.vector @ product)
    rest = product - value * found.vector
    residual = math.sqrt(rest @ rest)
    gap = value - found.second
    if residual <= MOST_RESIDUAL * value and residual**2 <= rtol * value * gap:
        return Norms(value, squares, 0)
    return Norms(largest_by_lanczos(rows.gram, found.vector, rtol, product, rows.sizes), squares, 0)


class _Ritz:
    """The vector of the largest Ritz value, and an upper bound of the second eigenvalue."""

    def __init__(self, vector: Vector, second: float) -> None:
        self.vector, self.second = vector, second


def _iterate(rows: Rows, v: Vector, first: Vector | None) -> _Ritz:
    """Lanczos' method with one round of orthogonalisation against vectors in float32.

    `first` is the product with v, if it is known."""
    basis = np.empty((min(rows.sizes.first_vectors, len(v)), len(v)), np.float32)
    basis[0] = v
    product = rows.single_gram(basis[0]) if first is None else first
    diagonal, beside, work = np.zeros(MAX_STEPS), np.zeros(MAX_STEPS), np.empty(2 * MAX_STEPS)
    value = 0.0
    for n in range(1, MAX_STEPS + 1):
        diagonal[n - 1] = basis[n - 1].astype(np.float64) @ product
        # one round of orthogonalisation is enough once the largest components are subtracted
        product -= diagonal[n - 1] * basis[n - 1]
        if n > 1:
            product -= beside[n - 2] * basis[n - 2]
        rest = -product
        _products.gram_f32(basis[:n], product, rest)  # the rest with the opposite sign
        left = math.sqrt(rest @ rest)
        value, last = top(diagonal, beside, n, value, work)
        if n in (MAX_STEPS, len(v)) or left * last <= END * value:
            break
        beside[n - 1] = left
        if n == len(basis):
            basis = np.concatenate([basis, np.empty_like(basis)])
        np.divide(rest, -left, out=basis[n], casting="same_kind")
        product = rows.single_gram(basis[n])
    values, vectors = np.linalg.eigh(_dense(diagonal[:n], beside[: n - 1]))
    second = values[-2] + left * abs(vectors[-1, -2]) if n > 1 else 0.0
    vector = np.zeros(len(v))
    for weight, row in zip(vectors[:, -1], basis, strict=False):
        vector += weight * row
    return _Ritz(vector / math.sqrt(vector @ vector), second)


def _dense(diagonal: Vector, beside: Vector) -> Vector:
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
