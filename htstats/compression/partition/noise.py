"""Compute mean and standard deviation of the noise from exact sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import ExactSums, moments

__all__ = ["noise_moments"]


def noise_moments(
    sums: ExactSums | TailSketch,
    kept: npt.NDArray[Any] | ExactSums | TailSketch,
    noise: str,
    support: str,
) -> tuple[float, float]:
    """Mean and standard deviation of the noise, from exact sums of all of W and the kept values.

    `kept` contains the values that `fill_rows` returns, or sums or a sketch of these values.
    """
    if noise == "none" or sums.n == 0:
        return 0.0, 0.0
    if noise == "paper":
        return sums.moments()
    part = ExactSums(kept.dtype.name).update(kept) if isinstance(kept, np.ndarray) else kept
    n = sums.n if support == "full" else sums.n - part.n
    if n == 0:  # nothing is replaced, so there is no noise
        return 0.0, 0.0
    squares = sums.total_of_squares - part.total_of_squares
    return moments(n, sums.total - part.total, squares)
