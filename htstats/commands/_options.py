"""Options that several commands have."""

from __future__ import annotations

import argparse

__all__ = ["add_dask", "add_output", "add_resume", "add_threads"]


def add_output(
    parser: argparse.ArgumentParser,
    text: str,
    *,
    required: bool = False,
    default: str | None = None,
) -> None:
    """Add --output with this description of what is written."""
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=required, default=default, help=text
    )


def add_threads(parser: argparse.ArgumentParser, default: int = 1) -> None:
    """Add --threads."""
    text = f"number of threads (default: {default})"
    parser.add_argument("--threads", type=int, default=default, metavar="N", help=text)


def add_dask(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add --dask to a command that can do its work, named by a verb, on a cluster."""
    place = "a scheduler's address, or local:N for N processes on this machine"
    parser.add_argument("--dask", metavar="WHERE", help=f"{verb} on a cluster: {place}")


def add_resume(parser: argparse.ArgumentParser, text: str) -> None:
    """Add --resume with this description."""
    parser.add_argument("--resume", action="store_true", help=text)
