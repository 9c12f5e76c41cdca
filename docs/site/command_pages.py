"""Write the reference of the command line from its parsers and from the JSON Schema files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from htstats.commands import command_names, load_commands
from htstats.commands._examples import EXAMPLES, list_examples
from htstats.commands._parser import command_parser, common_parser


def text() -> str:
    """One section for each command: description, arguments, options, examples."""
    parts = ["## Options of every command", options(common_parser())]
    for name, module in load_commands(command_names()).items():
        parser = command_parser(name)
        parts += [f"## htstats {name}", (module.__doc__ or "").strip(), options(parser)]
        if examples := EXAMPLES.get(name):
            parts.append(f"```text\n{list_examples(examples)}\n```")
    return "\n\n".join(parts)


def options(parser: argparse.ArgumentParser) -> str:
    """The table of the arguments of a parser. Options of every command are left out."""
    rows = ["| argument | meaning |", "|---|---|"]
    for action in parser._actions:
        names = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        value = f" {action.metavar or action.dest.upper()}" if action.option_strings else ""
        if action.choices:
            value = " " + "|".join(map(str, action.choices)).replace("|", "\\|")
        value = "" if action.nargs == 0 else value
        meaning = (action.help or "").replace("%%", "%").replace("|", "\\|").replace("*", "\\*")
        common = action.dest in ("verbose", "debug", "help") and parser.prog != "htstats"
        if not common:
            rows.append(f"| `{names}{value}` | {meaning} |")
    return "\n".join(rows)


def schemas(folder: Path) -> str:
    """The list of the schemas, with the keys of each result."""
    parts = []
    for path in sorted(folder.glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        rows = ["| key | meaning |", "|---|---|"]
        for name, part in schema["properties"].items():
            optional = "" if name in schema["required"] else " (optional)"
            rows.append(f"| `{name}`{optional} | {part['description']} |")
        link = f'<a href="schemas/{path.name}">{path.name}</a>'
        parts.append(f"### {schema['title']}\n\n{link}\n\n" + "\n".join(rows))
    return "\n\n".join(parts)
