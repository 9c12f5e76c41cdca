"""Roundings whose gradient is that of the identity, and the shrinkage of latent weights."""

from __future__ import annotations

import torch

__all__ = ["CUT", "MOST_OFFSET", "START", "exact_offsets", "round_half_up", "shrink_", "ternary"]

# Latent weights beyond CUT in absolute value are non-zeros of B. The initial latent weights are
# normal numbers times START.
CUT = 0.05
START = 0.035

# The largest offset of a hidden unit or of a class, in steps.
MOST_OFFSET = 31


def _straight_through(x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return `value` exactly, and pass its gradient to `x` as if the two were the same."""
    return value.detach() + (x - x.detach())


def ternary(v: torch.Tensor) -> torch.Tensor:
    """sign(v) where abs(v) > CUT, else 0."""
    return _straight_through(v, torch.sign(v) * (v.abs() > CUT))


def round_half_up(x: torch.Tensor) -> torch.Tensor:
    """floor(x + 1/2)."""
    return _straight_through(x, torch.floor(x + 0.5))


def shrink_(v: torch.Tensor, by: float) -> None:
    """Move latent weights towards zero, in place: the proximal step of an L1 penalty."""
    with torch.no_grad():
        v.copy_(torch.sign(v) * (v.abs() - by).clamp(0, 1))


def exact_offsets(offset: torch.Tensor) -> torch.Tensor:
    """The offsets of a file, as int16."""
    offsets = round_half_up(offset.detach()).clamp(-MOST_OFFSET, MOST_OFFSET)
    return offsets.to(torch.int16).cpu()
