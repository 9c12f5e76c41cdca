"""Compute mean and standard deviation of the noise from exact sums."""

from __future__ import annotations

from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import ExactSums, HalfSums, moments

__all__ = ["noise_moments"]


def noise_moments(
    sums: ExactSums | HalfSums | TailSketch,
    kept: ExactSums | TailSketch,
    noise: str,
    support: str,
) -> tuple[float, float]:
    """Mean and standard deviation of the noise, from exact sums of all of W and the kept values.

    `kept` has the sums or a sketch of the values that `fill_rows` returns.
    """
    if noise == "none" or sums.n == 0:
        return 0.0, 0.0
    if noise == "paper":
        return sums.moments()
    n = sums.n if support == "full" else sums.n - kept.n
    if n == 0:  # nothing is replaced, so there is no noise
        return 0.0, 0.0
    squares = sums.total_of_squares - kept.total_of_squares
    return moments(n, sums.total - kept.total, squares)
