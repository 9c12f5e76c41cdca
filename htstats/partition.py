"""Split a matrix at a threshold: large elements kept sparsely, the others replaced by noise."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._arrays import HALF_DTYPES, as_elements
from htstats._checks import count, one_of
from htstats._core import partition as _core
from htstats._core import split as _split
from htstats._moments import ExactSums, moments, share
from htstats.compressed import KEEPS, NOISES, SUPPORTS, CompressedMatrix, sparse_rows
from htstats.sketch import FORMATS, TailSketch
from htstats.thresholds import needs_sketch, resolve

__all__ = [
    "Bounds",
    "Room",
    "RowCounts",
    "count_rows",
    "fill_rows",
    "noise_moments",
    "partition",
    "split",
]

_COUNT: dict[str, Callable[..., int]] = {
    "float32": _core.count_b32,
    "float64": _core.count_b64,
    "float16": _core.count_b16,
    "bfloat16": _core.count_b16,
}
_FILL: dict[str, Callable[..., None]] = {
    "float32": _core.fill_b32,
    "float64": _core.fill_b64,
    "float16": _core.fill_f16,
    "bfloat16": _core.fill_bf16,
}
_SPLIT: dict[str, Callable[..., int]] = {
    "float32": _split.split_b32,
    "float64": _split.split_b64,
    "float16": _split.split_f16,
    "bfloat16": _split.split_bf16,
}

# From here on the width of indices must be known before they are written.
_MANY = 2**31


class Bounds(NamedTuple):
    """The rule "w > high or w < low" in ordered integers, which grow with the numbers of `dtype`.

    They are the pattern of a positive number, and -1 - pattern of abs(w) for a negative one.
    """

    dtype: str
    low: int
    high: int

    @classmethod
    def of(cls, dtype: str, keep: str, tau: float, mean: float = 0.0) -> Bounds:
        """The rule that decides as exact arithmetic does on the real numbers `tau` and `mean`.

        Of the numbers of `dtype`, the largest at or below the upper bound and the smallest at or
        above the lower one stand for the bounds.
        """
        one_of("keep", keep, KEEPS)
        centre = Fraction(mean) if keep == "centered" else Fraction(0)
        high = _ordered_at_most(centre + Fraction(tau), dtype)
        if keep == "upper":
            form = FORMATS[dtype]
            return cls(dtype, -(form.exponents << form.mantissa), high)
        return cls(dtype, -1 - _ordered_at_most(Fraction(tau) - centre, dtype), high)


class RowCounts(NamedTuple):
    """How many elements of each row are kept, and the kernels' notes for the fill."""

    counts: npt.NDArray[np.int64]
    hits: npt.NDArray[np.uint8]


def partition(
    W: Any,
    threshold: float | str = "std",
    *,
    keep: str = "abs",
    noise: str = "paper",
    support: str = "replaced",
    seed: int = 0,
    layer: int = 0,
    n_threads: int = 1,
) -> CompressedMatrix:
    """Split W = A + B at a threshold; keep B sparsely and say how to replace A by Gaussian noise.

    Parameters
    ----------
    W : array_like or tensor, 2-D
        Real numbers, finite. Float arrays that are C-contiguous are not copied; integers become
        float64; float16 and bfloat16 are compared as bits and their kept values widened to float32.
    threshold : float or str
        tau, in the units of `W`, or a rule: "std" (the standard deviation of all of `W`),
        "quantile:Q", "nnz:K", "xmin", "error:EPS,ETA"; see `htstats.thresholds`.
    keep : {"abs", "upper", "centered"}
        What is kept in B: abs(w) > tau, w > tau, or abs(w - mean) > tau, all strict.
    noise : {"paper", "matched", "none"}
        Where mean and standard deviation of the noise come from: all of `W`; the replaced elements
        (with ``support="full"``: A with its zeros); or nowhere, both 0, which prunes.
    support : {"replaced", "full"}
        Whether the noise lies off B's pattern only, or everywhere.
    seed, layer : int
        Name the replayed Gaussian matrix; stored, not used here.
    n_threads : int
        Threads that share the rows. The result does not depend on it.

    Returns
    -------
    CompressedMatrix

    Raises
    ------
    TypeError
        If `W` is not real numbers.
    ValueError
        If `W` is not 2-D or not finite, or an argument is not among those named.

    Notes
    -----
    Method: the threshold is rounded once to the dtype of `W` so that the comparison is exact; one
    reading counts and fills. Mean and standard deviation (ddof 0) come from exact integer sums, of
    another reading, and are rounded once. Cost: the readings at about memory speed, and the output.

    References
    ----------
    .. [1] J. Y. Shin, section 3.2 and Appendix E (`support`), equation (5) (the threshold).

    Examples
    --------
    >>> import numpy as np
    >>> from htstats import partition
    >>> W = np.float32([[0.1, -3, 0.2], [2, 0, -0.1]])
    >>> split = partition(W, 1.0)
    >>> split.sparse.toarray()
    array([[ 0., -3.,  0.],
           [ 2.,  0.,  0.]], dtype=float32)
    >>> round(split.mean, 4), round(split.std, 4)
    (-0.1333, 1.4693)
    """
    one_of("keep", keep, KEEPS)
    one_of("noise", noise, NOISES)
    one_of("support", support, SUPPORTS)
    count("seed", seed, below=2**64)
    count("layer", layer, below=2**32)
    count("n_threads", n_threads, at_least=1)
    data, dtype = as_elements(W, "W")
    if data.ndim != 2:
        raise ValueError(f"W must be 2-D, got {data.ndim}-D of shape {data.shape}")
    sums: ExactSums | TailSketch = ExactSums(dtype)
    if dtype in HALF_DTYPES or needs_sketch(threshold):
        sums = TailSketch(dtype)
    if keep == "centered" or noise != "none" or isinstance(threshold, str):
        _require_finite(sums.update(data, n_threads=n_threads).n_not_finite)
    tau = resolve(threshold, data, sums, keep=keep, noise=noise, support=support)
    centre = sums.moments()[0] if keep == "centered" and sums.n else 0.0
    bounds = Bounds.of(dtype, keep, tau, centre)
    indptr, indices, values = split(data, bounds, n_threads)
    mean, std = noise_moments(sums, values, noise, support)
    index = np.int32 if max(indptr[-1], *data.shape) < 2**31 else np.int64
    return CompressedMatrix(
        sparse=sparse_rows(values, indices, indptr.astype(index), data.shape),
        mean=mean,
        std=std,
        threshold=tau,
        seed=seed,
        layer=layer,
        shape=(data.shape[0], data.shape[1]),
        dtype=dtype,
        keep=keep,
        noise=noise,
        support=support,
        rule=threshold if isinstance(threshold, str) else repr(tau),
    )


