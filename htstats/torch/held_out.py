"""Train a small convolutional network on a part of the examples, and certify it by the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from htstats._common import checks
from htstats.torch._arrays import tensor_of
from htstats.torch.training import one_thread

__all__ = ["HeldOutModel", "held_out_part", "predict_state", "train_held_out"]

# The proportion of the examples for training. The others certify the network.
TRAINING_SHARE = 0.75

BATCH = 128
RATE = 3e-3
SMOOTHING = 0.05
CHANNELS = (24, 48, 96)


@dataclass(frozen=True, eq=False)
class HeldOutModel:
    """A trained network, and its answers on the examples that were held out.

    Attributes
    ----------
    state : dict of ndarray
        The network's arrays by name.
    m, seed : int
        Number of examples, and seed of the split. `held_out_part` computes the split from them.
    predictions : ndarray of int64
        The answers on the held-out part, in the order of `held_out_part`.
    """

    state: dict[str, npt.NDArray[Any]] = field(repr=False)
    m: int
    seed: int
    predictions: npt.NDArray[np.int64] = field(repr=False)


def held_out_part(m: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split examples into a training part and a held-out part, without regard to labels.

    Parameters
    ----------
    m : int
        Number of examples, at least 2.
    seed : int

    Returns
    -------
    ndarray, ndarray
        The positions of the training examples and of the held-out examples: the first three
        quarters of a random permutation of 0 .. m - 1, and the rest.
    """
    m = checks.count("m", m, at_least=2)
    order = np.random.default_rng(seed).permutation(m)
    n = int(TRAINING_SHARE * m)
    return order[:n], order[n:]


def _network(side: tuple[int, int], classes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    before, height, width = 1, *side
    for channels in CHANNELS:
        layers += [
            nn.Conv2d(before, channels, 3, padding=1, bias=False),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
        before, height, width = channels, -(-height // 2), -(-width // 2)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * height * width, classes))


def _inputs(x: npt.NDArray[Any]) -> torch.Tensor:
    """Images in [-1, 1] with one channel. The scaling uses no statistic of the examples."""
    return tensor_of(x.astype(np.float32) / 127.5 - 1)[:, None]


def predict_state(
    state: dict[str, npt.NDArray[Any]], x: npt.NDArray[Any], classes: int
) -> npt.NDArray[np.int64]:
    """The answers of the network with these arrays, computed on the CPU.

    Raises
    ------
    ValueError
        If the arrays do not fit the network for images of this size.
    """
    model = _network((x.shape[1], x.shape[2]), classes)
    try:
        model.load_state_dict({name: tensor_of(np.array(a)) for name, a in state.items()})
    except (RuntimeError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(f"the arrays do not fit the network: {first}") from None
    model.eval()
    with torch.inference_mode():
        parts = [model(part).argmax(1) for part in torch.split(_inputs(x), 1000)]
    return torch.cat(parts).numpy()


def train_held_out(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    *,
    classes: int | None = None,
    epochs: int = 5,
    seed: int = 0,
    device: str | None = None,
) -> HeldOutModel:
    """Train a small convolutional network on three quarters of the examples.

    Parameters
    ----------
    x : ndarray of uint8, shape (examples, height, width)
    y : ndarray of integers, shape (examples,)
    classes : int, optional
        Default: one more than the largest label.
    epochs : int
        Passes over the training part.
    seed : int
        Seed of the split, of the initial weights and of the order of the examples.
    device : str, optional
        The device that trains; default: "cuda" if there is one, else "cpu".

    Returns
    -------
    HeldOutModel
        `htstats.certificate.certify_predictions` computes the test-set bound of its predictions.

    Raises
    ------
    TypeError, ValueError
        If images are not uint8, or there are fewer than 20.

    Notes
    -----
    The network has three 3 x 3 convolutions with 24, 48 and 96 channels, each followed by a maximum
    over 2 x 2 pixels, batch normalisation and ReLU; then one linear layer. The optimizer is AdamW
    with one cycle of the learning rate. Batches are shifted by up to one pixel, and labels are
    smoothed. Sums of floats depend on the machine. The bound is about the recorded answers, so it
    does not depend on the machine.
    """
    if x.dtype != np.uint8 or x.ndim != 3:
        raise TypeError(f"images must be uint8 (n, height, width), got {x.dtype} {x.shape}")
    checks.count("number of examples", len(x), at_least=20)
    epochs = checks.count("epochs", epochs, at_least=0)
    part, rest = held_out_part(len(x), seed)
    classes = int(y.max()) + 1 if classes is None else classes
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        model = _network((x.shape[1], x.shape[2]), classes).to(device)
        for p in model.parameters():
            if p.ndim == 4:  # with channels last, a step takes 0.58 of the time on a CPU
                p.data = p.data.contiguous(memory_format=torch.channels_last)
        _fit(model, _inputs(x[part]).to(device), tensor_of(y[part], np.int64).to(device), epochs)
        tensors = model.state_dict().items()
        state = {name: a.detach().cpu().contiguous().numpy() for name, a in tensors}
        return HeldOutModel(state, len(x), seed, predict_state(state, x[rest], classes))


def _fit(model: nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.02)
    steps = max(1, epochs * -(-len(y) // BATCH))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.25)
    loss = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    model.train()
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(y)), BATCH):
            down, right = torch.randint(-1, 2, (2,)).tolist()
            images = torch.roll(x[batch], (down, right), (-2, -1))
            optimizer.zero_grad()
            loss(model(images), y[batch]).backward()
            optimizer.step()
            schedule.step()
