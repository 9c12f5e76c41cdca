"""Search for a ternary head with few errors and few bits by simulated annealing.

In the bound, one error costs a nearly constant number of bits (`exchange_rate`). The search
therefore minimises rate x errors + bits. It uses whole numbers and counts errors exactly. Chains
are independent: the number of threads changes the running time, never the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.threads import run_each
from htstats._core.anneal import Chain
from htstats.certificate._bound import exchange_rate, occam_bound
from htstats.certificate._coder import log2_units
from htstats.certificate._head import TernaryHead

__all__ = ["Annealed", "Stage", "anneal", "grid_relatives"]

# csrc/certificate/htst_anneal.h: energies are in 1/1024 bit, temperatures in 2^-26 bit.
UNIT = 1024
TEMPERATURE_UNIT = 1 << 26
A_TEMPERATURE = 1024

# The smallest number of examples in a chunk: an estimate from fewer is useless.
CHUNK_EXAMPLES = 512
# Number of small chunks, which take turns to be counted first. After them, prefixes double in size.
TURNING = 8

# Proposals between two checks of the clock, the progress function and Ctrl-C.
SLICE = 200 * A_TEMPERATURE

# Non-zero weights of each class at the start of a search.
STARTED = 6

# More non-zeros than any head with a good bound has; the table of costs ends here.
MOST_NONZEROS = 4000


@dataclass(frozen=True)
class Stage:
    """A part of a search: `proposals` steps while the temperature falls from hottest to coldest.

    Temperatures are in bits.
    """

    proposals: int
    hottest: float
    coldest: float = 0.4


@dataclass(frozen=True, eq=False)
class Annealed:
    """The best head of a search.

    Attributes
    ----------
    head : TernaryHead
    errors : int
        Errors on the examples of the search.
    bits : float
        log2 of the number of heads with the same numbers of non-zeros and levels, plus
        `extra_bits`. The file has this length, rounded up to a byte.
    seed : int
        The chain that found it.
    proposals : int
        Proposals of that chain.
    """

    head: TernaryHead = field(repr=False)
    errors: int
    bits: float
    seed: int
    proposals: int


def grid_relatives(channels: int, rows: int, columns: int) -> npt.NDArray[np.int32]:
    """The columns to which a non-zero may move from each column of a grid.

    They are the eight neighbouring cells of the same channel, and the same cell in all other
    channels. Feature (channel, row, column) has number (channel x rows + row) x columns + column.
    The array has shape (features, 7 + channels), with -1 for cells outside the grid.
    """
    channel, row, column = np.indices((channels, rows, columns)).reshape(3, -1)
    found = []
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if dy or dx:
                y, x = row + dy, column + dx
                inside = (y >= 0) & (y < rows) & (x >= 0) & (x < columns)
                found.append(np.where(inside, (channel * rows + y) * columns + x, -1))
    for step in range(1, channels):
        found.append(((channel + step) % channels * rows + row) * columns + column)
    return np.ascontiguousarray(np.stack(found, axis=1), np.int32)


class _Problem:
    """The examples in the layout that the C code reads. All chains share them unchanged."""

    def __init__(
        self, features: npt.NDArray[Any], labels: npt.NDArray[Any], classes: int, seed: int
    ) -> None:
        m = len(labels)
        self.classes = classes
        ends, self.turning = _chunk_ends(m)
        order = np.argsort(
            _hash(np.arange(m, dtype=np.uint64) + np.uint64(seed << 32)), kind="stable"
        )
        self.starts = np.zeros((len(ends), classes + 1), np.int64)
        parts, at = [], 0
        for k, part in enumerate(np.split(order, ends[:-1])):
            part = part[np.argsort(labels[part], kind="stable")]
            counts = np.bincount(labels[part], minlength=classes)
            self.starts[k] = at + np.concatenate([[0], np.cumsum(counts)])
            at += len(part)
            parts.append(part)
        self.by_example = np.ascontiguousarray(features[np.concatenate(parts)], np.int8)
        self.by_column = np.concatenate(
            [self.by_example[row[0] : row[-1]].T.ravel() for row in self.starts]
        )
        self._features, self._labels = features, labels

    def start(self, step: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int16]]:
        """The weights and offsets at the start of a search."""
        return _start(self._features, self._labels, self.classes, step)


def _chunk_ends(m: int) -> tuple[list[int], int]:
    """The ends of the chunks, and the number of leading chunks that take turns."""
    turning = min(max(m // CHUNK_EXAMPLES, 1), TURNING)
    size = CHUNK_EXAMPLES if m >= 4 * TURNING * CHUNK_EXAMPLES else -(-m // turning)
    ends = [size * (k + 1) for k in range(turning)]
    while 8 * ends[-1] <= 3 * m:
        ends.append(2 * ends[-1])
    return [*(ends if len(ends) > turning else ends[:-1]), m], turning


def _hash(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014).

    Sorting by it gives a random order that is the same on every machine.
    """
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _start(
    features: npt.NDArray[np.int8], labels: npt.NDArray[np.int64], classes: int, step: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int16]]:
    """The start of a search: for each class, the columns with the most unusual mean in that class.

    A search without weights at the start would lose whole classes of small problems. Sums are whole
    numbers and exact. Divisions and square roots are rounded as IEEE 754 requires, so the result is
    bit-identical on every machine.
    """
    m, d = features.shape
    sums = np.zeros((classes, d))
    for q in range(classes):
        sums[q] = features[labels == q].sum(axis=0, dtype=np.int64)
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)[:, None]
    total = sums.sum(axis=0)
    squares = np.zeros(d)
    for at in range(0, m, 10_000):
        block = features[at : at + 10_000].astype(np.int64)
        squares += (block * block).sum(axis=0)
    spread = np.sqrt(np.maximum(m * squares - total * total, 1)) / m
    score = (sums / counts - total / m) / spread
    weights = np.zeros((classes, d), np.int8)
    for q in range(classes):
        chosen = np.argsort(-np.abs(score[q]), kind="stable")[:STARTED]
        weights[q, chosen] = np.sign(score[q, chosen])
    means = np.floor(-(weights * (total / m)).cumsum(axis=1)[:, -1] / step + 0.5)
    return weights, (means - means.min()).astype(np.int16)


