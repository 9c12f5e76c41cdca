"""Print a script that completes the words of the command line in a shell.

The script is made from the parsers of all commands, so make it again after an update. It completes
commands, options, and the words that an option takes.

With --json, the command prints the commands with their options and arguments instead. SHELL is then
not needed.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from htstats.commands._json import add_json_option, print_json

HELP = "print the tab completion for bash, zsh or fish"

NAMES = ("bash", "fish", "zsh")

# Words with which the values of these options begin; their parsers accept any text.
RULES = ("std", "quantile:", "nnz:", "xmin", "error:")
DATA = ("digits", "fashion-mnist")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell", metavar="SHELL", choices=NAMES, nargs="?", help="bash, fish or zsh"
    )
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    from htstats.certificate import PRESETS
    from htstats.commands._completion_scripts import SHELLS, words_of
    from htstats.commands._networks import NETWORK_PRESETS
    from htstats.commands._parser import command_parser, common_parser
    from htstats.commands._registry import command_names, load_commands

    if args.shell is None and not args.json:
        raise ValueError(f"completion needs the name of a shell: {', '.join(NAMES)}")
    presets = (*PRESETS, *NETWORK_PRESETS, "held-out")
    known = {"--threshold": RULES, "--preset": presets, "--data": DATA}
    commands = [
        words_of(name, module.HELP, command_parser(name), known)
        for name, module in load_commands(command_names()).items()
    ]
    common = words_of("", "", common_parser(), {}).options
    if args.json:
        options: list[Any] = [option._asdict() for option in common]
        print_json(
            "completion",
            {
                "options": options,
                "commands": [
                    command._asdict()
                    | {
                        "options": [option._asdict() for option in command.options],
                        "arguments": [argument._asdict() for argument in command.arguments],
                    }
                    for command in commands
                ],
            },
        )
    else:
        sys.stdout.write(SHELLS[args.shell](commands, common))
    return 0
