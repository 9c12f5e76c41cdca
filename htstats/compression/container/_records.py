"""Framed, checksummed records: what a `.htz` file is made of (docs/format.md)."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, BinaryIO

from htstats._common import checks

__all__ = ["SIGNATURE", "Meta", "Record", "read_payload", "read_record", "write_record"]

# Like PNG's: a non-ASCII byte and both kinds of line ends reveal a transfer in text mode.
SIGNATURE = b"\x89HTZ\r\n\x1a\n"

# kind, bytes of meta, bytes of payload, CRC-32 of the payload; then the CRC-32 of these and meta
FRAME = struct.Struct("<4sIQI")
CHECK = struct.Struct("<I")
FRAME_BYTES = FRAME.size + CHECK.size

# Largest size of a meta object: far more than any record needs for its names and shapes.
MAX_META = 1 << 20

Buffer = bytes | bytearray | memoryview

# Held while the position of a file is used, on systems that cannot read at an offset.
_ONE_READER = Lock()


class Meta:
    """The JSON object of a record.

    Each method reads one field. It raises a ValueError that names the field if the field is missing
    or invalid.
    """

    def __init__(self, where: str, fields: dict[str, Any]) -> None:
        self.where = where
        self.fields = fields

    def integer(self, name: str, *, at_least: int = 0, below: int | None = None) -> int:
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(name, "must be an integer", value)
        try:
            return checks.count(name, value, at_least=at_least, below=below)
        except ValueError as error:
            raise ValueError(f"{self.where}: {error}") from None

    def number(self, name: str) -> float:
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(name, "must be a number", value)
        try:
            return checks.finite(name, value)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{self.where}: {error}") from None

    def text(self, name: str, choices: Sequence[str] | None = None) -> str:
        value = self._get(name)
        if not isinstance(value, str):
            raise self.error(name, "must be text", value)
        if choices is not None and value not in choices:
            raise self.error(name, f"must be one of {', '.join(choices)}", value)
        return value

    def sizes(self, name: str, below: int = 2**63) -> tuple[int, ...]:
        value = self._get(name)
        good = isinstance(value, list) and all(
            isinstance(size, int) and not isinstance(size, bool) and 0 <= size < below
            for size in value
        )
        if not good:
            raise self.error(name, f"must be a list of sizes below {below}", value)
        return tuple(value)

    def error(self, name: str, rule: str, value: object) -> ValueError:
        return ValueError(f"{self.where}: {name} {rule}, got {value!r:.80}")

    def _get(self, name: str) -> Any:
        if name not in self.fields:
            raise ValueError(f"{self.where}: {name} is missing")
        return self.fields[name]


@dataclass(frozen=True)
class Record:
    """The position and the fields of a record in a file; `read_payload` reads its payload."""

    kind: str
    meta: Meta
    frame: bytes
    payload_at: int
    payload_bytes: int
    payload_crc: int

    @property
    def end(self) -> int:
        return self.payload_at + self.payload_bytes


def write_record(
    file: BinaryIO, kind: str, fields: dict[str, Any], payload: Sequence[Buffer] = ()
) -> bytes:
    """Append a record and return its frame. The same fields give the same bytes."""
    meta = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    if len(meta) > MAX_META:
        raise ValueError(
            f"fields of a {kind} record must have at most {MAX_META} bytes, got {len(meta)}"
        )
    crc = 0
    for part in payload:
        crc = zlib.crc32(part, crc)
    size = sum(memoryview(part).nbytes for part in payload)
    head = FRAME.pack(kind.encode("ascii"), len(meta), size, crc)
    frame = head + CHECK.pack(zlib.crc32(meta, zlib.crc32(head)))
    file.write(frame + meta)
    for part in payload:
        file.write(part)
    return frame


def read_record(file: BinaryIO, at: int, size: int, name: str) -> Record:
    """The record at offset `at` of a file of `size` bytes; its payload is not read.

    Raises
    ------
    ValueError
        If the file ends inside the record, or its checksum or JSON is wrong.
    """
    where = f"{name}: record at byte {at}"
    if size - at < FRAME_BYTES:
        raise ValueError(f"{where}: the file ends inside it")
    frame = _read_at(file, at, FRAME_BYTES, where)
    kind, meta_bytes, payload_bytes, payload_crc = FRAME.unpack_from(frame)
    (check,) = CHECK.unpack_from(frame, FRAME.size)
    # compare the sizes with the size of the file before any allocation
    if meta_bytes > MAX_META or meta_bytes + payload_bytes > size - at - FRAME_BYTES:
        raise ValueError(f"{where}: the file ends inside it")
    text = _read_at(file, at + FRAME_BYTES, meta_bytes, where)
    if zlib.crc32(text, zlib.crc32(frame[: FRAME.size])) != check:
        raise ValueError(f"{where}: its checksum is wrong")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{where}: its fields are not JSON") from None
    if not isinstance(fields, dict):
        raise ValueError(f"{where}: its fields are not a JSON object")
    kind = kind.decode("ascii", "replace")
    payload_at = at + FRAME_BYTES + meta_bytes
    meta = Meta(f"{where} ({kind})", fields)
    return Record(kind, meta, frame, payload_at, payload_bytes, payload_crc)


def read_payload(file: BinaryIO, record: Record) -> bytes:
    """A record's payload, checked against its checksum."""
    payload = _read_at(file, record.payload_at, record.payload_bytes, record.meta.where)
    if zlib.crc32(payload) != record.payload_crc:
        raise ValueError(f"{record.meta.where}: its checksum is wrong")
    return payload


def _read_at(file: BinaryIO, at: int, n: int, where: str) -> bytes:
    """The n bytes at an offset. The position of the file, which threads and processes share, is
    neither used nor moved where the system can read without it."""
    if not hasattr(os, "pread"):  # Windows
        with _ONE_READER:
            file.seek(at)
            data = file.read(n)
    else:
        data = os.pread(file.fileno(), n, at)
        while data and len(data) < n:  # Linux reads at most 2 GiB at once
            more = os.pread(file.fileno(), n - len(data), at + len(data))
            if not more:
                break
            data += more
    if len(data) != n:
        raise ValueError(f"{where}: the file ends inside it")
    return data
