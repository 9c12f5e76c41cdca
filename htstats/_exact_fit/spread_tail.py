"""Take the values of a tail of a float32 array, ascending and distinct, without sorting them.

The histogram says how many elements each bucket has, so each element has a place: that of its
bucket. Each thread moves the elements of the range that it has counted; then it counts the equal
elements of some of the buckets. The result has float32 values and counts of 32 bits, half of the
memory of the usual arrays: most of the time of a fit goes into memory that is new or far away.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from htstats._common.threads import run_each
from htstats._core import spread, tail
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.histogram import Tables
from htstats._exact_fit.largest_values import SIDES
from htstats._exact_fit.source import Source

__all__ = ["can_spread", "take_spread_tail"]

Narrow = tuple[npt.NDArray[np.float32], npt.NDArray[np.uint32]]

# Elements from which on a tail is spread, as a proportion of the sample: all elements are read
# again. A smaller tail is gathered and sorted.
WORTH_READING = 1 / 8

# Elements of a bucket, on average, from which on it is faster to count them than to sort them. Of
# 1e6 and 1e7 values of several laws, those with 40 and 115 took longer, and those with 1100 half of
# the time.
WORTH_COUNTING = 256

# The time that a bucket takes in addition to that of its elements, in units of an element: so much
# for each of a few elements, and at most so much (2.5 microseconds; bench/races/bench_power_law.py,
# pure Pareto). The result does not depend on these constants.
COST_OF_FEW, COST_OF_BUCKET = 7, 5000


def can_spread(source: Source, tables: Tables, prospect: Prospect, start: int) -> bool:
    """Whether `take_spread_tail` takes the values from bucket `start` on, and is worth it.

    The lowest bucket of all also counts zeros, which are no values."""
    if source.dtype != "float32" or not tables or _slot(prospect, start) == 0:
        return False
    n, n_buckets = int(prospect.tail[start]), len(prospect.lower) - start
    return bool(n >= max(WORTH_READING * tables[-1][0].stop, WORTH_COUNTING * n_buckets))


def take_spread_tail(
    source: Source, side: str, tables: Tables, prospect: Prospect, start: int, n_threads: int
) -> Narrow:
    """The distinct values from bucket `start` on, and the number of elements below each value.

    Apart from the dtypes the result is that of `sort_distinct`. `tables` are those of the source.

    Raises
    ------
    ValueError
        If the source has changed since its elements were counted.
    """
    begin, end = _slot(prospect, start), _slot(prospect, -1) + 1
    counts = [_count_side(table, side, begin, end) for _, table in tables]
    starts = np.zeros(end - begin + 1, np.uint32)
    np.cumsum(np.sum(counts, axis=0, dtype=np.uint32), out=starts[1:])
    n = int(starts[-1])
    before = [starts[:-1]]  # the places of each range, bucket by bucket
    for count in counts:
        before.append(before[-1] + count)
    x = next(source.parts())
    lower = np.empty(n + max(where.stop - where.start for where, _ in tables), np.uint16)

    def move(k: int) -> None:
        following = before[k].copy()
        spread.spread_f32(x[tables[k][0]], SIDES.index(side), begin, following, lower)
        if not np.array_equal(following, before[k + 1]):
            raise ValueError("x must give the same numbers each time it is read")

    run_each(move, range(len(tables)), n_threads)
    return _count_equal(begin, starts, lower, n_threads)


def _slot(prospect: Prospect, bucket: int) -> int:
    """The slot of a bucket in the table of a side."""
    return int(np.float32(prospect.lower[bucket]).view(np.int32)) >> tail.DROPPED[0]


def _count_side(
    table: npt.NDArray[np.uint32], side: str, begin: int, end: int
) -> npt.NDArray[np.uint32]:
    """The number of elements of a side in the slots begin ... end - 1."""
    half = tail.SLOTS[0] // 2
    positive, negative = table[begin:end], table[half + begin : half + end]
    return {"abs": positive + negative, "positive": positive, "negative": negative}[side]


def _count_equal(
    begin: int, starts: npt.NDArray[np.uint32], lower: npt.NDArray[np.uint16], n_threads: int
) -> Narrow:
    """The distinct values, and the number of elements below each, from what was moved.

    There is room for all elements. Of two neighbouring parts, the first one is written to the end
    of its room, so that there is no gap between them."""
    n = int(starts[-1])
    values, first = np.empty(n, np.float32), np.empty(n + 1, np.uint32)
    edges = _edges(starts, n_threads)
    numbers = range(len(edges) - 1)

    def fill(number: int) -> tuple[int, int]:
        mine = starts[edges[number] : edges[number + 1] + 1]
        room, at_end = slice(int(mine[0]), int(mine[-1])), number % 2 == 0 and number < numbers[-1]
        count = np.zeros(spread.LOWER, np.uint32)
        m: int = spread.distinct_f32(
            begin + edges[number], mine, lower, at_end, count, values[room], first[room]
        )
        return (room.stop - m, room.stop) if at_end else (room.start, room.start + m)

    parts = run_each(fill, numbers, n_threads)
    low, high = parts[0]
    for start, stop in parts[1:]:
        if start > high:  # the part before was not written to its end
            for array in (values, first):
                array[high : high + stop - start] = array[start:stop]
        high += stop - start
    first[high] = n
    return values[low:high], first[low : high + 1]


def _edges(starts: npt.NDArray[np.uint32], n_threads: int) -> list[int]:
    """The buckets that divide the work among threads, and both ends."""
    count = np.diff(starts).astype(np.int64)
    cost = np.cumsum(count + np.minimum(COST_OF_FEW * count, COST_OF_BUCKET))
    cuts = np.searchsorted(cost, [cost[-1] * k // n_threads for k in range(1, n_threads)])
    return sorted({0, len(count), *cuts.tolist()})
