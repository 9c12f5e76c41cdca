"""Show the search for a certificate as a line on the terminal.

Ctrl-C ends the search and keeps the best head.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import Any, Self

__all__ = ["SearchProgress"]


class SearchProgress:
    """Decide whether a search continues, and show its progress.

    Parameters
    ----------
    minutes : float or None
        Minutes after which the search stops; None for no limit.
    """

    def __init__(self, minutes: float | None) -> None:
        self._end = None if minutes is None else time.monotonic() + 60 * minutes
        self._stopped = threading.Event()
        self._best: dict[int, float] = {}
        self._before: Any = None

    def __call__(self, seed: int, proposals: int, certified: float, errors: int) -> bool:
        self._best[seed] = certified
        if sys.stderr.isatty():
            text = f"seed {seed}  {proposals / 1e6:.1f} M proposals  certified {certified:.4f}"
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        late = self._end is not None and time.monotonic() > self._end
        return not late and not self._stopped.is_set()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, lambda *_: self._stopped.set())
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
