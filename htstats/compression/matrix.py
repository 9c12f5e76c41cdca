"""CompressedMatrix: the paper's W(t), with a sparse B and noise that a seed determines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats._common.data_checks import require_full, require_numbers
from htstats._common.threads import run_each
from htstats._core import normal

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["DTYPES", "KEEPS", "NOISES", "SUPPORTS", "CompressedMatrix"]

KEEPS = ("abs", "upper", "centered")
NOISES = ("paper", "matched", "none")
SUPPORTS = ("replaced", "full")
DTYPES = ("float64", "float32", "float16", "bfloat16")

# Row, column and layer are words of the generator's counter; the seed is its two-word key.
INDEX_END = 2**32
SEED_END = 2**64

# Elements of G generated at a time: 512 KiB of float64 fit in the cache of a core. A sixteenth of
# this takes 1.6 times as long, and more gains nothing (bench/studies/block_sizes.py).
TILE = 2**16

# Dtypes of row blocks. NumPy has no bfloat16; float32 represents all of its values exactly.
BLOCK_DTYPES: dict[str, np.dtype[Any]] = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(np.float32),
}


def sparse_rows(
    values: npt.NDArray[Any], indices: npt.NDArray[Any], indptr: npt.NDArray[Any], shape: Any
) -> csr_array:
    """Build a sparse matrix. SciPy is imported here, because its import is slow."""
    from scipy.sparse import csr_array

    return csr_array((values, indices, indptr), shape=shape)


def stack_rows(
    blocks: Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]],
    shape: tuple[int, int],
    dtype: str,
) -> csr_array:
    """Put blocks of consecutive rows one below the other.

    Parameters
    ----------
    blocks : sequence of (indptr, indices, values)
        The rows as CSR; each `indptr` begins with 0.
    shape : (int, int)
        The shape of the whole matrix, which determines the dtype of indices. The blocks may be
        only some of its rows.
    dtype : str
        The dtype of the whole matrix.
    """
    counts = [np.diff(indptr) for indptr, _, _ in blocks]
    indptr = np.concatenate([[0], np.cumsum(np.concatenate([*counts, np.empty(0, np.int64)]))])
    index = index_dtype(int(indptr[-1]), *shape)
    value = np.float64 if dtype == "float64" else np.float32
    indices = np.concatenate([*(i.astype(index) for _, i, _ in blocks), np.empty(0, index)])
    values = np.concatenate([*(v for _, _, v in blocks), np.empty(0, value)])
    return sparse_rows(values, indices, indptr.astype(index), (len(indptr) - 1, shape[1]))


def index_dtype(*sizes: int) -> type[np.int32] | type[np.int64]:
    """The dtype of indices and offsets of a sparse matrix: int32 if every size fits."""
    return np.int32 if max(sizes) < 2**31 else np.int64


class NoiseLaw(NamedTuple):
    """The law of the noise of W(t)."""

    mean: float
    std: float
    seed: int
    layer: int
    dtype: str
    support: str

    @classmethod
    def of(cls, split: Any) -> NoiseLaw:
        """The law of an object that has these attributes, such as a `CompressedMatrix`."""
        return cls(*(getattr(split, name) for name in cls._fields))


@dataclass(frozen=True, eq=False, repr=False)
class CompressedMatrix:
    """A matrix W split at a threshold: large entries are kept, noise replaces the others.

    Let m = `mean`, s = `std`, and let G be the standard normal matrix of (`seed`, `layer`). The
    object represents W(t). With `support="replaced"`, W(t) is B on the pattern of B and m + s G
    elsewhere. With `support="full"`, it is m + s G + B everywhere. `partition` creates such an
    object.

    Parameters
    ----------
    sparse : scipy.sparse.csr_array
        B, with sorted indices and no duplicates. If `dtype` has 16 bits, B is float32, which
        represents the values exactly.
    mean, std : float
        Mean and standard deviation of the noise, in units of W; 0 and 0 with `noise="none"`.
    threshold : float
        tau, in units of W. The elements strictly beyond it (in the sense of `keep`) are in B.
    seed : int
        Seed of G, in [0, 2**64).
    layer : int
        Number of the matrix in the network, in [0, 2**32). The noise of different layers is
        independent.
    shape : tuple of int
        Rows and columns, each at most 2**32.
    dtype : str
        "float64", "float32", "float16" or "bfloat16": the dtype of W, to which entries are rounded.
    keep : str
        "abs" (abs(w) > tau), "upper" (w > tau) or "centered" (abs(w - mean) > tau).
    noise : str
        The source of mean and std: "paper" (all of W), "matched" (the replaced part), "none".
    support : str
        "replaced" or "full", see above.
    rule : str
        The threshold as the user gave it, such as "std" or "quantile:0.9".

    Raises
    ------
    ValueError, TypeError
        If a field is outside its range, or `sparse` does not fit `shape` and `dtype`.

    Notes
    -----
    Entry (i, j) of G depends only on (seed, layer, i, j). It is computed by Philox4x32-10 and the
    normal quantile AS 241 in float64, and is bit-identical on every machine, in every block and for
    any number of threads. An entry off the pattern is fl(m + fl(s g)) in float64, rounded once to
    `dtype`. On the pattern with `support="full"` it is fl(fl(m + fl(s g)) + b), rounded once.

    References
    ----------
    .. [1] J. Y. Shin, section 3.2 and Appendix E (W(t) = sqrt(t) G + B).

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> from htstats.compression.matrix import CompressedMatrix
    >>> c = CompressedMatrix(
    ...     csr_array([[0.0, 3.0], [0.0, 0.0]]), mean=0.1, std=0.5, threshold=1.0, seed=0, layer=0,
    ...     shape=(2, 2), dtype="float64", keep="abs", noise="paper", support="replaced",
    ...     rule="1.0")
    >>> c.toarray()
    array([[ 0.68879562,  3.        ],
           [ 0.78482663, -0.85194899]])
    >>> c @ [1.0, 0.0]
    array([0.68879562, 0.78482663])
    >>> c.nnz, c.density
    (1, 0.25)
    """

    sparse: csr_array
    mean: float
    std: float
    threshold: float
    seed: int
    layer: int
    shape: tuple[int, int]
    dtype: str
    keep: str
    noise: str
    support: str
    rule: str

    # makes NumPy use __rmatmul__ for `array @ self`
    __array_ufunc__ = None

    def __post_init__(self) -> None:
        checks.one_of("dtype", self.dtype, DTYPES)
        checks.one_of("keep", self.keep, KEEPS)
        checks.one_of("noise", self.noise, NOISES)
        checks.one_of("support", self.support, SUPPORTS)
        checks.finite("mean", self.mean)
        checks.nonnegative("std", self.std)
        checks.count("seed", self.seed, below=SEED_END)
        checks.count("layer", self.layer, below=INDEX_END)
        for size in self.shape:
            checks.count("shape", size, below=INDEX_END + 1)
        if self.sparse.format != "csr" or self.sparse.shape != self.shape:
            raise ValueError(
                f"sparse must be a csr_array of shape {self.shape}, got "
                f"{self.sparse.format} of shape {self.sparse.shape}"
            )
        wanted = np.float64 if self.dtype == "float64" else np.float32
        if self.sparse.dtype != wanted:
            raise TypeError(
                f"sparse must hold {np.dtype(wanted).name} for dtype {self.dtype}, "
                f"got {self.sparse.dtype}"
            )

    @property
    def nnz(self) -> int:
        """Number of entries of B."""
        return int(self.sparse.nnz)

    @property
    def density(self) -> float:
        """The proportion of entries that B keeps, in [0, 1]; 0 for a matrix without entries."""
        return self.nnz / max(self.shape[0] * self.shape[1], 1)

    @property
    def nbytes(self) -> int:
        """Bytes of B in memory."""
        b = self.sparse
        return int(b.data.nbytes + b.indices.nbytes + b.indptr.nbytes)

    def toarray(self, *, n_threads: int = 1) -> npt.NDArray[Any]:
        """W(t) as a dense array, bit-identical for any `n_threads`.

        Returns
        -------
        ndarray of `dtype`. For bfloat16: float32, whose values bfloat16 represents exactly.

        Notes
        -----
        If memory matters, use `row_block`. An entry takes about 5 ns per thread.
        """
        checks.count("n_threads", n_threads, at_least=1)
        rows, cols = self.shape
        out = np.empty(self.shape, BLOCK_DTYPES[self.dtype])
        step = max(1, TILE // max(cols, 1))
        starts = range(0, rows, step)

        def fill(start: int) -> None:
            self.row_block(start, min(start + step, rows), out=out[start : start + step])

        run_each(fill, starts, n_threads)
        return out

    def row_block(
        self, start: int, stop: int, *, out: npt.NDArray[Any] | None = None
    ) -> npt.NDArray[Any]:
        """Rows `start` to `stop` of W(t), bit-identical to `toarray()[start:stop]`.

        Parameters
        ----------
        start, stop : int
            0 <= start <= stop <= rows.
        out : ndarray, optional
            The output array, of shape (stop - start, columns) and of the dtype of `toarray()`.
        """
        stop = checks.count("stop", stop, below=self.shape[0] + 1)
        start = checks.count("start", start, below=stop + 1)
        shape, dtype = (stop - start, self.shape[1]), BLOCK_DTYPES[self.dtype]
        if out is None:
            out = np.empty(shape, dtype)
        elif out.shape != shape or out.dtype != dtype:
            raise ValueError(f"out must be {shape} of {dtype}, got {out.shape} of {out.dtype}")
        bounds = self.sparse.indptr[start : stop + 1].astype(np.int64)
        kept = slice(int(bounds[0]), int(bounds[-1]))
        rows = (bounds - bounds[0], self.sparse.indices[kept], self.sparse.data[kept])
        rebuild_rows(NoiseLaw.of(self), start, *rows, out)
        return out

    def gaussian_rows(self, start: int, stop: int) -> Floats:
        """Rows `start` to `stop` of G: standard normal values, without rounding and without B."""
        stop = checks.count("stop", stop, below=self.shape[0] + 1)
        start = checks.count("start", start, below=stop + 1)
        return gaussian_rows(NoiseLaw.of(self), start, stop, self.shape[1])

    def __matmul__(self, x: npt.ArrayLike) -> npt.NDArray[Any]:
        """W(t) @ x for a vector or a matrix, computed in blocks of rows.

        The entries are those of `toarray()`. Sums use the widest of float32, `dtype` and the dtype
        of `x`, so the result differs from the dense product only by rounding.
        """
        x, dtype = self._operand(x, self.shape[1], axis=0)
        y = np.zeros((self.shape[0], *x.shape[1:]), dtype)
        if self.mean == 0 and self.std == 0:
            y[...] = self.sparse.astype(dtype) @ x
            return y
        for start, stop, rows in self._row_blocks():
            np.matmul(rows.astype(dtype, copy=False), x, out=y[start:stop])
        return y

    def __rmatmul__(self, x: npt.ArrayLike) -> npt.NDArray[Any]:
        """x @ W(t), computed in blocks of rows as in `__matmul__`."""
        x, dtype = self._operand(x, self.shape[0], axis=-1)
        y = np.zeros((*x.shape[:-1], self.shape[1]), dtype)
        if self.mean == 0 and self.std == 0:
            y[...] = x @ self.sparse.astype(dtype)
            return y
        for start, stop, rows in self._row_blocks():
            y += x[..., start:stop] @ rows.astype(dtype, copy=False)
        return y

    def __repr__(self) -> str:
        rows, cols = self.shape
        return (
            f"CompressedMatrix({rows} x {cols} {self.dtype}, {self.nnz} kept "
            f"({100 * self.density:.3g} %) beyond {self.threshold:.6g} by {self.keep!r}, "
            f"noise {self.noise!r} N({self.mean:.4g}, {self.std:.4g}^2), "
            f"support {self.support!r}, seed {self.seed}, layer {self.layer})"
        )

    def _row_blocks(self) -> Iterator[tuple[int, int, npt.NDArray[Any]]]:
        """Yield (start, stop, rows of W(t)); all blocks use the same buffer."""
        rows, cols = self.shape
        # large enough for BLAS to multiply at full speed
        step = max(1, 16 * TILE // max(cols, 1))
        buffer = np.empty((min(step, rows), cols), BLOCK_DTYPES[self.dtype])
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            yield start, stop, self.row_block(start, stop, out=buffer[: stop - start])

    def _operand(
        self, x: npt.ArrayLike, size: int, axis: int
    ) -> tuple[npt.NDArray[Any], np.dtype[Any]]:
        require_numbers(x, "x")
        require_full(x, "x")
        array = np.asarray(x)
        if array.ndim not in (1, 2) or array.shape[axis] != size:
            raise ValueError(
                f"x must be a vector or a matrix with {size} entries along axis {axis}, "
                f"got shape {array.shape}"
            )
        dtype = np.result_type(np.float32, BLOCK_DTYPES[self.dtype], array.dtype)
        return array.astype(dtype), dtype


def gaussian_rows(law: NoiseLaw, start: int, stop: int, cols: int) -> Floats:
    """Rows of G."""
    g = np.empty((stop - start, cols))
    normal.fill(law.seed, law.layer, start, 0, g)
    return g


def rebuild_rows(
    law: NoiseLaw,
    row: int,
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[Any],
    values: npt.NDArray[Any],
    out: npt.NDArray[Any],
) -> None:
    """Write rows of W(t) into `out`, from row `row`. The CSR arrays are these rows of B."""
    _fill_noise(law, row, out)
    rows = np.repeat(np.arange(len(out), dtype=np.int64), np.diff(indptr))
    cols = indices.astype(np.int64)
    if law.support == "full":
        g = np.zeros(len(cols))
        if law.std != 0:
            normal.at(law.seed, law.layer, rows + row, cols, g)
        values = _round_to(_affine(law, g) + values, law.dtype)
    out[rows, cols] = values


def _fill_noise(law: NoiseLaw, row: int, out: npt.NDArray[Any]) -> None:
    """out = m + s G, rounded once."""
    rows, cols = out.shape
    if law.std == 0:
        out[...] = _round_to(np.array([law.mean]), law.dtype)
        return
    width = max(1, min(cols, TILE))
    height = max(1, TILE // width)
    for r in range(0, rows, height):
        for c in range(0, cols, width):
            place = out[r : r + height, c : c + width]
            g = np.empty(place.shape)
            normal.fill(law.seed, law.layer, row + r, c, g)
            place[...] = _round_to(_affine(law, g), law.dtype)


def _affine(law: NoiseLaw, g: Floats) -> Floats:
    """Compute m + s g in place, with two roundings."""
    np.multiply(g, law.std, out=g)
    np.add(g, law.mean, out=g)
    return g


def _round_to(x: Floats, dtype: str) -> npt.NDArray[Any]:
    """Round float64 values once, half to even, to `dtype`. It may overwrite `x`."""
    if dtype != "bfloat16":
        return x.astype(BLOCK_DTYPES[dtype], copy=False)
    # bfloat16 keeps 7 of 52 bits: add half a unit of the last kept bit, then clear the other bits.
    dropped = np.uint64(52 - 7)
    bits = x.view(np.uint64)
    tiny = np.abs(x) < 2.0**-126
    subnormal = np.rint(x[tiny] * 2.0**133) * 2.0**-133
    bits += ((bits >> dropped) & np.uint64(1)) + np.uint64(2**44 - 1)
    bits &= ~np.uint64(2**45 - 1)
    x[tiny] = subnormal
    return x.astype(np.float32)
