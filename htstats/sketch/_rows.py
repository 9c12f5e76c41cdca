"""Sketch a matrix that is read in blocks of rows."""

from __future__ import annotations

from htstats._common.rows import Report, RowSource, process_blocks, require_source
from htstats.sketch._tail_sketch import TailSketch

__all__ = ["sketch_rows"]


def sketch_rows(
    source: RowSource,
    *,
    report: Report | None = None,
    max_bytes: int | None = None,
    n_threads: int = 1,
) -> TailSketch:
    """Sketch a matrix that is read in blocks; use threads if the source has `read_rows`.

    Raises
    ------
    TypeError
        If `source` cannot be read in blocks.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> W = np.float32([[1, 2], [3, -1]])
    >>> source = SimpleNamespace(shape=W.shape, dtype="float32", row_blocks=lambda n: iter([W]))
    >>> sketch_rows(source)
    TailSketch('float32', n=4, mean=1.25, std=1.47902)
    """
    require_source(source)
    n_sketches = n_threads if hasattr(source, "read_rows") else 1
    sketches = [TailSketch(source.dtype) for _ in range(n_sketches)]
    process_blocks(
        source, sketches, TailSketch.update, lambda _: None, report=report, max_bytes=max_bytes
    )
    first, *others = sketches
    for other in others:
        first.merge(other)
    return first
