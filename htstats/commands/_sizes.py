"""Parse arguments that are numbers of bytes."""

from __future__ import annotations

import re

__all__ = ["size"]

POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
FORM = re.compile(
    r"\s*(\d{1,18}(?:\.\d*)?(?:E\d\d?)?|\.\d+)\s*([KMGT]?)(I?B)?\s*", re.ASCII | re.IGNORECASE
)


def size(text: str) -> int:
    """Parse a number of bytes: 512, 1.5G or 1.5GiB (powers of 1024), 5GB (powers of 1000)."""
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"a number of bytes such as 512M or 5GB, got {text!r}")
    number, unit, ending = (part or "" for part in match.groups())
    base = 1000 if ending.upper() == "B" else 1024
    return int(float(number) * base ** POWERS[unit.upper()])
