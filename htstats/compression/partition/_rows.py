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
from typing import Any, Unpack

import numpy.typing as npt

from htstats._common import checks
from htstats._common.float8 import float8_of
from htstats._common.rows import Report, RowSource, process_blocks, read_blocks, require_source
from htstats.compression.container import ContainerWriter, MatrixInfo
from htstats.compression.matrix import CompressedMatrix, stack_rows
from htstats.compression.partition.plan import (
    Block,
    SplitKeywords,
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
    n_threads: int = 1,
    **options: Unpack[SplitKeywords],
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
    given = SplitOptions.read("partition_rows", threshold, options)
    checks.count("n_threads", n_threads, at_least=1)
    return RowSplit(source, given, n_threads).matrix()


def compress_rows(
    writer: ContainerWriter,
    name: str,
    source: RowSource,
    threshold: float | str = "std",
    *,
    n_threads: int = 1,
    max_memory: int = 256 << 20,
    source_shape: tuple[int, ...] | None = None,
    report: Report | None = None,
    **options: Unpack[SplitKeywords],
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
    given = SplitOptions.read("compress_rows", threshold, options)
    checks.count("n_threads", n_threads, at_least=1)
    checks.count("max_memory", max_memory, at_least=LEAST_MEMORY)
    require_source(source)
    if (path := getattr(source, "path", None)) is not None:
        writer.require_apart([path])
    sink = writer.matrix(name, source.shape, source.dtype)
    with writer.undo_on_error():
        split = RowSplit(source, given, n_threads, report, max_memory)
        info = MatrixInfo(
            name=name,
            shape=source.shape,
            source_shape=source_shape or source.shape,
            dtype=source.dtype,
            source_dtype=float8_of(source),
            **split.run(sink.add),
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
    require_source(source)
    options = SplitOptions(threshold, keep, noise, support)
    return find_threshold(options, sketch, RowSplit(source, options))


@dataclass(frozen=True)
class RowSplit:
    """One matrix to split, and how it is read.

    `report` is called with the number of bytes of each block that is read. `max_memory` is the
    memory budget in bytes of the fit of xmin. `block_bytes` is the size of a block; its default is
    that of `htstats._common.rows`.
    """

    source: RowSource
    options: SplitOptions
    n_threads: int = 1
    report: Report | None = None
    max_memory: int | None = None
    block_bytes: int | None = None

    def matrix(self) -> CompressedMatrix:
        """The split, with B in memory."""
        blocks: list[Block] = []

        def emit(*block: npt.NDArray[Any]) -> None:
            blocks.append((block[0], block[1].copy(), block[2].copy()))

        law = self.run(emit)
        shape, dtype = self.source.shape, self.source.dtype
        return CompressedMatrix(
            sparse=stack_rows(blocks, shape, dtype), shape=shape, dtype=dtype, **law
        )

    def run(self, emit: Callable[..., None]) -> dict[str, Any]:
        """Split the matrix, pass each block of B to `emit`, and return the law of the noise."""
        require_source(self.source)
        options, dtype = self.options, self.source.dtype
        sums = options.new_sums(dtype)
        if not options.needs_one_reading:
            self._add_up(sums)
        plan = plan_split(options, dtype, sums, self)
        parts = [SplitSums.of_part(options, dtype) for _ in range(self.n_threads)]
        states = [_State(part, Room.of(0, dtype)) for part in parts]

        def work(state: _State, data: npt.NDArray[Any]) -> Block:
            return split_rows(data, plan.bounds, state.sums, state.room_for(data, dtype))

        self._process(states, work, lambda block: emit(*block))
        return options.describe(plan.tau, plan.finish(options, parts))

    def fit_xmin(self, side: str, sums: Sums) -> float:
        """xmin of the power law of the elements, from their sketch and more passes."""
        sketch = sums if isinstance(sums, TailSketch) else None
        fit = partial(fit_rows, self.source, side=side, sketch=sketch, report=self.report)
        return (fit() if self.max_memory is None else fit(max_memory=self.max_memory)).xmin

    def feed(self, resolver: Resolver) -> Resolver:
        """Let the resolver read the matrix once more, and return the resolver."""
        for block in read_blocks(self.source, self.report, self.block_bytes):
            resolver.update(block.data)
        return resolver

    def _add_up(self, sums: Any) -> None:
        """Read the matrix once for the sums of all elements; each thread adds up its blocks."""
        parts = [self.options.new_sums(self.source.dtype) for _ in range(self.n_threads)]
        self._process(parts, lambda part, data: part.update(data), lambda _: None)
        for part in parts:
            sums.merge(part)

    def _process(
        self, states: list[Any], work: Callable[..., Any], hand_in: Callable[[Any], None]
    ) -> None:
        process_blocks(
            self.source, states, work, hand_in, report=self.report, max_bytes=self.block_bytes
        )


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
