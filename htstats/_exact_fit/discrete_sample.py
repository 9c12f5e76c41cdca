"""Take the values of a sample of integers; most of them are counted, not sorted.

In most data of integers, most values are small. A table counts the small values, and only larger
values are sorted. Integers of any width are converted to float64 piece by piece, so the sample is
never copied as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats, to_numpy
from htstats._common.data_checks import find_missing
from htstats._core import tally
from htstats._exact_fit.candidates import sort_distinct
from htstats._exact_fit.sample import SIDES, Sample, Survey, drop_above, take_sample
from htstats._exact_fit.source import Source, as_source

__all__ = ["as_integers", "count_integers", "require_exact"]

# Elements per piece. As float64 they stay in the cache of a core until they are counted.
PIECE = 1 << 16


def as_integers(x: Any) -> Source:
    """Make a source as `as_source` does, but convert an array of integers in pieces."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "iub" and find_missing(x) is None:
        array, _ = to_numpy(x)
        flat = array.reshape(-1)

        def pieces() -> Iterator[npt.NDArray[Any]]:
            for start in range(0, flat.size, PIECE):
                yield np.ascontiguousarray(flat[start : start + PIECE], dtype=np.float64)

        return Source("float64", pieces, array.shape)
    return as_source(x)


def require_exact(x: Any) -> None:
    """Raise ValueError if an integer is beyond 2^53, where float64 rounds some integers."""
    if isinstance(x, list | tuple) and x and isinstance(x[0], int):
        x = np.asarray(x)
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "iu" or x.dtype.itemsize < 8:
        return
    given = x if find_missing(x) is None else np.ma.compressed(x)
    if given.size and (largest := max(int(given.max()), -int(given.min()))) > 2**53:
        raise ValueError(f"x must be at most 2**53 where discrete=True, got {largest}")


def count_integers(source: Source, side: str | None, xmax: float | None) -> Sample:
    """The same as `take_sample`, for whole numbers; it raises the same errors."""
    table, room = np.zeros(tally.SIZE, np.int64), np.empty(PIECE)
    rest, seen = [np.empty(0)], np.zeros(2, np.int64)
    for piece in _pieces(source):
        m, *few = tally.tally_f64(piece, SIDES.index(side or "positive"), table, room)
        rest.append(room[:m].copy())
        seen += few
    large = np.concatenate(rest)
    others, wrong = seen.tolist()
    if wrong or not np.isfinite(large).all():
        return take_sample(source, side, xmax, None)  # raises an error that says what is wrong
    zeros, table[0] = int(table[0]) - large.size - others, 0
    small = np.flatnonzero(table)
    values, first = sort_distinct(large)
    values = np.concatenate([small.astype(np.float64), values])
    counts = np.concatenate([table[small], np.diff(first)])
    # `others` is the number of values that the side leaves out; "abs" leaves out none
    selection = Survey(0, zeros, others, others).select(side)
    return drop_above(xmax, values, counts, selection)


def _pieces(source: Source) -> Iterator[Floats]:
    for part in source.floats():
        for start in range(0, part.size, PIECE):
            yield np.ascontiguousarray(part[start : start + PIECE], dtype=np.float64)
