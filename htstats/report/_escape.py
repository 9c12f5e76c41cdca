"""Make text safe in HTML: names of tensors and files are untrusted and may be any text."""

from __future__ import annotations

import html
import json
import re
from typing import Any

__all__ = ["escape", "escape_name", "json_for_html"]


def escape(text: object) -> str:
    """Text as HTML that is safe between tags and in quoted attributes, and always valid UTF-8.

    NUL, which HTML cannot have, becomes U+FFFD.

    Examples
    --------
    >>> escape("<b>")
    '&lt;b&gt;'
    """
    plain = str(text).encode("utf-8", "backslashreplace").decode().replace("\0", "\ufffd")
    return html.escape(plain)


def escape_name(name: str) -> str:
    """A name as HTML. It may be broken after dots, slashes and underscores; its text is unchanged.

    The element keeps letters that are written from right to left from reordering what follows.

    Examples
    --------
    >>> escape_name("fc.weight")
    '<bdi>fc.<wbr>weight</bdi>'
    """
    breakable = re.sub(r"([._/])(?=[^._/])", r"\1<wbr>", escape(name))
    return f"<bdi>{breakable}</bdi>"


def json_for_html(value: Any) -> str:
    """JSON that may stand in a script element: ASCII, without ``<``, ``>`` and ``&``.

    Examples
    --------
    >>> "<" in json_for_html({"name": "</script>"})
    False
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
