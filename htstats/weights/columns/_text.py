"""Convert lines of text to the numbers of one column; errors name the line without a number."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np

from htstats._common.arrays import Floats
from htstats._common.messages import suggest

__all__ = ["BLOCK_BYTES", "Layout", "TextColumn", "read_lines"]

# Bytes that are read at a time. A longer line is an error. Sizes from 64 KiB on take the same time
# (bench/studies/block_sizes.py).
BLOCK_BYTES = 1 << 20

# float64 represents every integer up to this one exactly.
EXACT = 2.0**53

MARKS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}

# Words for a missing value, which are not names of columns.
MISSING = {"na", "n/a", "nan", "null", "none", "nil", "inf", "infinity", "missing"}

THOUSANDS = re.compile(r"[+-]?\d{1,3}([,' \u00a0\u202f]\d{3})+([.,]\d*)?")
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")


def read_lines(
    stream: IO[bytes], name: str, block_bytes: int = BLOCK_BYTES
) -> Iterator[tuple[int, bytes]]:
    r"""Yield blocks of whole lines: (number of the first line, lines that end with \n).

    Lines of the file may end with \n, \r\n or \r.

    Raises
    ------
    ValueError
        If the file is not text, or a line is longer than a block.
    """
    line, rest, is_first = 1, b"", True
    while True:
        piece = stream.read(block_bytes)
        is_last = not piece
        if is_first:
            if mark := MARKS.get(piece[:2]):
                raise ValueError(f"{name}: {mark} text: save it as UTF-8")
            piece, is_first = piece.removeprefix(b"\xef\xbb\xbf"), False
        while piece.endswith(b"\r") and (more := stream.read(1)):
            piece += more  # \r\n may be split between two reads
        if b"\0" in piece:
            raise ValueError(f"{name}: not a text file: it has zero bytes")
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        data = rest + piece + (b"\n" if is_last else b"")
        end = data.rfind(b"\n") + 1
        block, rest = data[:end], data[end:]
        if len(rest) > block_bytes:
            raise ValueError(f"{name}:{line + block.count(10)}: the line is too long for a column")
        if block:
            yield line, block
            line += block.count(10)
        if is_last:
            return


class Layout(NamedTuple):
    """Where the column is in a line."""

    separator: str  # "": white space
    width: int
    place: int
    name: str  # from the header; "" without a header
    header: int  # number of the header line; 0 for none


class TextColumn:
    """One column of a text. `numbers` must be called with the blocks of the text in order."""

    def __init__(self, file: str, suffix: str, column: str | int | None, whole: bool) -> None:
        self._file, self._suffix, self._column, self._whole = file, suffix, column, whole
        self.layout: Layout | None = None
        self.n_rounded = 0

    def numbers(self, first: int, block: bytes) -> Floats:
        """The numbers in a block of whole lines; `first` is the number of its first line."""
        lines = block.split(b"\n")
        lines.pop()
        if self.layout is None:
            self.layout = self._find_layout(first, lines)
            if self.layout is None:
                return np.empty(0)
            if self.layout.header:
                del lines[: self.layout.header + 1 - first]
                first = self.layout.header + 1
        found = self._read_plain(block, lines)
        return self._read_carefully(first, lines) if found is None else found

    def _read_plain(self, block: bytes, lines: list[bytes]) -> Floats | None:
        """The numbers if every line is a plain number; None if `_read_carefully` is needed."""
        assert self.layout is not None
        separator, width, place, _, _ = self.layout
        if b"#" in block or b"_" in block or b'"' in block or (width > 1 and not separator):
            return None
        cells = lines
        if width > 1:
            rows = [line.split(separator.encode()) for line in lines]
            if any(len(row) != width for row in rows):
                return None
            cells = [row[place] for row in rows]
        try:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            return None
        if not (np.abs(values) < EXACT).all():
            return None
        if self._whole and (values != np.floor(values)).any():
            return None
        return values

    def _read_carefully(self, first: int, lines: list[bytes]) -> Floats:
        assert self.layout is not None
        separator, width, place, _, _ = self.layout
        values = []
        for number, line in enumerate(lines, first):
            cells = self._cells(number, line, separator)
            if cells is None:
                continue
            if len(cells) != width:
                raise self._error(number, f"{_count(cells)} where there are {width} before")
            values.append(self._read_number(number, cells[place]))
        return np.array(values, np.float64)

    def _read_number(self, line: int, cell: str) -> float:
        if not cell:
            raise self._error(line, "the cell is empty")
        shown = repr(cell if len(cell) <= 40 else cell[:37] + "...")
        try:
            value = float(cell) if cell.isascii() and "_" not in cell else None
        except ValueError:
            value = None
        if value is None:
            raise self._error(line, f"{shown} is no number{_hint(cell)}")
        if not math.isfinite(value):
            raise self._error(line, f"{shown} is not finite: a fit takes finite numbers")
        if self._whole and value != math.floor(value):
            raise self._error(line, f"{shown} is no whole number")
        digits = cell.lstrip("+-")
        if abs(value) >= EXACT and digits.isdigit() and int(digits) != abs(int(value)):
            if self._whole:
                raise self._error(line, f"{shown} is above 2^53, and no whole number of float64")
            self.n_rounded += 1
        return value

    def _cells(self, number: int, line: bytes, separator: str) -> list[str] | None:
        """The cells of a line; None for a blank line or a comment."""
        text = _decode(line).strip(" \t\v\f" if separator != "\t" else " \v\f")
        if not text.strip() or text.lstrip().startswith("#"):
            return None
        if '"' in text:
            return self._split_quoted(number, text, separator)
        if separator:
            return [cell.strip() for cell in text.split(separator)]
        return re.split(r"\s#", text, maxsplit=1)[0].split()

    def _split_quoted(self, number: int, text: str, separator: str) -> list[str]:
        plain = text if separator else " ".join(text.split())
        reader = csv.reader([plain], delimiter=separator or " ", skipinitialspace=True, strict=True)
        try:
            return [cell.strip() for cell in next(reader)]
        except csv.Error:
            raise self._error(number, "a quotation mark that is not closed on its line") from None

    def _find_layout(self, first: int, lines: list[bytes]) -> Layout | None:
        """Find the column, from the first two lines that are neither blank nor comments."""
        separator, rows = None, []
        for number, line in enumerate(lines, first):
            text = _decode(line).strip(" \v\f\t" if self._suffix != ".tsv" else " \v\f")
            if not text.strip() or text.lstrip().startswith("#"):
                continue
            separator = self._separator(text) if separator is None else separator
            cells = self._cells(number, line, separator)
            assert cells is not None
            rows.append((number, cells))
            if len(rows) == 2:
                break
        if separator is None:
            return None
        number, names = rows[0]
        below = rows[1][1] if len(rows) == 2 else []
        is_header = _is_header(names)
        if not separator and len(below) == 1 < len(names) and _is_name(names[0]):
            names, is_header = [" ".join(names)], True  # one name with spaces
        elif is_header and len(below) == len(names) + 1:
            names = ["row names", *names]
        elif not is_header and len(below) == len(names):
            # the header counts if at least one name is above a number
            is_header = any(map(_is_name_above, names, below))
        place = self._choose(names, is_header)
        if is_header and _is_number(names[place]) and names[place] != self._column:
            raise self._error(
                number,
                f"a header or not? Column {place + 1} has {names[place]!r} beside names: remove "
                f"the line, or give the column by that name",
            )
        name = names[place] if is_header else ""
        return Layout(separator, len(names), place, name, number if is_header else 0)

    def _separator(self, text: str) -> str:
        """The character between the cells of a line; "" for white space."""
        bare = re.sub(r'"[^"]*"', "", text)
        if self._suffix == ".tsv":
            return "\t"
        found = [mark for mark in ",;" if mark in bare]
        if ";" in found and re.search(r"\d,\d", bare):
            return ";"  # the commas are decimal commas, which are refused later
        if found:
            return found[0]
        return "\t" if "\t" in bare.strip() and self._suffix in ("", ".csv") else ""

    def _choose(self, names: list[str], is_header: bool) -> int:
        """The index of the requested column."""
        wanted = self._column
        if wanted is None:
            if len(names) == 1:
                return 0
            hint = ""
            if (
                not is_header
                and len(names) == 2
                and all(re.fullmatch(r"[+-]?\d+", n) for n in names)
            ):
                hint = "; if the comma is a decimal one or separates thousands, write 1234.5"
            raise ValueError(
                f"{self._file}: {len(names)} columns: say which one (--column NAME or NUMBER): "
                f"{_list(names, is_header)}{hint}"
            )
        if is_header and (count := names.count(str(wanted))):
            if count > 1:
                raise ValueError(
                    f"{self._file}: {count} columns are named {wanted!r}: give a number"
                )
            return names.index(str(wanted))
        if re.fullmatch(r"[0-9]{1,9}", str(wanted)) and 1 <= int(wanted) <= len(names):
            return int(wanted) - 1
        near = suggest(str(wanted), names) if is_header else ""
        raise ValueError(
            f"{self._file}: no column {wanted!r}: there are {_list(names, is_header)}{near}"
        )

    def _error(self, line: int, what: str) -> ValueError:
        return ValueError(f"{self._file}:{line}: {what}")


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _is_name(cell: str) -> bool:
    return bool(cell) and (cell[0].isalpha() or cell[0] == "_") and cell.lower() not in MISSING


def _is_header(cells: list[str]) -> bool:
    """Whether all cells are names. The cell above an index may be empty."""
    return any(map(_is_name, cells)) and all(_is_name(cell) or not cell for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _is_name_above(cell: str, below: str) -> bool:
    return _is_name(cell) and _is_number(below)


def _list(names: list[str], is_header: bool) -> str:
    """List the columns for a message, at most a dozen."""
    shown = [f"{k} {name[:30]!r}" if is_header else f"{k}" for k, name in enumerate(names[:12], 1)]
    head = "" if is_header else "without a header, "
    return head + ", ".join(shown) + (", ..." if len(names) > 12 else "")


def _count(cells: list[str]) -> str:
    return "1 column" if len(cells) == 1 else f"{len(cells)} columns"


def _hint(cell: str) -> str:
    if THOUSANDS.fullmatch(cell):
        return ": write it without thousands separators, and a decimal point"
    if DECIMAL_COMMA.fullmatch(cell):
        return ": write a decimal point"
    return ""
