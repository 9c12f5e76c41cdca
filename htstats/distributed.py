"""The same sketch, fit and split on a dask cluster: equal to the local ones to the bit.

A task is a range of rows of a file that every worker can open, or a block of a dask array. What
moves is a sketch of some hundred kilobytes or the kept part of a block, never the weights. Sketches
are integers: merged in a tree, in whatever order, they are the sketch of the whole. A worker that
dies takes only its tasks with it, which dask runs again elsewhere.

A fit is a task for each matrix, which its worker holds in memory.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from distributed import Client, LocalCluster, as_completed

from htstats import _checks
from htstats._arrays import as_elements
from htstats._matrix_fit import Extras, fit_matrix
from htstats.compressed import KEEPS, NOISES, SUPPORTS
from htstats.container import ContainerWriter, MatrixInfo
from htstats.partition import Bounds, count_rows, fill_rows, noise_moments
from htstats.sketch import TailSketch
from htstats.streaming import RowSource, partition_threshold, read_blocks
from htstats.weights import WeightMatrix, Weights, open_weights

__all__ = [
    "compress_rows",
    "connect",
    "fit_matrices",
    "sketch_array",
    "sketch_matrices",
    "sketch_rows",
]

# Large enough that a task is worth its overhead of about a millisecond, small enough for a worker.
TASK_BYTES = 1 << 26

# Sketches that one task merges: the tree over 10,000 tasks is five levels high.
FAN_IN = 8

Part = tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]


@contextlib.contextmanager
def connect(where: str) -> Iterator[Client]:
    """A client of a scheduler, or of worker processes on this machine.

    Parameters
    ----------
    where : str
        The scheduler's address, such as ``tcp://host:8786``, or ``local:N`` for N processes here,
        which end with the block.

    Raises
    ------
    ValueError
        If N is not a number of at least 1.
    OSError
        If no scheduler answers.
    """
    kind, _, number = where.partition(":")
    if kind != "local":
        with Client(where, timeout="10s", set_as_default=False) as client:
            yield client
        return
    if not number.isdecimal() or int(number) < 1:
        raise ValueError(f"--dask must be an address or local:N with N at least 1, got {where!r}")
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with (
        LocalCluster(n_workers=int(number), **options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


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
    file, roots = _FileId.of(path), {}
    for name, matrix in open_weights(path).select(list(names)).items():
        leaves = [
            client.submit(_sketch_task, file, name, *rows, pure=False)
            for rows in _ranges(matrix, task_bytes)
        ]
        roots[_tree(client, leaves, matrix.dtype)] = name
    for future in as_completed(list(roots), loop=client.loop):
        yield roots.pop(future), future.result()


def sketch_array(x: Any, *, client: Client) -> TailSketch:
    """The sketch of a dask array, block by block where they are.

    Raises
    ------
    TypeError
        If its elements are no real numbers.
    """
    dtype = as_elements(np.empty(0, x.dtype), "x").dtype
    blocks = client.compute(list(x.to_delayed().ravel()))
    leaves = [client.submit(_sketch_block, block, dtype, pure=False) for block in blocks]
    sketch: TailSketch = _tree(client, leaves, dtype).result()
    return sketch


def fit_matrices(
    path: str | os.PathLike[str],
    names: Iterable[str],
    *,
    side: str = "abs",
    extras: Extras | None = None,
    client: Client,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Fit matrices of a checkpoint on the workers, in whatever order they are done.

    `extras` says what is wanted beside the fit.

    Yields
    ------
    name : str
    fit : dict
        alpha, tail_exponent, xmin, distance, stderr, n_tail, n, n_excluded, excluded and
        stable_rank; or error, which says why there is none.

    Notes
    -----
    A worker needs a matrix's size in memory, and what the fit of it takes.
    """
    file = _FileId.of(path)
    tasks = {client.submit(_fit_task, file, name, side, extras, pure=False): name for name in names}
    for future in as_completed(list(tasks), loop=client.loop):
        yield tasks.pop(future), future.result()
        future.release()


