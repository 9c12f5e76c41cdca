"""The sketch of a matrix that is read in blocks of rows."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import rows
from htstats._common.arrays import HALF_DTYPES
from htstats._common.rows import Report, RowSource, read_blocks
from htstats.sketch._tail_sketch import TailSketch

__all__ = ["sketch_rows"]


def sketch_rows(
    source: RowSource,
    *,
    report: Report | None = None,
    max_bytes: int | None = None,
    n_threads: int = 1,
) -> TailSketch:
    """The sketch of a matrix read in blocks, on threads where the source has `read_rows`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> W = np.float32([[1, 2], [3, -1]])
    >>> source = SimpleNamespace(shape=W.shape, dtype="float32", row_blocks=lambda n: iter([W]))
    >>> sketch_rows(source)
    TailSketch('float32', n=4, mean=1.25, std=1.47902)
    """
    read_rows = getattr(source, "read_rows", None)
    if n_threads > 1 and read_rows is not None:
        return _sketch_on_threads(
            source, read_rows, report, max_bytes or rows.BLOCK_BYTES, n_threads
        )
    sketch = TailSketch(source.dtype)
    for block in read_blocks(source, report, max_bytes):
        sketch.update(block.data)
    return sketch


def _sketch_on_threads(
    source: RowSource,
    read_rows: Callable[[int, int, npt.NDArray[Any]], None],
    report: Report | None,
    max_bytes: int,
    n_threads: int,
) -> TailSketch:
    height, cols = source.shape
    dtype = np.dtype(np.uint16 if source.dtype in HALF_DTYPES else source.dtype)
    step = max(1, max_bytes // max(cols * dtype.itemsize, 1))
    starts, lock = iter(range(0, height, step)), Lock()

    def work(_: int) -> TailSketch:
        sketch, buffer = TailSketch(source.dtype), np.empty((min(step, height), cols), dtype)
        while True:
            with lock:
                start = next(starts, None)
            if start is None:
                return sketch
            data = buffer[: min(step, height - start)]
            read_rows(start, start + len(data), data)
            sketch.update(data)
            if report is not None:
                with lock:
                    report(data.nbytes)

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(n_threads) as pool:
        first, *others = pool.map(work, range(n_threads))
    for other in others:
        first.merge(other)
    return first
