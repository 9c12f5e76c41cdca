"""The key of an element, which is compared with a threshold; and functions that read keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Counts, Floats, as_elements
from htstats.sketch import TailSketch

__all__ = ["LIMITS", "Limits", "atoms", "chunks", "keys_of", "part_of"]


class Limits(NamedTuple):
    """The limits of a pass over the data, which set its memory.

    Attributes
    ----------
    values : int
        Largest number of distinct values that a pass gathers, 16 bytes each. If there are more, the
        pass divides the range of their keys instead.
    parts : int
        Number of parts into which a pass divides the range between two keys.
    chunk : int
        Number of elements that are converted to float64 keys at a time. A sixteenth of the default
        takes 2.4 times as long, and sixteen times the default takes 1.6 times as long
        (bench/studies/block_sizes.py).
    """

    values: int = 1 << 20
    parts: int = 1 << 16
    chunk: int = 1 << 16


LIMITS = Limits()


def keys_of(values: Floats, keep: str, mean: float) -> Floats:
    """The keys that `keep` compares: w, abs(w), or abs(w - mean) rounded once."""
    if keep == "upper":
        return values
    return np.abs(values - mean if keep == "centered" else values)


def part_of(keys: Floats, low: float, high: float, parts: int) -> Counts:
    """The number of the part in which each key is, for equal parts of the range [low, high].

    The number does not decrease with the key.
    """
    width = high / 2 - low / 2  # halved, so that the difference cannot overflow
    share = (keys / 2 - low / 2) / width if width > 0 else np.zeros(len(keys))
    return np.minimum(share * parts, parts - 1).astype(np.int64)


def atoms(sketch: TailSketch) -> tuple[Floats, Counts]:
    """The distinct values of a 16-bit sketch and their counts."""
    positive, negative = sketch.buckets("positive"), sketch.buckets("negative")
    values = np.concatenate([-negative.lower, [0.0], positive.lower])
    return values, np.concatenate([negative.count, [sketch.n_zero], positive.count])


def chunks(block: Any, dtype: str, size: int) -> Iterator[npt.NDArray[Any]]:
    """Divide a block of a matrix into flat chunks of `size` elements.

    Raises TypeError if the block does not have the dtype of the sketch.
    """
    data, found = as_elements(block, "block")
    if found != dtype:
        raise TypeError(f"block must be {dtype} as the sketch is, got {found}")
    flat = data.reshape(-1)
    return (flat[start : start + size] for start in range(0, flat.size, size))
