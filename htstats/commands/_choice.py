"""Choose the matrices of a checkpoint for a command, and report the others."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from htstats.weights import Weights


__all__ = ["add_choice", "choose_for_split", "number_rows"]


def add_choice(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --tensor and --exclude; `what` describes what the command does with chosen matrices."""
    add = parser.add_argument
    add("--tensor", metavar="NAME", action="append",
        help=f"{what}: a name, or a pattern with * ? [ ]; may be repeated")  # fmt: skip
    add("--exclude", metavar="PATTERN", action="append",
        help="leave these matrices out: a name or a pattern; may be repeated")  # fmt: skip


def number_rows(weights: Weights) -> dict[str, int]:
    """Number the matrices from 1: first the weights, then the other matrices."""
    names = dict.fromkeys([*weights, *weights.unread_matrices, *weights.numbers])
    return {name: number for number, name in enumerate(names, 1)}


def choose_for_split(
    weights: Weights, patterns: list[str] | None, exclude: list[str] | None
) -> set[str]:
    """Choose the matrices that `compress` splits. 8-bit floats with a scale cannot be split.

    Raises
    ------
    ValueError
        If a pattern matches nothing, if a requested matrix cannot be split, or if there is a tensor
        that no other file can store.
    """
    from htstats.weights import choose

    for name, tensor in weights.unread.items():
        if name not in weights.tensors:
            raise ValueError(
                f"{weights.origin}: {name!r} cannot be carried along: {tensor.reason}; leave it "
                "out of the checkpoint"
            )
    chosen = choose(weights, patterns, exclude)
    if patterns is None:
        return {name for name in chosen if name in weights and weights[name].scale is None}
    for name, matrix in weights.select(chosen).items():
        if matrix.scale is not None:
            raise ValueError(
                f"{weights.origin}: {name!r} cannot be split: its 8-bit floats have the scale "
                f"{matrix.scale!r}, which readers would apply again to rebuilt values; leave it "
                "out of --tensor, and it is kept as it is"
            )
    return set(chosen)
