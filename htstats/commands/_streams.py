"""Standard input and standard output in the place of files, for commands that need files."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["STREAM", "stdin_file", "stdout_file"]

# The name of standard input and of standard output.
STREAM = "-"


@contextmanager
def stdin_file(args: argparse.Namespace) -> Iterator[str]:
    """The path of the input `args.file`. Standard input is copied to a temporary file."""
    if args.file != STREAM:
        yield args.file
        return
    with tempfile.NamedTemporaryFile(prefix="htstats-", suffix=".htz") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield copy.name


@contextmanager
def stdout_file(args: argparse.Namespace, suffix: str) -> Iterator[str]:
    """The path of the output `args.output`. For "-", the file is copied to standard output.

    Raises
    ------
    ValueError
        If standard output is a terminal, or has to take the JSON of --json too.
    """
    if args.output != STREAM:
        yield args.output
        return
    if args.json:
        raise ValueError("-o - and --json both need standard output: write the file with -o FILE")
    if sys.stdout.isatty():
        raise ValueError("-o - writes a binary file, and standard output is a terminal")
    with tempfile.TemporaryDirectory(prefix="htstats-") as folder:
        path = os.path.join(folder, f"stdout{suffix}")
        yield path
        with open(path, "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
