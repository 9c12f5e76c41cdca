"""Copy the largest values of an array while its elements are counted.

Most fits scan only a few per cent of the values: the largest ones. Where they begin is known when
all elements are counted, so the array would have to be read again. A sample of the elements gives a
threshold above which a few per cent lie, and the pass that counts copies the values from there on.
The array is read again only if the scan needs smaller values too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._exact_fit.source import Source

__all__ = ["SIDES", "LargestValues"]

SIDES = ("abs", "positive", "negative")

# Number of elements of which the threshold is a quantile.
N_SAMPLE = 4096

# Proportion of the elements that is to be copied. Scans of 1e6 and 1e7 normal, Laplace, Student (5,
# 3 and 2 degrees of freedom), exponential and lognormal values begin at .1 % to 3.6 %.
COPIED = 1 / 24

# Room for this proportion. If there are more, for example because many are equal, none is used.
ROOM = 1 / 12


class LargestValues:
    """The values of one side of an array from a threshold on, in any order."""

    def __init__(self, side: str) -> None:
        self.side = side
        self._low = np.inf
        self._parts: list[npt.NDArray[Any]] = []

    def choose(self, x: npt.NDArray[Any]) -> None:
        """Choose the threshold for a flat array. If none is positive, nothing is copied."""
        some = x[:: max(1, x.size // N_SAMPLE)]
        seen = {"abs": np.abs, "positive": np.positive, "negative": np.negative}[self.side](some)
        at = int((1 - COPIED) * len(seen))
        low = float(np.partition(seen, at)[at]) if at < len(seen) else np.inf
        self._low = low if low > 0 else np.inf

    def key(self, dtype: npt.DTypeLike) -> int:
        """The bit pattern of the threshold. That of infinity lies above all finite values."""
        bits = np.int32 if dtype == np.float32 else np.int64
        return int(np.asarray(self._low, dtype).view(bits))

    def room(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Room for the values of a part; empty if none is to be copied."""
        return np.empty(int(ROOM * x.size) if self._low < np.inf else 0, x.dtype)

    def take(self, out: npt.NDArray[Any], n: int) -> None:
        """Take the `n` values of a part that were copied to `out`, if it had room for them."""
        if n > len(out):
            self._low = np.inf
        self._parts.append(out[:n])

    def source(self, side: str, low: float) -> Source | None:
        """The values from `low` on, and perhaps smaller ones; None if some were not copied."""
        if side != self.side or not low >= self._low:
            return None
        n = sum(map(len, self._parts))
        name = "float32" if self._parts[0].dtype == np.float32 else "float64"
        return Source(name, lambda: iter(self._parts), (n,))
