"""Fit a power law to the weights of every matrix of a checkpoint, and print them as a table.

`alpha` is the exponent of the density, `tail exponent` that of P(|w| > x), one less. A row tells
where the fitted tail begins (xmin), how many weights it holds (n_tail), its Kolmogorov-Smirnov
distance D and the standard error of alpha. A matrix that cannot be fitted says why in its row, and
the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from htstats.weights import WeightMatrix, Weights

HELP = "fit a power law to every weight matrix of a checkpoint"

WIDTH = 100

# Of a row, in the table's order: key, heading, format.
COLUMNS = (
    ("shape", "shape", "s"),
    ("n", "n", "d"),
    ("alpha", "alpha", ".4g"),
    ("tail_exponent", "tail exponent", ".4g"),
    ("xmin", "xmin", ".4g"),
    ("distance", "D", ".4f"),
    ("n_tail", "n_tail", "d"),
    ("stderr", "stderr", ".2g"),
    ("stable_rank", "stable rank", ".4g"),
)

Row = dict[str, Any]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE",
        help="a checkpoint: .npy, .npz, .safetensors, .pt, .pth, or a folder of shards",
    )  # fmt: skip
    parser.add_argument(
        "--tensor", metavar="NAME", action="append",
        help="fit only this matrix; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--side", choices=["abs", "positive", "negative"], default="abs",
        help="fit abs(w), the positive weights, or the negative ones (default: abs)",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=int, default=2, metavar="N",
        help="matrices that are fitted, and held in memory, at once (default: 2)",
    )  # fmt: skip
    parser.add_argument(
        "--dask", metavar="WHERE",
        help="fit on a cluster: a scheduler's address, or local:N for N processes here",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON, and nothing else")


def run(args: argparse.Namespace) -> int:
    from htstats import _checks
    from htstats.commands._progress import Progress
    from htstats.weights import open_weights

    _checks.count("--threads", args.threads, at_least=1)
    weights = open_weights(args.file)
    matrices = weights.select(args.tensor)
    if not matrices:
        reasons = "; ".join(f"{name}: {why}" for name, why in weights.skipped[:3]) or "it is empty"
        raise ValueError(f"{args.file}: no matrix to fit ({reasons})")
    with Progress(sum(matrix.nbytes for matrix in matrices.values())) as progress:
        rows = fit_all(args, matrices, progress)
    if args.json:
        print(json.dumps(as_json(args, rows, weights), indent=1, allow_nan=False))
    else:
        print(as_text(rows, weights if args.tensor is None else None))
    return 1 if any("error" in row for row in rows) else 0


def fit_all(
    args: argparse.Namespace, matrices: Mapping[str, WeightMatrix], progress: Any
) -> list[Row]:
    """The rows of the table in the file's order."""
    rows = {name: describe(matrix) for name, matrix in matrices.items()}
    for name, numbers in fits(args, matrices, progress):
        rows[name].update(numbers)
        progress(matrices[name].nbytes)
    return list(rows.values())


def fits(
    args: argparse.Namespace, matrices: Mapping[str, WeightMatrix], progress: Any
) -> Iterator[tuple[str, Row]]:
    """The fits as they are done, here or on a cluster."""
    if args.dask is not None:
        from htstats.distributed import connect, fit_matrices

        with connect(args.dask) as client:
            yield from fit_matrices(args.file, matrices, side=args.side, client=client)
        return
    from concurrent.futures import ThreadPoolExecutor, as_completed

    from htstats._matrix_fit import fit_matrix

    with ThreadPoolExecutor(args.threads) as pool:
        # the largest first: it must not be left for the end, when the other threads are idle
        order = sorted(matrices.values(), key=lambda matrix: -matrix.nbytes)
        tasks = {pool.submit(fit_matrix, matrix, args.side): matrix.name for matrix in order}
        try:
            for task in as_completed(tasks):
                progress.begin(tasks[task])
                yield tasks[task], task.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def describe(matrix: WeightMatrix) -> Row:
    return {
        "name": matrix.name,
        "shape": list(matrix.shape),
        "source_shape": list(matrix.source_shape),
        "dtype": matrix.source_dtype,
    }


def as_json(args: argparse.Namespace, rows: Iterable[Row], weights: Weights) -> dict[str, Any]:
    return {
        "file": args.file,
        "side": args.side,
        "matrices": [{key: number(value) for key, value in row.items()} for row in rows],
        "skipped": [{"name": name, "reason": why} for name, why in weights.skipped],
    }


def number(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_text(rows: list[Row], weights: Weights | None) -> str:
    from htstats._tables import format_table

    header = ["matrix", *(heading for _, heading, _ in COLUMNS)]
    text = format_table(header, [[row["name"], *cells(row)] for row in rows])
    if max(map(len, text.splitlines())) > WIDTH:
        # names of their own length would push the numbers off the screen: a line for each
        lines = format_table(header[1:], [cells(row) for row in rows]).splitlines()
        named = zip(rows, lines[2:], strict=True)
        text = "\n".join(
            lines[:2] + [line for row, numbers in named for line in (row["name"], numbers)]
        )
    notes = [f"{row['name']}: not fitted: {row['error']}" for row in rows if "error" in row]
    notes += [
        f"{row['name']}: left out of the fit: {count} {reason}"
        for row in rows
        for reason, count in row.get("excluded", {}).items()
        if count
    ]
    if weights is not None and weights.skipped:
        notes.append(f"skipped, being no matrix: {len(weights.skipped)} (--json lists them)")
    return "\n".join([text, *notes])


def cells(row: Row) -> list[str | None]:
    shape = " x ".join(map(str, row["shape"]))
    values = [row.get(key) for key, _, _ in COLUMNS[1:]]
    formats = [form for _, _, form in COLUMNS[1:]]
    return [
        shape,
        *(None if v is None else format(v, f) for v, f in zip(values, formats, strict=True)),
    ]
