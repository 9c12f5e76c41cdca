"""Text for people: messages in one line, the nearest known word, and numbers of bytes."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["human_bytes", "one_line", "quote_text", "suggest", "suggest_path"]

# Names of a folder that are compared with a missing one: the search is slow for many or long ones.
MOST_NAMES = 2000
LONGEST_NAME = 200


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
    near = _find_nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def suggest_path(path: object, known: Iterable[str] = ()) -> str:
    """The ending of an error message that names the file or folder most similar to a missing one.

    The first part of the path that is missing is compared with the names in its folder. If the path
    is a single name, it is compared with the words `known` too.
    """
    import os

    given = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
    missing, rest = given, ""
    while os.path.dirname(missing) not in ("", missing) and not os.path.lexists(
        os.path.dirname(missing)
    ):
        missing, rest = os.path.dirname(missing), os.path.join(os.path.basename(missing), rest)
    folder, name = os.path.split(missing)
    try:
        names = sorted(os.listdir(folder or os.curdir))
    except OSError:
        names = []
    words = [*known] if name == given else []
    words += [other for other in names if len(other) < LONGEST_NAME][:MOST_NAMES]
    near = _find_nearest(name, words, 0.7)
    # the same suffix alone makes no names similar
    if not near or not _find_nearest(os.path.splitext(name)[0], [os.path.splitext(near)[0]]):
        return ""
    whole = os.path.join(folder, near, rest).rstrip(os.sep)
    found = whole if os.path.exists(whole) else os.path.join(folder, near)
    return f"; did you mean {found!r}?"


def _find_nearest(word: str, known: Iterable[str], least: float = 0.5) -> str:
    """The known word most similar to `word`; "" if none is similar."""
    from difflib import get_close_matches

    if len(word) >= LONGEST_NAME:
        return ""
    near = get_close_matches(word, list(known), 1, least)
    return near[0] if near else ""


def human_bytes(n: float) -> str:
    """Format a number of bytes for people: 1.50 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n < 1024:
            return f"{n:.0f} B" if unit == "B" else f"{n:.2f} {unit}"
        n /= 1024
    return f"{n:.2f} TiB"
