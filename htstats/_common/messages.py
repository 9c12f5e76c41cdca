"""Text for people: messages in one line, and numbers of bytes."""

from __future__ import annotations

__all__ = ["human_bytes", "one_line", "quote_text"]


def one_line(error: BaseException) -> str:
    """The message of an error as one line, or the name of its class if it has no message.

    Examples
    --------
    >>> one_line(ValueError("x must be finite,\\n  got nan")), one_line(MemoryError())
    ('x must be finite, got nan', 'MemoryError')
    """
    return " ".join(str(error).split()) or type(error).__name__


def quote_text(text: object, most: int = 300) -> str:
    """Text from a file or another library as one line, cut to at most `most` characters."""
    return " ".join(str(text).split())[:most]


def human_bytes(n: float) -> str:
    """Format a number of bytes for people: 1.50 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n < 1024:
            return f"{n:.0f} B" if unit == "B" else f"{n:.2f} {unit}"
        n /= 1024
    return f"{n:.2f} TiB"
