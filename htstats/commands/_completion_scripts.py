"""Write scripts that complete the words of the command line in bash, zsh and fish."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["SHELLS", "CommandWords", "Option", "words_of"]


class Option(NamedTuple):
    """An option, or a positional argument if it has no names.

    `metavar` is None for an option without a value. `values` are the words that it takes, or the
    words with which its value may begin; `is_file` says that the value is a path.
    """

    names: tuple[str, ...]
    help: str
    metavar: str | None
    values: tuple[str, ...]
    is_file: bool


class CommandWords(NamedTuple):
    """A command, its one-line help and its arguments."""

    name: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[Option, ...]


# The metavars of values that are paths.
PATHS = {"FILE", "OUT", "DIR", "DATA", "HTC", "X", "Y", "P", "M", "C", "PATH"}


def words_of(
    name: str, help_line: str, parser: argparse.ArgumentParser, known: dict[str, tuple[str, ...]]
) -> CommandWords:
    """The words of a command. `known` has the values of options whose parser accepts any text."""
    found = [_option(action, known) for action in parser._actions]
    options = tuple(option for option in found if option.names)
    return CommandWords(name, help_line, options, tuple(o for o in found if not o.names))


def _option(action: argparse.Action, known: dict[str, tuple[str, ...]]) -> Option:
    names = tuple(action.option_strings)
    values = tuple(map(str, action.choices or ()))
    for option in names:
        values = values or known.get(option, ())
    metavar = None if action.nargs == 0 else str(action.metavar or action.dest.upper())
    is_file = metavar in PATHS and action.type is None and not action.choices
    return Option(names, (action.help or "").replace("%%", "%"), metavar, values, is_file)


def _names(options: Iterable[Option]) -> list[str]:
    return [name for option in options for name in option.names]


BASH = """\
# bash completion of htstats; load it by: eval "$(htstats completion bash)"
_htstats() {{
    local word previous command="" words="" i
    COMPREPLY=()
    word="${{COMP_WORDS[COMP_CWORD]}}"
    previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${{COMP_WORDS[i]}}" in
            -*) ;;
            *) command="${{COMP_WORDS[i]}}"; break ;;
        esac
    done
    case "$command $previous" in
{values}
    esac
    case "$command" in
{commands}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o bashdefault -o default -F _htstats htstats
"""


def write_bash(commands: Iterable[CommandWords], common: Iterable[Option]) -> str:
    """The script for bash."""
    values, words = [], []
    commands = list(commands)
    for command in commands:
        for option in command.options:
            if option.metavar is None:
                continue
            case = "|".join(f'"{command.name} {name}"' for name in option.names)
            if option.values:
                do = f'COMPREPLY=($(compgen -W "{" ".join(option.values)}" -- "$word")); return'
            else:
                do = "return" if option.is_file else "compopt +o default +o bashdefault; return"
            values.append(f"        {case}) {do} ;;")
        first = [value for argument in command.arguments for value in argument.values]
        every = " ".join(first + _names(command.options))
        # without a word to complete, the names of files are offered
        rule = '[[ -z "$word" ]] && return; ' if not first else ""
        words.append(f'        {command.name}) {rule}words="{every}" ;;')
    names = [command.name for command in commands] + _names(common)
    words.append(f'        "") words="{" ".join(names)}" ;;')
    return BASH.format(values="\n".join(values), commands="\n".join(words))


ZSH = """\
#compdef htstats
# zsh completion of htstats; write it to a file _htstats in a folder of $fpath
_htstats() {{
    local context state state_descr line
    typeset -A opt_args
    local -a commands
    commands=(
{commands}
    )
    _arguments -C \\
{common}
        '1:command:->command' '*::argument:->argument'
    case "$state" in
        command) _describe -t commands command commands ;;
        argument)
            case "$words[1]" in
{cases}
            esac ;;
    esac
}}
if [[ "$funcstack[1]" == "_htstats" ]]; then
    _htstats "$@"
else
    compdef _htstats htstats
fi
"""


def _quote_zsh(text: str) -> str:
    for letter in "\\[]:":
        text = text.replace(letter, "\\" + letter)
    return text.replace("'", "'\\''")


def _zsh_action(option: Option) -> str:
    if option.values:
        return "(" + " ".join(value.replace(":", "\\:") for value in option.values) + ")"
    return "_files" if option.is_file else " "


def _zsh_options(options: Iterable[Option], indent: str) -> str:
    lines = []
    for option in options:
        value = f":{_quote_zsh(option.metavar)}:{_zsh_action(option)}" if option.metavar else ""
        lines += [f"{indent}'*{n}[{_quote_zsh(option.help)}]{value}' \\" for n in option.names]
    return "\n".join(lines)


def write_zsh(commands: Iterable[CommandWords], common: Iterable[Option]) -> str:
    """The script for zsh."""
    described, cases = [], []
    for command in commands:
        described.append(f"        '{command.name}:{_quote_zsh(command.help)}'")
        actions = [_zsh_action(argument) for argument in command.arguments] or [" "]
        cases.append(
            f"                {command.name}) _arguments \\\n"
            f"{_zsh_options(command.options, ' ' * 20)}\n"
            f"                    '*:argument:{actions[0]}' ;;"
        )
    return ZSH.format(
        commands="\n".join(described),
        common=_zsh_options(common, " " * 8),
        cases="\n".join(cases),
    )


def write_fish(commands: Iterable[CommandWords], common: Iterable[Option]) -> str:
    """The script for fish."""
    lines = ["# fish completion of htstats; write it to completions/htstats.fish"]
    lines += [_fish_option(option, "__fish_use_subcommand") for option in common]
    for command in commands:
        help_line = shlex.quote(command.help)
        lines.append(
            f"complete -c htstats -n __fish_use_subcommand -f -a {command.name} -d {help_line}"
        )
        seen = f"'__fish_seen_subcommand_from {command.name}'"
        lines += [_fish_option(option, seen) for option in command.options]
        for argument in command.arguments:
            if argument.values:
                words = shlex.quote(" ".join(argument.values))
                lines.append(f"complete -c htstats -n {seen} -f -a {words}")
    return "\n".join(lines) + "\n"


def _fish_option(option: Option, condition: str) -> str:
    names = [f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names]
    value = ""
    if option.metavar is not None:
        words = f" -a {shlex.quote(' '.join(option.values))}" if option.values else ""
        value = (" -r" if option.is_file else " -x") + words
    help_line = shlex.quote(option.help).replace("'\"'\"'", "\\'")
    return f"complete -c htstats -n {condition} {' '.join(names)}{value} -d {help_line}"


SHELLS = {"bash": write_bash, "fish": write_fish, "zsh": write_zsh}
