"""Text for people: messages in one line, the nearest known word, and numbers of bytes."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["human_bytes", "one_line", "quote_text", "suggest"]


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


def suggest(word: str, known: Iterable[str]) -> str:
    """The ending of an error message that names the known word most similar to `word`.

    The ending is empty if no known word is similar.

    Examples
    --------
    >>> suggest("comprss", ["compress", "decompress", "fit"])
    "; did you mean 'compress'?"
    >>> suggest("zebra", ["compress", "fit"])
    ''
    """
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def human_bytes(n: float) -> str:
    """Format a number of bytes for people: 1.50 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n < 1024:
            return f"{n:.0f} B" if unit == "B" else f"{n:.2f} {unit}"
        n /= 1024
    return f"{n:.2f} TiB"
