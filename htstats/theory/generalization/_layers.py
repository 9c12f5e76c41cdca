"""Check an argument that has one number per layer."""

from __future__ import annotations

from collections.abc import Sequence

from htstats._common.checks import positive

__all__ = ["layer_lists", "layer_numbers"]


def layer_numbers(name: str, values: Sequence[float]) -> list[float]:
    """The values as a list of positive numbers. Raises ValueError if the list is empty."""
    numbers = [positive(name, value) for value in values]
    if not numbers:
        raise ValueError(f"{name} must have one number per layer, got none")
    return numbers


def layer_lists(**given: Sequence[float]) -> list[list[float]]:
    """The lists of `layer_numbers` for several arguments, which must have equal lengths."""
    lists = {name: layer_numbers(name, values) for name, values in given.items()}
    size = len(next(iter(lists.values())))
    for name, numbers in lists.items():
        if len(numbers) != size:
            raise ValueError(f"{name} must have {size} numbers, got {len(numbers)}")
    return list(lists.values())
