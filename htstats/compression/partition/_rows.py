"""Split a matrix that is read in blocks of rows: bounded memory, the same bits as in memory.

Three passes at most: the sums or a sketch of all elements; where the threshold is an order
statistic that the sketch leaves open, a gathering of its bucket; and the split itself. With a
number for a threshold the split is the only pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common import rows as rows_module
from htstats._common.arrays import HALF_DTYPES, Elements
from htstats._common.float8 import float8_of
from htstats._common.rows import Report, RowSource, read_blocks
from htstats._common.threads import Turns
from htstats.compression.container import ContainerWriter, MatrixInfo
from htstats.compression.matrix import (
    INDEX_END,
    KEEPS,
    NOISES,
    SEED_END,
    SUPPORTS,
    CompressedMatrix,
    index_dtype,
    sparse_rows,
)
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.noise import noise_moments
from htstats.compression.partition.split import Room, count_rows, fill_rows, split_block
from htstats.compression.thresholds import resolve, resolver_of
from htstats.compression.thresholds.rules import needs_sketch, parse_rule
from htstats.power_law import fit_rows
from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import ExactSums

__all__ = ["LEAST_MEMORY", "compress_rows", "partition_rows", "partition_threshold"]


# What everything but the matrix itself takes at most; see the notes of `compress_rows`.
LEAST_MEMORY = 128 << 20

# Elements that no block has, but for a row: that is counted first, for room for all of a row may be
# four times the row.
LONG_ROW = 1 << 21

Sums = TailSketch | ExactSums
Block = tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]
T = TypeVar("T")


class Split(NamedTuple):
    """What a streamed split found out, B apart."""

    tau: float
    rule: str
    mean: float
    std: float


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
    """`partition` of a matrix that is read in blocks: only B has to fit in memory.

    Parameters
    ----------
    source : object with shape, dtype and row_blocks(max_bytes)
        Such as a `WeightMatrix`; it is read one to three times.
    threshold, keep, noise, support, seed, layer, n_threads
        As in `partition`.

    Returns
    -------
    CompressedMatrix
        Equal to the bit to what `partition` makes of the whole matrix.

    Raises
    ------
    ValueError
        If an argument is not among those named, or the matrix is not finite.

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
    _check(seed, layer, n_threads)
    blocks: list[tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]] = []

    def emit(*block: npt.NDArray[Any]) -> None:
        blocks.append((block[0], block[1].copy(), block[2].copy()))

    split = _split(_Job(source, threshold, keep, noise, support, n_threads), emit)
    counts = [np.diff(indptr) for indptr, _, _ in blocks]
    indptr = np.concatenate([[0], np.cumsum(np.concatenate([*counts, np.empty(0, np.int64)]))])
    index = index_dtype(int(indptr[-1]), *source.shape)
    value = np.float64 if source.dtype == "float64" else np.float32
    indices = np.concatenate([*(i.astype(index) for _, i, _ in blocks), np.empty(0, index)])
    values = np.concatenate([*(v for _, _, v in blocks), np.empty(0, value)])
    return CompressedMatrix(
        sparse=sparse_rows(values, indices, indptr.astype(index), source.shape),
        mean=split.mean,
        std=split.std,
        threshold=split.tau,
        seed=seed,
        layer=layer,
        shape=source.shape,
        dtype=source.dtype,
        keep=keep,
        noise=noise,
        support=support,
        rule=split.rule,
    )


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
    """`partition` of a matrix that is read in blocks, straight into a container.

    Parameters
    ----------
    writer : ContainerWriter
        Takes B as it is found.
    name : str
        The matrix's name there.
    source, threshold, keep, noise, support, seed, layer, n_threads
        As in `partition_rows`.
    max_memory : int
        Bytes that may be in use beside what is before the call; at least 128 MiB. A row that is
        longer than 4 MiB comes on top.
    source_shape : tuple of int, optional
        The shape that the tensor had, for whoever decompresses it.
    report : callable, optional
        Called with the bytes of each block read.

    Returns
    -------
    MatrixInfo
        What the container says of the matrix.

    Raises
    ------
    ValueError
        As in `partition_rows`, or if the writer would replace the file that `source` is read from;
        the container is then as it was before.

    Notes
    -----
    Memory: a block of 4 MiB (a row, if longer) and B's part of it for each thread, the sums (a few
    MiB), one record's worth of B (some 40 MiB at worst) and, for order statistics, less than 64
    MiB.
    """
    _check(seed, layer, n_threads)
    checks.count("max_memory", max_memory, at_least=LEAST_MEMORY)
    if (path := getattr(source, "path", None)) is not None:
        writer.require_apart([path])
    sink = writer.matrix(name, source.shape, source.dtype)
    mark = writer.mark()
    try:
        job = _Job(source, threshold, keep, noise, support, n_threads, report, max_memory)
        split = _split(job, sink.add)
        info = MatrixInfo(
            name=name,
            shape=source.shape,
            source_shape=source_shape or source.shape,
            dtype=source.dtype,
            mean=split.mean,
            std=split.std,
            threshold=split.tau,
            rule=split.rule,
            keep=keep,
            noise=noise,
            support=support,
            seed=seed,
            layer=layer,
            source_dtype=float8_of(source),
        )
        sink.finish(info)
    except Exception:
        writer.back_to(mark)
        raise
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
    """The threshold that a split of `source` has, from its sketch and, if need be, from reading.

    Raises
    ------
    ValueError
        If the rule is unknown or cannot be met.
    """  # fmt: skip
    return _threshold(_Job(source, threshold, keep, noise, support, 1), sketch)