def compress_rows(
    writer: ContainerWriter,
    path: str | os.PathLike[str],
    name: str,
    threshold: float | str = "std",
    *,
    keep: str = "abs",
    noise: str = "paper",
    support: str = "replaced",
    seed: int = 0,
    layer: int = 0,
    client: Client,
    task_bytes: int = TASK_BYTES,
) -> MatrixInfo:
    """Split a matrix of a checkpoint on the workers, and write B as it comes in.

    Parameters
    ----------
    writer : ContainerWriter
        Of the file, which is written here.
    path, name, client, task_bytes
        As in `sketch_rows`.
    threshold, keep, noise, support, seed, layer
        As in `htstats.partition`. An order statistic that the sketch leaves open is gathered by one
        more reading, which is done here.

    Returns
    -------
    MatrixInfo
        The file is the same to the byte as that of `htstats.streaming.compress_rows`.

    Raises
    ------
    ValueError
        As in `partition`; the container is then as it was before.
    """
    for word, value, choices in (("keep", keep, KEEPS), ("noise", noise, NOISES)):
        _checks.one_of(word, value, choices)
    _checks.one_of("support", support, SUPPORTS)
    file, matrix = _open(path, name)
    sketch = sketch_rows(path, name, client=client, task_bytes=task_bytes)
    if sketch.n_not_finite:
        raise ValueError(f"W must be finite, got {sketch.n_not_finite} NaN or infinite elements")
    words = {"keep": keep, "noise": noise, "support": support}
    tau = partition_threshold(matrix, threshold, sketch, **words)
    centre = sketch.mean if keep == "centered" and sketch.n else 0.0
    bounds = Bounds.of(matrix.dtype, keep, tau, centre)
    kept = TailSketch("float64" if matrix.dtype == "float64" else "float32")
    sink, mark = writer.matrix(name, matrix.shape, matrix.dtype), writer.mark()
    try:
        for parts in _in_order(client, file, name, bounds, _ranges(matrix, task_bytes)):
            for part in parts:
                sink.add(*part)
                if noise == "matched":
                    kept.update(part[2])
        mean, std = noise_moments(sketch, kept, noise, support)
        info = MatrixInfo(
            name=name, shape=matrix.shape, source_shape=matrix.source_shape, dtype=matrix.dtype,
            mean=mean, std=std, threshold=tau,
            rule=threshold if isinstance(threshold, str) else repr(tau),
            keep=keep, noise=noise, support=support, seed=seed, layer=layer,
        )  # fmt: skip
        sink.finish(info)
    except Exception:
        writer.back_to(mark)
        raise
    return info


class _FileId(tuple[str, int, int]):
    """A path, and the time and size that a worker must find there too."""

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> _FileId:
        found = os.stat(path)
        return cls((os.path.abspath(path), found.st_mtime_ns, found.st_size))


class _Rows:
    """Some rows of a matrix as a source of their own."""

    def __init__(self, matrix: WeightMatrix, start: int, stop: int) -> None:
        self._matrix, self._start, self._stop = matrix, start, stop
        self.shape = stop - start, matrix.shape[1]
        self.dtype = matrix.dtype

    def row_blocks(self, max_bytes: int) -> Iterator[npt.NDArray[Any]]:
        return self._matrix.row_blocks(max_bytes, start=self._start, stop=self._stop)


@functools.lru_cache(maxsize=4)
def _opened(file: _FileId) -> Weights:
    """A checkpoint, opened once by each worker."""
    if _FileId.of(file[0]) != file:
        raise ValueError(f"{file[0]}: another file on this worker than on the client")
    return open_weights(file[0])


def _open(path: str | os.PathLike[str], name: str) -> tuple[_FileId, WeightMatrix]:
    return _FileId.of(path), open_weights(path).select([name])[name]


def _ranges(matrix: WeightMatrix, task_bytes: int) -> list[tuple[int, int]]:
    """Rows of the tasks; one empty range for a matrix without rows."""
    rows = matrix.shape[0]
    step = max(
        1, _checks.count("task_bytes", task_bytes, at_least=1) * rows // max(matrix.nbytes, 1)
    )
    return [(start, min(start + step, rows)) for start in range(0, max(rows, 1), step)]


def _source(file: _FileId, name: str, start: int, stop: int) -> RowSource:
    return _Rows(_opened(file)[name], start, stop)


def _sketch_task(file: _FileId, name: str, start: int, stop: int) -> TailSketch:
    source = _source(file, name, start, stop)
    sketch = TailSketch(source.dtype)
    for block in read_blocks(source):
        sketch.update(block.data)
    return sketch


def _sketch_block(block: Any, dtype: str) -> TailSketch:
    return TailSketch(dtype).update(block)


def _fit_task(file: _FileId, name: str, side: str, extras: Extras | None) -> dict[str, Any]:
    try:
        return fit_matrix(_opened(file)[name], side, extras)
    except (ValueError, OSError) as error:
        return {"error": " ".join(str(error).split())}


def _split_task(file: _FileId, name: str, start: int, stop: int, bounds: Bounds) -> list[Part]:
    source = _source(file, name, start, stop)
    return [
        fill_rows(block.data, bounds, count_rows(block.data, bounds))
        for block in read_blocks(source)
    ]


def _merge_task(dtype: str, sketches: list[TailSketch]) -> TailSketch:
    # dask may hand the same object to another task: none of them is changed
    merged = TailSketch(dtype)
    for sketch in sketches:
        merged.merge(sketch)
    return merged


def _tree(client: Client, level: list[Any], dtype: str) -> Any:
    """The future of all sketches merged in a tree on the cluster."""
    while len(level) > 1:
        groups = [level[i : i + FAN_IN] for i in range(0, len(level), FAN_IN)]
        level = [client.submit(_merge_task, dtype, group, pure=False) for group in groups]
    return level[0]


def _in_order(
    client: Client, file: _FileId, name: str, bounds: Bounds, ranges: list[tuple[int, int]]
) -> Iterator[list[Part]]:
    """Results of the tasks in the order of the rows, a few of them ahead."""
    ahead = 2 * max(len(client.scheduler_info()["workers"]), 1)
    starts, waiting = iter(ranges), deque[Any]()
    while True:
        for rows in islice(starts, ahead - len(waiting)):
            waiting.append(client.submit(_split_task, file, name, *rows, bounds, pure=False))
        if not waiting:
            return
        future = waiting.popleft()
        yield future.result()
        future.release()
