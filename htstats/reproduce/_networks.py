"""Build, train and store the networks of this project on Fashion-MNIST."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from htstats._common.files import atomic_write
from htstats.torch.training import fully_connected

__all__ = ["RECIPES", "Recipe", "load_network", "save_network"]

SIDE = 28
PIXELS = SIDE * SIDE
CLASSES = 10


@dataclass(frozen=True)
class Recipe:
    """A network and its training: SGD with momentum, weight decay, a warm-up and a cosine schedule.

    Parameters
    ----------
    name : str
        The name of the files.
    build : callable
        Returns the untrained network: an `nn.Sequential` whose last layer is called `head`. The
        network takes images as rows of 784 pixels in [-1, 1].
    epochs, batch : int
    learning_rate : float
        The largest learning rate, reached after the warm-up.
    weight_decay : float
    warm_up : float
        The proportion of all steps over which the learning rate rises from 0.
    momentum : float
    shift : int
        Images are shifted by up to this many pixels in each direction and filled up with black.
    """

    name: str
    build: Callable[[], nn.Sequential]
    epochs: int
    learning_rate: float
    weight_decay: float
    batch: int = 128
    warm_up: float = 0.1
    momentum: float = 0.9
    shift: int = 2


class Block(nn.Module):
    """Two 3 x 3 convolutions with a parameter-free shortcut (He et al. 2016, option A)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.added:
            x = x[:, :, :: self.stride, :: self.stride]
            x = functional.pad(x, (0, 0, 0, 0, 0, self.added))
        return functional.relu(x + y)


def resnet20() -> nn.Sequential:
    """ResNet-20 in its form for CIFAR (three stages of three blocks), with one input channel."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        image=nn.Unflatten(1, (1, SIDE, SIDE)),
        conv=nn.Conv2d(1, 16, 3, 1, 1, bias=False),
        norm=nn.BatchNorm2d(16),
        relu=nn.ReLU(),
    )
    widths = (16, 16, 32, 64)
    for stage in (1, 2, 3):
        for number in (1, 2, 3):
            inputs = widths[stage - 1] if number == 1 else widths[stage]
            stride = 2 if number == 1 and stage > 1 else 1
            layers[f"stage{stage}block{number}"] = Block(inputs, widths[stage], stride)
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flat"] = nn.Flatten()
    layers["head"] = nn.Linear(64, CLASSES)
    return nn.Sequential(layers)


def small_cnn() -> nn.Sequential:
    """Two convolutions with pooling, then 3136-64-10."""
    return nn.Sequential(
        OrderedDict(
            image=nn.Unflatten(1, (1, SIDE, SIDE)),
            conv1=nn.Conv2d(1, 32, 3, padding=1),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(32, 64, 3, padding=1),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flat=nn.Flatten(),
            hidden=nn.Linear(64 * (SIDE // 4) ** 2, 64),
            relu3=nn.ReLU(),
            head=nn.Linear(64, CLASSES),
        )
    )


def mlp(*hidden: int) -> Callable[[], nn.Sequential]:
    """A fully connected network with these hidden widths."""
    return lambda: fully_connected([PIXELS, *hidden, CLASSES])


RECIPES = {
    recipe.name: recipe
    for recipe in (
        # larger shifts do not help a fully connected network
        Recipe("mlp-256", mlp(256), 50, 0.03, 5e-4, shift=1),
        Recipe("mlp-512-256", mlp(512, 256), 50, 0.03, 5e-4, shift=1),
        Recipe("cnn", small_cnn, 30, 0.05, 5e-4),
        Recipe("resnet20", resnet20, 10, 0.2, 5e-4),
    )
}


def stored_value(name: str, value: torch.Tensor) -> torch.Tensor:
    """Convert a value to its dtype in the file: float16 for matrices other than the head.

    The head and all vectors stay float32.
    """
    value = value.detach().cpu().contiguous()
    if value.is_floating_point() and value.ndim >= 2 and not name.startswith("head."):
        return value.half()
    return value


def save_network(model: nn.Module, path: Path) -> None:
    """Write the state of a network as .safetensors. All matrices but the head become float16."""
    from safetensors.torch import save

    state = {name: stored_value(name, value) for name, value in model.state_dict().items()}
    with atomic_write(path) as file:
        file.write(save(state))


def load_network(recipe: Recipe, path: Path) -> nn.Sequential:
    """Load a network with the weights of a file, in float32 and in evaluation mode.

    Raises
    ------
    ValueError
        If the file does not contain the weights of that network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    model = recipe.build()
    try:
        state: dict[str, Any] = load(path.read_bytes())
        model.load_state_dict(state)
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} does not hold the weights of {recipe.name}: {reason}") from None
    return model.eval()
