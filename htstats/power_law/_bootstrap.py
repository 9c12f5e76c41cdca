"""Draw samples of a fitted model and fit them, in blocks, for goodness-of-fit tests and intervals.

With the default options (continuous, left distance, all candidates or one xmin), a kernel draws and
fits the samples. With other options (a range of xmin, `xmax`, `min_tail`, two-sided distance,
integers, 16-bit values), this module draws the samples and fits them with the options of the fit. A
sample depends only on (seed, index).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, Floats, as_sample, widen
from htstats._common.checks import positive
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
    "Resampler",
    "fit_positive",
    "general_blocks",
    "has_kernel",
    "refit_blocks",
]

# Distances, alphas and xmins. A block from the kernel has the logs of the xmins instead.
Block = tuple[Floats, Floats, Floats]

# Sections that the docstrings of the public tests and intervals share.
DATA = """\
x : array_like
    Positive finite data; masked elements are left out."""
RANDOM = """\
seed : int
    The same seed gives the same result, for any `n_threads`.
n_threads : int
    Number of threads that share the resamples."""
RAISES = """\
ValueError
    If `x` has NaN, inf or values <= 0, fewer than two different values, or none above `xmin`."""

# Samples per block. An early stop is considered only after whole blocks, so that it does not depend
# on the number of threads.
BLOCK = 50


def _positive_sample(x: npt.ArrayLike) -> Sample:
    """The unmasked values of an array; ValueError if a continuous law cannot be fitted to them."""
    data = as_sample(x)
    require_all_finite("x", data)
    if np.any(data <= 0):
        raise ValueError("x must be positive; take absolute values and drop zeros first")
    sample = Sample(*sort_distinct(data.copy()), Selection("positive", {}))
    if len(sample.values) < 2:
        raise ValueError("x must have two different values")
    return sample


def fit_positive(x: npt.ArrayLike, xmin: float | None) -> tuple[FittedTail, Sample, FitOptions]:
    """Fit a continuous law to positive values; return the fit, its sample and its options.

    Raises
    ------
    ValueError
        If `xmin` is not positive or leaves no value above it, or a law cannot be fitted to `x`.
    """
    fixed = None if xmin is None else positive("xmin", xmin)
    sample, options = _positive_sample(x), FitOptions(xmin=fixed)
    if fixed is not None and not fixed < sample.values[-1]:
        raise ValueError(f"xmin = {fixed!r} leaves no value above it")
    return solve_sample(sample, options), sample, options


def refit_blocks(
    tail: FittedTail, head: Floats, refit: bool, seed: int, total: int, n_threads: int
) -> Iterator[Block]:
    """Draw and fit samples with the kernel for the default options.

    Parameters
    ----------
    tail : FittedTail
        The model.
    head : ndarray of float64
        Logs of the data from which a sample draws. Each of the `tail.n` values of a sample is drawn
        from `head`, with replacement, with probability len(head) / tail.n, and otherwise from the
        law.
    refit : bool
        Whether each sample is searched for its own xmin. If not, only the tail is drawn, and `head`
        is empty.
    seed, total, n_threads
        The seed of the random numbers, the number of samples, and the number of threads.

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
    """Make the blocks that start at 0, BLOCK, ... on threads, and yield them in order."""
    starts = range(0, total, BLOCK)
    if n_threads == 1:
        yield from map(block, starts)
        return
    for wave in range(0, len(starts), n_threads):  # an early stop wastes at most one wave
        yield from run_each(block, starts[wave : wave + n_threads], n_threads)


def has_kernel(sample: Sample, options: FitOptions) -> bool:
    """Whether the kernel can fit resamples, which requires the default options."""
    plain = options.ks == "left" and not options.discrete and sample.dtype not in HALF_DTYPES
    free = options.xmax is None and options.min_tail == 1
    return plain and free and not isinstance(options.xmin, tuple)


def general_blocks(
    resampler: Resampler, sample: Callable[[int], Floats], total: int, n_threads: int
) -> Iterator[Block]:
    """Draw and fit samples without a kernel; `sample` draws the sample with a given index."""

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
        The fitted values, ascending.
    options : FitOptions
        The options for the fit of each sample.
    dtype : str
        Samples are rounded to this dtype, as the data were.
    seed : int
        The seed, below 2^64.
    """

    fit: FittedTail
    values: Floats
    options: FitOptions
    dtype: str
    seed: int

    def draw_from_model(self, index: int) -> Floats:
        """Draw a sample of the model or, if xmin is fixed, only of its tail.

        If the data have n values, n_below of them below xmin, then each drawn value comes from the
        data below xmin with probability n_below / n, and otherwise from the law.

        Notes
        -----
        A 16-bit value represents all numbers that round to it. The law therefore begins at the
        lowest number that rounds to xmin, and drawn values are rounded.
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
        """Draw from the data with replacement, as many values as the data have."""
        rng = np.random.Generator(np.random.Philox(key=[self.seed, index]))
        return self.values[rng.integers(0, len(self.values), len(self.values))]

    def refit(self, sample: Floats) -> FittedTail | None:
        """Fit a sample; return None if it has no candidate."""
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
        # a power law with a lower start is the same law, scaled
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
