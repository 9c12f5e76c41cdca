"""A matrix that is read in blocks of rows, and the checks of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Elements, as_elements

__all__ = ["BLOCK_BYTES", "Report", "RowSource", "read_blocks"]


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
