"""One number a layer, as an argument."""

from __future__ import annotations

from collections.abc import Sequence

from htstats._common.checks import positive

__all__ = ["layer_numbers"]


def layer_numbers(name: str, values: Sequence[float]) -> list[float]:
    """Positive numbers, at least one."""
    numbers = [positive(name, value) for value in values]
    if not numbers:
        raise ValueError(f"{name} must have one number a layer, got none")
    return numbers
