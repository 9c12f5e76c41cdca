"""`partition`: split a matrix in memory."""

from __future__ import annotations

from typing import Any

from htstats._common.arrays import HALF_DTYPES, as_elements
from htstats._common.checks import count, require_finite
from htstats.compression.matrix import CompressedMatrix, index_dtype, sparse_rows
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.noise import noise_moments
from htstats.compression.partition.plan import SplitOptions
from htstats.compression.partition.split import split_block
from htstats.compression.thresholds import resolve
from htstats.compression.thresholds.rules import needs_sketch
from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import ExactSums, HalfSums

__all__ = ["partition"]


def partition(
    W: Any, threshold: float | str = "std", *, keep: str = "abs", noise: str = "paper",
    support: str = "replaced", seed: int = 0, layer: int = 0, n_threads: int = 1,
) -> CompressedMatrix:  # fmt: skip
    """Split W = A + B at a threshold; keep B sparsely and say how to replace A by Gaussian noise.

    Parameters
    ----------
    W : array_like or tensor, 2-D
        Real numbers, finite. Float arrays that are C-contiguous are not copied; integers become
        float64; float16 and bfloat16 are compared as bits and their kept values widened to float32.
    threshold : float or str
        tau, in the units of `W`, or a rule: "std" (the standard deviation of all of `W`),
        "quantile:Q", "nnz:K", "xmin", "error:EPS,ETA"; see `htstats.compression.thresholds`.
    keep : {"abs", "upper", "centered"}
        What is kept in B: abs(w) > tau, w > tau, or abs(w - mean) > tau, all strict.
    noise : {"paper", "matched", "none"}
        The source of mean and standard deviation of the noise: all of `W`; the replaced elements
        (with ``support="full"``: A with its zeros); or none: both are 0, which prunes.
    support : {"replaced", "full"}
        Whether the noise is added only off the pattern of B, or everywhere.
    seed, layer : int
        The seed and the layer of the Gaussian matrix. They are only stored here, not used.
    n_threads : int
        Number of threads, which divide the rows. The result does not depend on it.

    Returns
    -------
    CompressedMatrix

    Raises
    ------
    TypeError
        If the elements of `W` are not real numbers.
    ValueError
        If `W` is not 2-D or not finite, or an argument has an invalid value.

    Notes
    -----
    Method: the threshold is rounded once to the dtype of `W`, so that the comparison is exact. One
    pass over `W` counts and copies the kept elements. Mean and standard deviation (ddof 0) come
    from exact integer sums and are rounded once. The same pass computes these sums if `threshold`
    is a number; a rule needs sums or a sketch first, which is another pass. Cost: these passes, at
    about memory speed, and the output.

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
    options = SplitOptions(threshold, keep, noise, support, seed, layer).check()
    count("n_threads", n_threads, at_least=1)
    data, dtype = as_elements(W, "W")
    if data.ndim != 2:
        raise ValueError(f"W must be 2-D, got {data.ndim}-D of shape {data.shape}")
    sums, read_first = _sums_for(options, dtype)
    if read_first:
        sums.update(data, n_threads=n_threads)
        require_finite("W", sums.n_not_finite, "elements")
    tau = resolve(threshold, data, sums, keep=keep, noise=noise, support=support)
    centre = sums.moments()[0] if keep == "centered" and sums.n else 0.0
    bounds = Bounds.of(dtype, keep, tau, centre)
    kept = ExactSums("float64" if dtype == "float64" else "float32")
    indptr, indices, values = split_block(
        data,
        bounds,
        n_threads,
        all_sums=None if read_first or noise == "none" else sums,
        kept_sums=kept if noise == "matched" else None,
    )
    moments = noise_moments(sums, kept, noise, support)
    index = index_dtype(int(indptr[-1]), *data.shape)
    return CompressedMatrix(
        sparse=sparse_rows(values, indices, indptr.astype(index), data.shape),
        shape=(data.shape[0], data.shape[1]),
        dtype=dtype,
        **options.describe(tau, moments),
    )


def _sums_for(options: SplitOptions, dtype: str) -> tuple[Any, bool]:
    """Empty sums of all elements, and whether they are needed before the split."""
    read_first = not options.needs_one_reading
    if not read_first and dtype in HALF_DTYPES:
        return HalfSums(dtype), False
    if dtype in HALF_DTYPES or needs_sketch(options.threshold):
        return TailSketch(dtype), read_first
    return ExactSums(dtype), read_first