class _Job(NamedTuple):
    """What to split and how."""

    source: RowSource
    threshold: float | str
    keep: str
    noise: str
    support: str
    n_threads: int
    report: Report | None = None
    max_memory: int | None = None

    def blocks(self) -> Iterator[Elements]:
        return read_blocks(self.source, self.report)


@dataclass
class _State:
    """Of one thread: the sums of all and of the kept elements, and its buffers."""

    sums: Sums | None
    kept: ExactSums | None
    room: Room
    buffer: npt.NDArray[Any]

    def room_for(self, dtype: str, part: npt.NDArray[Any]) -> Room:
        """Memory for B's part of a block, grown where needed."""
        if self.room.size < part.size:
            self.room = Room.of(part.size, dtype)
        return self.room


def _split(job: _Job, emit: Callable[..., None]) -> Split:
    checks.one_of("keep", job.keep, KEEPS)
    checks.one_of("noise", job.noise, NOISES)
    checks.one_of("support", job.support, SUPPORTS)
    # then one reading is enough: the sums are made beside the split
    known = not isinstance(job.threshold, str) and job.keep != "centered"
    sums = _new_sums(job)
    if not known:
        for state in _add_up(job):
            _merge(sums, state.sums)
        if bad := sums.n_not_finite:
            raise ValueError(f"W must be finite, got {bad} NaN or infinite elements")
    tau = _threshold(job, sums)
    centre = sums.moments()[0] if job.keep == "centered" and sums.n else 0.0
    bounds = Bounds.of(job.source.dtype, job.keep, tau, centre)

    def work(state: _State, data: npt.NDArray[Any]) -> Block:
        if state.sums is not None:
            state.sums.update(data)
        if data.size > LONG_ROW:
            block = fill_rows(data, bounds, count_rows(data, bounds))
        else:
            block = split_block(data, bounds, room=state.room_for(job.source.dtype, data))
        if state.kept is not None:
            state.kept.update(block[2])
        return block

    states = _states(job, summed=known and job.noise != "none")
    _each_block(job, states, work, lambda block: emit(*block))
    kept = _new_kept(job)
    for state in states:
        if state.sums is not None:
            _merge(sums, state.sums)
        if state.kept is not None:
            kept.merge(state.kept)
    rule = job.threshold if isinstance(job.threshold, str) else repr(tau)
    return Split(tau, rule, *noise_moments(sums, kept, job.noise, job.support))


def _add_up(job: _Job) -> list[_State]:
    """One reading; the sums of all elements, in as many parts as there are threads."""

    def work(state: _State, data: npt.NDArray[Any]) -> None:
        assert state.sums is not None
        state.sums.update(data)

    states = _states(job, summed=True)
    _each_block(job, states, work, lambda _: None)
    return states


