"""Spectral norm and stable rank of matrices that need not fit in memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from htstats._common import checks
from htstats._common.documents import add_sections
from htstats._core import normal as _normal
from htstats._core import products as _products
from htstats._core.tridiagonal import top
from htstats.spectral._rows import SIZES, Rows, Sizes, Vector, open_rows, scale_rows

__all__ = [
    "Norms",
    "largest_by_lanczos",
    "norm_by_products",
    "norms",
    "spectral_norm",
    "stable_rank",
    "start_vector",
]

# If a sum of squares of float64 is in this range, nothing overflowed or underflowed.
SAFE_SQUARES = 2.0**-600, 2.0**600


class Norms(NamedTuple):
    """Squares of the spectral and the Frobenius norm of W / 2^exponent, and the exponent."""

    spectral_squared: float
    frobenius_squared: float
    exponent: int

    @property
    def spectral_norm(self) -> float:
        """The largest singular value of W."""
        return float(np.ldexp(math.sqrt(self.spectral_squared), self.exponent))

    @property
    def stable_rank(self) -> float:
        """The squared Frobenius norm over the squared spectral norm."""
        return self.frobenius_squared / self.spectral_squared


NORM = {
    "Parameters": """\
W : array_like or tensor, 2-D, or object with shape, dtype and row_blocks(max_bytes)
    Finite real numbers, not all zero. A `numpy.memmap` or a `WeightMatrix` is read block by
    block, once for each step.
rtol : float
    Relative tolerance, in (0, 1): the residual of the computed eigenvalue of W^T W is at most
    `rtol` times the eigenvalue.
iterations : int, optional
    Number of steps of plain power iteration, which then replaces the default method and ignores
    `rtol`. The paper takes 1000 steps.
seed : int
    Seed of the random start vector of the iteration, from 0 to 2**64 - 1.
n_threads : int
    Number of threads for a matrix in memory with at least 2**22 elements. The result does not
    depend on it.""",
    "Raises": """\
ValueError
    If `W` is not a matrix, is not finite or all zero, or an argument is out of range.
