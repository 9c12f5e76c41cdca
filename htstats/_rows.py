"""A matrix that is read in blocks of rows, and what one reading of it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from htstats._arrays import HALF_DTYPES, Elements, as_elements
from htstats.sketch import TailSketch

__all__ = ["BLOCK_BYTES", "Report", "RowSource", "read_blocks", "sketch_rows"]

# Small enough to be in a cache when it is split after it was read, large enough to be worth a task.
BLOCK_BYTES = 1 << 22

Report = Callable[[int], None]


class RowSource(Protocol):
    """A matrix that is read in blocks of rows, as `htstats.weights` gives them.

    With a method `read_rows(start, stop, out)`, safe to call from several threads, blocks are read
    and split on threads.
    """

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def dtype(self) -> str: ...
    def row_blocks(self, max_bytes: int) -> Iterable[npt.NDArray[Any]]: ...


def read_blocks(
    source: RowSource, report: Report | None = None, max_bytes: int | None = None
) -> Iterator[Elements]:
    """The blocks as kernels take them, checked to be the rows that the source promised.

    Raises
    ------
    ValueError, TypeError
        If their widths, number or dtype are others.
    """
    rows = 0
    for block in source.row_blocks(max_bytes or BLOCK_BYTES):
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
        return _sketch_on_threads(source, read_rows, report, max_bytes or BLOCK_BYTES, n_threads)
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
    rows, cols = source.shape
    dtype = np.dtype(np.uint16 if source.dtype in HALF_DTYPES else source.dtype)
    step = max(1, max_bytes // max(cols * dtype.itemsize, 1))
    starts, lock = iter(range(0, rows, step)), Lock()

    def work(_: int) -> TailSketch:
        sketch, buffer = TailSketch(source.dtype), np.empty((min(step, rows), cols), dtype)
        while True:
            with lock:
                start = next(starts, None)
            if start is None:
                return sketch
            data = buffer[: min(step, rows - start)]
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
