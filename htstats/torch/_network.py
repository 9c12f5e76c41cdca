"""A fully connected torch model as weights, biases and activations, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from htstats import theory
from htstats._common import checks

__all__ = [
    "Activation",
    "Network",
    "array_of",
    "input_of",
    "margin_of",
    "network_of",
    "outputs_of",
    "pairs_of",
]


Activation = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Network:
    """A fully connected network in float64: x_i = W_i phi_{i-1}(x_{i-1}) + b_i."""

    weights: list[torch.Tensor]
    biases: list[torch.Tensor | None]
    # the activation before each layer
    before: list[Activation] = field(repr=False)

    def step(self, i: int, x: torch.Tensor) -> torch.Tensor:
        """Compute x_i from x_{i-1}. Layers are numbered from 1; x_0 is the input."""
        return nn.functional.linear(self.before[i - 1](x), self.weights[i - 1], self.biases[i - 1])

    def height(self, i: int) -> int:
        """Number of units of layer i."""
        return len(self.weights[i - 1])

    def travel(self, i: int, j: int, x: torch.Tensor) -> torch.Tensor:
        """Compute x_j from x_i."""
        for layer in range(i + 1, j + 1):
            x = self.step(layer, x)
        return x


def network_of(model: nn.Module) -> Network:
    """The layers of `model`, which must be linear layers with activations between them."""
    network = Network([], [], [])
    pending: list[nn.Module] = []
    for module in _flatten(model):
        if isinstance(module, nn.Linear):
            network.weights.append(module.weight.detach().double())
            bias = module.bias
            network.biases.append(None if bias is None else bias.detach().double())
            network.before.append(nn.Sequential(*pending).eval())
            pending = []
        elif next(module.parameters(), None) is not None:
            kind = type(module).__name__
            raise ValueError(f"model must be linear layers and activations, got a {kind}")
        else:
            pending.append(module)
    if len(network.weights) < 2 or pending:
        raise ValueError(
            "model must be two or more linear layers, the last of them at the end, got "
            f"{len(network.weights)} and {len(pending)} modules after them"
        )
    return network


def _flatten(model: nn.Module) -> Iterable[nn.Module]:
    if isinstance(model, nn.Sequential):
        for child in model:
            yield from _flatten(child)
    else:
        yield model


def outputs_of(
    network: Network, loader: Iterable[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """The outputs, the labels and the norms of the inputs for all samples."""
    outputs, labels, norms = [], [], []
    with torch.no_grad():
        for inputs, label in pairs_of(loader):
            x = input_of(network, inputs)
            outputs.append(array_of(network.travel(0, len(network.weights), x)))
            norms.append(array_of(x.flatten(1).norm(dim=1)))
            labels.append(array_of(label))
    if not outputs:
        raise ValueError("loader must have samples, got none")
    return np.concatenate(outputs), np.concatenate(labels), np.concatenate(norms)


def input_of(network: Network, inputs: torch.Tensor) -> torch.Tensor:
    """Convert a batch to the dtype and the device of the network.

    Raises TypeError for complex inputs, because a cast would silently drop the imaginary parts.
    """
    if inputs.is_complex():
        raise TypeError(f"loader must give real inputs, got {inputs.dtype}")
    return inputs.to(network.weights[0])


def margin_of(margin: float | None, outputs: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """The margin gamma: the given value, or by default the 10 % quantile of the margins.

    Raises ValueError if that quantile is not positive.
    """
    if margin is not None:
        return checks.positive("margin", margin)
    tenth = float(np.quantile(theory.margins(outputs, labels), 0.1, method="inverted_cdf"))
    if tenth <= 0:
        raise ValueError(
            f"margin must be given: its default, the 10 % quantile of the margins, is {tenth:.3g}, "
            "as the model errs on a tenth of the samples or more"
        )
    return tenth


def array_of(x: torch.Tensor) -> npt.NDArray[Any]:
    """The tensor as a NumPy array on the host."""
    return x.cpu().numpy()


def pairs_of(loader: Iterable[Any]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The batches of a loader as pairs (inputs, labels). Raises TypeError for other batches."""
    for batch in loader:
        if (
            not isinstance(batch, list | tuple)
            or len(batch) != 2
            or not all(isinstance(part, torch.Tensor) for part in batch)
        ):
            raise TypeError(
                f"loader must give pairs (inputs, labels) of tensors, got {type(batch)}"
            )
        yield batch[0], batch[1]
