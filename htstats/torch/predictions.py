"""Predictions of a torch module, for a certificate that needs nothing else of the module."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from htstats.torch._arrays import tensor_of

__all__ = ["load_module", "predict"]

BATCH = 512


def load_module(place: str | os.PathLike[str]) -> nn.Module:
    """Load a module from a file, or from an import path "package.module:name".

    Parameters
    ----------
    place : path or str
        A file that `torch.save(module, file)` or TorchScript wrote. **Loading such a file runs the
        code that it names**, so open only files that you trust. Or the import path of a module, or
        of a function that returns a module. The search begins in the current folder.

    Returns
    -------
    Module

    Raises
    ------
    OSError, ValueError, ImportError
        If there is no such file or name, or if it does not give a module.
    """
    text = os.fspath(place)
    if not Path(text).exists() and ":" in text:
        return _import_module(text)
    if not Path(text).is_file():
        raise FileNotFoundError(
            f"no file {text}; a model is a file, or an import path such as package.module:name"
        )
    try:
        found = torch.load(text, map_location="cpu", weights_only=False)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # unpickling runs code of the file, which may raise any error
        raise ValueError(f"{text}: torch cannot load it: {error}") from None
    return _require_module(found, text)


def _import_module(text: str) -> nn.Module:
    module_name, _, name = text.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise ImportError(f"cannot import {text}: {error}") from None
    finally:
        sys.path.remove(os.getcwd())
    if not isinstance(found, nn.Module) and callable(found):
        found = found()
    return _require_module(found, text)


def _require_module(found: object, text: str) -> nn.Module:
    if not isinstance(found, nn.Module):
        raise ValueError(
            f"{text} must hold a torch.nn.Module, got {type(found).__name__}; save the whole "
            "module, or give an import path"
        )
    return found


def predict(module: nn.Module, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Scores of a module for inputs: float32, shape (n, classes).

    Parameters
    ----------
    module : Module
        It is called in evaluation mode; its old mode is then restored.
    x : ndarray, shape (n, height, width) of uint8, or (n, features)
        Images are divided by 255 and get a channel axis: (n, 1, height, width). Columns are only
        converted to float32. The module must do any other preprocessing itself.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If the output of the module does not have the shape (n, classes).
    """
    if x.ndim == 3 and x.dtype == np.uint8:
        inputs = tensor_of(x).float()[:, None] / 255
    else:
        inputs = tensor_of(x, np.float32)
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        with torch.inference_mode():
            parts = [module(part) for part in torch.split(inputs, BATCH)]
    except RuntimeError as error:
        shape = tuple(inputs.shape[1:])
        raise ValueError(f"the model fails on inputs of shape {shape}: {error}") from None
    finally:
        for part, mode in modes.items():
            part.training = mode
    if not all(isinstance(part, torch.Tensor) and part.ndim == 2 for part in parts):
        raise ValueError("the model must give scores (n, classes)")
    return torch.cat(parts).float().numpy()
