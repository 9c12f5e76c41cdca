"""Spectral norm and stable rank of matrices that need not fit in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.arrays import HALF_DTYPES, as_elements, widen_half
from htstats._common.data_checks import require_all_finite
from htstats._common.rows import RowSource, read_blocks
from htstats._core import normal as _normal
from htstats._core import products as _products
from htstats._core.tridiagonal import top

if TYPE_CHECKING:
    from htstats.power_law import PowerLawFit

__all__ = ["fit_spectrum", "norm_by_products", "spectral_norm", "stable_rank"]

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[Any]

# If a sum of squares of float64 is in this range, nothing overflowed or underflowed.
SAFE_SQUARES = 2.0**-600, 2.0**600


class Sizes(NamedTuple):
    """Sizes that determine which method is used.

    `bench/studies/constants.py gram-side` and `spectral-block` time sizes above and below them.

    Attributes
    ----------
    block_bytes : int
        Bytes of a block of rows. A block stays in the cache while several sums are computed.
    gram_side : int
        Up to this many columns (or rows), W^T W (or W W^T) is computed, in one pass over W and with
        8 MiB. This is faster than the iteration, which takes many passes, if W is read in blocks or
        is large.
    gram_side_in_memory : int
        The same limit for a W in memory that is not large: few columns are necessary there.
    large : int
        Number of bytes at which a W in memory begins to count as large.
    max_steps : int
        Largest number of Krylov steps; random dense matrices of any size need 30 to 100.
    first_vectors : int
        Number of Krylov vectors in the first buffer, which grows if more are needed.
    """

    block_bytes: int = 1 << 20
    gram_side: int = 1024
    gram_side_in_memory: int = 128
    large: int = 1 << 28
    max_steps: int = 500
    first_vectors: int = 32


SIZES = Sizes()


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


class Rows(NamedTuple):
    """A matrix, divided by 2^exponent so that squares neither overflow nor underflow."""

    shape: tuple[int, int]
    dtype: str
    parts: Callable[[int], Iterable[Matrix]]  # reads the matrix in blocks of this many rows
    data: Matrix | None = None  # the whole matrix, if it is in memory
    exponent: int = 0
    sizes: Sizes = SIZES

    @classmethod
    def of(cls, data: Matrix, dtype: str, exponent: int = 0, sizes: Sizes = SIZES) -> Rows:
        def parts(step: int) -> Iterator[Matrix]:
            return (data[start : start + step] for start in range(0, data.shape[0], step))

        return cls((data.shape[0], data.shape[1]), dtype, parts, data, exponent, sizes)

    def blocks(self) -> Iterator[Matrix]:
        """Yield blocks of float32 (also for 16-bit floats) or float64, valid until the next one."""
        for part in self.parts(max(1, self.sizes.block_bytes // (8 * self.shape[1]))):
            yield self._widen(part)

    def _widen(self, part: Matrix) -> Matrix:
        block: Matrix = widen_half(part, self.dtype) if self.dtype in HALF_DTYPES else part
        if self.exponent:
            # two factors, because the power of two itself may overflow; both products are exact
            half = self.exponent // 2
            block = block * math.ldexp(1, -half)
            block *= math.ldexp(1, half - self.exponent)
        return block

    def gram(self, v: Vector) -> Vector:
        """W^T W v, in one pass over the rows."""
        out = np.zeros(self.shape[1])
        if self.data is not None and self.dtype in _GRAM and not self.exponent:
            _add_gram(self.data, v, out)
            return out
        for block in self.blocks():
            _add_gram(block, v, out)
        return out

    def gram_and_squares(self, v: Vector) -> tuple[Vector, float]:
        """W^T W v, and the sum of the squares of all entries."""
        out, squares = np.zeros(self.shape[1]), np.zeros(2)
        for block in self.blocks():
            _add_squares(block, squares)
            _add_gram(block, v, out)
        return out, float(squares.sum())

    def squares(self) -> float:
        """The sum of the squares of all entries. The matrix may have a single row of any length."""
        squares, step = np.zeros(2), self.sizes.block_bytes // 8
        for part in self.parts(step):
            flat = part.reshape(-1)
            for start in range(0, flat.size, step):
                _add_squares(self._widen(flat[start : start + step]), squares)
        return float(squares.sum())

    @property
    def has_a_small_gram(self) -> bool:
        """Whether computing W^T W (or W W^T) is faster than the iteration."""
        sizes = self.sizes
        if self.data is None:
            return self.shape[1] <= sizes.gram_side
        is_large = self.data.nbytes > sizes.large
        return min(self.shape) <= (sizes.gram_side if is_large else sizes.gram_side_in_memory)

    def small_gram(self) -> tuple[Vector, float]:
        """W^T W, and the sum of the squares of all entries.

        For a wide matrix in memory it is W W^T, with the same eigenvalues except for zeros."""
        tall, squares = self, np.zeros(2)
        if self.data is not None and self.shape[0] < self.shape[1]:
            tall = Rows.of(self.data.T, self.dtype, self.exponent, self.sizes)
        gram = np.zeros((tall.shape[1],) * 2)
        for block in tall.blocks():
            block = np.ascontiguousarray(block)
            _add_squares(block, squares)
            wide = block.astype(np.float64, copy=False)
            with np.errstate(all="ignore"):  # the sum of squares shows an overflow
                gram += wide.T @ wide
        return gram, float(squares.sum())


_GRAM: dict[str, Any] = {"float32": _products.gram_f32, "float64": _products.gram_f64}
_SQUARES: dict[str, Any] = {"float32": _products.squares_f32, "float64": _products.squares_f64}


def _add_gram(block: Matrix, v: Vector, out: Vector) -> None:
    _GRAM[block.dtype.name](block, v, out)


def _add_squares(block: Matrix, squares: Vector) -> None:
    _SQUARES[block.dtype.name](block.reshape(-1), squares)


def open_rows(W: Any, sizes: Sizes = SIZES) -> Rows:
    """Open the rows of a matrix in memory, or of a matrix that is read in blocks."""
    if hasattr(W, "row_blocks"):
        rows = Rows(W.shape, W.dtype, lambda step: _read(W, step), sizes=sizes)
    else:
        data, dtype = as_elements(W, "W")
        if data.ndim != 2:
            raise ValueError(f"W must be a matrix with entries, got shape {data.shape}")
        rows = Rows.of(data, dtype, sizes=sizes)
    if 0 in rows.shape:
        raise ValueError(f"W must be a matrix with entries, got shape {rows.shape}")
    return rows


def _scale(rows: Rows) -> Rows:
    """Scale the matrix so that its largest entry is in [1, 2).

    Raises
    ------
    ValueError
        If an entry is not finite, or all entries are zero.
    """
    # if an entry is NaN or inf, so is the maximum: one number shows whether all entries are finite
    largest = 0.0
    for block in rows.blocks():
        largest_here = float(np.abs(block).max())
        if not math.isfinite(largest_here):
            require_all_finite("W", block)
        largest = max(largest, largest_here)
    if largest == 0:
        raise ValueError("W must have a non-zero entry, got all zeros")
    return rows._replace(exponent=int(np.frexp(largest)[1]) - 1)


def _read(source: RowSource, step: int) -> Iterator[Matrix]:
    item = np.dtype(np.uint16 if source.dtype in HALF_DTYPES else source.dtype).itemsize
    return (b.data for b in read_blocks(source, None, step * source.shape[1] * item))


def spectral_norm(
    W: Any, *, rtol: float = 1e-10, iterations: int | None = None, seed: int = 0
) -> float:
    """The largest singular value of W.

    Parameters
    ----------
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

    Returns
    -------
    float
        The norm, in units of `W`; positive.

    Raises
    ------
    ValueError
        If `W` is not a matrix, is not finite or all zero, or an argument is out of range.
    ArithmeticError
        If 500 steps do not reach `rtol`.

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
    return norms(open_rows(W), rtol, iterations, seed).spectral_norm


