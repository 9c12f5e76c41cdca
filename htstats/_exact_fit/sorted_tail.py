"""Take the values of a tail, ascending and distinct, on several threads.

Each thread takes one interval of values, with about the same number of values: it gathers, sorts
and counts them. The buckets of the histogram say where the intervals end, and how many values they
have, so each thread knows its place in the result. No value lies in two intervals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.threads import run_each
from htstats._core import estimate
from htstats._exact_fit.bucket_bounds import Prospect
from htstats._exact_fit.candidates import sort_in_place
from htstats._exact_fit.sample import gather
from htstats._exact_fit.source import Source

__all__ = ["WORTH_A_SORT", "take_sorted_tail"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

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
    values = np.empty(n)
    first = np.empty(n + len(edges), np.int64)  # each interval has an additional entry
    found = run_each(
        lambda k: _take_interval(source, side, prospect, edges[k : k + 2], k, values, first),
        range(len(edges) - 1),
        n_threads,
    )
    m = 0
    for k, m_here in enumerate(found):
        at = n - int(prospect.tail[edges[k]])
        values[m : m + m_here] = values[at : at + m_here]
        np.add(first[at + k : at + k + m_here], at, out=first[m : m + m_here])
        m += m_here
    first[m] = n
    return values[:m], first[: m + 1]


def _edges(prospect: Prospect, start: int, n_threads: int) -> list[int]:
    """The buckets where intervals begin, and the end of the last one."""
    n, end = int(prospect.tail[start]), len(prospect.lower)
    left = [n - n * k // n_threads for k in range(1, n_threads)]
    cuts = (int(np.searchsorted(-prospect.tail[:end], -rest)) for rest in left)
    return sorted({start, end, *(cut for cut in cuts if start < cut < end)})


def _take_interval(
    source: Source,
    side: str,
    prospect: Prospect,
    buckets: list[int],
    number: int,
    values: Floats,
    first: Counts,
) -> int:
    """Write one interval to its place in both arrays; return the number of distinct values."""
    low, high = float(prospect.lower[buckets[0]]), float("inf")
    if buckets[1] < len(prospect.lower):
        high = float(np.nextafter(prospect.lower[buckets[1]], 0.0))
    at, stop = (len(values) - int(prospect.tail[b]) for b in buckets)
    x = gather(source, side, low, high, room=stop - at)
    if len(x) != stop - at:
        raise ValueError("x must give the same numbers each time it is read")
    counts = first[at + number : stop + number + 1]
    sort_in_place(x, counts[:-1].view(x.dtype)[: len(x)])
    counts[0] = 0
    fill: Any = estimate.distinct_f32 if x.dtype == np.float32 else estimate.distinct_f64
    return int(fill(x, values[at:stop], counts))
