"""Measure the bytes of a container without writing it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from htstats._common.files import PathLike
from htstats.compression.container import _info
from htstats.compression.container._records import Buffer
from htstats.compression.container._write import ContainerWriter

__all__ = ["SizeWriter"]


class SizeWriter(ContainerWriter):
    """Count the bytes that a `ContainerWriter` would write; there is no file.

    Attributes
    ----------
    nnz : int
        Number of entries of B of all matrices so far.
    """

    def __init__(self, sizes: _info.RecordSizes = _info.RECORD_SIZES) -> None:
        self.sizes = sizes
        self.partial = Path("no file")
        self.finished = []
        self.nnz = 0
        self._tied = set()
        self._records = self._chain = 0
        self._file = _Counter()

    def require_apart(self, inputs: Iterable[PathLike]) -> None:
        """Accept all inputs, because nothing is overwritten."""

    def commit(self) -> None:
        """Refuse: there is no file that could be put in place."""
        raise TypeError("a SizeWriter has no file to commit")

    def _write(self, kind: str, fields: dict[str, Any], payload: Iterable[Buffer] = ()) -> None:
        super()._write(kind, fields, payload)
        if kind == "MATX":
            self.nnz += fields["nnz"]


class _Counter(io.BytesIO):
    """A file that keeps no bytes but knows its position."""

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self._at += size
        return size

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at

    def truncate(self, size: int | None = None) -> int:
        return self._at
