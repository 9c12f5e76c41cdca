"""`htstats fit` for a column of numbers: a table with one row."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from htstats._common.files import require_apart
from htstats.commands._fit_answer import plan_pictures, plot_folder, print_answer
from htstats.report.tables import Row, finish

if TYPE_CHECKING:
    from htstats.report.matrix import Extras, Rule
    from htstats.weights.columns import Column

__all__ = ["run_column"]

# The proportion of --max-memory for the numbers while they are read.
SHARE_HELD = 1 / 32

# Options for matrices only.
FOR_MATRICES = ("tensor", "exclude", "spectrum", "dask", "resume")


def run_column(args: argparse.Namespace, extras: Extras, rule: Rule) -> int:
    """Fit the column that the arguments name, and print the fit; return the exit code."""
    from htstats.report.matrix import fit_column
    from htstats.weights import Weights
    from htstats.weights.columns import HELD, open_column

    for name in FOR_MATRICES:
        if getattr(args, name, None):
            raise ValueError(f"--{name} is for checkpoints, and {args.file} is a column of numbers")
    if args.output is not None and args.file != "-":
        require_apart([args.file], [args.output])
    room = args.max_memory
    held = HELD if room is None else int(room * SHARE_HELD) // 8
    side = args.side or "positive"
    if args.discrete:
        rule = rule | {"discrete": True}
    with plot_folder(args) as folder:
        column = open_column(args.file, args.column, whole=args.discrete, held=held)
        draw = plan_pictures(folder, [args.file], {column.name: column}, "x")
        row = describe_column(column) | fit_column(column, side, extras, room, rule)
        finish(row)
        if "error" not in row:
            draw([column.name], side, rule)
    inputs = [] if args.file == "-" else [args.file]
    print_answer(args, side, rule, [row], Weights(args.file, ()), "column", files=inputs)
    return 1 if "error" in row else 0


def describe_column(column: Column) -> Row:
    """The fields of the row that are known before the fit."""
    n = column.shape[0]
    return {
        "layer_id": 1,
        "name": column.name,
        "longname": column.name,
        "shape": [n],
        "source_shape": [n],
        "dtype": column.source_dtype,
        "N": n,
        "M": 1,
        "Q": float(n),
        **({"n_rounded": column.n_rounded} if column.n_rounded else {}),
    }
