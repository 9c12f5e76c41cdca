"""The commands of the command line, with one module for each.

A command module has `HELP` (one line), `configure(parser)`, which adds its arguments, and
`run(args) -> int`, which returns the exit code. Its docstring is the description of the command.
Slow imports belong inside `run`. The examples of each command are in `_examples`, and the JSON that
a command prints with --json is described by a schema in docs/schemas/.

The command line passes through `_registry` (find the command modules) -> `_parser` (parsers that
suggest the nearest word, and the text of --help) -> the command module.
"""

from __future__ import annotations

from htstats.commands._parser import Parser, build_parser
from htstats.commands._registry import Command, command_names, load_commands
from htstats.commands._verbose import begin_steps, end_steps

__all__ = [
    "Command",
    "Parser",
    "begin_steps",
    "build_parser",
    "command_names",
    "end_steps",
    "load_commands",
]
