"""Write the results of `htstats fit`: pictures, and JSON, CSV or a table."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from htstats.commands._json import json_text
from htstats.report.tables import Row, as_csv, as_json, as_text

if TYPE_CHECKING:
    from htstats.report.matrix import Rule
    from htstats.weights import Weights

__all__ = ["plan_pictures", "plot_folder", "print_answer"]

# A function (names, side, rule) that draws the fits of these names.
Draw = Callable[[list[str], str, "Rule"], None]


def plot_folder(args: argparse.Namespace) -> AbstractContextManager[Path | None]:
    """The folder of --plot, or None. Errors are raised before any work is done.

    If the folder is created here and stays empty, it is removed at the end.
    """
    if args.plot is None:
        return nullcontext()
    from htstats.report.pictures import picture_folder

    return picture_folder(args.plot)


def plan_pictures(
    folder: Path | None, inputs: Iterable[str], values: Mapping[str, Any], letter: str = "w"
) -> Draw:
    """Return a function that draws fits into the folder. Without a folder, it does nothing.

    Raises
    ------
    ValueError
        If a picture would replace one of the inputs.
    """
    if folder is None:
        return lambda names, side, rule: None
    from htstats.report.pictures import draw_all, picture_paths

    paths = picture_paths(folder, inputs, values)
    return lambda names, side, rule: draw_all(paths, values, names, side, rule, letter)


def print_answer(
    args: argparse.Namespace,
    side: str,
    rule: Rule,
    rows: list[Row],
    weights: Weights,
    kind: str = "matrix",
    files: Iterable[str] = (),
) -> None:
    """Print the rows in the format that the arguments select, or write them to --output.

    `files` are the input files, which the output must not replace.
    """
    if args.json:
        text = json_text("fit", as_json(args.file, side, rule, rows, weights)) + "\n"
    elif args.csv:
        text = as_csv(rows)
    else:
        is_all = kind == "matrix" and args.tensor is None
        text = as_text(rows, weights if is_all else None, kind) + "\n"
    if args.output is None:
        print(text, end="")
        return
    from htstats._common.files import atomic_write

    with atomic_write(args.output, inputs=files) as file:
        file.write(text.encode())
