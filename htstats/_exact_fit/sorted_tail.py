"""Take the values of a tail, ascending and distinct, on several threads.

Each thread takes one interval of values, with about the same number of values: it gathers and sorts
them. The buckets of the histogram say where the intervals end, and how many values they have. When
the distinct values of all intervals have been counted, each thread knows its place in the result
and fills it. No value lies in two intervals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Counts, Floats
from htstats._common.threads import run_each
from htstats._core import distinct
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.candidates import sort_in_place
from htstats._exact_fit.sample import gather
from htstats._exact_fit.source import Source

__all__ = ["WORTH_A_SORT", "take_sorted_tail"]

# With fewer values for each thread, one thread sorts all of them. Every thread reads the complete
# sample; `bench/studies/constants.py worth-a-sort` times both ways.
WORTH_A_SORT = 1 << 16


def take_sorted_tail(
    source: Source, side: str, prospect: Prospect, start: int, n_threads: int
) -> tuple[Floats, Counts]:
    """The distinct values from bucket `start` on, and the number of elements below each value.

    `sort_distinct` gives the same for the values that `gather` returns. The source must be an
    array, because threads read it at the same time.

    Raises
    ------
    ValueError
        If the source has changed since its elements were counted.
    """
    n = int(prospect.tail[start])
    edges = _edges(prospect, start, n_threads)
    intervals = range(len(edges) - 1)
    parts = run_each(
        lambda k: _sort_interval(source, side, prospect, *edges[k : k + 2]), intervals, n_threads
    )
    ends = np.cumsum([0, *(m for _, m in parts)]).tolist()
    values, first = np.empty(ends[-1]), np.empty(ends[-1] + 1, np.int64)

    def fill(k: int) -> None:
        x, place = parts[k][0], slice(ends[k], ends[k + 1])
        single = x.dtype == np.float32
        write: Any = distinct.distinct_part_f32 if single else distinct.distinct_part_f64
        write(x, n - int(prospect.tail[edges[k]]), values[place], first[place])

    run_each(fill, intervals, n_threads)
    first[-1] = n
    return values, first


def _edges(prospect: Prospect, start: int, n_threads: int) -> list[int]:
    """The buckets where intervals begin, and the end of the last one."""
    n, end = int(prospect.tail[start]), len(prospect.lower)
    left = [n - n * k // n_threads for k in range(1, n_threads)]
    cuts = (int(np.searchsorted(-prospect.tail[:end], -rest)) for rest in left)
    return sorted({start, end, *(cut for cut in cuts if start < cut < end)})


def _sort_interval(
    source: Source, side: str, prospect: Prospect, start: int, stop: int
) -> tuple[npt.NDArray[Any], int]:
    """The values of the buckets from `start` to before `stop`, sorted; how many are distinct."""
    low, high = float(prospect.lower[start]), float("inf")
    if stop < len(prospect.lower):
        high = float(np.nextafter(prospect.lower[stop], 0.0))
    n = int(prospect.tail[start] - prospect.tail[stop])
    x = gather(source, side, low, high, room=n)
    if len(x) != n:
        raise ValueError("x must give the same numbers each time it is read")
    sort_in_place(x)
    single = x.dtype == np.float32
    count: Any = distinct.count_distinct_f32 if single else distinct.count_distinct_f64
    return x, count(x)
