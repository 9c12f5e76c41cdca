"""The compressed file, `.htz`: sparse matrices, the law of their noise, and unchanged tensors.

docs/format.md describes the bytes. A file is a sequence of checksummed records. It is written and
read from front to back in bounded memory, or opened lazily by `open_container`:

    _info     the description of a matrix in a file, and the constants of the format
    _rows     encode rows of B as records, locally or on another machine
    _write    ContainerWriter: write a partial file, sync and rename it, resume it after a kill
    _size     SizeWriter: count the bytes that ContainerWriter would write
    _log      read the records in order, and check each against the earlier ones
    _entries  matrices and tensors whose bytes are read lazily
    _read     open_container
"""

from htstats.compression.container._dense import dense_bytes, refusal, write_dense
from htstats.compression.container._entries import StoredMatrix, StoredTensor
from htstats.compression.container._info import (
    GENERATOR,
    RECORD_SIZES,
    MatrixInfo,
    RecordSizes,
    rows_of_a_record,
)
from htstats.compression.container._read import Container, is_container, open_container
from htstats.compression.container._rows import EncodedRows, RowEncoder
from htstats.compression.container._shards import SHARD_SIZE, write_shards
from htstats.compression.container._size import SizeWriter
from htstats.compression.container._write import ContainerWriter, MatrixSink, partial_of

__all__ = [
    "GENERATOR",
    "RECORD_SIZES",
    "SHARD_SIZE",
    "Container",
    "ContainerWriter",
    "EncodedRows",
    "MatrixInfo",
    "MatrixSink",
    "RecordSizes",
    "RowEncoder",
    "SizeWriter",
    "StoredMatrix",
    "StoredTensor",
    "dense_bytes",
    "is_container",
    "open_container",
    "partial_of",
    "refusal",
    "rows_of_a_record",
    "write_dense",
    "write_shards",
]
