"""Find the best candidate on several threads, with the result of `candidates.best_of`.

One thread first finds a small distance, from few candidates. Then the candidates are divided into
ranges. Each range finds a distance that is nearly its smallest, then its smallest distance, and
then its lowest candidate within the tolerance. All ranges share the smallest distance found so far.
It only decides how much time candidates take: a candidate that it excludes has a larger distance.
The same holds for the places at which distances were large: a thread keeps them in its workspace.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats._common.threads import Turns, run_each
from htstats._core import estimate, narrow, scan, scan_part

__all__ = ["WORTH_THREADS", "best_on_threads", "marks_on_threads"]

Found = tuple[int, float, float]

# No candidate.
NONE = -1, math.inf, math.nan

# With fewer distinct values, one thread scans. Estimates and scan of this many take some 3 ms (a
# Pareto sample), and threads are started four times, for .1 ms each.
WORTH_THREADS = 1 << 18

# Ranges for each thread: some ranges have many more candidates that must be measured. Of 4, 8 and
# 16, 16 took least time for 1e7 Pareto values.
RANGES_OF_A_THREAD = 16

# Blocks whose groups are computed and then added together: 256 KiB, which stay in the second cache.
BLOCKS_OF_A_TURN = 2048


def marks_on_threads(values: npt.NDArray[Any], first: npt.NDArray[Any], n_threads: int) -> Floats:
    """The marks of `estimate.marks`, to the bit. The arrays may be narrow.

    While one thread adds the groups of some blocks, the others compute those of the next ones."""
    n_blocks = estimate.blocks(len(values))
    marks = np.empty((n_blocks + 1, 4))
    marks[0] = 0
    turns = Turns(-(-n_blocks // BLOCKS_OF_A_TURN))
    fill: Any = narrow.groups if values.dtype == np.float32 else estimate.groups

    def make(number: int) -> tuple[slice, Floats]:
        start = number * BLOCKS_OF_A_TURN
        stop = min(start + BLOCKS_OF_A_TURN, n_blocks)
        groups = np.empty((stop - start, estimate.WORDS_OF_GROUPS))
        fill(values, first, start, stop, groups)
        return slice(start, stop + 1), groups

    def add(made: tuple[slice, Floats]) -> None:
        estimate.marks_of_groups(made[1], marks[made[0]])

    def work(_: int) -> None:
        while turns.take_turn(make, add):
            pass

    run_each(work, range(n_threads), n_threads, cancel=turns.stop)
    return marks


def best_on_threads(
    values: npt.NDArray[Any],
    first: npt.NDArray[Any],
    two_sided: bool,
    begin: int,
    end: int,
    tolerance: float,
    n_threads: int,
) -> Found:
    """Index, distance and rate of the best of the candidates begin ... end - 1 with alpha above 1.

    begin must be below end. `values` may be float32; `first` is then uint32."""
    if begin >= len(values) - 1:  # no value lies above the largest
        return NONE
    marks = marks_on_threads(values, first, n_threads)
    work = np.empty(scan.workspace(len(values)))
    sample = values, first, marks, two_sided
    steps: Any = narrow if values.dtype == np.float32 else scan_part
    steps.prepare(*sample, begin, work)
    few = steps.part(*sample, begin, work, scan_part.FEW, begin, end, 1.0, math.inf)
    copies = [work, *(work.copy() for _ in range(n_threads - 1))]

    def search(step: int, edges: tuple[int, int], limit: float) -> Found:
        mine = copies.pop()  # there is one for each thread
        try:
            found: Found = steps.part(*sample, begin, mine, step, *edges, 1.0, limit)
            return found
        finally:
            copies.append(mine)

    ranges = _ranges(begin, end, len(values), RANGES_OF_A_THREAD * n_threads)
    limit = _least(search, ranges, few[1], n_threads)
    return _lowest(search, ranges, limit + tolerance, n_threads)


def _ranges(begin: int, end: int, m: int, n: int) -> list[tuple[int, int]]:
    """Ranges of candidates from the largest down. They end where blocks end."""
    edge, size = m - 1, estimate.BLOCK
    edges = [edge - (edge - begin) * k // n // size * size for k in range(1, n)]
    edges = sorted({begin, end, *(at for at in edges if begin < at < end)})
    return list(pairwise(edges))[::-1]


def _least(
    search: Callable[[int, tuple[int, int], float], Found],
    ranges: list[tuple[int, int]],
    limit: float,
    n_threads: int,
) -> float:
    """The smallest distance of all candidates, at most `limit`."""

    def work(step: int, edges: tuple[int, int]) -> float:
        nonlocal limit
        distance = search(step, edges, limit)[1]
        limit = min(limit, distance)  # another thread's may be lost: a larger limit is correct too
        return distance

    for step in (scan_part.SOME, scan_part.LEAST):
        found = run_each(partial(work, step), ranges[::-1], n_threads)  # the longest first
        limit = min(limit, *found)
    return limit


def _lowest(
    search: Callable[[int, tuple[int, int], float], Found],
    ranges: list[tuple[int, int]],
    limit: float,
    n_threads: int,
) -> Found:
    """The lowest candidate with a distance of at most `limit`."""
    lowest = len(ranges)

    def work(number: int) -> Found | None:
        nonlocal lowest
        if number > lowest:  # a lower range has one
            return None
        found = search(scan_part.LOWEST, ranges[-1 - number], limit)
        if found[0] >= 0:
            lowest = min(lowest, number)
        return found

    results = run_each(work, range(len(ranges)), n_threads)
    return next((r for r in results if r is not None and r[0] >= 0), NONE)
