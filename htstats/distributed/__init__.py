"""Sketch, fit and split on a dask cluster. The results are bit-identical to the local ones.

A task reads a range of rows of a file that every worker can open, or a block of a dask array. The
network transfers only sketches of some hundred kilobytes, the tail that a fit scans, or the kept
part of a block in the form of the compressed file. It never transfers all weights. Sketches consist
of integers, so merging them in any order gives the same sketch of all data. If a worker dies, only
its tasks are lost, and dask runs them again on another worker.

    _cluster   connect; trees of tasks; tasks that start before their results are needed
    _parts     the data that a task reads
    _sketch    sketch_rows, sketch_matrices, sketch_array
    _fit       fit_rows, fit_array; fit_matrices, which gives all that `htstats fit` prints
    _rank      the stable rank of a matrix that no machine holds as a whole
    _compress  compress_rows, compress_array, compress_matrices

One task reads, fits or splits a matrix that is smaller than a task.
"""

from htstats._common.extras import name_missing_package

with name_missing_package("htstats.distributed"):
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
