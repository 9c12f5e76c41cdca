"""Find the command modules of this folder."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, cast

__all__ = ["Command", "command_name", "command_names", "load_commands"]


class Command(Protocol):
    """The interface of a command module."""

    __doc__: str | None
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def command_name(module: str) -> str:
    """The name of a command on the command line: that of its module, with hyphens."""
    return module.replace("_", "-")


def command_names() -> list[str]:
    """The names of the commands: the modules of this folder without a leading underscore."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(command_name(m.name) for m in modules if not m.name.startswith("_"))


def load_commands(names: Iterable[str]) -> dict[str, Command]:
    """The command modules by name."""
    folder = __name__.rpartition(".")[0]
    return {
        name: cast(Command, importlib.import_module(f"{folder}.{name.replace('-', '_')}"))
        for name in names
    }
