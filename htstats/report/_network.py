"""Read one input, a checkpoint or a column, and collect everything that its page shows."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from htstats.report._measure import Wanted, measure_column, measure_matrix
from htstats.report._names import depths_of, roles_of
from htstats.report._statements import network_statements
from htstats.report.tables import Row, describe, describe_unread, finish

if TYPE_CHECKING:
    from htstats.weights import Weights
    from htstats.weights.columns import Column

__all__ = ["Input", "Selection", "open_input", "read_network"]

Report = Callable[[int], None]

# The proportion of a memory budget for the numbers of a column while they are read.
SHARE_HELD = 1 / 32


class Selection(NamedTuple):
    """Which matrices or which column of an input to use."""

    tensor: list[str] | None = None
    exclude: list[str] | None = None
    column: str | int | None = None
    discrete: bool = False


class Input(NamedTuple):
    """An open input: a checkpoint with the chosen names, or a column."""

    label: str
    files: list[str]
    weights: Weights | None
    chosen: list[str]
    column: Column | None

    @property
    def nbytes(self) -> int:
        """Bytes of everything that is fitted."""
        if self.column is not None:
            return self.column.nbytes
        assert self.weights is not None
        names = [name for name in self.chosen if name not in self.weights.unread]
        return sum(matrix.nbytes for matrix in self.weights.select(names).values())


def open_input(given: Any, selection: Selection, max_memory: int | None) -> Input:
    """Open a path, an array, a mapping or a module.

    Raises
    ------
    OSError, ValueError, TypeError
        If it cannot be read, has no matrix to fit, or an option does not apply to it.
    """
    from htstats.weights import choose, files_of, open_weights
    from htstats.weights.columns import is_column

    is_path = isinstance(given, (str, os.PathLike))
    path = os.fspath(given) if is_path else None
    if path is not None and is_column(path):
        return _open_column(path, selection, max_memory)
    if not is_path and not isinstance(given, Mapping) and np.ndim(given) == 1:
        return _wrap_array(np.asarray(given), selection)
    if selection.discrete or selection.column is not None:
        option = "discrete" if selection.discrete else "column"
        raise ValueError(f"{option} is for a column of numbers, and {path or 'the input'} is none")
    weights = open_weights(given)
    chosen = choose(weights, selection.tensor, selection.exclude)
    if not chosen:
        reasons = "; ".join(f"{name}: {why}" for name, why in weights.skipped[:3]) or "it is empty"
        raise ValueError(f"{path or 'the input'}: no matrix to fit ({reasons})")
    files = [*dict.fromkeys([path, *files_of(weights)])] if path is not None else []
    return Input(path or "in memory", files, weights, chosen, None)


def _open_column(path: str, selection: Selection, max_memory: int | None) -> Input:
    from htstats.weights.columns import HELD, open_column

    for name in ("tensor", "exclude"):
        if getattr(selection, name):
            raise ValueError(f"{name} is for checkpoints, and {path} is a column of numbers")
    held = HELD if max_memory is None else int(max_memory * SHARE_HELD) // 8
    column = open_column(path, selection.column, whole=selection.discrete, held=held)
    label = "standard input" if path == "-" else path
    return Input(label, [path] if Path(path).exists() else [], None, [], column)


def _wrap_array(x: Any, selection: Selection) -> Input:
    from htstats.weights.columns import Column

    if selection.column is not None:
        raise ValueError(f"column is for files, got column={selection.column!r} with an array")
    if x.dtype.kind not in "fiu" or x.size == 0:
        raise ValueError(f"an array must have numbers, got {x.size} of dtype {x.dtype}")
    return Input("in memory", [], None, [], Column("x", x, str(x.dtype)))


def read_network(
    opened: Input, wanted: Wanted, n_examples: int | None, n_threads: int, report: Report
) -> dict[str, Any]:
    """Everything about one input as JSON types."""
    if opened.column is not None:
        return _read_column(opened, opened.column, wanted, report)
    weights = opened.weights
    assert weights is not None
    rows = _fit_all(opened, weights, wanted, n_threads, report)
    fitted = [row for row in rows if "error" not in row]
    n_elements = sum(math.prod(row["shape"]) for row in rows)
    return {
        "file": opened.label,
        "kind": "checkpoint",
        "side": wanted.side or "abs",
        "facts": _facts(opened, weights, rows),
        "sizes": _sizes(opened, weights, fitted),
        "matrices": rows,
        "skipped": [{"name": name, "reason": why} for name, why in weights.skipped],
        "notes": list(weights.notes),
        "statements": network_statements(fitted, n_elements, n_examples),
    }


def _fit_all(
    opened: Input, weights: Weights, wanted: Wanted, n_threads: int, report: Report
) -> list[Row]:
    """The row of each chosen matrix, in the order of depth."""
    from htstats._common.threads import run_as_done

    order = dict.fromkeys([*weights, *weights.unread_matrices, *weights.numbers])
    ids = {name: number for number, name in enumerate(order, 1)}
    matrices = weights.select(name for name in opened.chosen if name not in weights.unread)
    rows = {name: describe(ids[name], matrix) for name, matrix in matrices.items()}
    # start with the largest: at the end, it would keep one thread busy while the others are idle
    largest_first = sorted(matrices.values(), key=lambda matrix: -matrix.nbytes)
    work = lambda matrix: measure_matrix(matrix, wanted)  # noqa: E731
    # a spectrum is computed by a BLAS
    for matrix, numbers in run_as_done(work, largest_first, n_threads, is_waited_for=True):
        rows[matrix.name].update(numbers)
        finish(rows[matrix.name])
        report(matrix.nbytes)
    for name in opened.chosen:
        if name in weights.unread:
            rows[name] = describe_unread(ids[name], weights.unread[name])
    depths, roles = depths_of(list(rows)), roles_of(list(rows))
    placed = [row | {"depth": depths[name], "role": roles[name]} for name, row in rows.items()]
    return sorted(placed, key=lambda row: int(row["depth"]))


def _facts(opened: Input, weights: Weights, rows: list[Row]) -> dict[str, Any]:
    """What the input is, for the head of the page."""
    dtypes: dict[str, int] = {}
    for tensor in weights.tensors.values():
        dtypes[tensor.dtype] = dtypes.get(tensor.dtype, 0) + 1
    files = [path for path in opened.files if os.path.isfile(path)]
    return {
        "n_files": len(files),
        "file_bytes": sum(map(os.path.getsize, files)) if files else None,
        "n_tensors": len(weights.tensors) + len(weights.unread),
        "n_matrices": len(rows),
        "n_failed": sum("error" in row for row in rows),
        "n_elements": sum(math.prod(row["shape"]) for row in rows),
        "n_parameters": sum(math.prod(t.shape) for t in weights.tensors.values()),
        "dtypes": dtypes,
    }


def _sizes(opened: Input, weights: Weights, fitted: Iterable[Row]) -> dict[str, Any] | None:
    """Bytes before and after `compress`, of the matrices and of everything else."""
    sized = [row for row in fitted if "stored_bytes" in row]
    if not sized:
        return None
    before, after = (sum(row[key] for row in sized) for key in ("bytes", "stored_bytes"))
    return {
        "n_matrices": len(sized),
        "before": before,
        "after": after,
        "others": max(sum(t.nbytes for t in weights.tensors.values()) - before, 0),
    }


def _read_column(opened: Input, column: Column, wanted: Wanted, report: Report) -> dict[str, Any]:
    n = column.shape[0]
    row: Row = {
        "layer_id": 1, "name": column.name, "longname": column.name, "shape": [n],
        "source_shape": [n], "dtype": column.source_dtype, "N": n, "M": 1, "Q": float(n),
        "depth": 1, "role": "column",
    }  # fmt: skip
    if column.n_rounded:
        row["n_rounded"] = column.n_rounded
    row |= measure_column(column, wanted)
    finish(row)
    report(column.nbytes)
    return {
        "file": opened.label,
        "kind": "column",
        "side": wanted.side or "positive",
        "facts": {
            "n_files": len(opened.files),
            "file_bytes": sum(map(os.path.getsize, opened.files)) if opened.files else None,
            "n_matrices": 1,
            "n_failed": int("error" in row),
            "n_elements": n,
            "dtypes": {column.source_dtype: 1},
        },
        "sizes": None,
        "matrices": [row],
        "skipped": [],
        "notes": [],
        "statements": [],
    }