def count_rows(block: npt.NDArray[Any], bounds: Bounds, n_threads: int = 1) -> RowCounts:
    """Count the kept elements of each row of a C-contiguous block (16-bit floats as uint16).

    Raises
    ------
    ValueError
        If an element is NaN or infinite.
    """

    def work(part: slice) -> tuple[RowCounts, int]:
        return _count(block[part], bounds)

    parts = share(work, block.shape[0], block.size, n_threads)
    _require_finite(sum(bad for _, bad in parts))
    return RowCounts(
        np.concatenate([part.counts for part, _ in parts]),
        np.concatenate([part.hits for part, _ in parts]),
    )


def fill_rows(
    block: npt.NDArray[Any],
    bounds: Bounds,
    rows: RowCounts,
    n_threads: int = 1,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]:
    """CSR of the kept elements of a block after `count_rows`: (indptr, indices, values).

    Indices are int32, or int64 where columns or entries need it.
    """
    indptr = np.zeros(len(rows.counts) + 1, np.int64)
    np.cumsum(rows.counts, out=indptr[1:])
    nnz = int(indptr[-1])
    index = np.int32 if max(nnz, *block.shape) < 2**31 else np.int64
    room = np.empty(nnz, index), _empty_values(nnz, bounds.dtype)

    def work(part: slice) -> None:
        _fill(block[part], bounds, rows.hits[part], indptr[part.start : part.stop + 1], room)

    share(work, len(rows.counts), block.size, n_threads)
    return indptr, *room


class Room(NamedTuple):
    """Memory that one block after another is split into: fresh memory would cost more than that."""

    indices: npt.NDArray[np.int32]
    values: npt.NDArray[Any]

    @classmethod
    def of(cls, size: int, dtype: str) -> Room:
        """For blocks of up to `size` elements; a kernel may write some more."""
        return cls(np.empty(size + _split.OWN, np.int32), _empty_values(size + _split.OWN, dtype))

    @property
    def size(self) -> int:
        """The elements that a block may have."""
        return len(self.values) - _split.OWN


