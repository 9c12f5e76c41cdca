"""Tables of reference values: rows of several strata, computed by two processes."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

__all__ = ["collect_rows", "write_strata"]

Row = list[object]


def collect_rows(
    name: str, draw: Callable[[], tuple], row_of: Callable[..., Row | None], wanted: int
) -> list[Row]:
    """Draw points until so many have a row, or until three times as many have been tried."""
    rows: list[Row] = []
    for _ in range(3 * wanted):
        if (row := row_of(name, *draw())) is not None:
            rows.append(row)
        if len(rows) == wanted:
            break
    print(f"{name}: {len(rows)}", file=sys.stderr, flush=True)
    return rows


def write_strata(
    path: Path, columns: Iterable[str], names: Iterable[str], rows_of: Callable[[str], list[Row]]
) -> None:
    """Write a CSV table with the rows of each stratum."""
    with ProcessPoolExecutor(2) as pool:
        rows = [row for part in pool.map(rows_of, list(names)) for row in part]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    print(f"{len(rows)} points", file=sys.stderr)
