"""Train networks of layers W(t) = mean + sqrt(t) G + q B whose B is sparse and ternary."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from htstats._common import checks
from htstats.certificate import MEANS, NOISES, IntegerNetwork, Layer
from htstats.certificate._network import HIDDEN_STEP, LOGIT_STEP, UNIT
from htstats.torch._normal import normal_block
from htstats.torch.training import one_thread

__all__ = ["train_compressed"]

TOP = 127
BATCH = 200
LEARNING_RATE = 4e-3

# A latent weight above this size is a non-zero of B.
CUT = 0.05


class _Ternary(torch.autograd.Function):
    """sign(v) where abs(v) > CUT, else 0; the gradient passes straight through."""

    @staticmethod
    def forward(ctx: Any, v: torch.Tensor) -> torch.Tensor:
        return torch.sign(v) * (v.abs() > CUT)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        return grads[0]


class _Floor(torch.autograd.Function):
    """floor(x), whose gradient passes straight through."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return torch.floor(x)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        return grads[0]


class _Layer(nn.Module):
    """A layer whose forward pass computes the integers of the file, as floats."""

    def __init__(
        self, n_in: int, n_out: int, mean: int, noise: int, shift: int, number: int, seed: int
    ) -> None:
        super().__init__()
        self.latent = nn.Parameter(0.035 * torch.randn(n_out, n_in))
        self.offset = nn.Parameter(torch.zeros(n_out))
        dense = torch.full((n_out, n_in), float(mean))
        if noise:
            g = normal_block(seed, number, 0, n_out, n_in, torch.device("cpu"))
            dense += torch.round(noise * g).float()
        self.register_buffer("dense", dense)
        self.mean, self.noise, self.shift = mean, noise, shift
        self.step = float(HIDDEN_STEP << shift)

    def forward(self, x: torch.Tensor, is_last: bool) -> torch.Tensor:
        weights = self.dense + UNIT * _Ternary.apply(self.latent)
        step = float(LOGIT_STEP) if is_last else self.step
        z = x @ weights.T + step * _round(self.offset)
        if is_last:
            return z
        return _Floor.apply(z * 2.0**-self.shift).clamp(0, TOP)

    def shrink(self, by: float) -> None:
        """Move latent weights towards zero: the proximal step of an L1 penalty."""
        with torch.no_grad():
            v = self.latent
            v.copy_(torch.sign(v) * torch.clamp(v.abs() - by, min=0).clamp(max=1))

    def exact(self) -> Layer:
        codes = _Ternary.apply(self.latent.detach()).to(torch.int8).cpu().numpy()
        offsets = torch.round(self.offset.detach()).clamp(-31, 31).to(torch.int16).cpu().numpy()
        return Layer(codes, offsets, self.mean, self.noise, self.shift)


def _round(x: torch.Tensor) -> torch.Tensor:
    return x + (torch.round(x) - x).detach()


def train_compressed(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    hidden: Sequence[int] = (24,),
    epochs: int = 10,
    shrink: float = 2e-4,
    mean: int | Sequence[int] = 0,
    noise: int | Sequence[int] = 0,
    shift: int | Sequence[int] = 6,
    noise_seed: int = 0,
    seed: int = 0,
    device: str | None = None,
) -> IntegerNetwork:
    sizes = [features.shape[1], *hidden, int(labels.max()) + 1]
    n = len(sizes) - 1
    means, noises, shifts = ([v] * n if isinstance(v, int) else list(v) for v in (mean, noise, shift))
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        layers = nn.ModuleList(
            _Layer(a, b, means[i], noises[i], shifts[i], i, noise_seed)
            for i, (a, b) in enumerate(pairwise(sizes))
        ).to(device)
        _fit(layers, features, labels, epochs, shrink, seed, device)
    last = len(layers) - 1
    exact = [layer.exact() for layer in layers]
    exact[last] = Layer(exact[last].codes, exact[last].offsets, means[last], noises[last], 0)
    return IntegerNetwork(tuple(exact), 1, noise_seed if any(noises) else 0)


def _forward(layers: nn.ModuleList, x: torch.Tensor) -> torch.Tensor:
    for number, layer in enumerate(layers):
        x = layer(x, number == len(layers) - 1)
    return x


def _fit(
    layers: nn.ModuleList, features: Any, labels: Any, epochs: int, shrink: float, seed: int,
    device: str,
) -> None:  # fmt: skip
    x = torch.from_numpy(features.astype(np.float32)).to(device)
    y = torch.from_numpy(np.asarray(labels, np.int64)).to(device)
    log_scale = nn.Parameter(torch.tensor(-6.6, device=device))
    groups = [
        {"params": [layer.latent for layer in layers], "lr": LEARNING_RATE},
        {"params": [layer.offset for layer in layers], "lr": 15 * LEARNING_RATE},
        {"params": [log_scale], "lr": LEARNING_RATE},
    ]
    optimizer = torch.optim.Adam(groups)
    steps = epochs * ((len(y) + BATCH - 1) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    order = torch.Generator().manual_seed(seed)
    loss = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(y), generator=order).to(device), BATCH):
            optimizer.zero_grad()
            loss(_forward(layers, x[batch]) * log_scale.exp(), y[batch]).backward()
            optimizer.step()
            schedule.step()
            for layer in layers:
                layer.shrink(shrink * schedule.get_last_lr()[0] / LEARNING_RATE)
