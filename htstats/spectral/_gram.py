"""W W^T of the short side of a matrix, with a bound of its rounding errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from htstats._common.arrays import Floats, widen
from htstats.spectral._blas import add_product
from htstats.spectral._rows import Matrix, Rows

__all__ = ["Gram", "gram_error", "gram_of", "needs_scipy"]

# Up to this short side, a product is added by NumPy, which takes a second matrix of this size.
# Above, BLAS adds to the matrix itself; loading SciPy takes a quarter of a second.
SMALL = 1024

# The lengths of a block along the long side. A block is widened to float64, and bounds the rounding
# error of its product. NumPy also copies one half of each product to the other, for which it takes
# as long as for 128 (side 384) to 512 (side 1024) rows: few products of long blocks are faster.
LONG_BLOCK, BLOCK = 512, 128

UNIT = 2.0**-53


class Gram(NamedTuple):
    """G = W W^T or W^T W, of the short side.

    Attributes
    ----------
    matrix : array of float64
        G; of a large one the lower triangle (of the array in Fortran's order), the rest is zero.
    error : float
        An upper bound of the spectral norm of the rounding error of G.
    trace : float
        The sum of the squares of all entries of W.
    """

    matrix: Floats
    error: float
    trace: float


def gram_of(rows: Rows) -> Gram:
    """Compute the product for a matrix in memory, which is never widened as a whole.

    Notes
    -----
    A block of k entries along the long side is multiplied in float64. For any order of its sums,
    the product has an error of at most k u abs(B) abs(B)^T, to first order in u = 2^-53 (Higham,
    Accuracy and Stability of Numerical Algorithms, section 3.5), and adding m blocks one of at most
    m u abs(W) abs(W)^T. The norm of abs(W) abs(W)^T is at most its trace, the sum of all squares.
    """
    side = min(rows.shape)
    with np.errstate(all="ignore"):  # the trace shows an overflow
        if not needs_scipy(rows.shape):
            length, gram = LONG_BLOCK, _add_with_numpy(_short_columns(rows, LONG_BLOCK), side)
        else:
            length, gram = BLOCK, _add_with_blas(_short_columns(rows, BLOCK), side)
        trace = float(np.trace(gram))
    long = max(rows.shape)
    return Gram(gram, gram_error(min(length, long), -(-long // length), trace), trace)


def needs_scipy(shape: tuple[int, int]) -> bool:
    """Whether the eigenvalues of a matrix of this shape are computed by SciPy."""
    return min(shape) > SMALL


def gram_error(length: int, blocks: int, trace: float) -> float:
    """The bound of the error of G from products of blocks of this length; see `gram_of`."""
    return 1.01 * UNIT * (length + blocks + 2) * trace


def _short_columns(rows: Rows, length: int) -> Iterator[Floats]:
    """Yield blocks of W as float64, transposed if needed: at most `length` x the short side."""
    data: Matrix | None = rows.data
    assert data is not None
    is_wide = data.shape[0] < data.shape[1]
    for start in range(0, max(data.shape), length):
        part = data[:, start : start + length].T if is_wide else data[start : start + length]
        # the copy of a transposed part has its order, so the widened block is contiguous along it
        yield widen(np.ascontiguousarray(part), rows.dtype)


def _add_with_numpy(blocks: Iterator[Floats], side: int) -> Floats:
    gram, product = np.zeros((side, side)), np.empty((side, side))
    for block in blocks:
        gram += np.matmul(block.T, block, out=product)
    return gram


def _add_with_blas(blocks: Iterator[Floats], side: int) -> Floats:
    gram = np.zeros((side, side), order="F")
    for block in blocks:
        gram = add_product(block, gram)
    return gram
