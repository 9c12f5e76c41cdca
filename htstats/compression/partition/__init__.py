"""Split a matrix at a threshold: keep large elements in a sparse B, replace the others by noise.

A matrix passes through these modules in this order:

    plan     options, threshold and sums of a split, for all ways to read the matrix
    bounds   the threshold as two bit patterns, so that the comparison is exact
    split    the kept elements of a block of rows
    noise    mean and standard deviation of the noise, from exact sums
    _memory  partition: a matrix in memory
    _rows    partition_rows, compress_rows: a matrix that is read in blocks
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from htstats._common.lazy import attributes_of
from htstats.compression.partition._memory import partition

if TYPE_CHECKING:
    from htstats.compression.partition._rows import (
        LEAST_MEMORY,
        compress_rows,
        partition_rows,
        partition_threshold,
    )

__all__ = ["LEAST_MEMORY", "compress_rows", "partition", "partition_rows", "partition_threshold"]

__getattr__, __dir__ = attributes_of(
    __name__,
    {
        "LEAST_MEMORY": "_rows",
        "compress_rows": "_rows",
        "partition_rows": "_rows",
        "partition_threshold": "_rows",
    },
)