ArithmeticError
    If 500 steps do not reach `rtol`.""",
}


@add_sections(**NORM)
def spectral_norm(
    W: Any, *, rtol: float = 1e-10, iterations: int | None = None, seed: int = 0,
    n_threads: int = 1,
) -> float:  # fmt: skip
    """The largest singular value of W.

    Returns
    -------
    float
        The norm, in units of `W`; positive.

    Notes
    -----
    A step of either method is one pass over the rows, v -> W^T (W v), in float64. The first pass
    also detects NaN, infinity, and squares outside the range of float64. Power iteration
    converges slowly if the two largest singular values are close. The default method, Lanczos'
    method with two rounds of orthogonalisation, keeps its iterates and uses the best vector of
    their span. It takes tens of passes where power iteration takes thousands. With residual r, some
    singular value lies within r/(2 sigma) of the result, to first order. Except for rounding, the
    result is never above the largest singular value. It is the largest one unless the start vector
    is orthogonal to its singular vector, which has probability 0. A short side makes the product
    W^T W or W W^T small. It is then computed in one pass, and the steps use it: if W has at most
    128 rows or columns, or at most 1024 if it has 256 MiB or more; in blocks, at most 1024 columns.
    16-bit matrices are read in 16 bits and widened in registers.
    Memory: one block of rows, and either one vector of W's columns per step, or W^T W.

    References
    ----------
    .. [1] J. Y. Shin, Appendix D (power iteration, 1000 iterations).
    .. [2] B. N. Parlett, The Symmetric Eigenvalue Problem, 1980, ch. 13.

    Examples
    --------
    >>> round(spectral_norm([[3.0, 0.0], [4.0, 0.0]]), 12)
    5.0
    """
    return norms(_open(W, n_threads), rtol, iterations, seed).spectral_norm


@add_sections(**NORM)
def stable_rank(
    W: Any, *, rtol: float = 1e-10, iterations: int | None = None, seed: int = 0,
    n_threads: int = 1,
) -> float:  # fmt: skip
    """The squared Frobenius norm over the squared spectral norm.

    Returns
    -------
    float
        The stable rank. Up to rounding, it is at least 1 and at most the rank of `W`.

    References
    ----------
    .. [1] J. Y. Shin, section 5.3 and (17).

    Examples
    --------
    >>> round(stable_rank([[2.0, 0.0], [0.0, 1.0]]), 12)
    1.25
    """
    return norms(_open(W, n_threads), rtol, iterations, seed).stable_rank


def _open(W: Any, n_threads: int) -> Rows:
    return open_rows(W, n_threads=checks.count("n_threads", n_threads, at_least=1))


def norms(rows: Rows, rtol: float = 1e-10, iterations: int | None = None, seed: int = 0) -> Norms:
    """Compute both norms of a matrix, for `spectral_norm` and `stable_rank`."""
    if not 0 < checks.finite("rtol", rtol) < 1:
        raise ValueError(f"rtol must be in (0, 1), got {rtol!r}")
    if iterations is not None:
        checks.count("iterations", iterations, at_least=1)
    checks.count("seed", seed, below=1 << 64)
    multiply: Callable[[Vector], Vector]
    if 1 in rows.shape:  # there is one singular value; avoid vectors as long as the row
        squares = rows.squares()
    elif rows.has_a_small_gram:
        gram, squares = rows.small_gram()
        multiply, v, first = gram.__matmul__, start_vector(len(gram), seed), None
    else:
        v = start_vector(rows.shape[1], seed)
        multiply, (first, squares) = rows.gram, rows.gram_and_squares(v)
    if rows.exponent == 0 and not SAFE_SQUARES[0] <= squares <= SAFE_SQUARES[1]:
        return norms(scale_rows(rows), rtol, iterations, seed)
    if 1 in rows.shape:
        return Norms(squares, squares, rows.exponent)
    first = multiply(v) if first is None else first
    if iterations is None:
        largest = largest_by_lanczos(multiply, v, rtol, first, rows.sizes)
    else:
        largest = _power(multiply, v, iterations, first)
    return Norms(largest, squares, rows.exponent)


def start_vector(size: int, seed: int) -> Vector:
    """A random unit vector."""
    v: Vector = np.empty(size)
    _normal.fill(seed, 0, 0, 0, v[None])
    v /= math.sqrt(v @ v)
    return v


def _power(gram: Callable[[Vector], Vector], v: Vector, iterations: int, product: Vector) -> float:
    """The Rayleigh quotient after `iterations` products, of which `product` is the first."""
    for _ in range(iterations - 1):
        v = product / np.linalg.norm(product)
        product = gram(v)
    return float(v @ product)


def largest_by_lanczos(
    gram: Callable[[Vector], Vector],
    v: Vector,
    rtol: float,
    product: Vector,
    sizes: Sizes = SIZES,
) -> float:
    """The largest Ritz value, with a residual of at most `rtol` times it; `product` is gram(v)."""
    basis = np.empty((min(sizes.first_vectors, len(v)), len(v)))
    basis[0] = v
    steps = sizes.max_steps
    diagonal, beside, work = np.zeros(steps), np.zeros(steps), np.empty(2 * steps)
    value = 0.0
    for n in range(1, steps + 1):
        diagonal[n - 1] = basis[n - 1] @ product
        # subtracting the projections once leaves their rounding errors; twice is enough
        for _ in range(2):
            rest = -product
            _products.gram_f64(basis[:n], product, rest)
            product = rest  # with the opposite sign
        left = math.sqrt(product @ product)
        value, last = top(diagonal, beside, n, value, work)
        if n == len(v) or left * last <= rtol * value:
            return value
        beside[n - 1] = left
        if n == len(basis):
            basis = np.concatenate([basis, np.empty_like(basis)])
        np.divide(product, left, out=basis[n])
        product = gram(basis[n])
    raise ArithmeticError(f"the spectral norm did not reach rtol={rtol} in {steps} steps")


def norm_by_products(
    gram: Callable[[Vector], Vector], columns: int, *, rtol: float = 1e-10, seed: int = 0
) -> float:
    """Compute the spectral norm of a matrix W, using only its products W^T (W v).

    Parameters
    ----------
    gram : callable
        The function v -> W^T (W v) for float64 vectors of length `columns`.
    columns : int
        Number of columns of W.
    rtol, seed
        As in `spectral_norm`.

    Raises
    ------
    ArithmeticError
        As in `spectral_norm`.

    Examples
    --------
    >>> W = np.array([[3.0, 0.0], [4.0, 0.0]])
    >>> round(norm_by_products(lambda v: W.T @ (W @ v), 2), 12)
    5.0
    """
    start = start_vector(columns, seed)
    return math.sqrt(largest_by_lanczos(gram, start, rtol, gram(start)))
