"""Matrices that are read in blocks of rows, in bounded memory: sketch, fit and split them.

Each function is bit-identical to its counterpart in memory. It reads a `RowSource`, such as a
matrix of `htstats.weights`:

    sketch_rows          counts and sums of all elements, in one pass
    fit_rows             the power law of the elements
    partition_rows       the split, with B in memory
    compress_rows        the split, with B written directly to a container
    partition_threshold  only the threshold
    read_blocks          the blocks, after a check of their shape and dtype
"""

from htstats._common.rows import RowSource, read_blocks
from htstats.compression.partition import compress_rows, partition_rows, partition_threshold
from htstats.power_law import fit_rows
from htstats.sketch import sketch_rows

__all__ = [
    "RowSource",
    "compress_rows",
    "fit_rows",
    "partition_rows",
    "partition_threshold",
    "read_blocks",
    "sketch_rows",
]
