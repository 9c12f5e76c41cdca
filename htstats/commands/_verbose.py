"""The lines of -v: what a command does, with the time since its start, on stderr."""

from __future__ import annotations

import sys
import time
from contextlib import suppress

from htstats._version import __version__

__all__ = ["begin_steps", "end_steps", "say"]


class _Steps:
    """The time at which the command of this process began; None without -v. Threads share it."""

    start: float | None = None


def begin_steps(command: str) -> None:
    """Show the lines from now on, and say what runs."""
    _Steps.start = time.monotonic()
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"htstats {__version__}, Python {version}: {command}")


def end_steps(code: int) -> None:
    """Say how the command ended, and how much memory it used."""
    say(f"exit code {code}{_peak()}")
    _Steps.start = None


def say(text: str) -> None:
    """Write a line if -v was given."""
    start = _Steps.start
    if start is not None:
        print(f"[{time.monotonic() - start:8.2f} s] {text}", file=sys.stderr)


def _peak() -> str:
    n_bytes = peak_memory()
    return "" if n_bytes is None else f", at most {n_bytes / 2**20:.0f} MiB of memory"


def peak_memory() -> int | None:
    """The peak of this process's resident memory in bytes, if the system tells it."""
    # Linux counts in ru_maxrss what the parent process held when it started this one.
    with suppress(OSError, ValueError, IndexError):
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return int(file.read().split("VmHWM:")[1].split()[0]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
