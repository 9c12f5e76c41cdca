"""The `htstats` command: parse, run one command, turn a known error into one line.

Exit codes: 0 done; 1 done, but some matrix or check failed and the output says which;
2 bad input, one line on stderr, nothing written.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from htstats._common.messages import one_line
from htstats._version import __version__
from htstats.commands import command_names, load_commands

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """A parser that reports invalid arguments in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help says more)\n")


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """A parser for `argv`. Only the module of the command that `argv` names is loaded."""
    parser = _Parser(
        prog="htstats",
        description="Heavy-tailed statistics of weight matrices.",
    )
    parser.add_argument("--version", action="version", version=f"htstats {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    # without prog=, argparse formats a usage line to find it, and loads shutil and more for that
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, prog=parser.prog
    )
    names = command_names()
    asked = next((word for word in argv if not word.startswith("-")), None)
    for name, module in load_commands([asked] if asked in names else names).items():
        subparser = subparsers.add_parser(name, help=module.HELP, description=module.__doc__)
        module.configure(subparser)
        subparser.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: sys.argv) and return its exit code."""
    try:
        return _run(argv)
    except KeyboardInterrupt:
        print("htstats: interrupted", file=sys.stderr)
        if argv is None:
            _be_silent()
            _leave_threads()
        return 130
    finally:
        if argv is None:
            gc.freeze()  # the process ends, so a last garbage collection would be wasted


def _run(argv: Sequence[str] | None) -> int:
    words = sys.argv[1:] if argv is None else argv
    args = build_parser(words).parse_args(words)
    args.is_program = argv is None  # the process runs only this command
    try:
        return int(args.run(args))
    except BrokenPipeError:
        # the reader (head, less) has ended; the rest of the buffer must not raise a second error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, TypeError, OSError, ImportError, MemoryError, ArithmeticError) as error:
        if args.debug:
            raise
        print(f"htstats: {_describe(error)}", file=sys.stderr)
        return 2


def _be_silent() -> None:
    """Suppress the log messages of libraries that are interrupted, such as dask's at exit."""
    import logging

    logging.disable(logging.CRITICAL)
    sys.unraisablehook = lambda _: None


def _leave_threads() -> None:
    """End the process at once if threads still run, such as one in the middle of a large SVD.

    A normal end would wait for a BLAS, or take its memory away while it computes.
    """
    import threading

    if threading.active_count() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(130)


def _describe(error: Exception) -> str:
    """Describe an error in one line; for a file that cannot be opened: "PATH: REASON"."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return one_line(error)


if __name__ == "__main__":
    sys.exit(main())
