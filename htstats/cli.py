"""The `htstats` command: parse, run one command, turn a known error into one line.

Exit codes: 0 done; 1 done, but some matrix or check failed and the output says which;
2 bad input, one line on stderr, nothing written; 130 interrupted by Ctrl-C; 143 ended by
SIGTERM.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

from htstats._common.messages import one_line, suggest_path
from htstats._common.terminal import paint
from htstats.commands import begin_steps, build_parser, end_steps

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: sys.argv) and return its exit code."""
    try:
        if argv is None:
            signal.signal(signal.SIGTERM, _terminate)
        return _run(argv)
    except KeyboardInterrupt as stopped:
        is_ended = isinstance(stopped, _Terminated)
        print(f"{_title()} {'terminated' if is_ended else 'interrupted'}", file=sys.stderr)
        if argv is None:
            _be_silent()
            _leave_threads(143 if is_ended else 130)
        return 143 if is_ended else 130
    finally:
        if argv is None:
            gc.freeze()  # the process ends, so a last garbage collection would be wasted


class _Terminated(KeyboardInterrupt):
    """SIGTERM; what cleans up after Ctrl-C cleans up after this."""


def _terminate(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second signal ends the process at once
    raise _Terminated


def _run(argv: Sequence[str] | None) -> int:
    words = sys.argv[1:] if argv is None else argv
    code, is_verbose = 2, False
    try:
        args = build_parser(words).parse_args(words)
        args.is_program = argv is None  # the process runs only this command
        is_verbose = args.verbose
        if is_verbose:
            begin_steps(" ".join(words))
        code = int(args.run(args))
        return code
    except BrokenPipeError:
        # the reader (head, less) has ended; the rest of the buffer must not raise a second error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, TypeError, OSError, ImportError, MemoryError, ArithmeticError) as error:
        if "--debug" in words:
            raise
        print(f"{_title()} {_describe(error)}", file=sys.stderr)
        return 2
    finally:
        if is_verbose:
            end_steps(code)


def _title() -> str:
    return paint("htstats:", "red", sys.stderr)


def _be_silent() -> None:
    """Suppress the log messages of libraries that are interrupted, such as dask's at exit."""
    import logging

    logging.disable(logging.CRITICAL)
    sys.unraisablehook = lambda _: None


def _leave_threads(code: int) -> None:
    """End the process at once if threads still run, such as one in the middle of a large SVD.

    A normal end would wait for a BLAS, or take its memory away while it computes.
    """
    import threading

    if threading.active_count() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _describe(error: Exception) -> str:
    """Describe an error in one line; for a file that cannot be opened: "PATH: REASON"."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        near = suggest_path(error.filename) if isinstance(error, FileNotFoundError) else ""
        return f"{error.filename}: {error.strerror}{near}"
    return one_line(error)


if __name__ == "__main__":
    sys.exit(main())
