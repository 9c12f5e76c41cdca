"""Which reader is meant."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from htstats.weights._tensors import Weights

__all__ = ["open_weights"]

# Suffix -> module and function; a reader is loaded when a file is for it.
READERS = {
    ".npy": ("_numpy", "open_npy"),
    ".npz": ("_numpy", "open_npz"),
    ".safetensors": ("_safetensors", "open_safetensors"),
    ".safetensors.index.json": ("_safetensors", "open_index"),
    ".pt": ("_torch", "open_torch"),
    ".pth": ("_torch", "open_torch"),
    ".bin": ("_torch", "open_torch"),
    ".ckpt": ("_torch", "open_torch"),
}


def open_weights(weights: Any) -> Weights:
    """The weight matrices of a checkpoint, by name, read when they are asked for.

    Parameters
    ----------
    weights : path, array, mapping or torch module
        A .npy, .npz, .safetensors, .pt, .pth, .bin or .ckpt file; a folder of .safetensors shards
        with its ``model.safetensors.index.json``, or that index; NumPy arrays and torch tensors,
        alone or in a dict; a torch module.

    Returns
    -------
    Weights
        A mapping of name to `WeightMatrix` in the file's order. Every float tensor of two or more
        dimensions is a matrix of (first dimension, all others): dense layers, convolutions,
        embeddings, the weights of LSTM and attention. `skipped` lists the others with the reason,
        `tensors` holds every tensor as it is stored.

    Raises
    ------
    OSError
        If the file is not there or cannot be read.
    ValueError
        If it is truncated, damaged, not what its suffix says, or a pickle that asks for anything
        but tensors; the message begins with the file.
    TypeError
        If it is neither path nor array, mapping or module.

    Notes
    -----
    Files are data: sizes are checked before anything is allocated and nothing is executed; torch
    checkpoints are read without torch, in the format of `torch.save` since 1.6 and in the older
    one. Opening reads headers only, blocks are read into one buffer; deflated .npz members are
    read as streams, so that going back means to begin again.

    Examples
    --------
    >>> import numpy as np
    >>> from htstats.weights import open_weights
    >>> weights = open_weights({"fc": np.eye(3), "bias": np.zeros(3)})
    >>> list(weights), weights.skipped
    (['fc'], [('bias', '1-D, 3 elements')])
    >>> weights["fc"].toarray()[1]
    array([0., 1., 0.])
    """
    if not isinstance(weights, (str, os.PathLike)):
        return _reader("_memory", "open_memory")(weights)
    path = os.fspath(weights)
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if os.path.isdir(path):
        return _reader("_safetensors", "open_folder")(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: not a regular file")
    for suffix, (module, name) in READERS.items():
        if path.lower().endswith(suffix):
            return _reader(module, name)(path)
    known = ", ".join(READERS)
    raise ValueError(f"{path}: the suffix must be one of {known}")


def _reader(module: str, name: str) -> Callable[[Any], Weights]:
    return cast(
        "Callable[[Any], Weights]", getattr(import_module(f"htstats.weights.{module}"), name)
    )
