"""Read a matrix in blocks of rows, and check the blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, Elements, as_elements
from htstats._common.threads import Turns, run_each

__all__ = ["BLOCK_BYTES", "Report", "RowSource", "process_blocks", "read_blocks", "require_source"]


# Bytes of a block: small enough to stay in the cache between steps, and large enough for a task.
BLOCK_BYTES = 1 << 22

Report = Callable[[int], None]
S = TypeVar("S")
T = TypeVar("T")


class RowSource(Protocol):
    """A matrix that is read in blocks of rows, such as the matrices of `htstats.weights`.

    If it also has a method `read_rows(start, stop, out)`, which several threads may call at once,
    threads read and process the blocks.
    """

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def dtype(self) -> str: ...
    def row_blocks(self, max_bytes: int) -> Iterable[npt.NDArray[Any]]: ...


def require_source(source: object) -> None:
    """Raise TypeError for an object that is not a `RowSource`, such as an array."""
    if not all(hasattr(source, name) for name in ("shape", "dtype", "row_blocks")):
        raise TypeError(
            "source must have shape, dtype and row_blocks(max_bytes), as a matrix of open_weights "
            f"has, got {type(source).__name__}: an array goes to fit_power_law, partition or "
            "TailSketch.update"
        )


def read_blocks(
    source: RowSource, report: Report | None = None, max_bytes: int | None = None
) -> Iterator[Elements]:
    """Yield the blocks in the form that kernels need; check their dtype, width and number of rows.

    Raises
    ------
    TypeError
        If `source` cannot be read in blocks, or a block has another dtype.
    ValueError
        If a block has another width, or the number of rows of all blocks is not that of the source.
    """
    require_source(source)
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


def process_blocks(
    source: RowSource,
    states: Sequence[S],
    work: Callable[[S, npt.NDArray[Any]], T],
    hand_in: Callable[[T], None],
    *,
    report: Report | None = None,
    max_bytes: int | None = None,
) -> None:
    """Read a matrix once; call `work(state, block)` for each block, then `hand_in` for its result.

    If there are several states and the source has `read_rows`, each state has its own thread, which
    reads and processes blocks. `hand_in` is always called in the order of the blocks, one call at a
    time. A state takes its next block only after that call, so a result may be in buffers of the
    state. A queue between the threads and one thread that hands in was slower: waking a thread for
    every block costs more than an occasional wait for a turn.
    """
    require_source(source)
    read_rows = getattr(source, "read_rows", None)
    if len(states) == 1 or read_rows is None:
        for elements in read_blocks(source, report, max_bytes):
            hand_in(work(states[0], elements.data))
        return
    rows, cols = source.shape
    dtype = np.dtype(np.uint16 if source.dtype in HALF_DTYPES else source.dtype)
    step = max(1, (max_bytes or BLOCK_BYTES) // max(cols * dtype.itemsize, 1))
    turns = Turns(-(-rows // step))

    def hand_in_and_report(made: tuple[int, T]) -> None:
        hand_in(made[1])
        if report is not None:
            report(made[0])

    def take_turns(state: S) -> None:
        buffer = np.empty((min(step, rows), cols), dtype)

        def make(number: int) -> tuple[int, T]:
            data = buffer[: min(step, rows - number * step)]
            read_rows(number * step, number * step + len(data), data)
            return data.nbytes, work(state, data)

        while turns.take_turn(make, hand_in_and_report):
            pass

    run_each(take_turns, states, len(states), cancel=turns.stop)
