"""Samples of a fitted model, refitted by the rule of the fit itself, whatever the rule is.

A continuous fit of all candidates has a kernel for this (`htstats._core`); here are the others: an
xmin range, `xmax`, `min_tail`, other distances, discrete data, 16-bit values. A resample is a
function of (seed, index) alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, widen
from htstats._exact_fit.candidates import sort_in_place

if TYPE_CHECKING:
    from htstats._exact_fit.fitted_tail import PowerLawFit

__all__ = ["Resampler"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Resampler:
    """Draws from a fit's model, or from its data, and fits again.

    Attributes
    ----------
    fit : PowerLawFit
        Made from an array.
    values : ndarray of float64
        Its usable values, ascending.
    rule : dict
        Arguments of `fit_power_law` that say how it was made.
    dtype : str
        Draws are rounded to it, as the data were.
    seed : int
        Below 2^64.
    """

    fit: PowerLawFit
    values: Floats
    rule: dict[str, Any]
    dtype: str
    seed: int

    @property
    def finds_xmin(self) -> bool:
        """Whether the rule searches for xmin."""
        given = self.rule.get("xmin")
        return given is None or np.ndim(given) > 0

    def from_model(self, index: int) -> Floats:
        """Each value from the head with the head's share, else from the law; fixed xmin: the tail.

        Notes
        -----
        Values rounded to 16 bits stand for all that round to them: the law is drawn from the lower
        edge of what rounds to xmin, and rounded.
        """
        rng = np.random.Generator(np.random.Philox(key=[self.seed, index]))
        if not self.finds_xmin:
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

    def refit(self, sample: Floats) -> PowerLawFit | None:
        """The fit of a sample by the rule; None where it has no candidate."""
        from htstats.power_law._fit import fit_power_law

        try:
            return fit_power_law(sample, **self.rule)
        except ValueError:
            return None

    def _tail(self, size: int, rng: np.random.Generator) -> Floats:
        drawn = self._draw(size, rng)
        xmax = self.rule.get("xmax")
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
