"""The parsers of the command line: help that reads like a manual, and errors of one line."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from htstats._common.messages import suggest
from htstats._version import __version__
from htstats.commands._examples import EXAMPLES, MANUAL, list_examples
from htstats.commands._registry import command_names, load_commands

__all__ = ["Parser", "build_parser", "command_parser", "common_parser"]

DESCRIPTION = (
    "Exact power-law fits, compression and certified error bounds for weight matrices and other "
    "heavy-tailed data."
)

# What the types of arguments accept; the errors of other types say it.
NUMBERS: dict[Any, str] = {int: "a whole number", float: "a number"}

# The beginning of a negative number, which is no option.
NUMBER = re.compile(r"-\.?\d")


class Manual(argparse.HelpFormatter):
    """A formatter that fills each paragraph by itself and keeps indented lines as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = re.split(r"\n\s*\n", text.strip("\n"))
        return "\n\n".join(self._fill(part, width, indent) for part in parts)

    def _fill(self, part: str, width: int, indent: str) -> str:
        lines = part.splitlines()
        if any(line.startswith("  ") for line in lines):
            return "\n".join(indent + line for line in lines)
        return textwrap.fill(
            " ".join(part.split()), width, initial_indent=indent, subsequent_indent=indent
        )


class Parser(argparse.ArgumentParser):
    """A parser that reports invalid arguments in one line and suggests the nearest word."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help says more)\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse arguments. An unknown option is an error before any other.

        Otherwise, the error would be about the argument that the misspelt option does not give.
        """
        for word in args or ():
            if word == "--" or (self._subparsers and not word.startswith("-")):
                break
            self._require_option(word)
        return super().parse_known_args(args, namespace)

    def _require_option(self, word: str) -> None:
        name = word.partition("=")[0]
        if not name.startswith("-") or name == "-" or NUMBER.match(name):
            return
        known = [option for option in self._option_string_actions if option.startswith("--")]
        if name.startswith("--"):
            if not any(option.startswith(name) for option in known):
                self.error(f"unrecognized arguments: {word}{suggest(name, known)}")
        elif name[:2] not in self._option_string_actions:
            near = suggest(f"-{name}", known) if len(name) > 2 else ""
            self.error(f"unrecognized arguments: {word}{near}")

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            what = NUMBERS.get(action.type, error.__context__)
            got = "" if action.type not in NUMBERS else f", got {arg_string!r}"
            error.message = f"must be {what}{got}"
            raise

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += suggest(str(value), map(str, action.choices or ()))
            raise


def common_parser() -> Parser:
    """The parser of the options that may stand before the name of a command."""
    parser = Parser(prog="htstats", description=DESCRIPTION, epilog=MANUAL, formatter_class=Manual)
    parser.add_argument("--version", action="version", version=f"htstats {__version__}")
    _add_common(parser, False)
    return parser


def build_parser(argv: Sequence[str]) -> Parser:
    """A parser for `argv`. Only the module of the command that `argv` names is loaded."""
    parser = common_parser()
    # without prog=, argparse formats a usage line to find it, and loads shutil and more for that
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, prog=parser.prog, title="commands"
    )
    names = command_names()
    asked = next((word for word in argv if not word.startswith("-")), None)
    _add_commands(subparsers, [asked] if asked in names else names)
    return parser


def _add_commands(subparsers: Any, names: Iterable[str]) -> None:
    for name, module in load_commands(names).items():
        examples = list_examples(EXAMPLES.get(name, ()))
        subparser = subparsers.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            epilog=examples and f"examples:\n{examples}",
            formatter_class=Manual,
        )
        module.configure(subparser)
        _add_common(subparser, argparse.SUPPRESS)
        subparser.set_defaults(run=module.run)


def _add_common(parser: argparse.ArgumentParser, default: Any) -> None:
    """Add the options that may stand before and after the name of the command."""
    add = parser.add_argument
    add("-v", "--verbose", action="store_true", default=default,
        help="say on stderr what is done, and how long it takes")  # fmt: skip
    add("--debug", action="store_true", default=default, help="show the traceback of an error")


def command_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    parser = build_parser([name])
    (commands,) = (action for action in parser._actions if action.dest == "command")
    choices = commands.choices
    assert isinstance(choices, dict)
    found = choices[name]
    assert isinstance(found, argparse.ArgumentParser)
    return found
