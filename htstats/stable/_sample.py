"""Random numbers of the alpha-stable laws: each is a function of a seed and an index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats._common.threads import run_ranges
from htstats._core import stable_sample as _core
from htstats.stable._arguments import check_law, is_s1

__all__ = ["sample", "samples"]

# Numbers that one call of the kernel makes: some 0.05 s.
PART = 1 << 20


def sample(
    size: int | tuple[int, ...],
    alpha: npt.ArrayLike,
    beta: npt.ArrayLike,
    loc: npt.ArrayLike = 0.0,
    scale: npt.ArrayLike = 1.0,
    *,
    seed: int,
    parameterization: str = "S0",
    n_threads: int = 1,
    out: Floats | None = None,
) -> Floats:
    """Draw numbers of an alpha-stable law, the same on every machine and for any number of threads.

    Number i of a sample, in C order, depends only on the seed, on i and on the law. A longer sample
    with the same seed and law therefore begins with the shorter one. Samples of different laws with
    the same seed use the same uniform numbers, so number i is a smooth function of the parameters;
    in S0 it is smooth at alpha = 1, too. For independent samples, give different seeds.

    Parameters
    ----------
    size : int or tuple of int
        Shape of the sample.
    alpha, beta : array_like
        Exponent in (0, 2] and skewness in [-1, 1], dimensionless. Arrays broadcast to `size`. Each
        change of the law within an array takes some microseconds.
    loc, scale : array_like
        Location, and scale above 0, in the unit of the sample.
    seed : int
        In [0, 2^64).
    parameterization : {"S0", "S1"}
        Nolan's parameterization of the law.
    n_threads : int
        Number of threads. The sample does not depend on it.
    out : float64 array, optional
        Array for the result; C-contiguous and of shape `size`.

    Returns
    -------
    float64 array of shape `size`
        The sample, in the unit of `loc` and `scale`.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or does not broadcast to `size`; if `out` does not fit.

    Notes
    -----
    Method: the formula of Chambers, Mallows and Stuck with a Philox counter, in a form that is
    continuous at alpha = 1 (see htst_stable_sample.h). Cost: about the time of NumPy's
    ``standard_normal``. Accuracy: for alpha of at least .01, the error is 1e-14 / alpha relative to
    max(abs(x), scale). A sample has no number in a tail of probability 2^-53. For alpha below .06,
    a number beyond the range of floats becomes infinite.

    References
    ----------
    Chambers, Mallows and Stuck, JASA 71 (1976), 340-344.

    Examples
    --------
    >>> sample(3, 1.5, 0.5, seed=1).round(6).tolist()
    [-2.569363, 0.635699, 0.44532]
    """
    shape = (size,) if not isinstance(size, tuple) else size
    shape = tuple(checks.count("size", n) for n in shape)
    checks.count("seed", seed, below=2**64)
    threads = checks.count("n_threads", n_threads, at_least=1)
    code = int(is_s1(parameterization))
    law = check_law(alpha, beta, loc, scale)
    _require_broadcast(shape, law)
    result = np.empty(shape) if out is None else _checked_out(out, shape)
    flat = result.reshape(-1)
    if all(np.ndim(values) == 0 for values in law):
        a, b, m, s = (float(values) for values in law)

        def work(part: slice) -> None:
            _core.fill(seed, part.start, a, b, m, s, code, flat[part])

        if threads == 1:  # in parts, between which Python handles an interrupt
            for start in range(0, flat.size, PART):
                work(slice(start, min(start + PART, flat.size)))
        else:
            run_ranges(work, flat.size, flat.size, threads)
    else:
        _fill_each(seed, law, code, shape, flat)
    return result


def samples(
    number: int, size: int, law: tuple[float, float, float, float], seed: int,
    parameterization: str = "S0",
) -> Iterator[Floats]:  # fmt: skip
    """Yield the rows of `sample((number, size), *law, seed=seed)`, each in new memory."""
    code = int(is_s1(parameterization))
    for row in range(number):
        values = np.empty(size)
        _core.fill(seed, row * size, *law, code, values)
        yield values


def _require_broadcast(shape: tuple[int, ...], law: list[Floats]) -> None:
    for name, values in zip(("alpha", "beta", "loc", "scale"), law, strict=True):
        try:
            np.broadcast_to(values, shape)
        except ValueError:
            raise ValueError(
                f"{name} must broadcast to size {shape}, got shape {values.shape}"
            ) from None


def _checked_out(out: Floats, shape: tuple[int, ...]) -> Floats:
    if not isinstance(out, np.ndarray) or out.dtype != np.float64 or out.shape != shape:
        found = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else repr(out)
        raise ValueError(f"out must be a float64 array of shape {shape}, got {found}")
    if not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError("out must be C-contiguous and writeable")
    return out


def _fill_each(
    seed: int, law: list[Floats], code: int, shape: tuple[int, ...], flat: Floats
) -> None:
    """Fill the sample run by run; all numbers of a run have the same law."""
    columns = np.stack([np.broadcast_to(values, shape).reshape(-1) for values in law])
    changes = np.flatnonzero((columns[:, 1:] != columns[:, :-1]).any(axis=0)) + 1
    for start, stop in pairwise([0, *changes.tolist(), flat.size]):
        if stop > start:
            a, b, m, s = columns[:, start].tolist()
            _core.fill(seed, start, a, b, m, s, code, flat[start:stop])
