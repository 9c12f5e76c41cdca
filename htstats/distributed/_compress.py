"""Split matrices in row blocks and write them to one container in the order of the rows.

A task reads rows that start at the first row of a record, and returns the records of its part of B.
The client only writes these records in order, so the file is identical to that of a local split.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, Unpack

from distributed import Client

from htstats._common.float8 import float8_of
from htstats.compression.container import (
    ContainerWriter,
    EncodedRows,
    MatrixInfo,
    MatrixSink,
    RowEncoder,
    rows_of_a_record,
)
from htstats.compression.matrix import CompressedMatrix
from htstats.compression.partition import partition_rows
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.plan import (
    SplitKeywords,
    SplitOptions,
    SplitPlan,
    SplitSums,
    Sums,
    plan_split,
    split_rows,
)
from htstats.compression.thresholds import Resolver
from htstats.distributed._cluster import (
    FAILURES,
    LOST,
    Report,
    count_ahead,
    identity,
    start_ahead,
    tree,
)
from htstats.distributed._fit import fit_parts
from htstats.distributed._parts import TASK_BYTES, FileId, Parts, blocks_of, open_once
from htstats.distributed._sketch import sketch_tree
from htstats.weights import WeightMatrix, files_of, open_weights

__all__ = ["compress_array", "compress_matrices", "compress_rows"]


class Piece(NamedTuple):
    """Some rows after the split: their records and their sums."""

    records: list[EncodedRows]
    sums: SplitSums


class Job(NamedTuple):
    """One matrix to split."""

    name: str
    parts: Parts
    source_shape: tuple[int, ...]
    options: SplitOptions
    source_dtype: str | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.parts.shape[0], self.parts.shape[1]


def compress_rows(
    writer: ContainerWriter, path: str | os.PathLike[str], name: str,
    threshold: float | str = "std", *, client: Client, task_bytes: int = TASK_BYTES,
    report: Report | None = None, **options: Unpack[SplitKeywords],
) -> MatrixInfo:  # fmt: skip
    """Split a matrix of a checkpoint on the workers, and write the parts of B as they arrive.

    Parameters
    ----------
    writer : ContainerWriter
        The writer of the file, on the machine of the client.
    path, name, client, task_bytes
        As in `sketch_rows`. A task reads whole records of the container, 4 MiB of float32.
    threshold, keep, noise, support, seed, layer
        As in `htstats.partition`. One more pass over the data is needed for an order statistic that
        the sketch does not determine, and for the rule "error" with noise "matched".
    report : callable, optional
        Called with the number of bytes of each finished task.

    Returns
    -------
    MatrixInfo
        The file is byte-identical to that of `htstats.compression.partition.compress_rows`.

    Raises
    ------
    ValueError
        As in `partition`, or if the writer would replace the checkpoint. The container is then
        unchanged.
    """
    given = SplitOptions.read("compress_rows", threshold, options)
    weights = open_weights(path)
    writer.require_apart([path, *files_of(weights)])
    matrix = weights.select([name])[name]
    job = _job_of_file(FileId.of(path), matrix, given, task_bytes)
    return _write(client, writer, job, _plan(client, job, report), report)


def compress_array(
    writer: ContainerWriter, name: str, x: Any, threshold: float | str = "std", *,
    client: Client, task_bytes: int = TASK_BYTES, report: Report | None = None,
    **options: Unpack[SplitKeywords],
) -> MatrixInfo:  # fmt: skip
    """`compress_rows` for a dask array. Each pass over the data computes the array again.

    Parameters
    ----------
    writer, threshold, keep, noise, support, seed, layer, client, task_bytes, report
        As in `compress_rows`.
    name : str
        The name of the matrix in the container.
    x : dask.array.Array, 2-D
        An array of real numbers. It is rechunked to blocks of whole rows.

    Returns
    -------
    MatrixInfo
        The file is byte-identical to that of the same array in memory.

    Raises
    ------
    ValueError
        As in `partition`, or if the shape is not known. The container is then unchanged.
    TypeError
        If the elements are not real numbers.
    """
    given = SplitOptions.read("compress_array", threshold, options)
    parts = Parts.of_array_rows(x, task_bytes)
    job = Job(name, parts, parts.shape, given)
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
    """`compress_rows` for many matrices, which are written to the container in order.

    Parameters
    ----------
    layers : mapping of str to int
        The layer of each matrix, in the order in which the matrices are written. While one is
        written, the workers already split the next ones. A matrix that is not larger than
        `task_bytes` is one task.
    writer, path, threshold, keep, noise, support, seed, client, task_bytes, report
        As in `compress_rows`; `report` gets the bytes of each matrix twice.

    Yields
    ------
    name : str
        The name of the matrix that was written or could not be split.
    info : MatrixInfo or Exception
        The entry in the container, or the error.

    Raises
    ------
    ValueError
        If an option has an invalid value, or if the writer would replace the checkpoint.
    """
    options = SplitOptions(threshold, keep, noise, support, seed).check()
    file, weights = FileId.of(path), open_weights(path)
    writer.require_apart([path, *files_of(weights)])
    matrices = weights.select(list(layers))
    pool = ThreadPoolExecutor(count_ahead(client))

    def start(matrix: WeightMatrix) -> tuple[WeightMatrix, Any, Job | None]:
        own = options._replace(layer=layers[matrix.name])
        if matrix.nbytes <= task_bytes:
            task = client.submit(_compress_task, file, matrix.name, own, pure=False)
            return matrix, task, None
        job = _job_of_file(file, matrix, own, task_bytes)
        return matrix, pool.submit(_plan, client, job, report), job

    try:
        for started in start_ahead(matrices.values(), start, count_ahead(client)):
            yield started[0].name, _write_or_fail(client, writer, *started, report)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _write_or_fail(
    client: Client,
    writer: ContainerWriter,
    matrix: WeightMatrix,
    task: Any,
    job: Job | None,
    report: Report | None,
) -> MatrixInfo | Exception:
    """Write a matrix whose task has started. If the matrix causes an error, return the error."""
    try:
        if job is not None:
            return _write(client, writer, job, task.result(), report)
        info: MatrixInfo
        info, records = task.result()
        sink = writer.matrix(info.name, info.shape, info.dtype)
        with writer.undo_on_error():
            for record in records:
                sink.add_encoded(record)
            sink.finish(info)
        _report(report, 2 * matrix.nbytes)
    except FAILURES as error:
        at_fault = isinstance(error, OSError) and error.filename == str(writer.partial)
        if at_fault or isinstance(error, LOST):
            raise  # the output or the cluster, not the matrix
        return error
    return info


def _job_of_file(file: FileId, matrix: WeightMatrix, options: SplitOptions, task_bytes: int) -> Job:
    parts = Parts.of_file(file, matrix, task_bytes, rows_of_a_record(matrix.shape[1]))
    return Job(matrix.name, parts, matrix.source_shape, options, float8_of(matrix))


def _plan(client: Client, job: Job, report: Report | None) -> SplitPlan:
    """Determine the threshold and the noise, with as many passes over the matrix as they need."""
    parts, options = job.parts, job.options
    if options.needs_one_reading:
        sums = options.new_sums(parts.dtype)
        plan = plan_split(options, parts.dtype, sums, _Reader(client, parts, None))
        _report(report, sum(parts.sizes))
        return plan
    root = sketch_tree(client, parts, report)
    return plan_split(options, parts.dtype, root.result(), _Reader(client, parts, root))


class _Reader(NamedTuple):
    """Read a matrix on the workers; see `htstats.compression.partition.plan`.

    The workers have the sketch of all elements already, so the sums of the client are not sent.
    """

    client: Client
    parts: Parts
    sketch: Any  # the future of the sketch of all elements

    def fit_xmin(self, side: str, sums: Sums) -> float:
        return fit_parts(self.client, self.parts, side, sketch=self.sketch).xmin

    def feed(self, resolver: Resolver) -> Resolver:
        given = self.client.submit(identity, resolver, pure=False)
        leaves = self.parts.submit(self.client, _resolve_task, given)
        merged: Resolver = tree(self.client, _merge_resolvers, leaves).result()
        return merged


def _write(
    client: Client, writer: ContainerWriter, job: Job, plan: SplitPlan, report: Report | None
) -> MatrixInfo:
    """Split on the workers, and write the records in the order of the rows."""
    parts, options = job.parts, job.options
    sink = writer.matrix(job.name, job.shape, parts.dtype)

    def start(k: int) -> tuple[int, Any]:
        args = parts.dtype, parts.shape[1], parts.starts[k], plan.bounds, options
        (task,) = parts.only(k).submit(client, _split_task, *args)
        return parts.sizes[k], task

    with writer.undo_on_error():
        started = start_ahead(range(len(parts.items)), start, count_ahead(client))
        moments = plan.finish(options, _write_pieces(sink, started, report))
        info = MatrixInfo(
            name=job.name,
            shape=job.shape,
            source_shape=job.source_shape,
            dtype=parts.dtype,
            source_dtype=job.source_dtype,
            **options.describe(plan.tau, moments),
        )
        sink.finish(info)
    return info


def _write_pieces(
    sink: MatrixSink, started: Iterator[tuple[int, Any]], report: Report | None
) -> Iterator[SplitSums]:
    """Write the pieces as they come in; yield the sums of each."""
    for size, task in started:
        piece: Piece = task.result()
        for record in piece.records:
            sink.add_encoded(record)
        _report(report, size)
        yield piece.sums


def _compress_task(
    file: FileId, name: str, options: SplitOptions
) -> tuple[MatrixInfo, list[EncodedRows]]:
    """Split a small matrix completely."""
    matrix = open_once(file)[name]
    words = options._asdict()
    split = partition_rows(matrix, words.pop("threshold"), **words)
    law = {key: value for key, value in vars(split).items() if key != "sparse"}
    law |= {"source_shape": matrix.source_shape, "source_dtype": float8_of(matrix)}
    info = MatrixInfo(name=name, **law)
    return info, _encode(split)


def _encode(split: CompressedMatrix) -> list[EncodedRows]:
    """Encode B as records of the container."""
    records: list[EncodedRows] = []
    encoder = RowEncoder(split.shape[1], split.dtype, partial(_keep, records))
    encoder.add(split.sparse.indptr, split.sparse.indices, split.sparse.data)
    encoder.flush()
    return records


def _split_task(
    part: Any, dtype: str, cols: int, first: int, bounds: Bounds, options: SplitOptions
) -> Piece:
    """Split the rows of a part; the first of them is also the first row of a record."""
    records: list[EncodedRows] = []
    encoder = RowEncoder(cols, dtype, partial(_keep, records), first=first)
    sums = SplitSums.of_part(options, dtype)
    for block in blocks_of(part):
        encoder.add(*split_rows(block, bounds, sums))
    encoder.flush()
    return Piece(records, sums)


def _keep(records: list[EncodedRows], record: EncodedRows) -> None:
    """Append a copy, because the encoder overwrites its buffers."""
    records.append(EncodedRows(record.fields, [b"".join(record.payload)]))


def _resolve_task(part: Any, resolver: Resolver) -> Resolver:
    """Let the resolver read one part, and return the resolver."""
    mine = resolver.fresh()
    for block in blocks_of(part):
        mine.update(block)
    return mine


def _merge_resolvers(resolvers: list[Resolver]) -> Resolver:
    merged = resolvers[0].fresh()
    for resolver in resolvers:
        merged.merge(resolver)
    return merged


def _report(report: Report | None, n_bytes: int) -> None:
    if report is not None:
        report(n_bytes)
