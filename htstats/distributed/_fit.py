"""Fit matrices exactly in row blocks: the workers sketch the rows, then gather the needed tail."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from distributed import Client

from htstats._common import checks
from htstats._common.messages import one_line
from htstats._exact_fit.prune import fit_pruned
from htstats._exact_fit.sample import SIDES, gather, require_side
from htstats._exact_fit.source import Source
from htstats.distributed._cluster import FAILURES, LOST, Report, count_ahead
from htstats.distributed._parts import TASK_BYTES, FileId, FileRows, Parts, blocks_of, open_once
from htstats.distributed._rank import stable_rank
from htstats.distributed._sketch import sketch_tree
from htstats.power_law import PowerLawFit
from htstats.power_law import fit_rows as fit_bounded
from htstats.report.matrix import RANK_RTOL, Extras, Rule, as_row, fit_matrix
from htstats.sketch import TailSketch
from htstats.weights import WeightMatrix, open_weights

__all__ = ["fit_array", "fit_matrices", "fit_parts", "fit_rows"]

# Largest number of tail elements that a worker scans in memory, and the bytes for each element.
MOST_GATHERED = 1 << 25
BYTES_GATHERED = 48


def fit_rows(
    path: str | os.PathLike[str], name: str, *, side: str = "abs", client: Client,
    task_bytes: int = TASK_BYTES, report: Report | None = None,
) -> PowerLawFit:  # fmt: skip
    """`fit_power_law` for a matrix of a checkpoint; the workers of a cluster read its rows.

    Parameters
    ----------
    path, name, client, task_bytes
        As in `sketch_rows`.
    side : {"abs", "positive", "negative"}
        The tail to fit.
    report : callable, optional
        Called with the number of bytes of each task of the first pass.

    Returns
    -------
    PowerLawFit
        The same fit as that of the whole matrix in memory.

    Raises
    ------
    OSError, ValueError
        As `open_weights` does; or if the matrix is not finite or has too few distinct values.

    Notes
    -----
    The matrix is read two or three times, or once if its elements have 16 bits. One worker gathers
    the tail that must be scanned, which takes about forty bytes per element. This is little unless
    the power law begins near the smallest elements of the matrix. A tail of more than 2^25 elements
    is not gathered; instead, one worker reads the matrix in ranges of values that fit in memory.
    """
    matrix = open_weights(path).select([name])[name]
    parts = Parts.of_file(FileId.of(path), matrix, task_bytes)
    return fit_parts(client, parts, checks.one_of("side", side, SIDES), report=report)


def fit_array(
    x: Any, *, side: str | None = None, ks: str = "left", min_tail: int = 1, client: Client,
    report: Report | None = None,
) -> PowerLawFit:  # fmt: skip
    """`fit_power_law` for a dask array of any shape; each block is read by the worker that has it.

    Parameters
    ----------
    x : dask.array.Array
        An array of real numbers. Unless it was persisted, its blocks are computed again for each of
        the two or three passes. The tail that must be scanned must fit in the memory of a worker.
    side, ks, min_tail
        As in `fit_power_law`.
    client, report
        As in `fit_rows`.

    Returns
    -------
    PowerLawFit
        The same fit as that of the whole array in memory.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        As `fit_power_law` does.
    """
    if side is not None:
        checks.one_of("side", side, SIDES)
    options = {
        "ks": checks.one_of("ks", ks, ("left", "two-sided")),
        "min_tail": checks.count("min_tail", min_tail, at_least=1),
    }
    return fit_parts(client, Parts.of_array(x), side, options, report=report)


def fit_matrices(
    path: str | os.PathLike[str], names: Iterable[str], *, side: str = "abs",
    rule: Rule | None = None, extras: Extras | None = None, client: Client,
    task_bytes: int = TASK_BYTES, report: Report | None = None,
) -> Iterator[tuple[str, dict[str, Any]]]:  # fmt: skip
    """Fit matrices of a checkpoint on the workers; yield the fits as they are finished.

    `rule` contains the arguments of `fit_power_law` other than the side (xmin, xmax, ks, min_tail),
    by name. `extras` selects results in addition to the fit. `report` is called with the number of
    bytes that were read; each byte counts once.

    Yields
    ------
    name : str
    fit : dict
        alpha, tail_exponent, xmin, distance, stderr, n_tail, n, n_excluded, excluded and
        stable_rank; or error, with the reason why there is no fit.

    Notes
    -----
    A matrix larger than `task_bytes` is fitted in row blocks. A smaller matrix is one task. With
    `extras`, which read all values many times, each matrix is one task; its worker needs memory for
    the whole matrix and for the fit. With an xmin or xmax, one worker reads and stores all values
    between them.
    """
    matrices, file = open_weights(path).select(list(names)), FileId.of(path)

    def work(matrix: WeightMatrix) -> dict[str, Any]:
        try:
            if matrix.nbytes > task_bytes and (extras or Extras()).is_empty:
                parts = Parts.of_file(file, matrix, task_bytes)
                return _fit_and_rank(client, parts, side, rule or {}, report)
            task = client.submit(_fit_task, file, matrix.name, side, extras, rule, pure=False)
            row: dict[str, Any] = task.result()
        except FAILURES as error:
            if isinstance(error, LOST):
                raise
            return {"error": one_line(error)}
        if report is not None:
            report(matrix.nbytes)
        return row

    # start with the largest: at the end, it would keep one worker busy while the others are idle
    order = sorted(matrices.values(), key=lambda matrix: -matrix.nbytes)
    pool = ThreadPoolExecutor(count_ahead(client))
    try:
        tasks = {pool.submit(work, matrix): matrix.name for matrix in order}
        for task in as_completed(tasks):
            yield tasks[task], task.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def fit_parts(
    client: Client, parts: Parts, side: str | None, options: dict[str, Any] | None = None, *,
    sketch: Any = None, most_gathered: int = MOST_GATHERED, report: Report | None = None,
) -> PowerLawFit:  # fmt: skip
    """Fit all parts. `sketch` is the future of their sketch if it was already started.

    A tail of a file that has more than `most_gathered` elements is not gathered: one worker reads
    it in ranges.
    """
    root = sketch_tree(client, parts, report) if sketch is None else sketch
    options = options or {}
    if {"xmin", "xmax"} & options.keys():
        room = {"max_memory": BYTES_GATHERED * most_gathered}
        return _fit_on_one_worker(client, parts, side, options | room, root)
    gathered: list[Any] = []
    low = None
    while True:
        task = client.submit(
            _scan_task, root, side, options, low, gathered, parts.dtype, pure=False
        )
        found: PowerLawFit | _More = task.result()
        if isinstance(found, PowerLawFit):
            return found
        low = found.low
        if found.n > most_gathered and isinstance(parts.items[0], FileRows):
            return _fit_on_one_worker(client, parts, side, options, root)
        chosen = side or client.submit(_side_task, root, pure=False).result()
        gathered = parts.submit(client, _gather_task, parts.dtype, chosen, low)


def _fit_on_one_worker(
    client: Client, parts: Parts, side: str | None, options: Rule, sketch: Any
) -> PowerLawFit:
    """Fit a matrix of a file on one worker, which reads it in pieces that fit in its memory."""
    rows = parts.items[0]
    whole = client.submit(_bounded_task, rows.file, rows.name, side, sketch, options, pure=False)
    fit: PowerLawFit = whole.result()
    return fit


class _More(NamedTuple):
    """The lowest value to gather, and the number of values at or above it."""

    low: float
    n: int


class _NeedsMore(Exception):
    """Raised if the scan needs values below the gathered ones."""

    def __init__(self, low: float) -> None:
        self.low = low


def _scan_task(
    sketch: TailSketch,
    side: str | None,
    options: dict[str, Any],
    low: float | None,
    gathered: list[npt.NDArray[Any]],
    dtype: str,
) -> PowerLawFit | _More:
    """Return the fit, or the range of values that must be gathered for it."""
    checks.require_finite("x", sketch.n_not_finite)

    def tail(start: float) -> npt.NDArray[Any]:
        if low is None or start < low:
            raise _NeedsMore(start)
        values = np.concatenate(gathered) if gathered else np.empty(0, dtype)
        return values[values >= start]  # a copy, which may be sorted in place

    chosen = require_side(side, sketch.n_negative)
    try:
        return PowerLawFit.of(fit_pruned(sketch, chosen, tail, **options))
    except _NeedsMore as need:
        buckets = sketch.buckets(chosen)
        return _More(need.low, int(buckets.count[buckets.upper > need.low].sum()))


def _bounded_task(
    file: FileId, name: str, side: str, sketch: TailSketch, options: Rule
) -> PowerLawFit:
    """Fit on one worker, which reads the tail in ranges that fit in its memory."""
    return fit_bounded(open_once(file)[name], side=side, sketch=sketch, **options)


def _side_task(sketch: TailSketch) -> str:
    return require_side(None, sketch.n_negative)


def _gather_task(part: Any, dtype: str, side: str, low: float) -> npt.NDArray[Any]:
    """abs(x) of the elements of one side that are at least `low`."""
    found = [np.empty(0, dtype)]
    found += (_tail(block.reshape(-1), dtype, side, low) for block in blocks_of(part))
    return np.concatenate(found)


def _tail(flat: npt.NDArray[Any], dtype: str, side: str, low: float) -> npt.NDArray[Any]:
    found = gather(Source(dtype, lambda: iter((flat,)), None), side, low, room=flat.size)
    return found.copy()  # a copy, because `found` is a view of an array for all elements


def _fit_task(
    file: FileId, name: str, side: str, extras: Extras | None, rule: Rule | None
) -> dict[str, Any]:
    return fit_matrix(open_once(file)[name], side, extras, rule=rule)


def _fit_and_rank(
    client: Client, parts: Parts, side: str, rule: Rule, report: Report | None
) -> dict[str, Any]:
    sketch = sketch_tree(client, parts, report)
    found = fit_parts(client, parts, side, rule, sketch=sketch)
    return as_row(found, stable_rank(client, parts, sketch.result(), RANK_RTOL))
