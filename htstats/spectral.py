"""Spectral norm and stable rank of matrices that need not fit in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats import _checks
from htstats._arrays import HALF_DTYPES, as_elements, widen
from htstats._rows import RowSource, read_blocks

if TYPE_CHECKING:
    from htstats.power_law import PowerLawFit

__all__ = ["fit_spectrum", "norm_by_products", "spectral_norm", "stable_rank"]

Vector = npt.NDArray[np.float64]

# Bytes of float64 that a block of rows takes: it is read twice while it is in the cache.
BLOCK_BYTES = 1 << 21

# Up to this many rows or columns the products with W^T W come from W^T W itself, which takes one
# pass over W; it has 8 MiB then.
GRAM_SIDE = 1024

# Between Krylov steps at which the residual is looked at: it takes all eigenvalues so far.
LOOK_EVERY = 4

# Krylov steps before giving up; random dense matrices of any size need 30 to 100.
MAX_STEPS = 500


class _Rows(NamedTuple):
    """A matrix scaled by a power of two so that its largest entry is in [1, 2)."""

    shape: tuple[int, int]
    dtype: str
    parts: Callable[[int], Iterable[npt.NDArray[Any]]]  # blocks of so many rows, each time anew
    exponent: int = 0
    data: npt.NDArray[Any] | None = None  # all of it, where it is in memory

    @classmethod
    def of(cls, data: npt.NDArray[Any], dtype: str, exponent: int = 0) -> _Rows:
        def parts(step: int) -> Iterator[npt.NDArray[Any]]:
            return (data[start : start + step] for start in range(0, data.shape[0], step))

        return cls((data.shape[0], data.shape[1]), dtype, parts, exponent, data)

    def blocks(self) -> Iterator[Vector]:
        # in two factors, for one may be beyond the range; each is exact
        half = self.exponent // 2
        factors = math.ldexp(1, -half), math.ldexp(1, half - self.exponent)
        for part in self.parts(max(1, BLOCK_BYTES // (8 * self.shape[1]))):
            block = widen(part, self.dtype)
            if self.exponent:
                block = block * factors[0]
                block *= factors[1]
            yield block

    def gram(self, v: Vector) -> Vector:
        """W^T W v, in one pass over the rows."""
        out = np.zeros(self.shape[1])
        for block in self.blocks():
            out += (block @ v) @ block
        return out

    def products(self) -> tuple[Callable[[Vector], Vector], int]:
        """`gram`, or the same from W^T W (of a wide matrix W W^T, which has its eigenvalues); and
        the length of the vectors that it takes."""
        tall = self
        if self.data is not None and self.shape[0] < self.shape[1]:
            tall = _Rows.of(self.data.T, self.dtype, self.exponent)
        if tall.shape[1] > GRAM_SIDE:
            return self.gram, self.shape[1]
        square = np.zeros((tall.shape[1],) * 2)
        for block in tall.blocks():
            square += block.T @ block
        return square.__matmul__, len(square)

    def frobenius_squared(self) -> float:
        return float(sum(np.vdot(block, block) for block in self.blocks()))


def _open(W: Any) -> _Rows:
    if hasattr(W, "row_blocks"):
        rows = _Rows(W.shape, W.dtype, lambda step: _read(W, step))
    else:
        data, dtype = as_elements(W, "W")
        if data.ndim != 2:
            raise ValueError(f"W must be a matrix with entries, got shape {data.shape}")
        rows = _Rows.of(data, dtype)
    if 0 in rows.shape:
        raise ValueError(f"W must be a matrix with entries, got shape {rows.shape}")
    # NaN passes through max, inf is one: one number tells whether all entries are finite
    largest = max(float(np.abs(block).max()) for block in rows.blocks())
    if not np.isfinite(largest):
        raise ValueError("W must be finite, got NaN or infinity")
    if largest == 0:
        raise ValueError("W must have a non-zero entry, got all zeros")
    return rows._replace(exponent=int(np.frexp(largest)[1]) - 1)


def _read(source: RowSource, step: int) -> Iterator[npt.NDArray[Any]]:
    item = np.dtype(np.uint16 if source.dtype in HALF_DTYPES else source.dtype).itemsize
    return (b.data for b in read_blocks(source, None, step * source.shape[1] * item))


def spectral_norm(
    W: Any, *, rtol: float = 1e-10, iterations: int | None = None, seed: int = 0
) -> float:
    """The largest singular value of W.

    Parameters
    ----------
    W : array_like or tensor, 2-D, or object with shape, dtype and row_blocks(max_bytes)
        Finite real numbers, not all zero; a `numpy.memmap` or a `WeightMatrix` is read block by
        block, once for each step.
    rtol : float
        Relative tolerance, in (0, 1): the eigenvalue of W^T W that is found has a residual of at
        most `rtol` times itself.
    iterations : int, optional
        Take that many steps of plain power iteration instead, and look at no tolerance; the paper
        takes 1000.
    seed : int
        Of the random vector from which the iteration starts.

    Returns
    -------
    float
        In units of `W`, positive.

    Raises
    ------
    ValueError
        If `W` is not a matrix, is not finite or all zero, or an argument is out of range.
    ArithmeticError
        If 500 steps do not reach `rtol`.

    Notes
    -----
    A step of either method is one pass over the rows, v -> W^T (W v), in float64. Power iteration
    converges as slowly as the two largest singular values are close. The default therefore keeps
    its iterates and takes the best vector of their span (Lanczos' method, with two rounds of
    orthogonalisation): tens of passes where powers take thousands. With residual r, some singular
    value lies within r/(2 sigma) of the result, to first order, and the result is never above the
    largest one but for rounding; that it is the largest one fails only for a start orthogonal to
    its vector, which has probability 0. Where W has at most 1024 rows or columns, the product
    W^T W (or W W^T, unless W is read in blocks) is made in one pass, and the steps take it instead.
    Memory: one block of rows, and one vector of W's columns per step, or W^T W.

    References
    ----------
    .. [1] J. Y. Shin, Appendix D (power iteration, 1000 iterations).
    .. [2] B. N. Parlett, The Symmetric Eigenvalue Problem, 1980, ch. 13.

    Examples
    --------
    >>> round(spectral_norm([[3.0, 0.0], [4.0, 0.0]]), 12)
    5.0
    """
    rows = _open(W)
    return float(np.ldexp(_largest(rows, rtol, iterations, seed), rows.exponent))


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
        Dimensionless, at least 1 and at most the rank of `W`, up to rounding.

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
    rows = _open(W)
    return rows.frobenius_squared() / _largest(rows, rtol, iterations, seed) ** 2


def _largest(rows: _Rows, rtol: float, iterations: int | None, seed: int) -> float:
    """The spectral norm of the scaled matrix."""
    if not 0 < _checks.finite("rtol", rtol) < 1:
        raise ValueError(f"rtol must be in (0, 1), got {rtol!r}")
    if iterations is not None:
        _checks.count("iterations", iterations, at_least=1)
    multiply, size = rows.products()
    start = np.random.default_rng(seed).standard_normal(size)
    start = np.divide(start, np.linalg.norm(start))
    if iterations is None:
        return math.sqrt(_lanczos(multiply, start, rtol))
    return math.sqrt(_power(multiply, start, iterations))


def _power(gram: Callable[[Vector], Vector], v: Vector, iterations: int) -> float:
    """The Rayleigh quotient after so many multiplications."""
    eigenvalue = 0.0
    for _ in range(iterations):
        product = gram(v)
        eigenvalue = float(v @ product)
        v = product / np.linalg.norm(product)
    return eigenvalue


def _lanczos(gram: Callable[[Vector], Vector], v: Vector, rtol: float) -> float:
    """The largest Ritz value once its residual is at most `rtol` of it."""
    basis = v[None]
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(MAX_STEPS):
        product = gram(basis[-1])
        diagonal.append(float(basis[-1] @ product))
        # once leaves the rounding of large projections behind, twice is enough
        for _ in range(2):
            product -= (basis @ product) @ basis
        left = float(np.linalg.norm(product))
        is_whole = len(basis) == len(v)
        if is_whole or left == 0 or len(basis) % LOOK_EVERY == 0:
            tridiagonal = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
            values, vectors = np.linalg.eigh(tridiagonal)
            if is_whole or left * abs(vectors[-1, -1]) <= rtol * values[-1]:
                return float(values[-1])
        beside.append(left)
        basis = np.concatenate([basis, product[None] / left])
    raise ArithmeticError(f"the spectral norm did not reach rtol={rtol} in {MAX_STEPS} steps")


def norm_by_products(
    gram: Callable[[Vector], Vector], columns: int, *, rtol: float = 1e-10, seed: int = 0
) -> float:
    """`spectral_norm` of a matrix W of which only the products W^T (W v) are to be had.

    Parameters
    ----------
    gram : callable
        v -> W^T (W v), float64 vectors of length `columns`.
    columns : int
        Of W.
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
    start = np.random.default_rng(seed).standard_normal(columns)
    return math.sqrt(_lanczos(gram, start / np.linalg.norm(start), rtol))


def fit_spectrum(W: npt.ArrayLike, **options: Any) -> PowerLawFit:
    """Power-law fit of the eigenvalues of W W^T, the empirical spectral density's tail.

    Parameters
    ----------
    W : array_like, shape (rows, columns)
        A matrix; all its singular values are computed, in float64.
    **options
        Passed to `fit_power_law`.

    Raises
    ------
    ValueError
        If `W` is no finite matrix with at least two different non-zero singular values.

    Notes
    -----
    Eigenvalues below (eps * max(shape))^2 of the largest are rounding and left out.

    Examples
    --------
    >>> W = np.random.default_rng(0).standard_t(3, (60, 40))
    >>> fit_spectrum(W).n
    40
    """
    from htstats._arrays import as_float64
    from htstats.power_law import fit_power_law

    matrix = as_float64(W, "W")
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"W must be a matrix with entries, got shape {matrix.shape}")
    if not np.all(np.isfinite(matrix)):
        raise ValueError("W must be finite, got NaN or infinity")
    singular = np.linalg.svd(matrix, compute_uv=False)
    floor = np.finfo(np.float64).eps * max(matrix.shape) * singular[0]
    return fit_power_law(singular[singular > floor] ** 2, **options)
