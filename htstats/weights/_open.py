"""Open weights: a file, a folder, arrays in memory or a module."""

from __future__ import annotations

import errno
import os
from typing import Any

from htstats.weights._formats import open_file, read_with, require_file
from htstats.weights._tensors import Weights

__all__ = ["files_at", "files_of", "index_keys_of", "metadata_of", "open_weights"]


def open_weights(weights: Any) -> Weights:
    """The weight matrices of a checkpoint, by name, read when they are asked for.

    Parameters
    ----------
    weights : path, array, mapping or torch module
        A .npy, .npz, .safetensors, .pt, .pth, .pth.tar, .bin or .ckpt file, told by its content
        rather than by its suffix; a folder of shards with its ``model.safetensors.index.json`` or
        ``pytorch_model.bin.index.json``, or that index; a folder of the Hugging Face cache; NumPy
        arrays and torch tensors, alone or in a dict; a torch module.

    Returns
    -------
    Weights
        A mapping of name to `WeightMatrix` in the file's order. Every float tensor of two or more
        dimensions is a matrix of (first dimension, all others): dense layers, convolutions,
        embeddings, the weights of LSTM and attention. `skipped` lists the others with the reason,
        `unread` those that cannot be read, `tensors` holds every tensor as it is stored. Scales of
        quantised layers and the state of an optimizer are no weights (`aside`); 8-bit floats with
        a scale beside them are multiplied by it.

    Raises
    ------
    OSError
        If the file is not there or cannot be read.
    ValueError
        If it is truncated, damaged, not what its suffix says, or a pickle that asks for what would
        execute; the message begins with the file.
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
        return read_with(("_memory", "open_memory"), weights)
    path = os.fspath(weights)
    require_file(path)
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if os.path.isdir(path):
        return read_with(("_folders", "open_folder"), path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: not a regular file")
    return open_file(path)


def files_of(weights: Weights) -> list[str]:
    """Every file that weights are read from: the one that was named, an index, the shards.

    Parameters
    ----------
    weights : Weights
        From `open_weights`.

    Returns
    -------
    list of str
        Each once; empty for what is in memory.
    """
    return list(dict.fromkeys(weights.files))


def files_at(path: str | os.PathLike[str]) -> list[str]:
    """The files that `open_weights` would read for a path, found without reading their tensors.

    Raises
    ------
    OSError, ValueError
        As `open_weights` does.
    """
    from htstats.weights import _folders

    return _folders.files_at(path)


def metadata_of(weights: Weights) -> tuple[dict[str, str], list[str]]:
    """What a checkpoint says of itself, and the keys of what cannot be carried along.

    Parameters
    ----------
    weights : Weights
        From `open_weights`.

    Returns
    -------
    metadata : dict of str to str
        The ``__metadata__`` of .safetensors files; {"format": "pt"} for torch checkpoints, which is
        what transformers asks for.
    left_out : list of str
        Keys whose values are no text, or differ between shards: the first shard's is taken.
    """
    from htstats.weights._safetensors import read_metadata

    metadata: dict[str, str] = {}
    left_out: dict[str, None] = {}
    for path in files_of(weights):
        if path.lower().endswith((".npy", ".npz", ".json")):
            continue
        with open(path, "rb") as file:
            start = file.read(4)
        is_torch = start in (b"PK\3\4", b"\x80\2\x8a\n")  # an archive, or the older magic number
        found = {"format": "pt"} if is_torch else read_metadata(path)
        for key, value in found.items():
            if not isinstance(value, str) or metadata.setdefault(key, value) != value:
                left_out[key] = None
    return metadata, list(left_out)


def index_keys_of(weights: Weights) -> list[str]:
    """Keys of the metadata of an index of shards, which no shard has a place for.

    ``total_size`` is not among them: whoever writes shards counts it again.
    """
    from htstats.weights._folders import read_index_metadata

    indexes = [path for path in files_of(weights) if path.lower().endswith(".json")]
    return [str(key) for path in indexes for key in read_index_metadata(path)]
