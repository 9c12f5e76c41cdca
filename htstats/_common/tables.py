"""Format plain-text tables for terminals."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["fit_table", "format_table", "shorten"]

# No name is shortened to fewer characters.
SHORTEST = 12

# The least number of characters of each end of a name that are kept.
LEAST_END = 3

Rows = Sequence[Sequence[object]]


def format_table(header: Sequence[str], rows: Rows, *, left: int = 1) -> str:
    """Format rows as a text table; the first `left` columns are left-aligned, the others right.

    A cell is any object that `str` accepts; None is shown as "-".
    """
    cells = [[str(cell) for cell in header]]
    cells += [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for row in cells:
        padded = [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def shorten(name: str, width: int, shift: int = 0) -> str:
    """The name if it has at most `width` characters, else its two ends with "…" between them.

    `shift` characters more are kept of the beginning, and as many fewer of the end.

    Examples
    --------
    >>> shorten("model.layers.17.mlp.down_proj.weight", 24)
    'model.layer…_proj.weight'
    """
    if len(name) <= width:
        return name
    end = width // 2 - shift
    return name[: width - end - 1] + "…" + name[len(name) - end :]


def fit_table(header: Sequence[str], rows: Rows, width: int, *, left: int = 1) -> str:
    """Format rows as a table of at most `width` characters in a line, if that is possible.

    The names in the first column are shortened in the middle as long as they stay distinct. If that
    is not enough, the other columns are divided among several tables, one below the other.
    """
    text = format_table(header, rows, left=left)
    if _width(text) <= width:
        return text
    names = [str(row[0]) for row in rows]
    narrow = _narrow_names(names, SHORTEST, width)
    groups = _group_columns(header, _replace(rows, narrow), width)
    if len(groups) == 1:
        # the numbers fit: give the names all the room that is left
        others = _width(format_table(header[1:], [row[1:] for row in rows])) if header[1:] else 0
        narrow = _narrow_names(names, max(width - others - 2, SHORTEST), width)
    rows = _replace(rows, narrow)
    tables = [
        format_table([header[i] for i in group], [[row[i] for i in group] for row in rows],
                     left=sum(i < left for i in group))
        for group in groups
    ]  # fmt: skip
    return "\n\n".join(tables)


def _width(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


def _replace(rows: Rows, names: Sequence[str]) -> list[list[object]]:
    return [[name, *row[1:]] for name, row in zip(names, rows, strict=True)]


def _narrow_names(names: Sequence[str], start: int, width: int) -> list[str]:
    """The names in the least number of characters from `start` on that keeps them distinct."""
    distinct = len(set(names))
    for room in range(start, width):
        for shift in range(room // 2 - LEAST_END + 1):
            for cut in {shift, -shift}:
                short = [shorten(name, room, cut) for name in names]
                if len(set(short)) == distinct:
                    return short
    return list(names)


def _group_columns(header: Sequence[str], rows: Rows, width: int) -> list[list[int]]:
    """Groups of columns that fit into the width, each of which begins with the first column."""
    sizes = [_width(format_table([head], [[row[i]] for row in rows]))
             for i, head in enumerate(header)]  # fmt: skip
    groups = [[0]]
    used = sizes[0]
    for column in range(1, len(header)):
        if used + 2 + sizes[column] > width and len(groups[-1]) > 1:
            groups.append([0])
            used = sizes[0]
        groups[-1].append(column)
        used += 2 + sizes[column]
    return groups