def _each_block(
    job: _Job,
    states: list[_State],
    work: Callable[[_State, npt.NDArray[Any]], T],
    take: Callable[[T], None],
) -> None:
    """Have `take` called with what `work` makes of each block, in their order, one at a time.

    With several states each reads and works on a thread of its own, if the source lets it. What it
    makes may lie in its buffers, so it takes no other block before; there is no thread between
    them, for waking one up for every block costs more than waiting for a turn now and then.
    """
    read_rows = getattr(job.source, "read_rows", None)
    if len(states) == 1 or read_rows is None:
        for elements in job.blocks():
            take(work(states[0], elements.data))
        return
    rows, cols = job.source.shape
    step = max(1, rows_module.BLOCK_BYTES // max(cols * states[0].buffer.itemsize, 1))
    turns = Turns(-(-rows // step))

    def on_a_thread(state: _State) -> None:
        state.buffer = np.empty((min(step, rows), cols), state.buffer.dtype)

        def make(number: int) -> tuple[int, T]:
            data = state.buffer[: min(step, rows - number * step)]
            read_rows(number * step, number * step + len(data), data)
            return data.nbytes, work(state, data)

        def take_and_tell(made: tuple[int, T]) -> None:
            take(made[1])
            if job.report is not None:
                job.report(made[0])

        while turns.have(make, take_and_tell):
            pass

    with ThreadPoolExecutor(len(states)) as pool:
        try:
            for thread in [pool.submit(on_a_thread, state) for state in states]:
                thread.result()
        finally:
            turns.stop()


def _states(job: _Job, *, summed: bool) -> list[_State]:
    """One for each thread."""
    dtype = job.source.dtype
    return [
        _State(
            sums=_new_sums(job) if summed else None,
            kept=_new_kept(job) if job.noise == "matched" else None,
            room=Room.of(0, dtype),
            buffer=np.empty((0, 0), np.uint16 if dtype in HALF_DTYPES else dtype),
        )
        for _ in range(job.n_threads)
    ]


def _new_sums(job: _Job) -> Sums:
    dtype = job.source.dtype
    # 16-bit sketches are exact sums too, and faster than widening
    if dtype in HALF_DTYPES or needs_sketch(job.threshold) or job.threshold == "xmin":
        return TailSketch(dtype)
    return ExactSums(dtype)


def _new_kept(job: _Job) -> ExactSums:
    return ExactSums("float64" if job.source.dtype == "float64" else "float32")


def _merge(sums: Any, other: Any) -> None:
    """Add sums of the same kind."""
    sums.merge(other)


def _threshold(job: _Job, sums: Sums) -> float:
    words = {"keep": job.keep, "noise": job.noise, "support": job.support}
    if not isinstance(job.threshold, str):
        dtype = job.source.dtype
        nothing = np.empty(0, np.uint16 if dtype in HALF_DTYPES else dtype)
        return resolve(job.threshold, nothing, sums, **words)
    rule = parse_rule(job.threshold)
    if rule.name == "xmin" and job.keep != "centered":
        sketch = sums if isinstance(sums, TailSketch) else None
        side = "abs" if job.keep == "abs" else "positive"
        fit = partial(fit_rows, job.source, side=side, sketch=sketch, report=job.report)
        return (fit() if job.max_memory is None else fit(max_memory=job.max_memory)).xmin
    if rule.name == "xmin" or not isinstance(sums, TailSketch) or sums.n == 0:
        # an error, or "std", which follows from the sums
        return resolve(job.threshold, np.empty(0), sums, **words)
    resolver = resolver_of(job.threshold, sums, **words)
    while resolver.tau is None:
        for block in job.blocks():
            resolver.update(block.data)
        resolver.finish()
    return resolver.tau


def _check(seed: int, layer: int, n_threads: int) -> None:
    checks.count("seed", seed, below=SEED_END)
    checks.count("layer", layer, below=INDEX_END)
    checks.count("n_threads", n_threads, at_least=1)