def stable_rank(
    W: Any, *, rtol: float = 1e-10, iterations: int | None = None, seed: int = 0
) -> float:
    """The squared Frobenius norm over the squared spectral norm.

    Parameters
    ----------
    W, rtol, iterations, seed
        As in `spectral_norm`.

    Returns
    -------
    float
        The stable rank. Up to rounding, it is at least 1 and at most the rank of `W`.

    Raises
    ------
    ValueError, ArithmeticError
        As in `spectral_norm`.

    References
    ----------
    .. [1] J. Y. Shin, section 5.3 and (17).

    Examples
    --------
    >>> round(stable_rank([[2.0, 0.0], [0.0, 1.0]]), 12)
    1.25
    """
    return norms(open_rows(W), rtol, iterations, seed).stable_rank


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
        multiply, v, first = gram.__matmul__, _start(len(gram), seed), None
    else:
        v = _start(rows.shape[1], seed)
        multiply, (first, squares) = rows.gram, rows.gram_and_squares(v)
    if rows.exponent == 0 and not SAFE_SQUARES[0] <= squares <= SAFE_SQUARES[1]:
        return norms(_scale(rows), rtol, iterations, seed)
    if 1 in rows.shape:
        return Norms(squares, squares, rows.exponent)
    first = multiply(v) if first is None else first
    if iterations is None:
        largest = _lanczos(multiply, v, rtol, first, rows.sizes)
    else:
        largest = _power(multiply, v, iterations, first)
    return Norms(largest, squares, rows.exponent)


def _start(size: int, seed: int) -> Vector:
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


def _lanczos(
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
    start = _start(columns, seed)
    return math.sqrt(_lanczos(gram, start, rtol, gram(start)))


def fit_spectrum(W: npt.ArrayLike, **options: Any) -> PowerLawFit:
    """Fit a power law to the eigenvalues of W W^T: the tail of the empirical spectral density.

    Parameters
    ----------
    W : array_like, shape (rows, columns)
        The matrix. All its singular values are computed, in float64.
    **options
        Passed to `fit_power_law`.

    Raises
    ------
    ValueError
        If `W` is not a finite matrix with at least two different non-zero singular values.

    Notes
    -----
    Eigenvalues below (eps * max(shape))^2 times the largest one are rounding errors. They are left
    out.

    Examples
    --------
    >>> W = np.random.default_rng(0).standard_t(3, (60, 40))
    >>> fit_spectrum(W).n
    40
    """
    from htstats._common.arrays import as_float64
    from htstats.power_law import fit_power_law

    matrix = as_float64(W, "W")
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"W must be a matrix with entries, got shape {matrix.shape}")
    require_all_finite("W", matrix)
    singular = np.linalg.svd(matrix, compute_uv=False)
    floor = np.finfo(np.float64).eps * max(matrix.shape) * singular[0]
    return fit_power_law(singular[singular > floor] ** 2, **options)
