"""Print the result of `htstats compress`: a table with notes, or JSON."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from htstats.commands._carried import CarryPlan
    from htstats.compression.container import Container, StoredMatrix
    from htstats.weights import Weights

__all__ = ["print_summary", "summary_of", "warn_of_growth"]

Summary = dict[str, Any]


def summary_of(
    file: str,
    output: str,
    container: Container,
    weights: Weights,
    plan: CarryPlan,
    failed: dict[str, str],
) -> Summary:
    """What the file contains and what it saves, as JSON types."""
    from htstats.report.notes import reading_notes

    sizes = {name: tensor.nbytes for name, tensor in weights.tensors.items()}
    carried = {n: t for n, t in container.tensors.items() if n not in container.tied}
    bad = [name for name in carried if name in plan.chosen]
    before, after = sum(map(os.path.getsize, plan.files)), os.path.getsize(output)
    return {
        "file": file,
        "output": output,
        "bytes": before,
        "stored_bytes": after,
        "ratio": after / max(before, 1),
        "matrices": [
            _describe(name, matrix, sizes[name])
            for name, matrix in container.matrices.items()
            if name not in container.tied
        ],
        "carried": [
            {"name": name, "bytes": tensor.nbytes}
            for name, tensor in carried.items()
            if name not in plan.chosen
        ],
        "failed": [
            {
                "name": name,
                "bytes": carried[name].nbytes,
                "reason": failed.get(name, "it failed in the run that was resumed"),
            }
            for name in bad
        ],
        "notes": plan.notes,
        "reading_notes": reading_notes(
            weights, "not split", "8-bit floats with scales, carried as they are"
        ),
    }


def _describe(name: str, matrix: StoredMatrix, n_bytes: int) -> Summary:
    info = matrix.info
    return {
        "name": name,
        "shape": list(info.source_shape),
        "dtype": info.source_dtype or info.dtype,
        "threshold": info.threshold,
        "rule": info.rule,
        "mean": info.mean,
        "std": info.std,
        "nnz": matrix.nnz,
        "kept": matrix.nnz / max(info.shape[0] * info.shape[1], 1),
        "bytes": n_bytes,
        "stored_bytes": matrix.stored_bytes,
        "ratio": matrix.stored_bytes / max(n_bytes, 1),
    }


def print_summary(summary: Summary, stream: TextIO) -> None:
    """Print the table of the matrices, then the notes."""
    from htstats.commands._progress import human_bytes

    lines = [_table(summary["matrices"], stream)]
    if plain := [tensor["bytes"] for tensor in summary["carried"]]:
        lines.append(f"carried along as they are: {len(plain)} tensors, {sum(plain)} bytes")
    for tensor in summary["failed"]:
        lines.append(f"not compressed, carried as it is: {tensor['name']}: {tensor['reason']}")
    lines += summary["notes"]
    lines.append(
        f"{summary['file']}: {human_bytes(summary['bytes'])} -> {summary['output']}: "
        f"{human_bytes(summary['stored_bytes'])}, ratio {summary['ratio']:.3f}, "
        "all metadata included"
    )
    lines += summary["reading_notes"]
    print("\n".join(lines), file=stream)


def _table(matrices: list[Summary], stream: TextIO) -> str:
    """The table with a line for each matrix."""
    from htstats._common.tables import fit_table, format_table
    from htstats._common.terminal import is_terminal, table_width

    header = ["matrix", "shape", "tau", "kept %", "bytes", "stored", "ratio"]
    rows: list[list[object]] = []
    for matrix in matrices:
        shape = " x ".join(map(str, matrix["shape"]))
        rows.append([matrix["name"], shape, f"{matrix['threshold']:.4g}",
                     f"{100 * matrix['kept']:.2f}", matrix["bytes"],
                     matrix["stored_bytes"], f"{matrix['ratio']:.3f}"])  # fmt: skip
    if is_terminal(stream):
        return fit_table(header, rows, table_width(stream))
    return format_table(header, rows)  # files and pipes have the whole names


def warn_of_growth(summary: Summary) -> None:
    """Print a warning on stderr for each part that did not become smaller."""
    from htstats._common.terminal import paint

    warning = paint("warning:", "yellow", sys.stderr)
    larger = [m["name"] for m in summary["matrices"] if m["stored_bytes"] >= m["bytes"]]
    if larger:
        print(f"{warning} not smaller than before: {', '.join(larger)}", file=sys.stderr)
    if summary["stored_bytes"] >= summary["bytes"]:
        print(f"{warning} {summary['output']} is not smaller than {summary['file']}",
              file=sys.stderr)  # fmt: skip
