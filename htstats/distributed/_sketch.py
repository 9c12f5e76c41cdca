"""Sketches of matrices and arrays, made where their parts are and merged in a tree."""

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
    """The sketch of a matrix of a checkpoint, made by the workers of a cluster.

    Parameters
    ----------
    path : path
        A checkpoint that every worker finds at this place.
    name : str
        The matrix.
    client : distributed.Client
        Of the cluster; see `connect`.
    task_bytes : int
        Bytes that one task reads.

    Returns
    -------
    TailSketch
        Equal to the bit to that of the whole matrix.

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
    """`sketch_rows` of many matrices at once, in whatever order they are done.

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
    """The sketch of a dask array of any shape, block by block where they are.

    Raises
    ------
    TypeError
        If its elements are no real numbers.
    """
    sketch: TailSketch = sketch_tree(client, Parts.of_array(x)).result()
    return sketch


def sketch_tree(client: Client, parts: Parts, report: Report | None = None) -> Any:
    """The future of the sketch of all parts; with `report` it returns when they are read."""
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
    # dask may give the same object to another task, so no argument is changed
    merged = TailSketch(dtype)
    for sketch in sketches:
        merged.merge(sketch)
    return merged
