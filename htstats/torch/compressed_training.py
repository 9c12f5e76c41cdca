"""Train networks of layers W(t) = mean + sqrt(t) G + q B with a sparse and ternary B.

Convolutions, if there are any, come before the layers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from htstats._common import checks
from htstats._common.documents import RAISES_ARGUMENT, add_sections
from htstats.certificate import MEANS, NOISES, IntegerNetwork, Layer
from htstats.torch._arrays import tensor_of
from htstats.torch._compressed_convolution import CompressedConvolution, Filters
from htstats.torch._normal import normal_block
from htstats.torch._straight_through import (
    MOST_OFFSET,
    START,
    exact_offsets,
    round_half_up,
    shrink_,
    ternary,
)
from htstats.torch.training import one_thread

__all__ = ["train_compressed"]

# The value of q, the step of the offsets of classes, and the step of the offsets of hidden units
# (before the shift); see docs/certificate-format.md.
UNIT, LOGIT_STEP, HIDDEN_STEP = 16, 256, 8
TOP = 127
MOST_CONVOLUTIONS = 4

# Batch size and learning rates of Adam. Offsets, which are in steps, need a larger rate than latent
# weights.
BATCH = 200
LEARNING_RATE = 4e-3
OFFSET_RATE = 15 * LEARNING_RATE

# The initial cross-entropy is that of exp(SCALE) x logits. One weight q times the largest
# activation then adds about e to a logit.
SCALE = -6.6
# Behind convolutions there may be hundreds of inputs. There the initial scale gives the logits of
# the first BATCH examples this standard deviation. On Fashion-MNIST (8 filters, one seed), -8.5,
# which is such a scale, ends at a certified error of .203, and -6.6 at .211.
SPREAD = 1.5
# The middle of the range of a hidden unit, in steps of its offset.
HALF = 8


class _CompressedLayer(nn.Module):
    """A layer whose forward pass computes with the whole numbers of the file, as floats."""

    def __init__(self, shape: tuple[int, int], settings: Layer, number: int, seed: int) -> None:
        super().__init__()
        self.latent = nn.Parameter(START * torch.randn(shape))
        self.offset = nn.Parameter(torch.zeros(shape[0]))
        dense = torch.full(shape, float(settings.mean))
        if settings.noise:
            g = normal_block(seed, number, 0, *shape, torch.device("cpu"))
            dense += torch.round(settings.noise * g).float()
        self.register_buffer("dense", dense)
        self.dense: torch.Tensor
        self.settings = settings

    def sums(self, x: torch.Tensor, step: int) -> torch.Tensor:
        weights = self.dense + UNIT * ternary(self.latent)
        return x @ weights.T + step * round_half_up(self.offset)

    def shrink(self, by: float) -> None:
        """Move latent weights towards zero."""
        shrink_(self.latent, by)

    def exact(self) -> Layer:
        codes = ternary(self.latent.detach()).to(torch.int8).cpu().numpy()
        offsets = exact_offsets(self.offset).numpy()
        s = self.settings
        return Layer(codes, offsets, s.mean, s.noise, s.shift)


@add_sections(Raises=RAISES_ARGUMENT)
def train_compressed(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    hidden: Sequence[int] = (24,),
    filters: Sequence[Filters] = (),
    image: tuple[int, int] | None = None,
    epochs: int = 8,
    shrinkage: float = 3e-4,
    mean: int | Sequence[int] = 0,
    noise: int | Sequence[int] = 0,
    shift: int | Sequence[int] = 6,
    noise_seed: int = 0,
    seed: int = 0,
    device: str | None = None,
) -> IntegerNetwork:
    """Train a feed-forward network directly in its compressed form.

    Each layer has weights W(t) = mean + sqrt(t) G + q B in whole numbers, with a ternary and sparse
    B. A certificate file can store the result exactly. The search of
    `htstats.certificate.certify_networks` starts from it.

    Parameters
    ----------
    features : ndarray of int8, shape (examples, inputs)
        For example the inputs that `htstats.certificate.network_inputs` returns. With `filters`,
        all pixels of an image, row by row.
    labels : ndarray of integers, shape (examples,)
        Classes, 0 .. classes - 1.
    hidden : sequence of int
        Units of each hidden layer, each in [1, 1024]; at most seven layers. With `filters`, there
        may be none.
    filters : sequence of Filters
        The convolutions that compute the inputs of the first layer; at most four.
    image : (int, int), optional
        Height and width of the images for `filters`; default: they are square.
    epochs : int
        Passes over the examples, at least 0.
    shrinkage : float
        The amount by which each step moves every latent weight towards 0, at the first learning
        rate. It decreases with the learning rate. More shrinkage gives fewer non-zeros.
    mean, noise : int or sequence of int
        mean and sqrt(t) in sixteenths of q: one number for all layers, or one for each. They must
        be in `htstats.certificate.MEANS` and `NOISES`. If both are 0, the weights are q B.
    shift : int or sequence of int
        The activation of a hidden unit is its sum / 2^shift, clipped to 0 .. 127. Each shift is in
        [0, 15].
    noise_seed : int
        Seed of G. The message contains it, and any seed but 0 costs bits.
    seed : int
        Seed of the initial weights and of the order of the examples. It costs no bits.
    device : str, optional
        The device that trains; default: "cuda" if there is one, else "cpu".

    Returns
    -------
    IntegerNetwork

    Notes
    -----
    Quantisation is straight-through [1]_. The forward pass uses sign(v) where abs(v) > .05 and 0
    elsewhere, rounded offsets, and activations that are rounded down. The backward pass treats each
    of these operations as the identity. The proximal step of an L1 penalty prunes the latent
    weights v. The optimizer is Adam with batches of 200 and a cosine schedule. On one machine, a
    seed always gives the same network. Another machine may sum gradients in another order. The
    certificate does not depend on the way in which the network was found.

    References
    ----------
    .. [1] Y. Bengio, N. Leonard, A. Courville, "Estimating or propagating gradients through
       stochastic neurons for conditional computation", arXiv:1308.3432 (2013).

    Examples
    --------
    >>> x = np.random.default_rng(0).integers(0, 100, (600, 5)).astype(np.int8)
    >>> y = (x[:, 3] > 50).astype(np.int64)
    >>> network = train_compressed(x, y, hidden=[4], epochs=1)
    >>> network.widths
    (5, 4, 2)
    """
    features, labels, sizes = _checked(features, labels, hidden, filters)
    image = _image_of(features, image) if filters else (0, 0)
    settings = _settings(len(sizes) - 1, mean, noise, shift)
    epochs = checks.count("epochs", epochs, at_least=0)
    shrinkage = checks.nonnegative("shrinkage", shrinkage)
    checks.count("noise_seed", noise_seed, at_least=0, below=1 << 63)
    checks.count("seed", seed, at_least=0, below=1 << 63)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    # leave the random state of the caller unchanged
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        convolutions = _convolutions(filters, image, len(settings), noise_seed, device)
        sizes[0] = _inputs_after(convolutions, image) if filters else sizes[0]
        layers = [
            _CompressedLayer((n_out, n_in), chosen, number, noise_seed).to(device)
            for number, ((n_in, n_out), chosen) in enumerate(
                zip(pairwise(sizes), settings, strict=True)
            )
        ]
        _fit([*convolutions, *layers], features, labels, image, epochs, shrinkage, seed, device)
    has_noise = any(one.noise for one in settings) or any(one.noise for one in filters)
    return IntegerNetwork(
        tuple(layer.exact() for layer in layers), 1, noise_seed if has_noise else 0,
        tuple(convolution.exact() for convolution in convolutions), image,
    )  # fmt: skip


def _convolutions(
    filters: Sequence[Filters], image: tuple[int, int], first: int, seed: int, device: str
) -> list[CompressedConvolution]:
    """The convolutions of a network; the layers have the numbers of G below `first`."""
    channels = [1, *(one.number for one in filters)]
    return [
        CompressedConvolution(n, one, number, seed).to(device)
        for number, (n, one) in enumerate(zip(channels, filters, strict=False), first)
    ]


def _inputs_after(convolutions: Sequence[CompressedConvolution], image: tuple[int, int]) -> int:
    """Number of activations of the last convolution; ValueError if one does not fit its input."""
    grid = 1, *image
    for convolution in convolutions:
        grid = convolution.exact().grid(grid)
    return math.prod(grid)


def _image_of(features: Any, image: tuple[int, int] | None) -> tuple[int, int]:
    n = features.shape[1]
    side = math.isqrt(n)
    height, width = image or (side, side)
    if height * width != n:
        raise ValueError(f"image must be the height and width of {n} pixels, got {image}")
    return height, width


def _checked(
    features: Any, labels: Any, hidden: Sequence[int], filters: Sequence[Filters]
) -> tuple[Any, Any, list[int]]:
    features, labels = np.asarray(features), np.asarray(labels)
    if features.ndim != 2 or features.dtype != np.int8 or not features.size:
        raise TypeError(
            "features must be int8 of shape (examples, inputs), got "
            f"{features.dtype} {features.shape}"
        )
    if labels.shape != features.shape[:1] or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            f"labels must be {len(features)} whole numbers from 0, got {labels.dtype} "
            f"{labels.shape}"
        )
    if not (0 if filters else 1) <= len(hidden) <= 7:
        raise ValueError(f"hidden must be one to seven widths, got {list(hidden)}")
    if len(filters) > MOST_CONVOLUTIONS:
        raise ValueError(
            f"filters must describe at most {MOST_CONVOLUTIONS} convolutions, got {len(filters)}"
        )
    widths = [checks.count("hidden", width, at_least=1, below=1025) for width in hidden]
    classes = max(int(labels.max()) + 1, 2)
    return features, labels.astype(np.int64), [features.shape[1], *widths, classes]


def _settings(
    n: int, mean: int | Sequence[int], noise: int | Sequence[int], shift: int | Sequence[int]
) -> list[Layer]:
    """Check mean, noise and shift, and return them for each layer. The last layer has no shift."""
    nothing = np.empty((0, 0), np.int8), np.empty(0, np.int16)
    means, noises = _each("mean", mean, n), _each("noise", noise, n)
    shifts = [*_each("shift", shift, n - 1), 0]
    for name, found, grid in (("mean", means, MEANS), ("noise", noises, NOISES)):
        for value in found:
            if value not in grid:
                raise ValueError(f"{name} must be one of {sorted(grid)}, got {value}")
    for value in shifts:
        checks.count("shift", value, at_least=0, below=16)
    return [Layer(*nothing, *each) for each in zip(means, noises, shifts, strict=True)]


def _each(name: str, value: int | Sequence[int], n: int) -> list[int]:
    values = [value] * n if isinstance(value, int) else list(value)
    if len(values) != n:
        raise ValueError(f"{name} must have {n} numbers, one a layer, got {len(values)}")
    return values


def _logits(layers: Sequence[_CompressedLayer], x: torch.Tensor) -> torch.Tensor:
    for layer in layers[:-1]:
        shift = layer.settings.shift
        z = layer.sums(x, HIDDEN_STEP << shift)
        x = round_half_up(z / 2**shift - 0.5).clamp(0, TOP)
    return layers[-1].sums(x, LOGIT_STEP)


def _sums(
    parts: Sequence[_CompressedLayer | CompressedConvolution], x: torch.Tensor,
    image: tuple[int, int],
) -> torch.Tensor:  # fmt: skip
    """The sums of the last layer, the logits, of rows of inputs, through all parts."""
    n = sum(isinstance(part, CompressedConvolution) for part in parts)
    if n:
        x = x.reshape(len(x), 1, *image)
    for convolution in parts[:n]:
        x = convolution(x)
    return _logits(cast("Sequence[_CompressedLayer]", parts[n:]), x.flatten(1))


def _prepare(
    parts: Sequence[_CompressedLayer | CompressedConvolution], x: torch.Tensor,
    image: tuple[int, int],
) -> float:  # fmt: skip
    """Centre the hidden units behind convolutions, and return the logarithm of the first scale.

    The inputs of such a unit are never negative, so without an offset it would be 0, or clipped, in
    nearly all examples.
    """
    n = sum(isinstance(part, CompressedConvolution) for part in parts)
    if not n:
        return SCALE
    with torch.no_grad():
        for place in range(n, len(parts) - 1):
            layer = cast("_CompressedLayer", parts[place])
            step = HIDDEN_STEP << layer.settings.shift
            sums = _sums(parts[: place + 1], x, image).mean(dim=0)
            layer.offset.add_((HALF - sums / step).clamp(-MOST_OFFSET, MOST_OFFSET))
        spread = float(_sums(parts, x, image).std())
    return min(SCALE, math.log(SPREAD / spread)) if spread > 0 else SCALE


def _fit(
    parts: Sequence[_CompressedLayer | CompressedConvolution], features: Any, labels: Any,
    image: tuple[int, int], epochs: int, shrinkage: float, seed: int, device: str,
) -> None:  # fmt: skip
    x = tensor_of(features).to(device)
    y = tensor_of(labels).to(device)
    scale = nn.Parameter(torch.tensor(_prepare(parts, x[:BATCH].float(), image)).to(device))
    optimizer = torch.optim.Adam(
        [
            {"params": [part.latent for part in parts], "lr": LEARNING_RATE},
            {"params": [part.offset for part in parts], "lr": OFFSET_RATE},
            {"params": [scale], "lr": LEARNING_RATE},
        ]
    )
    steps = max(1, epochs * -(-len(y) // BATCH))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    loss = nn.CrossEntropyLoss()
    order = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(y), generator=order).to(device), BATCH):
            optimizer.zero_grad()
            loss(_sums(parts, x[batch].float(), image) * scale.exp(), y[batch]).backward()
            optimizer.step()
            rate = float(schedule.get_last_lr()[0]) / LEARNING_RATE
            schedule.step()
            for part in parts:
                part.shrink(shrinkage * rate)
