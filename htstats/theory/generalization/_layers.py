"""Check an argument that has one number per layer."""

from __future__ import annotations

from collections.abc import Sequence

from htstats._common.checks import positive

__all__ = ["layer_numbers"]


def layer_numbers(name: str, values: Sequence[float]) -> list[float]:
    """The values as a list of positive numbers; ValueError if there is none."""
    numbers = [positive(name, value) for value in values]
    if not numbers:
        raise ValueError(f"{name} must have one number per layer, got none")
    return numbers
