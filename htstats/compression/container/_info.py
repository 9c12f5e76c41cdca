"""The description of a matrix in a container, and the constants of the format."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from htstats._common.float8 import FLOAT8_DTYPES
from htstats.compression.container._records import Meta
from htstats.compression.matrix import DTYPES, INDEX_END, KEEPS, NOISES, SEED_END, SUPPORTS

__all__ = [
    "GENERATOR",
    "RECORD_SIZES",
    "VERSION",
    "MatrixInfo",
    "RecordSizes",
    "rows_of_a_record",
]

# Version 2 added the records META and TIED.
VERSION = 2

# The only generator; htst_normal.h defines it.
GENERATOR = "philox4x32-10/as241"


class RecordSizes(NamedTuple):
    """The sizes of records, which set the memory of writers and readers.

    All files that htstats writes have the default sizes, because their bytes must not depend on the
    way in which a matrix was read. A reader accepts records of any smaller size.

    Attributes
    ----------
    elements : int
        Number of elements of a matrix in one record. With a quarter of the default, writing and
        reading take 1.4 times as long. With four times the default, they take .8 of the time and
        four times the memory (bench/studies/block_sizes.py).
    tensor_bytes : int
        Number of bytes of a tensor, or of the metadata, in one record.
    """

    elements: int = 1 << 20
    tensor_bytes: int = 1 << 22


RECORD_SIZES = RecordSizes()


def rows_of_a_record(cols: int, sizes: RecordSizes = RECORD_SIZES) -> int:
    """Number of rows of a record; the last record of a matrix may have fewer."""
    return max(1, sizes.elements // max(cols, 1))


@dataclass(frozen=True)
class MatrixInfo:
    """The description of a matrix without B; the fields are those of `CompressedMatrix`.

    `source_shape` is the shape of the tensor in the checkpoint, for example (64, 3, 3, 3) if
    `shape` is (64, 27). `source_dtype` is the original 8-bit format if the numbers were widened to
    float16, and None if their original dtype is `dtype`.
    """

    name: str
    shape: tuple[int, int]
    source_shape: tuple[int, ...]
    dtype: str
    mean: float
    std: float
    threshold: float
    rule: str
    keep: str
    noise: str
    support: str
    seed: int
    layer: int
    source_dtype: str | None = None

    def fields(self) -> dict[str, Any]:
        """The fields in the form of a record."""
        fields = {**vars(self), "shape": list(self.shape), "source_shape": list(self.source_shape)}
        if self.source_dtype is None:
            del fields["source_dtype"]
        return fields

    @classmethod
    def of(cls, meta: Meta) -> MatrixInfo:
        """Read the fields of a record, and check each against its range."""
        shape, source_shape = meta.sizes("shape", INDEX_END + 1), meta.sizes("source_shape")
        if len(shape) != 2:
            raise meta.error("shape", "must have two sizes", list(shape))
        if math.prod(source_shape) != math.prod(shape):
            raise meta.error("source_shape", f"must have the elements of {shape}", source_shape)
        std = meta.number("std")
        if std < 0:
            raise meta.error("std", "must be 0 or above", std)
        return cls(
            name=meta.text("name"),
            shape=(shape[0], shape[1]),
            source_shape=source_shape,
            dtype=meta.text("dtype", DTYPES),
            mean=meta.number("mean"),
            std=std,
            threshold=meta.number("threshold"),
            rule=meta.text("rule"),
            keep=meta.text("keep", KEEPS),
            noise=meta.text("noise", NOISES),
            support=meta.text("support", SUPPORTS),
            seed=meta.integer("seed", below=SEED_END),
            layer=meta.integer("layer", below=INDEX_END),
            source_dtype=_source_dtype(meta),
        )


def _source_dtype(meta: Meta) -> str | None:
    if "source_dtype" not in meta.fields:
        return None
    found = meta.text("source_dtype", FLOAT8_DTYPES)
    if meta.fields["dtype"] != "float16":
        raise meta.error("source_dtype", "is for float16 alone", found)
    return found
