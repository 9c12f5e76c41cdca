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

# The width of the bar at the end of the line.
BAR = 20


class Progress:
    """Count bytes from any thread and, on a terminal, show the progress on stderr.

    The line appears after a second and is updated ten times a second. The end of the `with` block
    erases it. With `ticks`, a thread also updates the line twice a second while a single piece of
    work takes long.
    """

    def __init__(self, total: int, *, ticks: bool = False) -> None:
        self._total = max(total, 1)
        self._done = 0
        self._skipped = 0
        self._start = time.monotonic()
        self._shown = self._start + 0.9
        # a dumb terminal cannot erase the line
        self._terminal = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._label = ""
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ticks = ticks and self._terminal

    def begin(self, label: str) -> None:
        """Show the label of the next piece of work, and write it as a line of -v."""
        self._label = label
        say(label)

    def skip(self, n_bytes: int) -> None:
        """Count bytes that an earlier run has finished. They say nothing about the time left."""
        with self._lock:
            self._done += n_bytes
            self._skipped += n_bytes

    def __call__(self, n_bytes: int) -> None:
        with self._lock:
            self._done += n_bytes
            now = time.monotonic()
            if self._terminal and now - self._shown > 0.1:
                self._shown = now
                self._show(now)

    def _show(self, now: float) -> None:
        share = min(self._done / self._total, 1)
        text = (
            f"{100 * share:3.0f} %  {human_bytes(self._done)} of {human_bytes(self._total)}  "
            f"{self._time_left(now)} left  "
        )
        room = table_width(sys.stderr) - 1
        text += shorten(self._label, max(room - len(text), 8))
        if len(text) + BAR + 4 <= room:  # a long name is worth more than the bar
            text = f"{text:{room - BAR - 4}}  [{'#' * int(BAR * share):{BAR}}]"
        print(f"\r\033[K{text[:room]}", end="", file=sys.stderr, flush=True)

    def _time_left(self, now: float) -> str:
        """Minutes and seconds, from what this run has done; -:-- if that is nothing yet."""
        done = self._done - self._skipped
        if done <= 0:
            return "-:--"
        left = int((now - self._start) * max(self._total - self._done, 0) / done)
        return f"{left // 60}:{left % 60:02}"

    def _tick(self) -> None:
        while not self._ended.wait(0.5):
            with self._lock:
                now = time.monotonic()
                if not self._ended.is_set() and now - self._start > 1:
                    self._show(now)

    def __enter__(self) -> Self:
        if self._ticks:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._ended.set()
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
