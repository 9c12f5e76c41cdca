"""Convolutions that compute with the whole numbers of a certificate file, as floats."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from htstats._common import checks
from htstats.certificate import MEANS, NOISES, Convolution
from htstats.torch._normal import normal_block
from htstats.torch._straight_through import START, exact_offsets, round_half_up, shrink_, ternary

__all__ = ["CompressedConvolution", "Filters"]

UNIT, HIDDEN_STEP, TOP, SOFTENING = 16, 8, 127, 1000

# A filter has few entries, and many of them begin beyond CUT.
WIDER = 2.0

# The shrinkage of filters, as a part of that of matrices. On Fashion-MNIST (8 filters, 3 epochs,
# 3 M proposals, one seed), 1/6 ends at a certified error of .193 and 1 at .201.
SHARE = 1 / 6


@dataclass(frozen=True)
class Filters:
    """The filters of one convolution of `train_compressed`.

    Attributes
    ----------
    number : int
        How many filters, in [1, 256].
    size, stride, pool : int
        The side of a filter, the distance between two places, and the side of the windows that add
        up the places; each in [1, 31].
    shift : int
        The total of a window is divided by 2^shift before it is normalised; in [0, 15].
    mean, noise : int
        mean and sqrt(t) in sixteenths of q, as in `train_compressed`.
    """

    number: int
    size: int = 5
    stride: int = 1
    pool: int = 4
    shift: int = 4
    mean: int = 0
    noise: int = 0

    def __post_init__(self) -> None:
        checks.count("number", self.number, at_least=1, below=257)
        for name in ("size", "stride", "pool"):
            checks.count(name, getattr(self, name), at_least=1, below=32)
        checks.count("shift", self.shift, at_least=0, below=16)
        for name, grid in (("mean", MEANS), ("noise", NOISES)):
            if getattr(self, name) not in grid:
                raise ValueError(f"{name} must be one of {sorted(grid)}, got {getattr(self, name)}")


class CompressedConvolution(nn.Module):
    """A convolution whose forward pass computes what `htstats.certificate.Convolution` says."""

    def __init__(self, channels: int, filters: Filters, number: int, seed: int) -> None:
        super().__init__()
        shape = (filters.number, channels, filters.size, filters.size)
        self.latent = nn.Parameter(WIDER * START * torch.randn(shape))
        self.offset = nn.Parameter(torch.zeros(filters.number))
        dense = torch.full(shape, float(filters.mean))
        if filters.noise:
            rows = (filters.number, channels * filters.size**2)
            g = normal_block(seed, number, 0, *rows, torch.device("cpu"))
            dense += torch.round(filters.noise * g).float().reshape(shape)
        self.register_buffer("dense", dense)
        self.dense: torch.Tensor
        self.settings = filters

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Activations of images (n, channels, height, width)."""
        f = self.settings
        before = (f.size - 1) // 2
        after = f.size - 1 - before
        weights = self.dense + UNIT * ternary(self.latent)
        z = functional.conv2d(
            functional.pad(x, (before, after, before, after)), weights, stride=f.stride
        )
        step = HIDDEN_STEP << f.shift
        r = (z.abs() + step * round_half_up(self.offset)[:, None, None]).clamp(min=0)
        totals = functional.avg_pool2d(r, f.pool, divisor_override=1)
        v = round_half_up(totals / 2**f.shift - 0.5)
        sums = v.sum(dim=1, keepdim=True)
        energy = functional.avg_pool2d(sums, 3, 1, 1, divisor_override=1) + SOFTENING
        ratio = round_half_up(9 * TOP**2 * v.double() / energy - 0.5)
        # half of the smallest step keeps the gradient of the root finite, and changes no floor
        roots = round_half_up(torch.sqrt(ratio + 0.5) - 0.5).clamp(max=TOP).float()
        return roots - math.isqrt(TOP**2 // f.number)

    def shrink(self, by: float) -> None:
        """Move latent weights towards zero, but less than those of matrices."""
        shrink_(self.latent, SHARE * by)

    def exact(self) -> Convolution:
        """The convolution in whole numbers."""
        f = self.settings
        codes = ternary(self.latent.detach()).to(torch.int8).cpu().numpy()
        offsets = exact_offsets(self.offset).numpy()
        return Convolution(codes, offsets, f.stride, f.pool, f.mean, f.noise, f.shift)
