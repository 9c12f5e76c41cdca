"""Draws samples of a fitted model and fits them, in blocks: for tests of fits, and intervals.

With the default options (continuous, left distance, all candidates or one xmin) a kernel does both.
With others (a range of xmin, `xmax`, `min_tail`, two-sided distance, integers, 16-bit values) the
samples are drawn here and fitted with the options of the fit. A sample depends on (seed, index)
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, as_sample, widen
from htstats._common.data_checks import require_all_finite
from htstats._common.threads import run_each
from htstats._core import refits
from htstats._exact_fit import dispatch
from htstats._exact_fit.candidates import sort_distinct, sort_in_place
from htstats._exact_fit.fitted_tail import FittedTail
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.sample import Sample, Selection
from htstats._exact_fit.solve import solve_sample

__all__ = [
    "DATA",
    "RAISES",
    "RANDOM",
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

# What the public tests and intervals have in common, for their docstrings.
DATA = """\
x : array_like
    Positive finite data; masked elements are left out."""
RANDOM = """\
seed : int
    Same seed, same answer, for any `n_threads`.
n_threads : int
    Threads that divide the resamples among them."""
RAISES = """\
ValueError
    NaN, inf or values <= 0 in `x`, fewer than two different values, none above `xmin`."""

# Samples of a block. An early stop is decided after whole blocks, so that the number of threads
# cannot change where it is.
BLOCK = 50


def positive_sample(x: npt.ArrayLike) -> Sample:
    """The values of an array, without masked ones; ValueError if no continuous law takes them."""
    data = as_sample(x)
    require_all_finite("x", data)
    if np.any(data <= 0):
        raise ValueError("x must be positive; take absolute values and drop zeros first")
    sample = Sample(*sort_distinct(data.copy()), Selection("positive", {}))
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
        Logs of data that a sample draws from, with replacement. Each of its `tail.n` values comes
        from `head` with probability len(head) / tail.n, and else from the law.
    refit : bool
        Whether xmin is searched in each sample. If not, only the tail is drawn: `head` is empty.
    seed, total, n_threads
        The seed of the random numbers, the number of samples, the number of threads.

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

    return make_blocks(block, total, n_threads)


def make_blocks(block: Callable[[int], Block], total: int, n_threads: int) -> Iterator[Block]:
    """Make the blocks that start at 0, BLOCK, ... on threads; they are returned in order."""
    starts = range(0, total, BLOCK)
    if n_threads == 1:
        yield from map(block, starts)
        return
    for wave in range(0, len(starts), n_threads):  # an early stop wastes at most one wave
        yield from run_each(block, starts[wave : wave + n_threads], n_threads)


def has_kernel(sample: Sample, options: FitOptions) -> bool:
    """Whether the kernel can refit: continuous, left distance, all candidates or one xmin."""
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

    return make_blocks(block, total, n_threads)


@dataclass(frozen=True)
class Resampler:
    """Draws samples from the model of a fit, or from its data, and fits them.

    Attributes
    ----------
    fit : FittedTail
        The model.
    values : ndarray of float64
        The values that were fitted, ascending.
    options : FitOptions
        Each sample is fitted with them.
    dtype : str
        Samples are rounded to it, as the data were.
    seed : int
        Below 2^64.
    """

    fit: FittedTail
    values: Floats
    options: FitOptions
    dtype: str
    seed: int

    def draw_from_model(self, index: int) -> Floats:
        """Draw a sample of the model, or of its tail alone if xmin is fixed.

        Of n values, n_below of them below xmin, each drawn value comes with probability n_below / n
        from the data below xmin, and else from the law.

        Notes
        -----
        A value of 16 bits stands for all numbers that round to it. So the law begins at the lowest
        number that rounds to xmin, and what is drawn is rounded.
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

    def draw_from_data(self, index: int) -> Floats:
        """Draw as many values as there are, with replacement."""
        rng = np.random.Generator(np.random.Philox(key=[self.seed, index]))
        return self.values[rng.integers(0, len(self.values), len(self.values))]

    def refit(self, sample: Floats) -> FittedTail | None:
        """Fit a sample; None if it has no candidate."""
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
        # a power law that begins lower is the same law, scaled
        start = self.fit.xmin * (1 - _half_step(self.dtype, self.fit.xmin))
        return np.maximum(_round_values(drawn * (start / self.fit.xmin), self.dtype), self.fit.xmin)


def _round_values(x: Floats, dtype: str) -> Floats:
    """Round to the nearest 16-bit number (ties to even), at most the largest finite one."""
    if dtype == "float16":
        return np.minimum(x, float(np.finfo(np.float16).max)).astype(np.float16).astype(np.float64)
    bits = np.minimum(x, _LARGEST_BFLOAT16).astype(np.float32).view(np.uint32)
    kept = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return widen(kept.astype(np.uint16), dtype)


_LARGEST_BFLOAT16 = float(np.array([0x7F7F0000], np.uint32).view(np.float32)[0])


def _half_step(dtype: str, x: float) -> float:
    """Half the distance from x to the next smaller 16-bit number, divided by x."""
    if dtype == "float16":
        below = float(np.nextafter(np.float16(x), np.float16(0)))
    else:
        bits = np.array([x], np.float32).view(np.uint32) - 0x10000
        below = float(bits.view(np.float32)[0])
    return (x - below) / (2 * x)
