"""Jacobians of a network between two layers: their norms, and their products with noise."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import brentq

from htstats.torch._network import Activation, Network, array_of

__all__ = ["JACOBIANS", "JacobianNorms", "compare_layers", "hutchinson_interval"]

JACOBIANS = ("auto", "exact", "hutchinson")


@dataclass(frozen=True)
class JacobianNorms:
    """Compute norm(J)_F of each sample from batches of vector-Jacobian products.

    The vectors are the unit vectors (exact) or Gaussian vectors (Hutchinson's estimate).

    Attributes
    ----------
    method : {"auto", "exact", "hutchinson"}
    probes : int
        Number of Gaussian vectors.
    generator : torch.Generator
        The source of the Gaussian vectors.
    many_rows : int
        If the Jacobian has more rows than this, "auto" estimates the norm instead of computing it.
    batch_elements : int
        Largest number of elements in one batch of products: by default 64 MiB of float64.
    """

    method: str
    probes: int
    generator: torch.Generator
    many_rows: int = 4096
    batch_elements: int = 1 << 23

    def estimates(self, height: int) -> bool:
        """Whether the norm of a Jacobian with this number of rows is estimated."""
        is_auto = self.method == "auto"
        return self.method == "hutchinson" or (is_auto and height > self.many_rows)

    def __call__(self, travel: Activation, x: torch.Tensor, arrived: torch.Tensor) -> torch.Tensor:
        pull = torch.func.vjp(travel, x)[1]
        samples, height = arrived.shape
        estimate = self.estimates(height)
        rows = self.probes if estimate else height
        total = x.new_zeros(samples)
        step = max(1, self.batch_elements // max(x.numel(), arrived.numel(), 1))
        for start in range(0, rows, step):
            size = min(step, rows - start)
            if estimate:
                shape = (size, samples, height)
                units = torch.randn(shape, dtype=x.dtype, generator=self.generator).to(x.device)
            else:
                units = torch.eye(height, dtype=x.dtype, device=x.device)[start : start + size]
                # samples are independent, so one product gives the same row of J for all of them
                units = units[:, None].expand(size, samples, height)
            pulled = torch.func.vmap(lambda unit: pull(unit)[0])(units)
            total += pulled.square().sum(dim=(0, 2))
        return (total / rows if estimate else total).sqrt()


def hutchinson_interval(probes: int, failure: float) -> tuple[float, float]:
    """The interval factors (low, high) of a cushion whose norm(J)_F is Hutchinson's estimate.

    Except with probability `failure`, norm(J)_F^2 is at most estimate/(1 - a) and at least
    estimate/(1 + b). The numbers a and b solve
    probes/2 (-a - log(1 - a)) = probes/2 (b - log(1 + b)) = log(2/failure). A cushion divides by
    norm(J)_F, so its factors are (sqrt(1 - a), sqrt(1 + b)).

    Examples
    --------
    >>> low, high = hutchinson_interval(256, 0.05)
    >>> round(low, 3), round(high, 3)
    (0.882, 1.122)
    """
    level = 2 * math.log(2 / failure) / probes
    # c is the logarithm of 1 - a or 1 + b: both solve exp(c) - 1 - c = level, one on each side of 0
    low, high = (
        float(brentq(lambda c: math.expm1(c) - c - level, *ends, xtol=1e-14))
        for ends in ((-1.0 - level, 0.0), (0.0, 1.0 + math.sqrt(2 * level)))
    )
    return math.exp(low / 2), math.exp(high / 2)


def compare_layers(
    network: Network,
    i: int,
    j: int,
    x: torch.Tensor,
    phi: torch.Tensor,
    errors: list[torch.Tensor],
    norms_of: JacobianNorms,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], float]:
    """mu_ij per sample, rho_ij per sample and noise, and the largest abs(J x - x_j)/abs(x_j)."""

    def travel(start: torch.Tensor) -> torch.Tensor:
        return network.travel(i, j, start)

    def linear(direction: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with warnings.catch_warnings():
            # torch's own forward-mode rules use its deprecated compiler, which warns
            warnings.simplefilter("ignore", DeprecationWarning)
            arrived, moved, *_ = torch.func.jvp(travel, (x,), (direction,))
        return arrived, moved

    arrived, along = linear(x)
    norms = x.norm(dim=1)
    cushion = along.norm(dim=1) / (norms_of(travel, x, arrived) * norms)
    rough = []
    for error in errors:
        shift = phi @ error.T
        gap = (travel(x + shift) - arrived - linear(shift)[1]).norm(dim=1)
        # a gap below the rounding error of the sums counts as zero
        gap[gap <= 1e-12 * arrived.norm(dim=1)] = 0
        ratio = shift.norm(dim=1) * arrived.norm(dim=1) / (norms * gap)
        rough.append(array_of(torch.where(gap > 0, ratio, math.inf)))
    bent = float(((along - arrived).norm(dim=1) / arrived.norm(dim=1)).max())
    return array_of(cushion), np.concatenate(rough), bent
