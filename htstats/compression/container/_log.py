"""Read the records of a file in order, and check each against the earlier ones."""

from __future__ import annotations

import math
import zlib
from typing import Any, BinaryIO

from htstats.compression.container import _info
from htstats.compression.container._entries import StoredMatrix, StoredTensor, Tie
from htstats.compression.container._records import SIGNATURE, Meta, Record, read_record
from htstats.weights import ITEMSIZES

__all__ = ["Log"]


class Log:
    """Step through the records of a file, and check each against the earlier ones."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self._file, self._size, self._name = file, size, name
        self.at = 0
        self.records = 0
        self.chain = 0
        self.fields: dict[str, Any] = {}
        self.metadata: tuple[Record, ...] = ()
        self._last: Record | None = None

    def head(self) -> dict[str, Any]:
        """The options that the file was made with."""
        self._file.seek(0)
        if self._file.read(len(SIGNATURE)) != SIGNATURE:
            raise ValueError(f"{self._name}: not a .htz file")
        self.at = len(SIGNATURE)
        meta = self._next("HEAD").meta
        meta.text("format", ["htz"])
        version = meta.integer("version", at_least=1)
        if version > _info.VERSION:
            raise ValueError(
                f"{self._name}: version {version} of the format is newer than this htstats reads "
                f"({_info.VERSION})"
            )
        self.fields = meta.fields
        options = meta.fields.get("options")
        if not isinstance(options, dict):
            raise meta.error("options", "must be an object", options)
        return options

    def entry(self) -> StoredMatrix | StoredTensor | Tie | None:
        """The next matrix, tensor or tie, or None before the record DONE."""
        if self.records == 1:
            self._skip_metadata()
        start, chunks = self.at, list[Record]()
        while True:
            record = self._next(None)
            if record.kind in ("ROWS", "DATA"):
                chunks.append(record)
            elif record.kind == "MATX":
                return self._matrix(record, chunks, record.end - start)
            elif record.kind == "TENS":
                return self._tensor(record, chunks, record.end - start)
            elif record.kind == "TIED" and not chunks:
                return Tie(record.meta.text("name"), record.meta.text("tied_to"))
            elif record.kind == "DONE" and not chunks:
                self._last = record
                return None
            else:
                raise ValueError(f"{record.meta.where}: a record of this kind cannot be here")

    def _skip_metadata(self) -> None:
        """Skip the record META and its pieces, if the file begins with them."""
        mark = self.at, self.records, self.chain
        chunks = list[Record]()
        while (record := self._next(None)).kind == "DATA":
            chunks.append(record)
        if record.kind != "META":
            self.at, self.records, self.chain = mark
            return
        self._whole(record.meta, chunks, "DATA")
        if sum(chunk.payload_bytes for chunk in chunks) != record.meta.integer("bytes"):
            raise ValueError(f"{record.meta.where}: its bytes are not complete")
        self.metadata = tuple(chunks)

    def finish(self) -> None:
        """Check the last record, and that nothing follows."""
        assert self._last is not None
        meta = self._last.meta
        if self.at != self._size:
            raise ValueError(f"{self._name}: {self._size - self.at} bytes follow its end")
        records, chain = self._before_last
        if (meta.integer("records"), meta.integer("chain")) != (records, chain):
            raise ValueError(f"{meta.where}: its records are not those that were written")

    def _next(self, kind: str | None) -> Record:
        record = read_record(self._file, self.at, self._size, self._name)
        if kind is not None and record.kind != kind:
            raise ValueError(f"{record.meta.where}: must be {kind}")
        if record.kind not in ("ROWS", "DATA") and record.payload_bytes:
            raise ValueError(f"{record.meta.where}: must have no payload")
        self._before_last = self.records, self.chain
        self.at = record.end
        self.records += 1
        self.chain = zlib.crc32(record.frame, self.chain)
        return record

    def _matrix(self, record: Record, chunks: list[Record], size: int) -> StoredMatrix:
        meta = record.meta
        meta.text("generator", [_info.GENERATOR])
        info = _info.MatrixInfo.of(meta)
        ranges, row = [], 0
        for chunk in self._whole(meta, chunks, "ROWS"):
            bounds = chunk.meta.sizes("rows")
            # at most the rows that a writer puts into a record, which bounds the reader's memory
            end = min(row + _info.RECORD_SIZES.elements, info.shape[0])
            if len(bounds) != 2 or bounds[0] != row or not row < bounds[1] <= end:
                raise chunk.meta.error("rows", f"must continue at row {row}", list(bounds))
            ranges.append((row, bounds[1], chunk))
            row = bounds[1]
        nnz = sum(chunk.meta.integer("nnz") for chunk in chunks)
        if row != info.shape[0] or nnz != meta.integer("nnz"):
            raise ValueError(f"{meta.where}: its rows are not complete")
        return StoredMatrix(info, nnz, size, self._file, tuple(ranges))

    def _tensor(self, record: Record, chunks: list[Record], size: int) -> StoredTensor:
        meta = record.meta
        self._whole(meta, chunks, "DATA")
        n_bytes = meta.integer("bytes")
        if sum(chunk.payload_bytes for chunk in chunks) != n_bytes:
            raise ValueError(f"{meta.where}: its bytes are not complete")
        dtype, shape = meta.text("dtype"), meta.sizes("shape")
        if dtype in ITEMSIZES and math.prod(shape) * ITEMSIZES[dtype] != n_bytes:
            raise meta.error("bytes", f"must be those of shape {shape} of {dtype}", n_bytes)
        return StoredTensor(
            meta.text("name"),
            dtype,
            shape,
            n_bytes,
            size,
            self._file,
            tuple(chunks),
        )

    def _whole(self, meta: Meta, chunks: list[Record], kind: str) -> list[Record]:
        if meta.integer("chunks") != len(chunks) or any(c.kind != kind for c in chunks):
            raise ValueError(f"{meta.where}: must follow as many {kind} records as it says")
        return chunks
