"""Spectra of weight matrices on a device of torch, such as a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from htstats._common.data_checks import require_all_finite
from htstats.spectral import (
    Eigenvalues,
    Rows,
    SpectrumFit,
    fit_eigenvalues,
    gram_error,
    keep_certain,
    open_matrix,
    square_all,
    trust,
)
from htstats.torch._arrays import tensor_of

__all__ = ["fit_spectrum_on", "require_device"]

# The length of a block along the long side. A device multiplies long blocks faster.
BLOCK = 2048

BITS = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def require_device(name: str) -> torch.device:
    """Return a device that torch can use, such as "cuda", "cuda:1" or "cpu".

    Raises
    ------
    ValueError
        If torch knows no such device, or this machine has none.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, dtype=torch.float64, device=device).item()
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device must be one that torch can use in float64, got {name!r}: {reason}"
        ) from error
    return device


def fit_spectrum_on(W: Any, device: str, **options: Any) -> SpectrumFit:
    """`fit_spectrum` with the Gram matrix and its eigenvalues computed on a device.

    Parameters
    ----------
    W : array_like or tensor, shape (rows, columns)
        The matrix. The device holds it in its own dtype, and the Gram matrix in float64.
    device : str
        A device of torch, such as "cuda".
    **options
        Passed to `fit_power_law`.

    Raises
    ------
    ValueError
        As in `fit_spectrum`; also if there is no such device.

    Notes
    -----
    The bounds of the errors are those of `fit_spectrum`, and so is the decision to use the SVD,
    which then runs on the device too. Eigenvalues differ from those of the CPU by at most the sum
    of both `error_bound`.

    Examples
    --------
    >>> W = np.random.default_rng(0).standard_t(3, (200, 100))
    >>> fit_spectrum_on(W, "cpu").n
    100
    """
    place = require_device(device)
    rows = open_matrix(W)
    tensor = _send(rows, place)
    found = _by_gram(tensor)
    fit = None if found is None else trust(found, options)
    return fit if fit is not None else fit_eigenvalues(_by_svd(rows, tensor), options)


def _send(rows: Rows, device: torch.device) -> torch.Tensor:
    """The matrix on the device, tall, in its own dtype."""
    assert rows.data is not None
    if rows.dtype in BITS:
        tensor = tensor_of(rows.data.view(np.int16)).to(device).view(BITS[rows.dtype])
    else:
        tensor = tensor_of(rows.data).to(device)
    return tensor if tensor.shape[0] >= tensor.shape[1] else tensor.T


def _by_gram(tensor: torch.Tensor) -> Eigenvalues | None:
    """The eigenvalues of the Gram matrix; None if squares leave the range of float64."""
    rows, side = tensor.shape
    gram = torch.zeros((side, side), dtype=torch.float64, device=tensor.device)
    starts = range(0, rows, BLOCK)
    for start in starts:
        block = tensor[start : start + BLOCK].to(torch.float64)
        gram.addmm_(block.T, block)
    trace = float(torch.trace(gram))
    if not 2.0**-600 <= trace <= 2.0**600:
        return None
    values = torch.linalg.eigvalsh(gram).cpu().numpy()
    return keep_certain(values, gram_error(BLOCK, len(starts), trace))


def _by_svd(rows: Rows, tensor: torch.Tensor) -> Eigenvalues:
    """The squares of all singular values, as `htstats.spectral` computes them on the CPU."""
    for block in rows.blocks():
        require_all_finite("W", block)
    singular = torch.linalg.svdvals(tensor.to(torch.float64)).cpu().numpy()
    return square_all(singular, rows.shape)
