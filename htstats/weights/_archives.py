"""Read the bytes of tensors from the members of a zip archive: .npz files, torch checkpoints."""

from __future__ import annotations

import struct
import threading
import zipfile
import zlib
from collections.abc import Callable
from typing import IO

from htstats._common.messages import quote_text
from htstats.weights._sources import OpenFile, Source, Window

__all__ = ["InflatedSource", "archive_member", "open_archive"]

# deflate compresses by a factor of at most 1032: an archive that claims more is damaged or hostile
MOST_INFLATION = 1032

# Exceptions that zipfile raises for damaged members.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OverflowError,
    struct.error, ValueError,
)  # fmt: skip


class InflatedSource:
    """A deflated member of an archive. It is read forwards; going back restarts from the beginning.

    The checksum of the member is verified each time its end is reached.
    """

    unit = 1

    def __init__(self, open_stream: Callable[[], IO[bytes]], where: str, source: OpenFile) -> None:
        self._open, self._where, self.source = open_stream, where, source
        self._lock = threading.Lock()
        self._stream: IO[bytes] | None = None
        self._at = 0

    def read(self, offset: int, out: memoryview) -> None:
        with self._lock:
            try:
                self._seek(offset)
                while out:
                    self._take(out[: 1 << 20])
                    out = out[1 << 20 :]
            except DAMAGE as error:
                self._stream = None
                raise ValueError(f"{self._where}: damaged: {quote_text(error)}") from None

    def _seek(self, offset: int) -> None:
        if self._stream is None or offset < self._at:
            self._stream, self._at = self._open(), 0
        scratch = memoryview(bytearray(min(1 << 16, offset - self._at)))
        while self._at < offset:
            self._take(scratch[: offset - self._at])

    def _take(self, out: memoryview) -> None:
        assert self._stream is not None
        piece = self._stream.read(len(out))
        if len(piece) != len(out):
            raise EOFError("it ends too early")
        out[:] = piece
        self._at += len(piece)


def open_archive(file: OpenFile) -> zipfile.ZipFile:
    """Open a zip file and read its directory.

    Raises
    ------
    ValueError
        If the file has no directory, or the directory is inconsistent.
    """
    try:
        return zipfile.ZipFile(file.stream())
    except Exception as error:  # zipfile can also raise struct, Unicode, overflow errors
        raise ValueError(f"{file.path}: not a whole zip archive: {quote_text(error)}") from None


def archive_member(file: OpenFile, info: zipfile.ZipInfo) -> tuple[Source, int]:
    """The source of a member and its number of bytes. Uncompressed members are read in place.

    Raises
    ------
    ValueError
        If the headers of the member contradict each other or the size of the file.
    """
    where = f"{file.path}: {quote_text(info.filename)}"
    if info.flag_bits & 1:
        raise ValueError(f"{where}: encrypted")
    if info.compress_type == zipfile.ZIP_STORED:
        header = file.take(info.header_offset, 30) if _fits(file, info.header_offset, 30) else b""
        start = info.header_offset + 30 + sum(header[26:30:2]) + 256 * sum(header[27:30:2])
        if (
            not header.startswith(b"PK\3\4")
            or info.compress_size != info.file_size
            or not _fits(file, start, info.file_size)
        ):
            raise ValueError(f"{where}: its place in the archive is damaged")
        return Window(file, start), info.file_size
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise ValueError(f"{where}: compressed by method {info.compress_type}, which is not read")
    if info.compress_size > file.size or info.file_size > MOST_INFLATION * info.compress_size:
        raise ValueError(f"{where}: claims {info.file_size} bytes, more than it can hold")

    def stream() -> IO[bytes]:
        return zipfile.ZipFile(file.stream()).open(info)

    return InflatedSource(stream, where, file), info.file_size


def _fits(file: OpenFile, start: int, size: int) -> bool:
    return start >= 0 and size >= 0 and start + size <= file.size
