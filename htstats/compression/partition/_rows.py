"""Split a matrix that is read in blocks of rows, in bounded memory and bit-identically.

The matrix is read at most three times. The first pass computes the sums or a sketch of all
elements. The second gathers a bucket, if the threshold is an order statistic that the sketch does
not determine; a bucket that is too large for the memory needs more passes. The last pass splits the
matrix. If the threshold is a number, this is the only pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.float8 import float8_of
from htstats._common.rows import Report, RowSource, process_blocks, read_blocks, require_source
from htstats.compression.container import ContainerWriter, MatrixInfo
from htstats.compression.matrix import CompressedMatrix, index_dtype, sparse_rows
from htstats.compression.partition.plan import (
    Block,
    SplitOptions,
    SplitSums,
    Sums,
    find_threshold,
    plan_split,
    split_rows,
)
from htstats.compression.partition.split import Room
from htstats.compression.thresholds import Resolver
from htstats.power_law import fit_rows
from htstats.sketch import TailSketch

__all__ = ["LEAST_MEMORY", "compress_rows", "partition_rows", "partition_threshold"]


# Upper bound of the memory of `compress_rows`; see its notes.
LEAST_MEMORY = 128 << 20

# A block with more elements than this is always a single row. Its kept elements are counted before
# they are copied, because memory for all its elements may take four times the bytes of the row.
LONG_ROW = 1 << 21


def partition_rows(
    source: RowSource,
    threshold: float | str = "std",
    *,
    keep: str = "abs",
    noise: str = "paper",
    support: str = "replaced",
    seed: int = 0,
    layer: int = 0,
    n_threads: int = 1,
) -> CompressedMatrix:
    """`partition` for a matrix that is read in blocks: only B must fit in memory.

    Parameters
    ----------
    source : object with shape, dtype and row_blocks(max_bytes)
        For example a `WeightMatrix`. It is read one to three times.
    threshold, keep, noise, support, seed, layer, n_threads
        As in `partition`.

    Returns
    -------
    CompressedMatrix
        Bit-identical to the result of `partition` for the whole matrix.

    Raises
    ------
    ValueError
        If an argument has an invalid value, or the matrix is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> W = np.float32([[0.1, -3, 0.2], [2, 0, -0.1]])
    >>> source = SimpleNamespace(shape=W.shape, dtype="float32", row_blocks=lambda n: iter([W]))
    >>> partition_rows(source, 1.0).sparse.toarray()
    array([[ 0., -3.,  0.],
           [ 2.,  0.,  0.]], dtype=float32)
    """
    options = SplitOptions(threshold, keep, noise, support, seed, layer).check()
    reading = _Reading(source, options, checks.count("n_threads", n_threads, at_least=1))
    blocks: list[Block] = []

    def emit(*block: npt.NDArray[Any]) -> None:
        blocks.append((block[0], block[1].copy(), block[2].copy()))

    law = _split(reading, emit)
    counts = [np.diff(indptr) for indptr, _, _ in blocks]
    indptr = np.concatenate([[0], np.cumsum(np.concatenate([*counts, np.empty(0, np.int64)]))])
    index = index_dtype(int(indptr[-1]), *source.shape)
    value = np.float64 if source.dtype == "float64" else np.float32
    indices = np.concatenate([*(i.astype(index) for _, i, _ in blocks), np.empty(0, index)])
    values = np.concatenate([*(v for _, _, v in blocks), np.empty(0, value)])
    sparse = sparse_rows(values, indices, indptr.astype(index), source.shape)
    return CompressedMatrix(sparse=sparse, shape=source.shape, dtype=source.dtype, **law)


def compress_rows(
    writer: ContainerWriter,
    name: str,
    source: RowSource,
    threshold: float | str = "std",
    *,
    keep: str = "abs",
    noise: str = "paper",
    support: str = "replaced",
    seed: int = 0,
    layer: int = 0,
    n_threads: int = 1,
    max_memory: int = 256 << 20,
    source_shape: tuple[int, ...] | None = None,
    report: Report | None = None,
) -> MatrixInfo:
    """`partition` for a matrix that is read in blocks; B is written directly to a container.

    Parameters
    ----------
    writer : ContainerWriter
        The writer of the container.
    name : str
        The name of the matrix in the container.
    source, threshold, keep, noise, support, seed, layer, n_threads
        As in `partition_rows`.
    max_memory : int
        Memory budget in bytes, in addition to what the process already uses; at least 128 MiB. A
        row that is longer than 4 MiB needs additional memory.
    source_shape : tuple of int, optional
        The original shape of the tensor, which decompression restores.
    report : callable, optional
        Called with the number of bytes of each block that is read.

    Returns
    -------
    MatrixInfo
        The entry of the matrix in the container.

    Raises
    ------
    ValueError
        As in `partition_rows`, or if the writer would replace the file that `source` is read from.
        The container is then unchanged.

    Notes
    -----
    Memory: for each thread a block of 4 MiB (or a row, if longer) and its part of B; the sums (a
    few MiB); one record of B (at most about 40 MiB); and, for order statistics, less than 64 MiB.
    """
    options = SplitOptions(threshold, keep, noise, support, seed, layer).check()
    checks.count("n_threads", n_threads, at_least=1)
    checks.count("max_memory", max_memory, at_least=LEAST_MEMORY)
    require_source(source)
    reading = _Reading(source, options, n_threads, report, max_memory)
    if (path := getattr(source, "path", None)) is not None:
        writer.require_apart([path])
    sink = writer.matrix(name, source.shape, source.dtype)
    with writer.undo_on_error():
        law = _split(reading, sink.add)
        info = MatrixInfo(
            name=name,
            shape=source.shape,
            source_shape=source_shape or source.shape,
            dtype=source.dtype,
            source_dtype=float8_of(source),
            **law,
        )
        sink.finish(info)
    return info


def partition_threshold(
    source: RowSource,
    threshold: float | str,
    sketch: TailSketch,
    *,
    keep: str,
    noise: str,
    support: str,
) -> float:
    """The threshold of a split of `source`, from its sketch and, if needed, from more passes.

    Raises
    ------
    ValueError
        If the rule is unknown or cannot be met.
    TypeError
        If `source` cannot be read in blocks.
    """
    options = SplitOptions(threshold, keep, noise, support)
    return find_threshold(options, sketch, _Reading(source, options, 1).reader(sketch))


class _Reading(NamedTuple):
    """The matrix to split, the options, and how it is read."""

    source: RowSource
    options: SplitOptions
    n_threads: int
    report: Report | None = None
    max_memory: int | None = None

    def reader(self, sums: Sums) -> _Reader:
        require_source(self.source)
        return _Reader(self, sums)


class _Reader(NamedTuple):
    """Read the matrix again for its threshold; see `htstats.compression.partition.plan`."""

    reading: _Reading
    sums: Sums

    def fit_xmin(self, side: str) -> float:
        source, _, _, report, max_memory = self.reading
        sketch = self.sums if isinstance(self.sums, TailSketch) else None
        fit = partial(fit_rows, source, side=side, sketch=sketch, report=report)
        return (fit() if max_memory is None else fit(max_memory=max_memory)).xmin

    def feed(self, resolver: Resolver) -> Resolver:
        for block in read_blocks(self.reading.source, self.reading.report):
            resolver.update(block.data)
        return resolver


@dataclass
class _State:
    """The state of one thread: its sums, and the memory for its split blocks."""

    sums: SplitSums
    room: Room

    def room_for(self, block: npt.NDArray[Any], dtype: str) -> Room | None:
        """Memory for all of a block, enlarged if needed; None for a very long row."""
        if block.size > LONG_ROW:
            return None
        if self.room.size < block.size:
            self.room = Room.of(block.size, dtype)
        return self.room


def _split(reading: _Reading, emit: Callable[..., None]) -> dict[str, Any]:
    """Split the matrix, pass each block of B to `emit`, and return the law of the noise."""
    source, options, n_threads, report, _ = reading
    require_source(source)
    dtype = source.dtype
    sums = options.new_sums(dtype)
    if not options.needs_one_reading:
        _add_up(reading, sums)
    plan = plan_split(options, dtype, sums, reading.reader(sums))
    parts = [SplitSums.of_part(options, dtype) for _ in range(n_threads)]
    states = [_State(part, Room.of(0, dtype)) for part in parts]

    def work(state: _State, data: npt.NDArray[Any]) -> Block:
        return split_rows(data, plan.bounds, state.sums, state.room_for(data, dtype))

    process_blocks(source, states, work, lambda block: emit(*block), report=report)
    return options.describe(plan.tau, plan.finish(options, parts))


def _add_up(reading: _Reading, sums: Any) -> None:
    """Read the matrix once for the sums of all elements; each thread adds up its blocks."""
    source, options, n_threads, report, _ = reading
    parts = [options.new_sums(source.dtype) for _ in range(n_threads)]
    process_blocks(
        source, parts, lambda part, data: part.update(data), lambda _: None, report=report
    )
    for part in parts:
        sums.merge(part)
