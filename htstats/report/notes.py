"""Notes of a report about tensors that are left out or scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from htstats.weights import Weights


__all__ = ["LISTED", "reading_notes"]

# Largest number of names that a note lists after their count.
LISTED = 3


def reading_notes(weights: Weights, done: str, scaled: str) -> list[str]:
    """One line for each kind of tensor of a checkpoint that needs a note.

    Lines about tensors that are not weights begin with `done` ("not fitted"). The line about
    tensors that have a scale begins with `scaled`.
    """
    kinds: dict[str, list[str]] = {}
    for name, reason in weights.aside.items():
        kinds.setdefault(reason, []).append(name)
    notes = [f"{done}: {_list(names)}: {reason}" for reason, names in kinds.items()]
    if names := [name for name, matrix in weights.items() if matrix.scale is not None]:
        notes.append(f"{scaled}: {_list(names)}")
    return notes + weights.notes


def _list(names: list[str]) -> str:
    listed = ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
    return f"{len(names)} ({listed})"
