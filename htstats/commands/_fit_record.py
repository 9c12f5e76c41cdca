"""The record of a run of `htstats fit`: a file of JSON lines, from which --resume continues.

The first line has the options and the input files; every other line has a matrix, its numbers and
their checksum.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, Self
from zlib import crc32

from htstats._common.files import PathLike, named_errors, require_apart

if TYPE_CHECKING:
    from htstats.report.tables import Row

__all__ = ["FitRecord", "describe_inputs", "record_path"]

FORMAT = "htstats fit"
VERSION = 2  # 1 had no checksums


def record_path(file: str, output: str | None) -> Path:
    """The path of the record: OUT.partial beside the output, else FILE.fit.partial here."""
    if output is not None:
        target = Path(os.path.realpath(output))
        return target.with_name(target.name + ".partial")
    return Path(f"{Path(file).resolve().name}.fit.partial")


def describe_inputs(files: Iterable[PathLike]) -> list[list[Any]]:
    """The name, the size and the time of the last change of each file."""
    found = []
    for file in files:
        status = os.stat(file)
        found.append([os.path.realpath(file), status.st_size, status.st_mtime_ns])
    return found


def _checksum(name: object, row: Mapping[str, Any]) -> int:
    """The CRC-32 of a matrix's numbers, which tells an edited or damaged line."""
    return crc32(json.dumps([name, row]).encode())


class FitRecord:
    """Numbers of finished matrices, on disk as soon as they are there.

    Parameters
    ----------
    path : path
    options : mapping
        The options on which the numbers depend, as JSON types.
    inputs : list
        The result of `describe_inputs`.
    resume : bool
        Whether to keep the lines of an earlier run, which `finished` then has.

    Raises
    ------
    ValueError
        If the file is not a record. With `resume`, also if it was made with other options or if an
        input file has changed since.

    Notes
    -----
    A normal end of the `with` block removes the file. An interrupt keeps it; so does an error,
    with `resume`. A line that a killed process did not finish is removed.
    """

    def __init__(
        self, path: Path, options: Mapping[str, Any], inputs: list[list[Any]], *, resume: bool
    ) -> None:
        require_apart([name for name, _, _ in inputs], [path])
        self.path, self.finished = path, dict[str, "Row"]()
        self._resume = resume
        head = {"format": FORMAT, "version": VERSION, "options": options, "inputs": inputs}
        head = json.loads(json.dumps(head))
        with named_errors(path):
            # O_NOFOLLOW: do not write through another user's link with this name
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            self._file: BinaryIO = os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)
            try:
                whole = self._read(head)
                self._file.truncate(whole)
                if whole == 0:
                    self._write(head)
            except BaseException:
                self._file.close()
                raise

    def _read(self, head: dict[str, Any]) -> int:
        """Read the finished lines; return the number of bytes to keep."""
        self._file.seek(0)
        data = self._file.read()
        *lines, _ = data.split(b"\n")
        if not lines:
            if data and not b'{"format": "htstats fit"'.startswith(data[:24]):
                self._refuse("is no record of htstats fit: move it away")
            return 0
        found = self._parse(lines[0])
        if found.get("format") != FORMAT:
            self._refuse("is no record of htstats fit: move it away")
        if not self._resume:
            return 0
        if found.get("version") != VERSION:
            self._refuse("was written by another version of htstats: remove it to start again")
        self._require_same(found, head)
        for line in lines[1:]:
            entry = self._parse(line)
            name, row = entry.get("name"), entry.get("row")
            if not isinstance(row, dict) or entry.get("crc32") != _checksum(name, row):
                self._refuse("is damaged: remove it to start again")
            self.finished[str(name)] = row
        return sum(len(line) + 1 for line in lines)

    def _parse(self, line: bytes) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        self._refuse("is damaged or no record of htstats fit: remove it to start again")

    def _require_same(self, found: dict[str, Any], head: dict[str, Any]) -> None:
        """Raise an error if the options or an input file differ from those of the record."""
        before, now = found.get("options"), head["options"]
        if not isinstance(before, dict):
            before = {}
        for name in [*now, *before]:
            if before.get(name) != now.get(name):
                self._refuse(
                    f"was written with {name}={before.get(name)!r}, not {now.get(name)!r}: remove "
                    "it, or give the same options"
                )
        if found.get("inputs") != head["inputs"]:
            same = found.get("inputs") or []
            changed = [name for name, *rest in head["inputs"] if [name, *rest] not in same]
            name = changed[0] if changed else head["inputs"][0][0]
            self._refuse(f"is older than {name}, which has changed: remove it to start again")

    def _refuse(self, why: str) -> NoReturn:
        raise ValueError(f"{self.path} {why}")

    def add(self, name: str, row: Row) -> None:
        """Write the numbers of a matrix; those of failed ones are left out and computed again."""
        if "error" not in row:
            self._write({"name": name, "row": row, "crc32": _checksum(name, row)})

    def _write(self, entry: dict[str, Any]) -> None:
        with named_errors(self.path):
            self._file.write(json.dumps(entry).encode() + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._file.close()
        is_kept = kind is not None and (self._resume or not issubclass(kind, Exception))
        if not is_kept:
            self.path.unlink(missing_ok=True)
