"""Split a matrix that is read in blocks of rows: bounded memory, the same bits as in memory.

Three passes at most: the sums or a sketch of all elements; where the threshold is an order
statistic that the sketch leaves open, a gathering of its bucket; and the split itself. With a
number for a threshold the split is the only pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from htstats import _checks
from htstats._arrays import HALF_DTYPES, Elements, as_elements
from htstats._moments import ExactSums
from htstats.compressed import INDEX_END, KEEPS, NOISES, SEED_END, SUPPORTS, CompressedMatrix
from htstats.container import ContainerWriter, MatrixInfo
from htstats.partition import Bounds, count_rows, fill_rows, noise_moments
from htstats.sketch import TailSketch
from htstats.thresholds import Resolver, needs_sketch, parse_rule, resolve

__all__ = ["RowSource", "compress_rows", "partition_rows", "read_blocks", "sketch_rows"]

# A block is in the cache of the second level when it is split after it was read.
BLOCK_BYTES = 1 << 20

# What everything but the matrix itself takes at most; see the notes of `compress_rows`.
LEAST_MEMORY = 128 << 20

# A fit holds its values as float64, sorted, beside the matrix itself.
COPIES_OF_A_FIT = 5

Report = Callable[[int], None]
Sums = TailSketch | ExactSums
Block = tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]
S = TypeVar("S")
T = TypeVar("T")


class RowSource(Protocol):
    """A matrix that is read in blocks of rows, as `htstats.weights` gives them."""

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def dtype(self) -> str: ...
    def row_blocks(self, max_bytes: int) -> Iterable[npt.NDArray[Any]]: ...


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
    index = np.int32 if max(int(indptr[-1]), *source.shape) < 2**31 else np.int64
    value = np.float64 if source.dtype == "float64" else np.float32
    indices = np.concatenate([*(i.astype(index) for _, i, _ in blocks), np.empty(0, index)])
    values = np.concatenate([*(v for _, _, v in blocks), np.empty(0, value)])
    return CompressedMatrix(
        sparse=csr_array((values, indices, indptr.astype(index)), shape=source.shape),
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
        longer than a MiB comes on top.
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
        As in `partition_rows`; the container is then as it was before.

    Notes
    -----
    Memory: a block of about a MiB (a row, if longer), the sketch (a few MiB), one record's worth
    of B (some 40 MiB at worst) and, for order statistics, less than 64 MiB.
    """
    _check(seed, layer, n_threads)
    _checks.count("max_memory", max_memory, at_least=LEAST_MEMORY)
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
        )
        sink.finish(info)
    except Exception:
        writer.back_to(mark)
        raise
    return info


def sketch_rows(
    source: RowSource, *, n_threads: int = 1, report: Report | None = None
) -> TailSketch:
    """The sketch of a matrix read in blocks; the same for any number of threads.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> W = np.float32([[1, 2], [3, -1]])
    >>> source = SimpleNamespace(shape=W.shape, dtype="float32", row_blocks=lambda n: iter([W]))
    >>> sketch_rows(source)
    TailSketch('float32', n=4, mean=1.25, std=1.47902)
    """
    sketches = [TailSketch(source.dtype) for _ in range(n_threads)]
    with ThreadPoolExecutor(n_threads) as pool:
        for block in read_blocks(source, report):
            _share(TailSketch.update, sketches, block.data, pool)
    for other in sketches[1:]:
        sketches[0].merge(other)
    return sketches[0]


