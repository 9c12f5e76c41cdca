"""The compressed file, `.htz`: sparse matrices, the law of their noise, and carried tensors.

docs/format.md describes the bytes. A file is a sequence of checksummed records, written and read
front to back in bounded memory, or opened lazily by `open_container`:

    _info     what a file says of a matrix, and the format's constants
    _rows     rows of B as records, here or on another machine
    _write    ContainerWriter: a partial file, synced and renamed, resumed after a kill
    _log      the records in order, each checked against those before it
    _entries  matrices and tensors whose bytes are read when asked for
    _read     open_container
"""

from htstats.container._entries import StoredMatrix, StoredTensor
from htstats.container._info import GENERATOR, MatrixInfo, rows_of_a_record
from htstats.container._read import Container, is_container, open_container
from htstats.container._rows import EncodedRows, RowEncoder
from htstats.container._write import ContainerWriter, MatrixSink, partial_of

__all__ = [
    "GENERATOR",
    "Container",
    "ContainerWriter",
    "EncodedRows",
    "MatrixInfo",
    "MatrixSink",
    "RowEncoder",
    "StoredMatrix",
    "StoredTensor",
    "is_container",
    "open_container",
    "partial_of",
    "rows_of_a_record",
]
