"""Splits by row blocks, written into one container in the order of the rows.

A task reads rows that begin where a record of the container does, and returns the records of its
part of B. The client writes them as they come in, and nothing else: its file is the local one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

from distributed import Client

from htstats._common import checks
from htstats._common.arrays import HALF_DTYPES
from htstats._common.float8 import float8_of
from htstats.compression.container import (
    ContainerWriter,
    EncodedRows,
    MatrixInfo,
    RowEncoder,
    rows_of_a_record,
)
from htstats.compression.matrix import (
    INDEX_END,
    KEEPS,
    NOISES,
    SEED_END,
    SUPPORTS,
    CompressedMatrix,
)
from htstats.compression.partition import partition_rows, partition_threshold
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.noise import noise_moments
from htstats.compression.partition.split import count_rows, fill_rows
from htstats.compression.thresholds import Resolver, resolver_of
from htstats.compression.thresholds.rules import parse_rule
from htstats.distributed._cluster import FAILURES, LOST, Report, ahead_of, in_order, same, tree
from htstats.distributed._fit import fit_parts
from htstats.distributed._parts import TASK_BYTES, FileId, Parts, RowsHere, blocks_of, opened
from htstats.distributed._sketch import sketch_tree
from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import ExactSums
from htstats.weights import WeightMatrix, files_of, open_weights

__all__ = ["compress_array", "compress_matrices", "compress_rows"]

Sums = TailSketch | ExactSums


class How(NamedTuple):
    """What `htstats.partition` is told beside the matrix."""

    threshold: float | str = "std"
    keep: str = "abs"
    noise: str = "paper"
    support: str = "replaced"
    seed: int = 0

    def checked(self) -> How:
        for word, choices in (("keep", KEEPS), ("noise", NOISES), ("support", SUPPORTS)):
            checks.one_of(word, getattr(self, word), choices)
        checks.count("seed", self.seed, below=SEED_END)
        return self

    @property
    def rule(self) -> str:
        """The name of the rule; empty for a number."""
        return parse_rule(self.threshold).name if isinstance(self.threshold, str) else ""

    @property
    def sums_beside(self) -> bool:
        """Whether one reading is enough: the sums are made beside the split."""
        return not self.rule and self.keep != "centered"


class Plan(NamedTuple):
    """What has to be known before a matrix is split; no sums where they are made beside it."""

    tau: float
    bounds: Bounds
    sums: Sums | None


class Piece(NamedTuple):
    """Some rows split: their records, and the sums of all and of the kept elements."""

    records: list[EncodedRows]
    sums: Sums | None
    kept: ExactSums | None


class Job(NamedTuple):
    """One matrix to split."""

    name: str
    parts: Parts
    source_shape: tuple[int, ...]
    layer: int
    how: How
    source_dtype: str | None = None

    def info(self, tau: float, moments: tuple[float, float]) -> MatrixInfo:
        how, threshold = self.how, self.how.threshold
        return MatrixInfo(
            name=self.name,
            shape=(self.parts.shape[0], self.parts.shape[1]),
            source_shape=self.source_shape,
            dtype=self.parts.dtype,
            mean=moments[0],
            std=moments[1],
            threshold=tau,
            rule=threshold if isinstance(threshold, str) else repr(tau),
            keep=how.keep,
            noise=how.noise,
            support=how.support,
            seed=how.seed,
            layer=self.layer,
            source_dtype=self.source_dtype,
        )


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
    report: Report | None = None,
) -> MatrixInfo:
    """Split a matrix of a checkpoint on the workers, and write B as it comes in.

    Parameters
    ----------
    writer : ContainerWriter
        Of the file, which is written here.
    path, name, client, task_bytes
        As in `sketch_rows`; a task reads whole records of the container, 4 MiB of float32.
    threshold, keep, noise, support, seed, layer
        As in `htstats.partition`. An order statistic that the sketch leaves open is gathered by one
        more reading, and so is what decides "error" with noise "matched".
    report : callable, optional
        Called with the bytes of each task that is done.

    Returns
    -------
    MatrixInfo
        The file is the same to the byte as that of `htstats.compression.partition.compress_rows`.

    Raises
    ------
    ValueError
        As in `partition`, or if the writer would replace the checkpoint; the container is then as
        it was before.
    """
    how = How(threshold, keep, noise, support, seed).checked()
    checks.count("layer", layer, below=INDEX_END)
    weights = open_weights(path)
    writer.require_apart([path, *files_of(weights)])
    matrix = weights.select([name])[name]
    job = _job_of_file(FileId.of(path), matrix, layer, how, task_bytes)
    return _write(client, writer, job, _plan(client, job, report), report)


def compress_array(
    writer: ContainerWriter,
    name: str,
    x: Any,
    threshold: float | str = "std",
    *,
    keep: str = "abs",
    noise: str = "paper",
    support: str = "replaced",
    seed: int = 0,
    layer: int = 0,
    client: Client,
    task_bytes: int = TASK_BYTES,
    report: Report | None = None,
) -> MatrixInfo:
    """`compress_rows` of a dask array, which is computed once for each reading.

    Parameters
    ----------
    writer, threshold, keep, noise, support, seed, layer, client, task_bytes, report
        As in `compress_rows`.
    name : str
        The matrix's name in the container.
    x : dask.array.Array, 2-D
        Real numbers; it is rechunked to blocks of whole rows.

    Returns
    -------
    MatrixInfo
        The file is the same to the byte as that of the array in memory.

    Raises
    ------
    ValueError
        As in `partition`, or if the shape is not known; the container is then as it was before.
    TypeError
        If its elements are no real numbers.
    """
    how = How(threshold, keep, noise, support, seed).checked()
    checks.count("layer", layer, below=INDEX_END)
    parts = Parts.of_array_rows(x, task_bytes)
    job = Job(name, parts, parts.shape, layer, how)
    return _write(client, writer, job, _plan(client, job, report), report)


def compress_matrices(
    writer: ContainerWriter,
    path: str | os.PathLike[str],
    layers: Mapping[str, int],
    threshold: float | str = "std",
    *,
    keep: str = "abs",
    noise: str = "paper",
    support: str = "replaced",
    seed: int = 0,
    client: Client,
    task_bytes: int = TASK_BYTES,
    report: Report | None = None,
) -> Iterator[tuple[str, MatrixInfo | Exception]]:
    """`compress_rows` of many matrices, one after another in the container.

    Parameters
    ----------
    layers : mapping of str to int
        The layer of each matrix, in the order in which they are written. Those that follow are
        under way while one is written; a matrix no larger than `task_bytes` is one task.
    writer, path, threshold, keep, noise, support, seed, client, task_bytes, report
        As in `compress_rows`; `report` gets the bytes of each matrix twice.

    Yields
    ------
    name : str
        Of the matrix that is now in the container, or could not be split.
    info : MatrixInfo or Exception
        What the container says of it, or why it is not there.

    Raises
    ------
    ValueError
        If an argument is not among those named, or the writer would replace the checkpoint.
    """
    how = How(threshold, keep, noise, support, seed).checked()
    file, weights = FileId.of(path), open_weights(path)
    writer.require_apart([path, *files_of(weights)])
    matrices = weights.select(list(layers))
    pool = ThreadPoolExecutor(ahead_of(client))

    def start(matrix: WeightMatrix) -> tuple[WeightMatrix, Any, Job | None]:
        layer = layers[matrix.name]
        if matrix.nbytes <= task_bytes:
            task = client.submit(_compress_task, file, matrix.name, layer, how, pure=False)
            return matrix, task, None
        job = _job_of_file(file, matrix, layer, how, task_bytes)
        return matrix, pool.submit(_plan, client, job, report), job

    try:
        for matrix, task, job in in_order(matrices.values(), start, ahead_of(client)):
            try:
                if job is not None:
                    info = _write(client, writer, job, task.result(), report)
                else:
                    info = _write_whole(writer, *task.result())
                    _report(report, 2 * matrix.nbytes)
            except FAILURES as error:
                at_fault = isinstance(error, OSError) and error.filename == str(writer.partial)
                if at_fault or isinstance(error, LOST):
                    raise  # the output or the cluster, not the matrix
                yield matrix.name, error
            else:
                yield matrix.name, info
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _job_of_file(file: FileId, matrix: WeightMatrix, layer: int, how: How, task_bytes: int) -> Job:
    parts = Parts.of_file(file, matrix, task_bytes, rows_of_a_record(matrix.shape[1]))
    return Job(matrix.name, parts, matrix.source_shape, layer, how, float8_of(matrix))


def _plan(client: Client, job: Job, report: Report | None) -> Plan:
    """Read the matrix as often as its threshold needs."""
    parts, how = job.parts, job.how
    if how.sums_beside:
        nothing = TailSketch(parts.dtype)
        tau = partition_threshold(RowsHere(client, parts), how.threshold, nothing, **_words(how))
        _report(report, sum(parts.sizes))
        return Plan(tau, Bounds.of(parts.dtype, how.keep, tau), None)
    root = sketch_tree(client, parts, report)
    sketch: TailSketch = root.result()
    if bad := sketch.n_not_finite:
        raise ValueError(f"W must be finite, got {bad} NaN or infinite elements")
    tau = _threshold(client, job, root, sketch)
    centre = sketch.mean if how.keep == "centered" and sketch.n else 0.0
    return Plan(tau, Bounds.of(parts.dtype, how.keep, tau, centre), sketch)


def _threshold(client: Client, job: Job, root: Any, sketch: TailSketch) -> float:
    parts, how = job.parts, job.how
    if how.rule == "xmin" and how.keep != "centered":
        side = "abs" if how.keep == "abs" else "positive"
        return fit_parts(client, parts, side, sketch=root).xmin
    reads_again = how.rule in ("quantile", "nnz") or (how.rule, how.noise) == ("error", "matched")
    if not reads_again or sketch.n == 0:
        here = RowsHere(client, parts)
        return partition_threshold(here, how.threshold, sketch, **_words(how))
    resolver = resolver_of(str(how.threshold), sketch, **_words(how))
    while resolver.tau is None:
        given = client.submit(same, resolver, pure=False)
        leaves = parts.submit(client, _resolve_task, given)
        resolver = tree(client, _merge_resolvers, leaves).result()
        resolver.finish()
    return resolver.tau


def _write(
    client: Client, writer: ContainerWriter, job: Job, plan: Plan, report: Report | None
) -> MatrixInfo:
    """Split, and write what comes in."""
    parts, how = job.parts, job.how
    sink = writer.matrix(job.name, (parts.shape[0], parts.shape[1]), parts.dtype)
    mark = writer.mark()
    beside = plan.sums is None
    sums, kept = plan.sums or _new_sums(parts.dtype), _new_kept(parts.dtype)

    def start(k: int) -> tuple[int, Any]:
        (task,) = parts.only(k).submit(
            client, _split_task, parts.dtype, parts.shape[1], parts.starts[k], plan.bounds,
            beside and how.noise != "none", how.noise == "matched",
        )  # fmt: skip
        return parts.sizes[k], task

    try:
        for size, task in in_order(range(len(parts.items)), start, ahead_of(client)):
            piece: Piece = task.result()
            for record in piece.records:
                sink.add_encoded(record)
            _merge(sums, piece.sums)
            _merge(kept, piece.kept)
            _report(report, size)
        info = job.info(plan.tau, noise_moments(sums, kept, how.noise, how.support))
        sink.finish(info)
    except Exception:
        writer.back_to(mark)
        raise
    return info


def _write_whole(
    writer: ContainerWriter, info: MatrixInfo, records: list[EncodedRows]
) -> MatrixInfo:
    sink, mark = writer.matrix(info.name, info.shape, info.dtype), writer.mark()
    try:
        for record in records:
            sink.add_encoded(record)
        sink.finish(info)
    except Exception:
        writer.back_to(mark)
        raise
    return info


def _compress_task(
    file: FileId, name: str, layer: int, how: How
) -> tuple[MatrixInfo, list[EncodedRows]]:
    """All of a small matrix."""
    matrix = opened(file)[name]
    split = partition_rows(matrix, how.threshold, **_words(how), seed=how.seed, layer=layer)
    law = {key: value for key, value in vars(split).items() if key != "sparse"}
    law |= {"source_shape": matrix.source_shape, "source_dtype": float8_of(matrix)}
    info = MatrixInfo(name=name, **law)
    return info, _encoded(split)


def _encoded(split: CompressedMatrix) -> list[EncodedRows]:
    records: list[EncodedRows] = []
    encoder = RowEncoder(split.shape[1], split.dtype, partial(_keep, records))
    encoder.add(split.sparse.indptr, split.sparse.indices, split.sparse.data)
    encoder.flush()
    return records


def _split_task(
    part: Any, dtype: str, cols: int, first: int, bounds: Bounds, summed: bool, matched: bool
) -> Piece:
    """The rows of a part, which begin a record."""
    records: list[EncodedRows] = []
    encoder = RowEncoder(cols, dtype, partial(_keep, records), first=first)
    sums = _new_sums(dtype) if summed else None
    kept = _new_kept(dtype) if matched else None
    for block in blocks_of(part):
        if sums is not None:
            sums.update(block)
        split = fill_rows(block, bounds, count_rows(block, bounds))
        if kept is not None:
            kept.update(split[2])
        encoder.add(*split)
    encoder.flush()
    return Piece(records, sums, kept)


def _keep(records: list[EncodedRows], record: EncodedRows) -> None:
    """Copies, for the encoder writes over its buffers."""
    records.append(EncodedRows(record.fields, [b"".join(record.payload)]))


def _resolve_task(part: Any, resolver: Resolver) -> Resolver:
    mine = resolver.fresh()
    for block in blocks_of(part):
        mine.update(block)
    return mine


def _merge_resolvers(resolvers: list[Resolver]) -> Resolver:
    merged = resolvers[0].fresh()
    for resolver in resolvers:
        merged.merge(resolver)
    return merged


def _words(how: How) -> dict[str, Any]:
    return {"keep": how.keep, "noise": how.noise, "support": how.support}


def _new_sums(dtype: str) -> Sums:
    # 16-bit sketches are exact sums too
    return TailSketch(dtype) if dtype in HALF_DTYPES else ExactSums(dtype)


def _new_kept(dtype: str) -> ExactSums:
    return ExactSums("float64" if dtype == "float64" else "float32")


def _merge(sums: Any, other: Any) -> None:
    """Add sums of the same kind, where there are any."""
    if other is not None:
        sums.merge(other)


def _report(report: Report | None, n_bytes: int) -> None:
    if report is not None:
        report(n_bytes)