def read_blocks(source: RowSource, report: Report | None = None) -> Iterator[Elements]:
    """The blocks as kernels take them, checked to be the rows that the source promised.

    Raises
    ------
    ValueError, TypeError
        If their widths, number or dtype are others.
    """
    rows = 0
    for block in source.row_blocks(BLOCK_BYTES):
        bits = source.dtype if block.dtype == np.uint16 else None
        elements = as_elements(block, "block", dtype=bits)
        if elements.dtype != source.dtype:
            raise TypeError(f"a block must be {source.dtype}, got {elements.dtype}")
        if elements.data.ndim != 2 or elements.data.shape[1] != source.shape[1]:
            raise ValueError(
                f"a block must have {source.shape[1]} columns, got shape {elements.data.shape}"
            )
        rows += len(elements.data)
        if report is not None:
            report(elements.data.nbytes)
        yield elements
    if rows != source.shape[0]:
        raise ValueError(f"the blocks must have {source.shape[0]} rows together, got {rows}")


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
class _Tally:
    """Of one thread: the sums of all and of the kept elements, and its buffers."""

    sums: Sums | None
    kept: ExactSums | None
    room: tuple[npt.NDArray[Any], npt.NDArray[Any]]

    def room_for(self, part: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Buffers for all of a part, grown where needed."""
        indices, values = self.room
        if len(values) < part.size:
            self.room = np.empty(part.size, indices.dtype), np.empty(part.size, values.dtype)
        return self.room


def _split(job: _Job, emit: Callable[..., None]) -> Split:
    _checks.one_of("keep", job.keep, KEEPS)
    _checks.one_of("noise", job.noise, NOISES)
    _checks.one_of("support", job.support, SUPPORTS)
    # then one reading is enough: the sums are made beside the split
    known = not isinstance(job.threshold, str) and job.keep != "centered"
    with ThreadPoolExecutor(job.n_threads) as pool:
        sums = _new_sums(job)
        if not known:
            sums = _add_up(job, [_new_sums(job) for _ in range(job.n_threads)], pool)
        tau = _threshold(job, sums)
        centre = sums.moments()[0] if job.keep == "centered" and sums.n else 0.0
        bounds = Bounds.of(job.source.dtype, job.keep, tau, centre)
        tallies = [_tally(job, known) for _ in range(job.n_threads)]

        def work(tally: _Tally, part: npt.NDArray[Any]) -> Block:
            if tally.sums is not None:
                tally.sums.update(part)
            block = fill_rows(part, bounds, count_rows(part, bounds), room=tally.room_for(part))
            if tally.kept is not None:
                tally.kept.update(block[2])
            return block

        for elements in job.blocks():
            for block in _share(work, tallies, elements.data, pool):
                emit(*block)
    kept = _new_kept(job)
    for tally in tallies:
        if tally.sums is not None:
            _merge(sums, tally.sums)
        if tally.kept is not None:
            kept.merge(tally.kept)
    rule = job.threshold if isinstance(job.threshold, str) else repr(tau)
    return Split(tau, rule, *noise_moments(sums, kept, job.noise, job.support))


def _add_up(job: _Job, shares: list[Sums], pool: ThreadPoolExecutor) -> Sums:
    """Sums of all elements in one reading.

    Raises
    ------
    ValueError
        If an element is NaN or infinite.
    """
    for elements in job.blocks():
        _share(lambda sums, part: sums.update(part), shares, elements.data, pool)
    for other in shares[1:]:
        _merge(shares[0], other)
    if bad := shares[0].n_not_finite:
        raise ValueError(f"W must be finite, got {bad} NaN or infinite elements")
    return shares[0]


def _share(
    work: Callable[[S, npt.NDArray[Any]], T],
    states: list[S],
    data: npt.NDArray[Any],
    pool: ThreadPoolExecutor,
) -> list[T]:
    """Call `work` on equal shares of the rows, one for each state, on threads."""
    n = len(states)
    if n == 1:
        return [work(states[0], data)]
    edges = [len(data) * k // n for k in range(n + 1)]
    parts = [data[start:stop] for start, stop in pairwise(edges)]
    return list(pool.map(work, states, parts))


def _new_sums(job: _Job) -> Sums:
    dtype = job.source.dtype
    # 16-bit sketches are exact sums too, and faster than widening
    if dtype in HALF_DTYPES or needs_sketch(job.threshold):
        return TailSketch(dtype)
    return ExactSums(dtype)


def _new_kept(job: _Job) -> ExactSums:
    return ExactSums("float64" if job.source.dtype == "float64" else "float32")


def _tally(job: _Job, known: bool) -> _Tally:
    index = np.int32 if job.source.shape[1] < 2**31 else np.int64
    value = np.float64 if job.source.dtype == "float64" else np.float32
    return _Tally(
        sums=_new_sums(job) if known and job.noise != "none" else None,
        kept=_new_kept(job) if job.noise == "matched" else None,
        room=(np.empty(0, index), np.empty(0, value)),
    )


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
    if rule.name == "xmin" or (rule.name == "error" and job.noise == "matched"):
        return resolve(job.threshold, _whole(job), sums, **words)
    if not isinstance(sums, TailSketch):  # "std" follows from the sums
        return resolve(job.threshold, np.empty(0), sums, **words)
    resolver = Resolver(job.threshold, sums, **words)
    while resolver.tau is None:
        for block in job.blocks():
            resolver.update(block.data)
        resolver.finish()
    return resolver.tau


def _whole(job: _Job) -> npt.NDArray[Any]:
    """The matrix in memory, for the rules that need it there."""
    (rows, cols), dtype = job.source.shape, job.source.dtype
    item = np.dtype(np.uint16 if dtype in HALF_DTYPES else dtype)
    needed = rows * cols * (item.itemsize + 8 * COPIES_OF_A_FIT)
    if job.max_memory is not None and needed > job.max_memory:
        raise ValueError(
            f"threshold {job.threshold!r} needs the matrix in memory, up to {needed} bytes; "
            f"max_memory is {job.max_memory}"
        )
    whole = np.empty((rows, cols), item)
    row = 0
    for block in job.blocks():
        whole[row : row + len(block.data)] = block.data
        row += len(block.data)
    return whole


def _check(seed: int, layer: int, n_threads: int) -> None:
    _checks.count("seed", seed, below=SEED_END)
    _checks.count("layer", layer, below=INDEX_END)
    _checks.count("n_threads", n_threads, at_least=1)
