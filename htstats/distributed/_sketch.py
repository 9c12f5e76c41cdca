"""Sketch matrices and arrays: each worker sketches its parts, and a tree of tasks merges them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from distributed import Client, as_completed

from htstats.distributed._cluster import Report, tree, watch
from htstats.distributed._parts import TASK_BYTES, FileId, Parts, blocks_of
from htstats.sketch import TailSketch
from htstats.weights import open_weights

__all__ = ["sketch_array", "sketch_matrices", "sketch_rows", "sketch_tree"]


def sketch_rows(
    path: str | os.PathLike[str], name: str, *, client: Client, task_bytes: int = TASK_BYTES
) -> TailSketch:
    """Sketch a matrix of a checkpoint on the workers of a cluster.

    Parameters
    ----------
    path : path
        A checkpoint that every worker can open under this path.
    name : str
        The name of the matrix.
    client : distributed.Client
        The client of the cluster; see `connect`.
    task_bytes : int
        Number of bytes that one task reads.

    Returns
    -------
    TailSketch
        Bit-identical to the sketch of the whole matrix.

    Raises
    ------
    OSError, ValueError
        As `open_weights` does, here or on a worker.
    """
    ((_, sketch),) = sketch_matrices(path, [name], client=client, task_bytes=task_bytes)
    return sketch


def sketch_matrices(
    path: str | os.PathLike[str],
    names: Iterable[str],
    *,
    client: Client,
    task_bytes: int = TASK_BYTES,
) -> Iterator[tuple[str, TailSketch]]:
    """`sketch_rows` for many matrices at once; yield the sketches as they are finished.

    Yields
    ------
    name : str
    sketch : TailSketch
    """
    file, roots = FileId.of(path), {}
    for name, matrix in open_weights(path).select(list(names)).items():
        roots[sketch_tree(client, Parts.of_file(file, matrix, task_bytes))] = name
    for future in as_completed(list(roots), loop=client.loop):
        yield roots.pop(future), future.result()


def sketch_array(x: Any, *, client: Client) -> TailSketch:
    """Sketch a dask array of any shape; each block is read by the worker that has it.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    """
    sketch: TailSketch = sketch_tree(client, Parts.of_array(x)).result()
    return sketch


def sketch_tree(client: Client, parts: Parts, report: Report | None = None) -> Any:
    """The future of the sketch of all parts. With `report`, wait until all parts are read."""
    leaves = parts.submit(client, sketch_task, parts.dtype)
    if not leaves:
        return client.submit(TailSketch, parts.dtype, pure=False)
    root = tree(client, partial(merge_task, parts.dtype), leaves)
    watch(client, leaves, parts.sizes, report)
    return root


def sketch_task(part: Any, dtype: str) -> TailSketch:
    sketch = TailSketch(dtype)
    for block in blocks_of(part):
        sketch.update(block)
    return sketch


def merge_task(dtype: str, sketches: list[TailSketch]) -> TailSketch:
    # dask may give the same object to another task, so arguments must not be changed
    merged = TailSketch(dtype)
    for sketch in sketches:
        merged.merge(sketch)
    return merged
