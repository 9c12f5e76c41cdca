"""The table of all matrices as HTML, one row for each, sorted and filtered by the script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from htstats.report._escape import escape, escape_name

__all__ = ["format_number", "matrix_table"]


# Columns: key, heading, explanation, class. The class "n" is left out on a narrow screen.
COLUMNS = (
    ("depth", "#", "number of the matrix by depth", "n"),
    ("name", "matrix", "name and shape", "t m"),
    ("alpha", "alpha", "exponent of the density, with its 95 % interval", ""),
    ("tail_exponent", "tail exponent", "exponent of P(X > x), alpha - 1, with its interval", ""),
    ("xmin", "xmin", "start of the fitted tail", ""),
    ("n_tail", "n_tail", "number of elements in the tail", ""),
    ("distance", "KS D", "Kolmogorov-Smirnov distance of the tail", ""),
    ("gof", "p", "goodness of fit; below 0.1 speaks against a power law", ""),
    ("esd_alpha", "spectral alpha", "alpha of the eigenvalues of W W^T", ""),
    ("stable_rank", "stable rank", "squared Frobenius norm over squared spectral norm", ""),
    ("kept_fraction", "kept %", "elements that compress keeps", ""),
    ("stored_fraction", "stored %", "bytes after compress, of those before", ""),
)


def format_number(value: Any, digits: int = 4) -> str:
    """A number for people: significant digits, thousands in groups; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    size = abs(value)
    if size >= 1e6 or 0 < size < 1e-4:
        return f"{value:.{digits - 2}e}"
    return f"{value:#.{digits}g}".rstrip(".") if value else "0"


def matrix_table(networks: Sequence[Mapping[str, Any]]) -> str:
    """The table with its search field."""
    rows = [row for network in networks for row in network["matrices"]]
    columns = [c for c in COLUMNS if _is_used(c[0], rows)]
    if len(networks) > 1:
        columns.insert(0, ("network", "file", "first or second file", "t"))
    head = "".join(
        f'<th scope="col"{_class(css)} data-key="{key}" aria-sort="none" title="{escape(why)}">'
        f'<button type="button">{escape(title)}</button></th>'
        for key, title, why, css in columns
    )
    body = "\n".join(
        _row(n, k, row, columns)
        for n, network in enumerate(networks)
        for k, row in enumerate(network["matrices"])
    )
    return (
        '<section><h2 id="all">Matrices</h2>\n'
        f"{_search(networks, rows)}\n"
        '<div class="scroll"><table id="matrices">'
        '<caption class="hidden">Fits of all matrices. A button in each row opens its plots.'
        f"</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
        "</section>"
    )


def _search(networks: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> str:
    choices = [("all", "all matrices"), ("heavy", "tail exponent below 2")]
    if any("gof" in row for row in rows):
        choices.append(("plausible", "p at least 0.1"))
    if any("error" in row for row in rows):
        choices.append(("failed", "not fitted"))
    if len(networks) > 1:
        choices += [("A", "only file A"), ("B", "only file B")]
    options = "".join(f'<option value="{key}">{text}</option>' for key, text in choices)
    return (
        '<div class="find" role="search">'
        '<input id="filter" type="search" placeholder="Filter by name" autocomplete="off" '
        'aria-label="Filter the matrices by name">'
        f'<label>Show <select id="show">{options}</select></label>'
        '<label class="only-narrow">Sort by <select id="sort"></select></label>'
        '<output id="shown" for="filter show"></output></div>'
    )


def _is_used(key: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    return key in ("depth", "name") or any(row.get(key) is not None for row in rows)


def _class(css: str) -> str:
    return f' class="{css}"' if css else ""


def _row(
    n: int, k: int, row: Mapping[str, Any], columns: Sequence[tuple[str, str, str, str]],
) -> str:  # fmt: skip
    """One row; a matrix that could not be fitted has the reason in place of the numbers."""
    cells = []
    for key, _, _, css in columns:
        cells.append(f"<td{_class(css)}>{_cell(n, key, row)}")  # HTML needs no </td>
        if key == "name" and "error" in row:
            left = len(columns) - len(cells)
            cells.append(f'<td class="why" colspan="{left}">{escape(row["error"])}')
            break
    css = "row bad" if "error" in row else "row"
    return f'<tr class="{css}" id="m-{n}-{k}">{"".join(cells)}'


def _cell(n: int, key: str, row: Mapping[str, Any]) -> str:
    value = row.get(key)
    if key == "network":
        return f'<span class="chip{" b" if n else ""}">{"AB"[n]}</span>'
    if key == "name":
        shape = " × ".join(f"{size:,}" for size in row["source_shape"])
        return (
            f'<button class="name">{escape_name(row["name"])}</button>'
            f'<span class="shape">{shape}, {escape(row["dtype"])}</span>'
        )
    if key == "gof":
        return format_number(value["pvalue"], 3) if value else "–"
    if key in ("kept_fraction", "stored_fraction"):
        return format_number(None if value is None else 100 * value, 3)
    interval = row.get({"alpha": "alpha_interval", "tail_exponent": "tail_interval"}.get(key, ""))
    if interval:
        low, high = (format_number(end, 3) for end in interval)
        return f'{format_number(value)} <span class="range">[{low}, {high}]</span>'
    return format_number(value, 3 if key == "distance" else 4)
