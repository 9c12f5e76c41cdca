"""Open weights in memory: arrays, torch tensors, dicts of them, torch modules."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from htstats._common.arrays import to_numpy
from htstats._common.messages import quote_text
from htstats.weights._raw import ITEMSIZES, RawTensor, UnreadTensor
from htstats.weights._sources import ArraySource
from htstats.weights._tensors import Weights

__all__ = ["open_memory"]


def open_memory(weights: Any) -> Weights:
    """Open arrays by name, without copying them.

    Raises
    ------
    TypeError
        If `weights` is not an array, mapping or module.
    """
    origin = type(weights).__name__
    if callable(getattr(weights, "state_dict", None)):
        weights = weights.state_dict()
    if not isinstance(weights, Mapping):
        weights = {"array": weights}
    tensors, skipped, unread = [], [], []
    for name, value in _leaves(weights, ""):
        if not is_array(value):
            if name == "array" and len(weights) == 1:
                raise TypeError(
                    f"weights must be a path, an array, a dict of arrays or a torch module, "
                    f"got {type(value).__name__}"
                )
            skipped.append((name, f"{type(value).__name__}, not a tensor"))
            continue
        try:
            array, dtype = to_numpy(value)
        except (TypeError, RuntimeError, ValueError) as error:
            if isinstance(error, ValueError) and len(weights) == 1 and name == "array":
                raise
            unread.append(_unread(name, value, error))
            continue
        if dtype in ITEMSIZES:
            tensors.append(RawTensor(name, dtype, array.shape, ArraySource(array)))
        else:
            skipped.append((name, f"{dtype}, not numbers that are read"))
    found = Weights(origin, tensors, skipped, unread)
    found.files = []
    return found


def _unread(name: str, tensor: Any, error: Exception) -> UnreadTensor:
    """Describe a tensor that is not a plain array: sparse, quantised, nested, masked, on meta."""
    word = str(tensor.dtype).removeprefix("torch.")
    try:
        shape = tuple(tensor.shape)
    except RuntimeError:  # raised by nested tensors
        shape = ()
    of_torch = "" if isinstance(tensor, np.ndarray) else " of torch"
    return UnreadTensor(name, word, shape, f"no plain array{of_torch}: {quote_text(error)}")


def is_array(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return isinstance(value, np.ndarray) or (torch is not None and isinstance(value, torch.Tensor))


def _leaves(tree: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
