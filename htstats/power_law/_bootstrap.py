"""Samples of a fitted model and their fits, in blocks: what a test of a fit and an interval share.

The plain rule (continuous, left limit, all candidates or one xmin) has a kernel for this. For the
others (an xmin range, `xmax`, `min_tail`, other distances, discrete data, 16-bit values) a sample
is drawn here and fitted by the rule of the fit itself. Each is a function of (seed, index) alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, as_sample, widen
from htstats._core import refits
from htstats._exact_fit import dispatch
from htstats._exact_fit.candidates import distinct, sort_in_place
from htstats._exact_fit.fitted_tail import FittedTail
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.sample import Sample, Selection
from htstats._exact_fit.solve import solve_sample

__all__ = [
    "Block",
    "Floats",
    "Resampler",
    "fit_positive",
    "general_blocks",
    "has_kernel",
    "positive_sample",
    "refit_blocks",
]

Floats = npt.NDArray[np.float64]
# Distances, alphas, and xmins: the logs of xmin if the kernel made them, else xmin itself.
Block = tuple[Floats, Floats, Floats]

# Decisions are taken after whole blocks, so that threads cannot change where the work stops.
BLOCK = 50


def positive_sample(x: npt.ArrayLike) -> Sample:
    """The values of an array, without masked ones; ValueError if no continuous law takes them."""
    data = as_sample(x)
    if not np.all(np.isfinite(data)):
        raise ValueError("x must be finite, got NaN or inf")
    if np.any(data <= 0):
        raise ValueError("x must be positive; take absolute values and drop zeros first")
    sample = Sample(*distinct(data.copy()), Selection("positive", {}))
    if len(sample.values) < 2:
        raise ValueError("x must have two different values")
    return sample


def fit_positive(sample: Sample, options: FitOptions) -> FittedTail:
    """The fit of positive values."""
    if isinstance(options.xmin, float) and not options.xmin < sample.values[-1]:
        raise ValueError(f"xmin = {options.xmin!r} leaves no value above it")
    return solve_sample(sample, options)


def refit_blocks(
    tail: FittedTail, head: Floats, refit: bool, seed: int, total: int, n_threads: int
) -> Iterator[Block]:
    """Draw and fit samples by the kernel of the plain rule.

    Parameters
    ----------
    tail : FittedTail
        The model.
    head : ndarray of float64
        Logs of the values that a sample draws with replacement; as many of the `tail.n` values of
        each sample come from it, on average, as its length, and the others from the law.
    refit : bool
        Whether xmin is searched in each sample. If not, only the tail is drawn: `head` is empty.
    seed, total, n_threads
        The first key of the random numbers, the number of samples, the threads.

    Returns
    -------
    iterator of Block
        Distances, alphas and logs of xmin, in order.
    """
    n, log_xmin = tail.n if refit else tail.n_tail, float(np.log(tail.xmin))

    def block(start: int) -> Block:
        size = min(BLOCK, total - start)
        out = (np.empty(size), np.empty(size), np.empty(size))
        refits.refits(n, head, log_xmin, tail.alpha, refit, seed, start, *out)
        return out

    return in_order(block, total, n_threads)


def in_order(block: Callable[[int], Block], total: int, n_threads: int) -> Iterator[Block]:
    """The blocks that start at 0, BLOCK, ... in order, made by several threads."""
    starts = range(0, total, BLOCK)
    if n_threads == 1:
        yield from map(block, starts)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for wave in range(0, len(starts), n_threads):  # a stop wastes one wave at most
            yield from pool.map(block, starts[wave : wave + n_threads])


def has_kernel(sample: Sample, options: FitOptions) -> bool:
    """Whether the rule is the plain one: continuous, left limit, all candidates or one xmin."""
    plain = options.ks == "left" and not options.discrete and sample.dtype not in HALF_DTYPES
    free = options.xmax is None and options.min_tail == 1
    return plain and free and not isinstance(options.xmin, tuple)


def general_blocks(
    resampler: Resampler, sample: Callable[[int], Floats], total: int, n_threads: int
) -> Iterator[Block]:
    """Draw and fit samples by a rule without a kernel; `sample` draws by index."""

    def block(start: int) -> Block:
        fits = [resampler.refit(sample(i)) for i in range(start, min(start + BLOCK, total))]
        rows = [(np.nan,) * 3 if f is None else (f.distance, f.alpha, f.xmin) for f in fits]
        distances, alphas, xmins = np.array(rows, dtype=np.float64).T
        return distances, alphas, xmins

    return in_order(block, total, n_threads)


@dataclass(frozen=True)
class Resampler:
    """Draws from a fit's model, or from its data, and fits again.

    Attributes
    ----------
    fit : FittedTail
        Whose law is drawn from.
    values : ndarray of float64
        The usable values that it was made from, ascending.
    options : FitOptions
        How it was made, and each sample is fitted.
    dtype : str
        Draws are rounded to it, as the data were.
    seed : int
        Below 2^64.
    """

    fit: FittedTail
    values: Floats
    options: FitOptions
    dtype: str
    seed: int

    def from_model(self, index: int) -> Floats:
        """Each value from the head with the head's share, else from the law; fixed xmin: the tail.

        Notes
        -----
        Values rounded to 16 bits stand for all that round to them: the law is drawn from the lower
        edge of what rounds to xmin, and rounded.
        """
        rng = np.random.Generator(np.random.Philox(key=[self.seed, index]))
        if not self.options.finds_xmin:
            tail = self._tail(self.fit.n_tail, rng)
            sort_in_place(tail)
            return tail
        head = self.values[: len(self.values) - self.fit.n_tail]
        size = rng.binomial(len(self.values), len(head) / len(self.values))
        chosen = head[rng.integers(0, len(head), size)] if size else head[:0]
        return np.concatenate([chosen, self._tail(len(self.values) - size, rng)])

    def from_data(self, index: int) -> Floats:
        """As many of the values, drawn with replacement."""
        rng = np.random.Generator(np.random.Philox(key=[self.seed, index]))
        return self.values[rng.integers(0, len(self.values), len(self.values))]

    def refit(self, sample: Floats) -> FittedTail | None:
        """The fit of a sample by the rule; None where it has no candidate."""
        try:
            return dispatch.fit_tail(sample, None, self.options)[0]
        except ValueError:
            return None

    def _tail(self, size: int, rng: np.random.Generator) -> Floats:
        drawn = self._draw(size, rng)
        xmax = self.options.xmax
        while xmax is not None and np.any(far := drawn > xmax):
            drawn[far] = self._draw(int(np.count_nonzero(far)), rng)
        return drawn

    def _draw(self, size: int, rng: np.random.Generator) -> Floats:
        drawn = np.asarray(self.fit.sample(size, rng), dtype=np.float64)
        if self.dtype not in HALF_DTYPES or self.fit.discrete:
            return drawn
        # a power law from a lower start is the same one, scaled
        start = self.fit.xmin * (1 - _half_step(self.dtype, self.fit.xmin))
        return np.maximum(_rounded(drawn * (start / self.fit.xmin), self.dtype), self.fit.xmin)


def _rounded(x: Floats, dtype: str) -> Floats:
    """Round to nearest, ties to even, and widen again; beyond the largest, the largest."""
    if dtype == "float16":
        return np.minimum(x, float(np.finfo(np.float16).max)).astype(np.float16).astype(np.float64)
    bits = np.minimum(x, _LARGEST_BFLOAT16).astype(np.float32).view(np.uint32)
    kept = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return widen(kept.astype(np.uint16), dtype)


_LARGEST_BFLOAT16 = float(np.array([0x7F7F0000], np.uint32).view(np.float32)[0])


def _half_step(dtype: str, x: float) -> float:
    """Half the distance to the float below, relative to x."""
    if dtype == "float16":
        below = float(np.nextafter(np.float16(x), np.float16(0)))
    else:
        bits = np.array([x], np.float32).view(np.uint32) - 0x10000
        below = float(bits.view(np.float32)[0])
    return (x - below) / (2 * x)
