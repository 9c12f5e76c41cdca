"""Numbers of bytes as arguments."""

from __future__ import annotations

__all__ = ["size"]

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size(text: str) -> int:
    """A number of bytes, with K, M, G or T (or KiB and so on) for powers of 1024."""
    number = text.removesuffix("iB") if text[-3:-2] in UNITS else text
    unit = UNITS.get(number[-1:], 1)
    return int(float(number[:-1] if unit > 1 else number) * unit)
