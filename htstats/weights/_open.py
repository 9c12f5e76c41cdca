"""Open weights: a file, a folder, arrays in memory or a module."""

from __future__ import annotations

import errno
import os
from typing import Any

from htstats.weights._formats import open_file, read_with, require_file
from htstats.weights._tensors import Weights

__all__ = ["files_at", "files_of", "index_keys_of", "metadata_of", "open_weights"]


def open_weights(weights: Any) -> Weights:
    """Open the weight matrices of a checkpoint by name; each is read only when it is used.

    Parameters
    ----------
    weights : path, array, mapping or torch module
        One of the following: a .npy, .npz, .safetensors, .pt, .pth, .pth.tar, .bin or .ckpt file,
        recognized by its content rather than by its suffix; a folder of shards with its
        ``model.safetensors.index.json`` or ``pytorch_model.bin.index.json``, or the index itself; a
        folder of the Hugging Face cache; a NumPy array or torch tensor, or a dict of them; a torch
        module.

    Returns
    -------
    Weights
        A mapping of name to `WeightMatrix`, in the file's order. Every float tensor of two or more
        dimensions is a matrix of shape (first dimension, product of the others): dense layers,
        convolutions, embeddings, the weights of LSTM and attention. `skipped` lists all other
        tensors, each with the reason. `unread` lists those that cannot be read. `tensors` contains
        every tensor as it is stored. Scales of quantised layers and the state of an optimizer are
        not weights (`aside`). 8-bit floats that come with a scale are multiplied by it.

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        If the file is truncated or damaged, if its content does not match its suffix, or if it is
        a pickle that would execute code. The message starts with the name of the file.
    TypeError
        If `weights` is not a path, array, mapping or module.

    Notes
    -----
    Files are treated as data: sizes are checked before anything is allocated, and nothing is
    executed. torch checkpoints are read without torch, in the format of `torch.save` since 1.6 and
    in the older format. Opening a file reads only headers. Blocks of rows are read into one buffer.
    Deflated .npz members are read as streams, so going back means reading from the beginning again.

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
    """Every file that the weights are read from: the file itself, or the index and the shards.

    Parameters
    ----------
    weights : Weights
        From `open_weights`.

    Returns
    -------
    list of str
        Each file once; empty for weights in memory.
    """
    return list(dict.fromkeys(weights.files))


def files_at(path: str | os.PathLike[str]) -> list[str]:
    """The files that `open_weights` would read for a path; no tensors are read to find them.

    Raises
    ------
    OSError, ValueError
        As `open_weights` does.
    """
    from htstats.weights import _folders

    return _folders.folder_files(path)


def metadata_of(weights: Weights) -> tuple[dict[str, str], list[str]]:
    """The metadata of a checkpoint from `open_weights`, and the keys that cannot be kept.

    Returns
    -------
    metadata : dict of str to str
        The ``__metadata__`` of .safetensors files; {"format": "pt"} for torch checkpoints, because
        transformers requires it.
    left_out : list of str
        Keys whose values are not text, or differ between shards. If they differ, `metadata` has the
        value of the first shard.
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
    """Keys of the metadata of an index of shards. The shards themselves cannot store them.

    ``total_size`` is left out: a program that writes shards computes it again.
    """
    from htstats.weights._folders import read_index_metadata

    indexes = [path for path in files_of(weights) if path.lower().endswith(".json")]
    return [str(key) for path in indexes for key in read_index_metadata(path)]
