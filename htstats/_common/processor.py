"""The processor's instructions that the kernels use."""

from __future__ import annotations

from htstats._core import isa

__all__ = ["instructions", "usable_instructions"]


def instructions() -> str:
    """The kind of instructions that all kernels use: "plain", "avx2" or "avx512".

    It is the best kind that the processor has, unless the environment variable HTST_ISA named
    another one when htstats was loaded. No result depends on it."""
    return isa.NAMES[isa.in_use()]


def usable_instructions() -> tuple[str, ...]:
    """The kinds that HTST_ISA may name on this processor, from "plain" to the best."""
    return isa.NAMES[: isa.best() + 1]
