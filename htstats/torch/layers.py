"""Find the weight matrices of a model, compress them in place, and count the model's errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from htstats.compression.matrix import CompressedMatrix
from htstats.compression.partition import partition
from htstats.torch._network import pairs_of

__all__ = ["Evaluation", "compress_", "evaluate", "weight_matrices"]


def weight_matrices(model: nn.Module) -> dict[str, torch.Tensor]:
    """Every floating-point weight of a model with two or more dimensions, viewed as a matrix.

    Parameters
    ----------
    model : Module

    Returns
    -------
    dict
        The matrices by the names of `model.named_parameters()`, in their order. A shared parameter
        appears once. The matrix of a convolution has the shape (out, in * kernel); in general, a
        weight of shape (n, ...) becomes a matrix of shape (n, rest).

    Raises
    ------
    TypeError
        If `model` is not a module.
    ValueError
        If a weight has no values yet (a lazy layer, or one on the meta device).

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 5), nn.Flatten(), nn.Linear(32, 10))
    >>> {name: tuple(w.shape) for name, w in weight_matrices(model).items()}
    {'0.weight': (8, 75), '2.weight': (10, 32)}
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    found = {}
    for name, weight in model.named_parameters():
        if isinstance(weight, nn.parameter.UninitializedParameter) or weight.is_meta:
            raise ValueError(f"model must have values, got none in {name}")
        if weight.ndim >= 2 and weight.is_floating_point() and weight.numel():
            found[name] = weight.detach().flatten(1)
    return found


def compress_(
    model: nn.Module,
    threshold: float | str = "std",
    *,
    keep: str = "abs",
    noise: str = "paper",
    support: str = "replaced",
    seed: int = 0,
    layers: Sequence[str] | None = None,
    n_threads: int = 1,
) -> dict[str, CompressedMatrix]:
    """Replace weight matrices of a model by dense W(t), in place.

    Parameters
    ----------
    model : Module
        The modules and the keys of the state dict stay as they are; only values change.
    threshold, keep, noise, support, seed, n_threads
        As in `htstats.partition`. The position of a matrix in `weight_matrices(model)` is the
        `layer` of its noise. The noise therefore does not depend on which other matrices are
        compressed.
    layers : sequence of str, optional
        Names of weights in `weight_matrices(model)`, with or without the ending ``.weight``; the
        default is all of them.

    Returns
    -------
    dict
        The compressed matrix of each weight, by its name.

    Raises
    ------
    ValueError
        If a name in `layers` is not a weight matrix of the model, if the model has no weight
        matrix, or if a matrix cannot be split (for example, because it is not finite). The model
        is then unchanged.
    TypeError
        If `model` is not a module, or `layers` is a single string.

    References
    ----------
    .. [1] J. Y. Shin, section 6 and Appendix E.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> matrices = compress_(model, layers=["2"])
    >>> list(matrices), matrices["2.weight"].layer
    (['2.weight'], 1)
    >>> bool((model[2].weight.detach().numpy() == matrices["2.weight"].toarray()).all())
    True
    """
    weights = weight_matrices(model)
    if not weights:
        raise ValueError("model must have a weight matrix, got none")
    matrices = {}
    for layer, name in enumerate(weights):
        if layers is not None and name not in _resolve(layers, weights):
            continue
        try:
            matrices[name] = partition(
                weights[name], threshold, keep=keep, noise=noise, support=support,
                seed=seed, layer=layer, n_threads=n_threads,
            )  # fmt: skip
        except (ValueError, TypeError) as error:
            raise type(error)(f"{name}: {error}") from None
    with torch.no_grad():
        for name, matrix in matrices.items():
            parameter = model.get_parameter(name)
            dense = torch.from_numpy(matrix.toarray(n_threads=n_threads))
            parameter.copy_(dense.reshape(parameter.shape))
    return matrices


def _resolve(layers: Sequence[str], weights: dict[str, torch.Tensor]) -> set[str]:
    if isinstance(layers, str):
        raise TypeError(f"layers must be a sequence of names, got the string {layers!r}")
    chosen = set()
    for layer in layers:
        name = layer if layer in weights else f"{layer}.weight"
        if name not in weights:
            raise ValueError(f"layers must be among {', '.join(weights)}, got {layer!r}")
        chosen.add(name)
    return chosen


@dataclass(frozen=True)
class Evaluation:
    """The number of errors that a classifier made on a data set.

    Parameters
    ----------
    n, errors : int
        Number of samples, and number of those for which the largest output was not that of the
        label or an output was not finite.
    """

    n: int
    errors: int

    @property
    def accuracy(self) -> float:
        """1 - errors/n, in [0, 1]."""
        return (self.n - self.errors) / self.n


def evaluate(
    model: nn.Module,
    loader: Iterable[Any],
    device: str | torch.device | None = None,
) -> Evaluation:
    """Count a classifier's errors.

    Parameters
    ----------
    model : Module
        The classifier. It is put into evaluation mode for the call, then back into its old mode.
        It is moved to `device` if one is given.
    loader : iterable of (inputs, labels)
        For example a `DataLoader`, or a list with one pair of tensors.
    device : str or torch.device, optional
        The device to compute on; default: the device of the model's first parameter.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If the loader has no samples, or the shape of the outputs is not (samples, classes).
    TypeError
        If the loader does not give pairs of tensors.

    Examples
    --------
    >>> result = evaluate(nn.Identity(), [(torch.eye(3), torch.tensor([0, 1, 1]))])
    >>> result, round(result.accuracy, 3)
    (Evaluation(n=3, errors=1), 0.667)
    """
    if device is None:
        first = next(model.parameters(), None)
        device = torch.device("cpu") if first is None else first.device
    else:
        model.to(device)
    training = {module: module.training for module in model.modules()}
    n = 0
    errors = torch.zeros((), dtype=torch.int64, device=device)
    model.eval()
    try:
        with torch.inference_mode():
            for inputs, labels in pairs_of(loader):
                outputs = model(inputs.to(device))
                _check_outputs(outputs, labels)
                # argmax treats NaN as the largest output: that must not count as correct
                right = outputs.argmax(1) == labels.to(device)
                errors += (~(right & outputs.isfinite().all(1))).sum()
                n += len(labels)
    finally:
        for module, mode in training.items():
            module.training = mode
    if n == 0:
        raise ValueError("loader must have samples, got none")
    return Evaluation(n, int(errors))


def _check_outputs(outputs: torch.Tensor, labels: torch.Tensor) -> None:
    if outputs.ndim != 2 or labels.ndim != 1 or len(outputs) != len(labels):
        raise ValueError(
            "model must give outputs (samples, classes) for labels (samples,), got "
            f"{tuple(outputs.shape)} for {tuple(labels.shape)}"
        )
