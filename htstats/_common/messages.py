"""Text from elsewhere, made fit for one line of an error message."""

from __future__ import annotations

__all__ = ["one_line", "quote_text"]


def one_line(error: BaseException) -> str:
    """The message of an error on one line; the name of its class if it has no message.

    Examples
    --------
    >>> one_line(ValueError("x must be finite,\\n  got nan")), one_line(MemoryError())
    ('x must be finite, got nan', 'MemoryError')
    """
    return " ".join(str(error).split()) or type(error).__name__


def quote_text(text: object, most: int = 300) -> str:
    """Text from a file or another library on one line, at most `most` characters of it."""
    return " ".join(str(text).split())[:most]
