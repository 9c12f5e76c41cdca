"""Matrices that are read in blocks of rows, in bounded memory: sketch, fit and split them.

Each function gives to the bit what its counterpart in memory gives; what it needs of a matrix is a
`RowSource`, as `htstats.weights` opens them:

    sketch_rows          counts and sums of all elements, in one reading
    fit_rows             the power law of the elements
    partition_rows       the split, B in memory
    compress_rows        the split, B straight into a container
    partition_threshold  the threshold alone
    read_blocks          the blocks themselves, checked
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
