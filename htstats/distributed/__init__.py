"""The same sketch, fit and split on a dask cluster: equal to the local ones to the bit.

A task is a range of rows of a file that every worker can open, or a block of a dask array. What
moves is a sketch of some hundred kilobytes, the tail that a fit scans, or the kept part of a block
as it stands in the compressed file; never the weights. Sketches are integers: merged in a tree, in
whatever order, they are the sketch of the whole. A worker that dies takes only its tasks with it,
which dask runs again elsewhere.

    _cluster   connect; trees of tasks; work that is under way ahead of its turn
    _parts     what a task reads
    _sketch    sketch_rows, sketch_matrices, sketch_array
    _fit       fit_rows, fit_array; fit_matrices, with all that `htstats fit` says
    _rank      the stable rank of a matrix that is on no machine as a whole
    _compress  compress_rows, compress_array, compress_matrices

A matrix smaller than a task is read, fitted or split by one task.
"""

from htstats.distributed._cluster import connect
from htstats.distributed._compress import compress_array, compress_matrices, compress_rows
from htstats.distributed._fit import fit_array, fit_matrices, fit_rows
from htstats.distributed._sketch import sketch_array, sketch_matrices, sketch_rows

__all__ = [
    "compress_array",
    "compress_matrices",
    "compress_rows",
    "connect",
    "fit_array",
    "fit_matrices",
    "fit_rows",
    "sketch_array",
    "sketch_matrices",
    "sketch_rows",
]