def _counts(n: int, most: int) -> Iterator[int]:
    """C(n, 0) ... C(n, most), each computed from the previous one."""
    ways = 1
    for k in range(most + 1):
        yield ways
        ways = ways * (n - k) // (k + 1)


class _Search:
    """One chain: its arrays, and the stages it runs through."""

    def __init__(
        self,
        problem: _Problem,
        relatives: npt.NDArray[Any],
        step: int,
        extra_bits: float,
        most_levels: int,
        delta: float,
        seed: int,
    ) -> None:
        self.problem, self.relatives, self.step = problem, relatives, step
        self.delta, self.seed = delta, seed
        m, d = problem.by_example.shape
        c, n = problem.classes, problem.classes * d
        most = min(n, MOST_NONZEROS)
        extra = round(extra_bits * UNIT)
        self.support_cost = np.array(
            [log2_units(ways, UNIT) + UNIT * k + extra for k, ways in enumerate(_counts(n, most))],
            np.int64,
        )
        self.levels_cost = np.array(
            [0] + [c * log2_units(v, UNIT) for v in range(1, most_levels + 1)], np.int64
        )
        self.weights, self.best_weights = np.zeros((2, c, d), np.int8)
        self.offsets, self.best_offsets = np.zeros((2, c), np.int16)
        self.work = (
            np.zeros((c, m), np.int32),
            np.zeros(c * m, np.int16),
            np.zeros((2, m), np.int32),
            np.zeros((len(problem.starts), c + 1), np.int64),
            np.zeros((2, len(problem.starts)), np.int64),
            np.zeros((2, n), np.int32),
            np.zeros((c + 1, d), np.int32),
        )
        weights, offsets = problem.start(step)
        if int(offsets.max()) < most_levels and np.count_nonzero(weights) <= most:
            self.best_weights[:], self.best_offsets[:] = weights, offsets
        self.errors, self.bits, self.proposals = m, float(self.support_cost[0]) / UNIT, 0

    def rate(self) -> int:
        """The cost of one error, in units of 1/1024 bit.

        It is the exchange rate at the best head so far, or at a typical head if the best is still
        poor.
        """
        m = len(self.problem.by_example)
        errors, bits = self.errors, self.bits
        if errors > m // 3:
            errors, bits = m // 8, m / 60
        return max(1, round(UNIT * exchange_rate(errors, bits, m, delta=self.delta)))

    def run(self, number: int, stage: Stage, goes_on: Callable[[_Search], bool]) -> bool:
        """Run a stage from the best head so far. Return False if `goes_on` stopped it."""
        self.weights[:], self.offsets[:] = self.best_weights, self.best_offsets
        p = self.problem
        rate = self.rate()
        chain = Chain(
            p.starts, p.turning, p.by_column, p.by_example, self.relatives, rate, self.support_cost,
            self.levels_cost, self.step, self.weights, self.offsets, self.best_weights,
            self.best_offsets, *self.work, (self.seed << 16) + number,
        )  # fmt: skip
        chain.start()
        temperature = round(stage.hottest * TEMPERATURE_UNIT)
        fall = (stage.coldest / stage.hottest) ** (A_TEMPERATURE / max(stage.proposals, 1))
        left = stage.proposals
        while left:
            n = min(left, SLICE)
            temperature = chain.run(n, temperature, round(fall * 2**32))
            left -= n
            _, _, errors, energy, *_ = chain.counts()
            self.errors, self.bits = errors, (energy - rate * errors) / UNIT
            self.proposals += n
            if not goes_on(self):
                return False
        return True


