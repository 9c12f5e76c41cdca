"""Order and group the matrices of a network by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["depths_of", "roles_of"]

# Largest number of roles that a chart shows; the rarer ones are "other".
MOST_ROLES = 6

OTHER = "other"


def depths_of(names: Sequence[str]) -> dict[str, int]:
    """Number the matrices from 1 by depth.

    The order is that of the file. Some formats store names in alphabetical order, in which layer 10
    precedes layer 2; then numbers in names are compared as numbers.

    Examples
    --------
    >>> depths_of(["h.1.w", "h.10.w", "h.2.w"])
    {'h.1.w': 1, 'h.2.w': 2, 'h.10.w': 3}
    """
    order = sorted(names, key=natural_key) if list(names) == sorted(names) else names
    return {name: number for number, name in enumerate(order, 1)}


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A key that compares numbers in names as numbers.

    Numbers of more than 18 digits are compared as text, because Python converts no long ones."""
    parts = re.split(r"([0-9]{1,18})", name)
    return [(0, int(part), "") if k % 2 else (1, 0, part) for k, part in enumerate(parts)]


def roles_of(names: Sequence[str]) -> dict[str, str]:
    """The role of each matrix: its name with ``*`` in place of numbers.

    If there are more than `MOST_ROLES` roles, the rarest are "other".

    Examples
    --------
    >>> roles_of(["h.0.attn.weight", "h.1.attn.weight", "head.weight"])
    {'h.0.attn.weight': 'h.*.attn', 'h.1.attn.weight': 'h.*.attn', 'head.weight': 'head'}
    """
    roles = {name: re.sub(r"[0-9]+", "*", name.removesuffix(".weight")) for name in names}
    counts: dict[str, int] = {}
    for role in roles.values():
        counts[role] = counts.get(role, 0) + 1
    if len(counts) <= MOST_ROLES:
        return roles
    common = sorted(counts, key=lambda role: -counts[role])[: MOST_ROLES - 1]
    common = [role for role in common if counts[role] > 1]
    return {name: role if role in common else OTHER for name, role in roles.items()}
