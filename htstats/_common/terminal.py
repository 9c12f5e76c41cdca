"""What the terminal can show: its width, and whether it shows colours."""

from __future__ import annotations

import os
import shutil
from typing import TextIO

__all__ = ["has_colour", "is_terminal", "paint", "table_width"]

# The width of tables that are not printed on a terminal.
FILE_WIDTH = 100

# Codes of "select graphic rendition", ECMA-48.
CODES = {"bold": "1", "red": "1;31", "green": "32", "yellow": "33"}


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal. A closed stream is none."""
    try:
        return stream.isatty()
    except (ValueError, AttributeError):
        return False


def has_colour(stream: TextIO) -> bool:
    """Whether to write colours: on a terminal, unless NO_COLOR is set or TERM is dumb."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def paint(text: str, colour: str, stream: TextIO) -> str:
    """The text in a colour of `CODES`; the plain text if the stream shows no colours."""
    return f"\033[{CODES[colour]}m{text}\033[0m" if has_colour(stream) else text


def table_width(stream: TextIO) -> int:
    """The width for tables: that of the terminal, COLUMNS if it is set, else 100 characters."""
    if is_terminal(stream) or os.environ.get("COLUMNS"):
        return max(shutil.get_terminal_size((FILE_WIDTH, 24)).columns, 20)
    return FILE_WIDTH
