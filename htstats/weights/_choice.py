"""Choose matrices by name or pattern, and leave out those that are excluded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase

from htstats.weights._tensors import Weights

__all__ = ["choose"]


def choose(
    weights: Weights, patterns: Sequence[str] | None = None, exclude: Sequence[str] | None = None
) -> list[str]:
    """Choose names of matrices, in the file's order, including matrices that cannot be read.

    Parameters
    ----------
    weights : Weights
    patterns : sequence of str, optional
        Exact names, or patterns with ``*``, ``?`` and ``[...]``. The default is every matrix.
        Tensors that are not weights (`Weights.aside`) are chosen only by their exact name, or by a
        pattern that matches nothing else.
    exclude : sequence of str, optional
        Names and patterns of matrices to leave out.

    Raises
    ------
    ValueError
        If a name or pattern matches nothing, or if no matrix is left.
    """
    usual = [*weights, *weights.unread_matrices]
    aside = [name for name in weights.numbers if name not in weights]
    found = set(usual) if patterns is None else set()
    for pattern in patterns or ():
        found |= _find_matches(pattern, usual, aside, weights)
    every = dict.fromkeys([*weights.tensors, *weights.unread, *dict(weights.skipped)])
    for pattern in exclude or ():
        left_out = {pattern} if pattern in every else set(_match(pattern, every))
        if not left_out:
            raise ValueError(f"{weights.origin}: {_explain_no_match(pattern, every)}")
        found -= left_out
    if exclude and not found:
        raise ValueError(f"{weights.origin}: every matrix is excluded")
    return [name for name in (*weights.numbers, *weights.unread_matrices) if name in found]


def _find_matches(pattern: str, usual: list[str], aside: list[str], weights: Weights) -> set[str]:
    if pattern in usual or pattern in aside:
        return {pattern}
    found = _match(pattern, usual) or _match(pattern, aside)
    if found:
        return set(found)
    reasons = dict(weights.skipped)
    if pattern in reasons:
        raise ValueError(f"{weights.origin}: {pattern!r} is no matrix: {reasons[pattern]}")
    if skipped := _match(pattern, reasons):
        raise ValueError(
            f"{weights.origin}: {pattern!r} matches no matrix: {skipped[0]!r} is none: "
            f"{reasons[skipped[0]]}"
        )
    raise ValueError(f"{weights.origin}: {_explain_no_match(pattern, usual or [*reasons])}")


def _match(pattern: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if fnmatchcase(name, pattern)]


def _explain_no_match(pattern: str, names: Collection[str]) -> str:
    """The error message for a pattern without a match; it suggests similar names."""
    from difflib import get_close_matches

    # the search takes quadratic time in the length of a name: skip names of 500 characters or more
    known = [name for name in names if len(name) < 500][:5000]
    near = get_close_matches(pattern.strip("*?"), known, 3, 0.3) or known[:3]
    listed = ", ".join(map(repr, near)) or "none at all"
    word = "matches" if any(letter in pattern for letter in "*?[") else "named"
    return f"no tensor {word} {pattern!r}; there are {listed}" + (" ..." if near else "")
