"""One module per command of the command line.

A command module has `HELP` (one line), `configure(parser)`, which adds its arguments, and
`run(args) -> int`, which returns the exit code; its docstring is the command's description.
Heavy imports belong inside `run`.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Iterable
from typing import Protocol, cast

__all__ = ["Command", "command_names", "load_commands"]


class Command(Protocol):
    """What a command module offers."""

    __doc__: str | None
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def command_names() -> list[str]:
    """The modules of this folder; a leading underscore marks a helper."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def load_commands(names: Iterable[str]) -> dict[str, Command]:
    """The command modules by name."""
    return {name: cast(Command, importlib.import_module(f"{__name__}.{name}")) for name in names}
