"""The eigenvalues of W W^T: by its Gram matrix, by the SVD of W, or the largest by Lanczos."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from htstats._common import checks
from htstats._common.arrays import Floats, widen
from htstats._common.data_checks import require_all_finite
from htstats._common.threads import call_aside
from htstats.spectral._blas import eigenvalues
from htstats.spectral._gram import SMALL, UNIT, Gram, gram_of
from htstats.spectral._norms import start_vector
from htstats.spectral._rows import Rows, Vector, open_rows

__all__ = [
    "WAYS",
    "Eigenvalues",
    "by_gram",
    "by_lanczos",
    "by_svd",
    "check_k",
    "keep_certain",
    "open_matrix",
    "square_all",
]

WAYS = ("gram", "svd", "lanczos")

# Sums of squares outside of this range may have overflowed or underflowed.
SAFE_TRACE = 2.0**-600, 2.0**600

# The smallest number with all digits of float64.
TINY = float(np.finfo(np.float64).tiny)


class Eigenvalues(NamedTuple):
    """Eigenvalues of W W^T without those that are rounding errors.

    Attributes
    ----------
    values : array of float64
        Ascending, positive, in units of W squared.
    way : {"gram", "svd", "lanczos"}
        How they were computed.
    error_bound : float
        Upper bound of the absolute error of each value. For "svd" it is that of the largest value;
        the error of another value is smaller, in proportion to its square root. For "lanczos" it is
        the largest residual: each value has an eigenvalue within this distance.
    n_dropped : int
        The number of values of the short side that are too small to be told from zero.
    """

    values: Floats
    way: str
    error_bound: float
    n_dropped: int


def open_matrix(W: Any) -> Rows:
    """Open a matrix in memory, without a copy if it is contiguous.

    Raises
    ------
    ValueError
        If `W` is not a matrix with entries.
    """
    rows = open_rows(W.toarray() if hasattr(W, "row_blocks") else W)
    return rows


def by_svd(rows: Rows) -> Eigenvalues:
    """The squares of all singular values, by LAPACK's SVD of a float64 copy.

    Notes
    -----
    The error of each singular value is at most p u s for the largest one s, where p grows slowly
    with the size (LAPACK Users' Guide, section 4.9). p = 2 max(shape) is taken, as in NumPy's
    `matrix_rank`, and smaller values are left out.
    """
    assert rows.data is not None
    matrix = widen(rows.data, rows.dtype)
    require_all_finite("W", matrix)
    singular: Floats = call_aside(
        lambda: np.asarray(np.linalg.svd(matrix, compute_uv=False), np.float64), is_waited_for=True
    )
    return square_all(singular, rows.shape)


def square_all(singular: Floats, shape: tuple[int, ...]) -> Eigenvalues:
    """The squares of singular values, which are descending; see `by_svd`.

    Raises
    ------
    ValueError
        If a square leaves the range of float64.
    """
    largest = float(singular[0])
    floor = np.finfo(np.float64).eps * max(shape) * largest
    kept = singular[singular > floor]
    with np.errstate(over="ignore", under="ignore"):
        values: Floats = kept[::-1] ** 2
        error = float(np.float64(2 * floor) * largest)
    if largest and not (math.isfinite(largest) and values[0] >= TINY and math.isfinite(values[-1])):
        raise ValueError(
            "W must have singular values whose squares are within float64, got a largest one of "
            f"{largest:.3g}: scale W"
        )
    return Eigenvalues(values, "svd", error, len(singular) - len(kept))


def by_gram(rows: Rows) -> Eigenvalues | None:
    """The eigenvalues of the Gram matrix of the short side, without those below their error bound.

    Return None if squares overflow or underflow, or all are zero.

    Raises
    ------
    ValueError
        If `W` is not finite.
    """
    gram = gram_of(rows)
    if not math.isfinite(gram.trace):
        assert rows.data is not None
        for block in rows.blocks():
            require_all_finite("W", block)
        return None
    if not SAFE_TRACE[0] <= gram.trace <= SAFE_TRACE[1]:
        return None
    return solve_gram(gram)


def solve_gram(gram: Gram) -> Eigenvalues:
    """The eigenvalues of a Gram matrix.

    Notes
    -----
    The computed eigenvalues are those of G + E. Householder's reduction and the QR iteration have
    norm(E) <= c u norm(G)_F with a small c (Golub and Van Loan, Matrix Computations, 8.3.1); c is
    taken as four times the side. With the error of G itself, Weyl's inequality bounds the error of
    each eigenvalue.
    """
    side = len(gram.matrix)
    if side <= SMALL:
        values: Floats = np.asarray(np.linalg.eigvalsh(gram.matrix), np.float64)
    else:
        values = eigenvalues(gram.matrix)  # which is not needed again
    return keep_certain(values, gram.error)


def keep_certain(values: Floats, gram_error: float) -> Eigenvalues:
    """The computed eigenvalues of a Gram matrix that are above their error; see `solve_gram`."""
    # the sum of the squares of the eigenvalues is the squared Frobenius norm
    error = gram_error + 4 * len(values) * UNIT * math.sqrt(float(values @ values))
    kept = values[values > error]
    return Eigenvalues(kept, "gram", error, len(values) - len(kept))


def by_lanczos(rows: Rows, k: int) -> Eigenvalues:
    """The k largest eigenvalues, by ARPACK's restarted Lanczos method on products W^T (W v).

    Raises
    ------
    ValueError
        If `W` is not finite or all zero.
    ArithmeticError
        If the iteration does not converge.
    """
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    side = rows.shape[1]
    squares = rows.squares()
    if not SAFE_TRACE[0] <= squares <= SAFE_TRACE[1]:
        for block in rows.blocks():
            require_all_finite("W", block)
        raise ValueError("W must have squares within float64, not all zero: scale it")
    gram: Any = LinearOperator((side, side), matvec=lambda v: _multiply(rows, v), dtype=np.float64)
    try:
        values, vectors = eigsh(gram, k, v0=start_vector(side, 0))
    except ArpackNoConvergence as failure:
        raise ArithmeticError(f"the {k} largest eigenvalues did not converge") from failure
    residuals = [
        np.linalg.norm(_multiply(rows, vector) - value * vector)
        for value, vector in zip(values, vectors.T, strict=True)
    ]
    # the products themselves have an error, as in htst_products.h
    error = max(map(float, residuals)) + (max(rows.shape) / 4 + 16) * UNIT * squares
    kept = values[values > error]
    return Eigenvalues(kept, "lanczos", error, len(values) - len(kept))


def _multiply(rows: Rows, v: Vector) -> Vector:
    return rows.gram(np.ascontiguousarray(v.reshape(-1)))


def check_k(k: int | None, shape: tuple[int, int]) -> int | None:
    """Check the number of eigenvalues to compute; return None if these are all of them."""
    if k is None:
        return None
    checks.count("k", k, at_least=2)
    return None if k >= min(shape) else k