def anneal(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    classes: int | None = None,
    stages: Sequence[Stage] = (Stage(4_000_000, 5.5), Stage(2_000_000, 3.2)),
    seeds: Sequence[int] = (0,),
    step: int = 16,
    relatives: npt.NDArray[Any] | None = None,
    extra_bits: float = 22.0,
    most_levels: int = 64,
    delta: float = 0.05,
    n_threads: int = 1,
    progress: Callable[[int, int, float, int], bool] | None = None,
) -> list[Annealed]:
    """Search for ternary heads with the smallest certified error.

    Parameters
    ----------
    features : ndarray of int8, shape (examples, features)
        Whole numbers in [-127, 127]. They must not depend on the labels.
    labels : ndarray of integers, shape (examples,)
        Classes, 0 .. classes - 1.
    classes : int, optional
        Number of classes, at least 2; default: one more than the largest label.
    stages : sequence of Stage
        Each stage starts from the best head so far.
    seeds : sequence of int
        One chain per seed; each seed is in [0, 2^32).
    step : int
        The value of one step of an offset, in logits; in [1, 128].
    relatives : ndarray of int32, shape (features, any), optional
        For each column, the columns to which a non-zero may move, filled with -1; see
        `grid_relatives`.
    extra_bits : float
        Bits of a message in addition to those of support, signs and offsets. They change the
        exchange rate slightly.
    most_levels : int
        The largest number of levels that the offsets may span.
    delta : float
        Probability that the bound fails, in (0, 1).
    n_threads : int
        Number of chains that run at the same time. Results do not depend on it.
    progress : callable, optional
        Called as progress(seed, proposals, certified_error, errors) at short intervals. If it
        returns False, the chain ends and keeps its best head.

    Returns
    -------
    list of Annealed
        One per seed, in the order of the seeds.

    Raises
    ------
    TypeError, ValueError
        If features are not whole numbers in range, labels are not 0 .. classes - 1, or sizes
        differ.

    Notes
    -----
    The method is that of Kirkpatrick, Gelatt and Vecchi, "Optimization by simulated annealing",
    Science 220 (1983), with two additions (csrc/certificate/htst_anneal.h). Each move also adjusts
    the offset of the class that it changes. Bad moves are rejected after the first part of the
    examples. All arithmetic is in whole numbers: a seed gives the same head on every machine.

    Examples
    --------
    >>> import numpy as np
    >>> from htstats.certificate import Stage, anneal
    >>> x = np.random.default_rng(0).integers(0, 100, (400, 5)).astype(np.int8)
    >>> y = (x[:, 3] > 50).astype(np.int64)
    >>> best, = anneal(x, y, stages=[Stage(20_000, 5.0)])
    >>> best.errors < 40
    True
    """
    features, labels, classes = _checked(features, labels, classes)
    if relatives is None:
        relatives = np.empty((features.shape[1], 0), np.int32)
    relatives = np.ascontiguousarray(relatives, np.int32)
    delta = checks.open_probability("delta", delta)
    problem = _Problem(features, labels, classes, 0)

    stopped = Event()  # an interrupt or an error ends the other chains too

    def goes_on(search: _Search) -> bool:
        if stopped.is_set():
            return False
        if progress is None:
            return True
        bound = occam_bound(search.errors, len(labels), search.bits, delta)
        return progress(search.seed, search.proposals, bound, search.errors)

    def chain(seed: int) -> Annealed:
        search = _Search(problem, relatives, step, extra_bits, most_levels, delta, seed)
        for number, stage in enumerate(stages):
            if not search.run(number, stage, goes_on):
                break
        offsets = search.best_offsets - search.best_offsets.min()
        head = TernaryHead(search.best_weights.copy(), offsets, step)
        return Annealed(head, search.errors, search.bits, seed, search.proposals)

    seeds = [checks.count("seed", seed, at_least=0, below=2**32) for seed in seeds]
    return run_each(chain, seeds, n_threads, cancel=stopped.set)


def _checked(
    features: Any, labels: Any, classes: int | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], int]:
    features, labels = np.asarray(features), np.asarray(labels)
    if features.ndim != 2 or labels.shape != features.shape[:1]:
        raise ValueError(
            f"features must be (examples, features) and labels (examples,), got shapes "
            f"{features.shape} and {labels.shape}"
        )
    if features.dtype != np.int8 or labels.dtype.kind not in "iu":
        raise TypeError(
            f"features must be int8 and labels integers, got {features.dtype} and {labels.dtype}"
        )
    if not features.size:
        raise ValueError("features must not be empty")
    if classes is None:
        classes = max(int(labels.max()) + 1, 2)
    classes = checks.count("classes", classes, at_least=2, below=1 << 16)
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must be 0 .. {classes - 1}, got {labels.min()} .. {labels.max()}")
    return features, labels.astype(np.int64), classes
