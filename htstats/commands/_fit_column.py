"""`htstats fit` of a column of numbers: the table of one row."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from htstats.report.tables import Row, as_csv, as_json, as_text, finish

if TYPE_CHECKING:
    from htstats.columns import Column
    from htstats.report.matrix import Extras, Rule

__all__ = ["run_column"]

# Of --max-memory this part may hold the numbers as they are read.
SHARE_HELD = 1 / 32

# What is said of matrices alone.
FOR_MATRICES = ("tensor", "exclude", "spectrum", "dask")


def run_column(args: argparse.Namespace, extras: Extras, rule: Rule) -> int:
    """Fit the column that the arguments name, and print it; the exit code."""
    from htstats.columns import HELD, open_column
    from htstats.report.matrix import fit_column
    from htstats.weights import Weights

    for name in FOR_MATRICES:
        if getattr(args, name, None):
            raise ValueError(f"--{name} is for checkpoints, and {args.file} is a column of numbers")
    room = args.max_memory
    held = HELD if room is None else int(room * SHARE_HELD) // 8
    side = args.side or "positive"
    if args.discrete:
        rule = rule | {"discrete": True}
    folder = None
    if args.plot is not None:
        from htstats.report.pictures import draw_all, picture_folder, picture_paths

        folder = picture_folder(args.plot)
    column = open_column(args.file, args.column, whole=args.discrete, held=held)
    paths = {} if folder is None else picture_paths(folder, [args.file], [column.name])
    row = describe_column(column) | fit_column(column, side, extras, room, rule)
    finish(row)
    if paths and "error" not in row:
        draw_all(paths, {column.name: column}, [column.name], side, rule, "x")
    if args.json:
        answer = as_json(args.file, side, rule, [row], Weights(args.file, ()))
        print(json.dumps(answer, indent=1, allow_nan=False))
    elif args.csv:
        print(as_csv([row]), end="")
    else:
        print(as_text([row], None, "column"))
    return 1 if "error" in row else 0


def describe_column(column: Column) -> Row:
    """What is known before the fit."""
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
