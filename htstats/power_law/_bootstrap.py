"""What a test of a fit and an interval share: samples of its model, and their fits, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, as_sample
from htstats._common.checks import count
from htstats._core import refits
from htstats._exact_fit.candidates import TOLERANCE, candidates_of, estimate_candidates

if TYPE_CHECKING:
    from htstats._exact_fit.fitted_tail import PowerLawFit
    from htstats.power_law._resamples import Resampler

__all__ = [
    "BLOCK",
    "Block",
    "Floats",
    "Model",
    "general_blocks",
    "has_kernel",
    "in_order",
    "model_of",
    "positive_values",
    "refit_blocks",
    "resampler_of",
]

Floats = npt.NDArray[np.float64]
# Distances, alphas, and xmin: its log where a kernel made them, else itself.
Block = tuple[Floats, Floats, Floats]

# Decisions are taken after whole blocks, so that threads cannot change where the work stops.
BLOCK = 50


@dataclass(frozen=True)
class Model:
    """A fitted power law, and the data's head as logarithms.

    Attributes
    ----------
    head : ndarray
        Logs of the values below xmin, ascending.
    xmin, log_xmin, alpha, distance : float
        The fit.
    n, n_tail : int
        Values, and those at or above xmin.
    """

    head: Floats
    xmin: float
    log_xmin: float
    alpha: float
    distance: float
    n: int
    n_tail: int


def positive_values(x: npt.ArrayLike) -> Floats:
    """The data in one row of float64, without those that are masked; ValueError where a continuous
    law cannot take them."""
    data = as_sample(x)
    if not np.all(np.isfinite(data)):
        raise ValueError("x must be finite, got NaN or inf")
    if np.any(data <= 0):
        raise ValueError("x must be positive; take absolute values and drop zeros first")
    if np.unique(data).size < 2:
        raise ValueError("x must have two different values")
    return data


def model_of(data: Floats, xmin: float | None) -> Model:
    """The fit at `xmin`, or at the best candidate where that is None."""
    if xmin is None:
        found = candidates_of(data)
        k, distance = found.best(tolerance=TOLERANCE)
        head = np.sort(np.log(data[data < found.values[k]]))
        alpha = float(found.alpha[k])
        xmin, n_tail = float(found.values[k]), found.n_tail(k)
        return Model(head, xmin, float(np.log(xmin)), alpha, distance, data.size, n_tail)
    tail = data[data >= xmin]
    if np.unique(tail).size < 1 or np.all(tail == xmin):
        raise ValueError(f"xmin = {xmin!r} leaves no value above it")
    values, counts = np.unique(np.append(tail, xmin), return_counts=True)
    counts[0] -= 1  # xmin stands among the values, whether or not it is one
    found = estimate_candidates(values, np.append(0, np.cumsum(counts)))
    _, distance = found.best(0, 1)
    head = np.sort(np.log(data[data < xmin]))
    alpha = float(found.alpha[0])
    return Model(head, xmin, float(np.log(xmin)), alpha, distance, data.size, tail.size)


def refit_blocks(
    model: Model, head: Floats, n: int, refit: bool, seed: int, total: int, n_threads: int
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Distances, alphas and logs of xmin, block by block, in order."""

    def block(start: int) -> tuple[Floats, Floats, Floats]:
        size = min(BLOCK, total - start)
        out = (np.empty(size), np.empty(size), np.empty(size))
        refits.refits(n, head, model.log_xmin, model.alpha, refit, seed, start, *out)
        return out

    yield from in_order(block, total, n_threads)


def in_order(block: Callable[[int], Block], total: int, n_threads: int) -> Iterator[Block]:
    """The blocks that start at 0, BLOCK, ... in order, made by several threads."""
    starts = range(0, total, BLOCK)
    if n_threads == 1:
        yield from map(block, starts)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for wave in range(0, len(starts), n_threads):  # a stop wastes one wave at most
            yield from pool.map(block, starts[wave : wave + n_threads])


def resampler_of(fit: PowerLawFit, seed: int) -> Resampler:
    """Samples by the rule of a fit; ValueError where it was made from a sketch."""
    from htstats.power_law._resamples import Resampler

    values = fit.usable()  # ValueError where the fit was made from a sketch
    source = fit._source
    assert source is not None
    return Resampler(fit, values, dict(source.rule), source.dtype, count("seed", seed, below=2**64))


def has_kernel(fit: PowerLawFit) -> bool:
    """Whether the rule is the plain one: continuous, left limit, all candidates or one xmin."""
    fit.usable()
    source = fit._source
    assert source is not None
    rule = source.rule
    plain = rule["ks"] == "left" and not rule["discrete"] and source.dtype not in HALF_DTYPES
    free = rule["xmax"] is None and rule["min_tail"] in (None, 1)
    return bool(plain and free and np.ndim(rule["xmin"]) == 0)


def general_blocks(
    resampler: Resampler, sample: Callable[[int], Floats], total: int, n_threads: int
) -> Iterator[Block]:
    """`refit_blocks` of a fit whose rule has no kernel, with xmin itself in place of its log;
    `sample` draws by index."""

    def block(start: int) -> Block:
        fits = [resampler.refit(sample(i)) for i in range(start, min(start + BLOCK, total))]
        rows = [(np.nan,) * 3 if f is None else (f.distance, f.alpha, f.xmin) for f in fits]
        distances, alphas, xmins = np.array(rows, dtype=np.float64).T
        return distances, alphas, xmins

    return in_order(block, total, n_threads)
