"""The key of an element, which is compared with a threshold; and functions that read keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import as_elements
from htstats.sketch import TailSketch

__all__ = ["CHUNK", "PARTS", "atoms", "chunks", "keys_of", "part_of"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# Elements converted to float64 keys at a time: they stay in the cache.
CHUNK = 1 << 16
# Number of parts into which a pass divides the range between two keys.
PARTS = 1 << 16


def keys_of(values: Floats, keep: str, mean: float) -> Floats:
    """The keys that `keep` compares: w, abs(w), or abs(w - mean) rounded once."""
    if keep == "upper":
        return values
    return np.abs(values - mean if keep == "centered" else values)


def part_of(keys: Floats, low: float, high: float, parts: int) -> Counts:
    """Which of so many equal parts from low to high a key is in; it grows with the key."""
    width = high / 2 - low / 2  # halved, so that the difference cannot overflow
    share = (keys / 2 - low / 2) / width if width > 0 else np.zeros(len(keys))
    return np.minimum(share * parts, parts - 1).astype(np.int64)


def atoms(sketch: TailSketch) -> tuple[Floats, Counts]:
    """The distinct values of a 16-bit sketch and their counts."""
    positive, negative = sketch.buckets("positive"), sketch.buckets("negative")
    values = np.concatenate([-negative.lower, [0.0], positive.lower])
    return values, np.concatenate([negative.count, [sketch.n_zero], positive.count])


def chunks(block: Any, dtype: str) -> Iterator[npt.NDArray[Any]]:
    """A block of a matrix in flat parts; TypeError if it is not of the dtype of its sketch."""
    data, found = as_elements(block, "block")
    if found != dtype:
        raise TypeError(f"block must be {dtype} as the sketch is, got {found}")
    flat = data.reshape(-1)
    return (flat[start : start + CHUNK] for start in range(0, flat.size, CHUNK))
