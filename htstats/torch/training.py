"""Train small fully connected networks by plain SGD, for the demo and the paper's table."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from tqdm import trange

from htstats.datasets import Split
from htstats.torch._arrays import tensor_of

__all__ = ["fully_connected", "one_thread", "train"]

BATCH = 32
LEARNING_RATE = 0.1


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread: for such small matrices, a second thread costs more than it saves."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train(
    data: Split,
    hidden: Sequence[int],
    *,
    seed: int,
    epochs: int,
    weight_decay: float,
    device: str = "cpu",
) -> nn.Sequential:
    """Train a ReLU network; the seed determines the initial weights and the sample order."""
    # leave the random state of the caller unchanged
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = fully_connected([data.x_train.shape[1], *hidden, data.classes]).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, weight_decay=weight_decay)
    loss = nn.CrossEntropyLoss()
    x, y = tensor_of(data.x_train).to(device), tensor_of(data.y_train).to(device)
    order = torch.Generator().manual_seed(seed)
    # disable=None shows the progress bar only on a terminal
    bar = trange(epochs, desc="training", unit="epoch", leave=False, ncols=79, disable=None)
    for _ in bar:
        shuffled = torch.randperm(len(y), generator=order).to(device)
        for batch in torch.split(shuffled, BATCH):
            optimizer.zero_grad()
            loss(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


def fully_connected(sizes: Sequence[int]) -> nn.Sequential:
    """A network with layers of these widths and ReLU between them; the last layer is `head`."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes), 1):
        last = number == len(sizes) - 1
        layers["head" if last else f"hidden{number}"] = nn.Linear(fan_in, fan_out)
        if not last:
            layers[f"relu{number}"] = nn.ReLU()
    return nn.Sequential(layers)