def split(
    block: npt.NDArray[Any], bounds: Bounds, n_threads: int = 1, *, room: Room | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]:
    """`count_rows` and `fill_rows` in one reading: (indptr, indices, values).

    With `room` one thread does it, and indices and values are the beginnings of its arrays.

    Raises
    ------
    ValueError
        If an element is NaN or infinite.

    Notes
    -----
    Threads take pieces of about 2^16 elements in turn, and gather what one keeps in arrays of their
    own; where it goes is known as soon as the pieces before it have been gathered. The result's
    arrays are made for a matrix kept whole, and cut to their size in the end: the memory behind
    what was never written is never taken. From 2^31 elements on, counting all goes before filling.
    """
    if block.size >= _MANY:
        return fill_rows(block, bounds, count_rows(block, bounds, n_threads), n_threads)
    indptr = np.zeros(len(block) + 1, np.int64)
    turns = np.zeros(_split.TURNS, np.int64)

    def work(own: Room, indices: npt.NDArray[np.int32], values: npt.NDArray[Any]) -> int:
        arrays = own.indices, _bits(own.values), indptr, indices, _bits(values)
        kernel = _SPLIT[bounds.dtype]
        return kernel(_bits(block), bounds.low, bounds.high, _core.BEST, turns, *arrays)

    if room is not None:
        none = Room(room.indices[:0], room.values[:0])
        _require_finite(work(none, *(array[: block.size + _split.OWN] for array in room)))
        return indptr, room.indices[: indptr[-1]], room.values[: indptr[-1]]

    indices, values = np.empty(block.size, np.int32), _empty_values(block.size, bounds.dtype)
    pieces = -(-block.size // _split.PIECE)

    def on_a_thread(_: slice) -> int:
        return work(Room.of(0, bounds.dtype), indices, values)

    _require_finite(sum(share(on_a_thread, pieces, block.size, n_threads)))
    for array in (indices, values):
        array.resize(int(indptr[-1]), refcheck=False)
    return indptr, indices, values


def noise_moments(
    sums: ExactSums | TailSketch,
    kept: npt.NDArray[Any] | ExactSums | TailSketch,
    noise: str,
    support: str,
) -> tuple[float, float]:
    """Mean and standard deviation of the noise, from exact sums of all of W and the kept values.

    `kept` is the values as `fill_rows` gives them, or sums or a sketch of them.
    """
    if noise == "none" or sums.n == 0:
        return 0.0, 0.0
    if noise == "paper":
        return sums.moments()
    part = ExactSums(kept.dtype.name).update(kept) if isinstance(kept, np.ndarray) else kept
    n = sums.n if support == "full" else sums.n - part.n
    if n == 0:  # nothing is replaced, so there is no noise
        return 0.0, 0.0
    squares = sums.total_of_squares - part.total_of_squares
    return moments(n, sums.total - part.total, squares)


def _count(block: npt.NDArray[Any], bounds: Bounds) -> tuple[RowCounts, int]:
    """Counts of a block's rows, and how many elements are NaN or infinite."""
    rows, cols = block.shape
    counts = np.zeros(rows, np.int64)
    hits = np.zeros((rows, -(-cols // _core.SEGMENT)), np.uint8)
    infinity: tuple[int, ...] = ()
    if bounds.dtype in HALF_DTYPES:
        form = FORMATS[bounds.dtype]
        infinity = ((form.exponents - 1) << form.mantissa,)
    bad = _COUNT[bounds.dtype](_bits(block), bounds.low, bounds.high, *infinity, counts, hits)
    return RowCounts(counts, hits), bad


def _fill(
    block: npt.NDArray[Any],
    bounds: Bounds,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    room: tuple[npt.NDArray[Any], npt.NDArray[Any]],
) -> None:
    """Write the kept elements of a block's rows to their places in (indices, values)."""
    indices, values = room
    _FILL[bounds.dtype](
        _bits(block),
        bounds.low,
        bounds.high,
        hits,
        indptr,
        _core.BEST,
        indices.itemsize == 8,
        indices.view(np.uint8),
        _bits(values),
    )


def _empty_values(size: int, dtype: str) -> npt.NDArray[Any]:
    """Room for kept values: float64, or float32 for it and for what is narrower."""
    return np.empty(size, np.float64 if dtype == "float64" else np.float32)


def _bits(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array's bits, as unsigned integers of the same width."""
    return x.view(f"u{x.itemsize}")


def _require_finite(bad: int) -> None:
    if bad:
        raise ValueError(f"W must be finite, got {bad} NaN or infinite elements")


def _ordered_at_most(bound: Fraction, dtype: str) -> int:
    """The largest number of a dtype at or below a bound, as an ordered integer.

    Ordered integers grow with the numbers: the pattern of a positive one, and -1 - pattern of a
    negative one. Beyond the largest finite number the answer is that number or, below, minus
    infinity.
    """
    form = FORMATS[dtype]
    magnitude = abs(bound)
    if magnitude == 0:
        return 0
    # 2^e <= magnitude, up to one too large, which the loop takes back
    e = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if magnitude < Fraction(2) ** e:
        e -= 1
    field = max(e + form.exponents // 2 - 1, 1)
    steps = magnitude / Fraction(2) ** form.scale(field)
    whole = steps.numerator // steps.denominator
    infinity = (form.exponents - 1) << form.mantissa
    pattern = min(((field - 1) << form.mantissa) + whole, infinity)
    if bound >= 0:
        return min(pattern, infinity - 1)
    return -1 - min(pattern + (steps != whole), infinity)
