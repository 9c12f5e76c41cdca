"""The data that a task reads: rows of a matrix in a file, or a block of a dask array."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from dask.delayed import delayed
from distributed import Client

from htstats._common import checks
from htstats._common.arrays import as_elements
from htstats._common.rows import read_blocks
from htstats.compression.container import rows_of_a_record
from htstats.weights import WeightMatrix, Weights, files_at, open_weights

__all__ = ["TASK_BYTES", "FileId", "FileRows", "Parts", "blocks_of", "open_once"]

# Large compared with the overhead of a task, about a millisecond; small enough for any worker.
# `bench/studies/constants.py task-bytes` times several sizes.
TASK_BYTES = 1 << 26


class FileId(NamedTuple):
    """A path and a digest of its files. The digest must be the same on every worker."""

    path: str
    content: str

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> FileId:
        """Compute the digest from the names, sizes and times of the file or the shards."""
        path = os.path.abspath(path)
        found = [(os.path.basename(name), os.stat(name)) for name in files_at(path)]
        text = repr([(name, stat.st_mtime_ns, stat.st_size) for name, stat in found])
        return cls(path, hashlib.sha256(text.encode()).hexdigest())


class FileRows(NamedTuple):
    """A range of rows of a matrix of a checkpoint."""

    file: FileId
    name: str
    start: int
    stop: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.stop - self.start, self._matrix.shape[1]

    @property
    def dtype(self) -> str:
        return self._matrix.dtype

    def row_blocks(self, max_bytes: int) -> Iterator[npt.NDArray[Any]]:
        return self._matrix.row_blocks(max_bytes, start=self.start, stop=self.stop)

    @property
    def _matrix(self) -> WeightMatrix:
        return open_once(self.file)[self.name]


@functools.lru_cache(maxsize=4)
def open_once(file: FileId) -> Weights:
    """Open a checkpoint, once per worker."""
    if FileId.of(file.path) != file:
        raise ValueError(f"{file.path}: another file on this worker than on the client")
    return open_weights(file.path)


def blocks_of(part: Any) -> Iterator[npt.NDArray[Any]]:
    """Yield the elements of a part in blocks for the kernels. Each overwrites the last one."""
    if isinstance(part, FileRows):
        for block in read_blocks(part):
            yield block.data
    else:
        yield as_elements(part, "x").data


@dataclass(frozen=True)
class Parts:
    """A matrix, or an array of any shape, divided into parts; each task reads one part.

    `items` are `FileRows` or delayed blocks of dask. `sizes` are their numbers of bytes, and
    `starts` their first rows.
    """

    dtype: str
    shape: tuple[int, ...]
    items: list[Any]
    sizes: list[int]
    starts: list[int]

    @classmethod
    def of_file(cls, file: FileId, matrix: WeightMatrix, task_bytes: int, step: int = 1) -> Parts:
        """Divide into ranges of a multiple of `step` rows; one empty range if there are no rows."""
        rows, name = matrix.shape[0], matrix.name
        of_a_row = max(matrix.nbytes // max(rows, 1), 1)
        step = _rows_of_a_task(task_bytes, of_a_row, step)
        starts = list(range(0, max(rows, 1), step))
        items = [FileRows(file, name, start, min(start + step, rows)) for start in starts]
        sizes = [of_a_row * (item.stop - item.start) for item in items]
        return cls(matrix.dtype, matrix.shape, items, sizes, starts)

    @classmethod
    def of_array(cls, x: Any) -> Parts:
        """Use the blocks of a dask array as they are."""
        dtype = as_elements(np.empty(0, x.dtype), "x").dtype
        items = list(x.to_delayed().ravel())
        known = all(n == n for n in x.shape)  # a boolean mask makes sizes NaN
        size = x.nbytes // max(len(items), 1) if known else 0
        return cls(dtype, x.shape, items, [size] * len(items), [])

    @classmethod
    def of_array_rows(cls, x: Any, task_bytes: int) -> Parts:
        """Divide a dask array into ranges of rows that start with a record of the container.

        Raises
        ------
        ValueError
            If the array is not a matrix, or if its shape is unknown.
        """
        if x.ndim != 2 or any(n != n for n in x.shape):
            raise ValueError(f"x must be 2-D and of known shape, got shape {x.shape}")
        rows, of_a_row = x.shape[0], max(x.shape[1] * x.dtype.itemsize, 1)
        step = _rows_of_a_task(task_bytes, of_a_row, rows_of_a_record(x.shape[1]))
        starts = list(range(0, max(rows, 1), step))
        # an array without rows has one empty block
        chunks = tuple(min(step, rows - start) for start in starts)
        blocks = cls.of_array(x.rechunk((chunks, (x.shape[1],))))
        return cls(blocks.dtype, x.shape, blocks.items, [of_a_row * n for n in chunks], starts)

    def submit(self, client: Client, task: Callable[..., Any], *args: Any) -> list[Any]:
        """Submit `task(part, *args)` for each part; return the futures."""
        if not self.items or isinstance(self.items[0], FileRows):
            return [client.submit(task, item, *args, pure=False) for item in self.items]
        run = delayed(task, pure=False)
        futures: list[Any] = client.compute([run(block, *args) for block in self.items])
        return futures

    def only(self, k: int) -> Parts:
        """Only part k."""
        return Parts(self.dtype, self.shape, [self.items[k]], [self.sizes[k]], self.starts[k:][:1])


def _rows_of_a_task(task_bytes: int, of_a_row: int, step: int) -> int:
    steps = checks.count("task_bytes", task_bytes, at_least=1) // (of_a_row * step)
    return step * max(steps, 1)
