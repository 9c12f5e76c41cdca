"""A progress line with bytes and remaining time, for work that takes longer than a second."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Self

from htstats._common.messages import human_bytes
from htstats._common.tables import shorten
from htstats._common.terminal import is_terminal, table_width
from htstats.commands._verbose import say

__all__ = ["Progress", "human_bytes"]


class Progress:
    """Count bytes from any thread and, on a terminal, show the progress on stderr.

    The line appears after a second and is updated ten times a second. The end of the `with` block
    erases it.
    """

    def __init__(self, total: int) -> None:
        self._total = max(total, 1)
        self._done = 0
        self._start = time.monotonic()
        self._shown = self._start + 0.9
        # a dumb terminal cannot erase the line
        self._terminal = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._label = ""
        self._lock = threading.Lock()

    def begin(self, label: str) -> None:
        """Show the label of the next piece of work, and write it as a line of -v."""
        self._label = label
        say(label)

    def __call__(self, n_bytes: int) -> None:
        with self._lock:
            self._done += n_bytes
            now = time.monotonic()
            if self._terminal and now - self._shown > 0.1:
                self._shown = now
                self._show(now)

    def _show(self, now: float) -> None:
        share = min(self._done / self._total, 1)
        left = (now - self._start) * (1 / share - 1) if share else 0
        room = table_width(sys.stderr) - 1
        text = (
            f"{100 * share:3.0f} %  {human_bytes(self._done)} of {human_bytes(self._total)}  "
            f"{int(left) // 60}:{int(left) % 60:02} left  "
        )
        text += shorten(self._label, max(room - len(text), 8))
        print(f"\r\033[K{text[:room]}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
