"""Threshold rules: what a number or a rule string means for one matrix."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from htstats._checks import finite, nonnegative
from htstats.sketch import TailSketch

__all__ = ["resolve"]


def resolve(
    threshold: float | str,
    data: npt.NDArray[Any],
    sketch: TailSketch,
    *,
    keep: str,
    noise: str,
    support: str,
) -> float:
    """The threshold tau of a matrix in memory; `sketch` is that of `data`, for rules that need it.

    Raises
    ------
    ValueError
        If the rule is unknown or cannot be met.
    """
    if not isinstance(threshold, str):
        check = finite if keep == "upper" else nonnegative
        return check("threshold", threshold)
    if threshold == "std":
        if sketch.n == 0:
            raise ValueError(f"threshold 'std' needs at least one element, got shape {data.shape}")
        return sketch.std
    raise ValueError(f"threshold must be a number or a known rule, got {threshold!r}")
