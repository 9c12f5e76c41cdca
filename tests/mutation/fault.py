"""A fault that mutate.py puts into one file of csrc."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """`line` (text that occurs once in the file of this name in csrc) becomes `replacement`."""

    file: str
    what: str
    line: str
    replacement: str
    quick: bool = False  # one of the handful that C tests alone must notice
