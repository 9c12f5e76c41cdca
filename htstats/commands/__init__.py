"""The commands of the command line, with one module for each.

A command module has `HELP` (one line), `configure(parser)`, which adds its arguments, and
`run(args) -> int`, which returns the exit code. Its docstring is the description of the command.
Slow imports belong inside `run`.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Iterable
from typing import Protocol, cast

__all__ = ["Command", "command_names", "load_commands"]


class Command(Protocol):
    """The interface of a command module."""

    __doc__: str | None
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def command_names() -> list[str]:
    """The names of the command modules: those in this folder without a leading underscore."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def load_commands(names: Iterable[str]) -> dict[str, Command]:
    """The command modules by name."""
    return {name: cast(Command, importlib.import_module(f"{__name__}.{name}")) for name in names}
