"""Decide what `htstats compress` keeps in addition to the matrices, and what it must refuse."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from htstats.weights import Weights

__all__ = ["CarryPlan", "plan_of"]

# Dtypes of arrays that no network uses in computations: text, bytes, dates.
TEXT_OR_DATE = re.compile(r"[<>|=]?(U|S|str|bytes|datetime|timedelta)[\d\[]")

# Largest number of names that a line lists; the line then gives the number of the others.
MOST_NAMES = 30


class CarryPlan(NamedTuple):
    """The parts of a checkpoint to write.

    `ties` maps a name to the first name of the same tensor. `chosen` contains only the first of
    several tied names. `files` are the files that are read.
    """

    chosen: set[str]
    ties: dict[str, str]
    metadata: dict[str, str]
    files: list[str]
    notes: list[str]


def plan_of(weights: Weights, chosen: set[str]) -> CarryPlan:
    """Decide what to write of a checkpoint, before anything is written.

    Raises
    ------
    ValueError
        If the checkpoint contains something that `htstats decompress` could not restore.
    """
    from htstats.weights import files_of, index_keys_of, metadata_of

    left = [(name, why) for name, why in weights.skipped if name not in weights.tensors]
    require_tensors(weights, left)
    require_a_format(weights)
    ties = ties_of(weights)
    chosen = {ties.get(name, name) for name in chosen}
    scaled = {name for name in chosen if is_scaled(weights, name)}
    metadata, unlike = metadata_of(weights)
    notes = [
        line + list_names(names)
        for line, names in [
            ("stored once: ", [f"{name} is {first}" for name, first in ties.items()]),
            ("carried as they are, for they have scales of their own: ", sorted(scaled)),
            ("left out, being no tensors: ", collapse_names(name for name, _ in left)),
            ("left out of the metadata, being no text or unlike in shards: ", unlike),
            ("left out, being metadata of the index of shards: ", index_keys_of(weights)),
        ]
        if names
    ]
    return CarryPlan(chosen - scaled, ties, metadata, files_of(weights), notes)


def require_tensors(weights: Weights, left: Iterable[tuple[str, str]]) -> None:
    """Raise an error if numbers would be lost: tensors that cannot be read cannot be kept."""
    for name, why in left:
        plain = ("not a tensor", "not an array", "which is not executed; save numbers instead")
        if not (why.endswith(plain) or TEXT_OR_DATE.match(why) or "not in the index" in why):
            raise ValueError(f"{weights.origin}: {name!r} would be lost, it is {why}")


def require_a_format(weights: Weights) -> None:
    """Raise an error for tensors that no output format of `htstats decompress` can store."""
    from htstats.compression.container import refusal

    dtypes = {name: tensor.dtype for name, tensor in weights.tensors.items()}
    reasons = [refusal(suffix, dtypes) for suffix in (".safetensors", ".npz")]
    if all(reasons):
        raise ValueError(
            f"{weights.origin}: it could not be decompressed again: {'; '.join(reasons)}"
        )


def ties_of(weights: Weights) -> dict[str, str]:
    """Map each tied name to the first name of the same tensor, at the same place in storage."""
    first: dict[object, str] = {}
    ties = {}
    for name, tensor in weights.tensors.items():
        if tensor.nbytes and (kept := first.setdefault(tensor.place, name)) != name:
            ties[name] = kept
    return ties


def is_scaled(weights: Weights, name: str) -> bool:
    """Whether a matrix consists of 8-bit numbers that must be multiplied by a tensor of scales.

    Such a matrix cannot be split. The 8-bit numbers have no meaning without the scales. If their
    products with the scales were split, a reader would apply the scales a second time.
    """
    if not weights.tensors[name].dtype.startswith("float8"):
        return False
    return any(f"{name}{end}" in weights.tensors for end in ("_scale", "_scale_inv"))


def collapse_names(names: Iterable[str]) -> list[str]:
    """Names in order. Many names that differ only in numbers become one name with stars."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(re.sub(r"(?<=\.)\d+(?=\.|$)", "*", name), []).append(name)
    return [
        name
        for star, group in groups.items()
        for name in (group if len(group) <= 3 else [f"{star} ({len(group)})"])
    ]


def list_names(names: list[str]) -> str:
    """Join names with commas to one line."""
    shown = ", ".join(" ".join(name.split()) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
