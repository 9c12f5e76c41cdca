"""Search for a ternary head with few errors and few bits by simulated annealing.

In the bound, one error costs a nearly constant number of bits (`exchange_rate`). The search
therefore minimises rate x errors + bits. It uses whole numbers and counts errors exactly. Chains
are independent: the number of threads changes the running time, never the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.documents import add_sections
from htstats._core.anneal import NEAR_BLOCK, Chain, most_in_row
from htstats.certificate._bound import exchange_rate
from htstats.certificate._chains import (
    MOST_NONZEROS,
    SLICE,
    UNIT,
    Stage,
    check_features,
    check_relatives,
    cool,
    describe_result,
    run_chains,
)
from htstats.certificate._coder import log2_units
from htstats.certificate._head import TernaryHead
from htstats.certificate._start import find_start

__all__ = ["Annealed", "anneal", "grid_relatives"]

# The most blocks of examples near the boundary of a class that evaluate a proposal.
MOST_BLOCKS = 64


BITS = """\
log2 of the number of heads with the same numbers of non-zeros and levels, plus
`extra_bits`. The file has this length, rounded up to a byte."""


@add_sections(Attributes=describe_result("head : TernaryHead", BITS))
@dataclass(frozen=True, eq=False)
class Annealed:
    """The best head of a search."""

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

    def __init__(self, features: npt.NDArray[Any], labels: npt.NDArray[Any], classes: int) -> None:
        self.classes = classes
        order = np.argsort(labels, kind="stable")
        counts = np.bincount(labels, minlength=classes)
        self.starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self.by_example = np.ascontiguousarray(features[order], np.int8)
        self.by_column = np.ascontiguousarray(self.by_example.T)
        self._features, self._labels = features, labels

    def start(
        self, step: int, most: int, most_levels: int, seed: int
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int16]]:
        """The weights and offsets of `find_start` for these examples."""
        return find_start(
            self._features, self._labels, self.classes, step, most, most_levels, seed,
            most_in_row(most_levels, step),
        )  # fmt: skip


def _near_examples(m: int, classes: int) -> int:
    """Places in the sample near the boundary of each class: all samples hold up to 2 m examples."""
    return NEAR_BLOCK * min(max(2 * m // (classes * NEAR_BLOCK), 1), MOST_BLOCKS)


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
        near = _near_examples(m, c)
        self.work = (
            np.zeros((c, m), np.int16),
            np.zeros((c, near // NEAR_BLOCK, d, NEAR_BLOCK), np.int8),
            np.zeros((c, c, near), np.int16),
            np.zeros((2, c, near), np.int16),
            np.zeros((2 + near // NEAR_BLOCK, c), np.int64),
            np.zeros(m, np.int32),
            np.zeros((3, n), np.int32),
            np.zeros((c, d), np.int32),
        )
        self.most, self.most_levels = most, most_levels
        self.errors, self.bits, self.proposals = m, float(self.support_cost[0]) / UNIT, 0

    def _begin(self, number: int) -> None:
        """Set the best head to the start of stage `number`."""
        seed = (self.seed + number * 0x9E3779B1) % (1 << 32)
        start = self.problem.start(self.step, self.most, self.most_levels, seed)
        self.best_weights[:], self.best_offsets[:] = start

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
        """Run a stage, and keep the best head. Return False if `goes_on` stopped it."""
        rate, before, kept = self.rate(), math.inf, None
        if number == 0:
            self._begin(0)
        elif stage.afresh:
            before = rate / UNIT * self.errors + self.bits
            kept = self.best_weights.copy(), self.best_offsets.copy()
            self._begin(number)
        chain = self._chain(rate, number, stage.wide)
        finished = True
        for n, errors, energy in cool(chain, stage, SLICE):
            if energy / UNIT < before:
                self.errors, self.bits, kept = errors, (energy - rate * errors) / UNIT, None
            self.proposals += n
            finished = goes_on(self)
            if not finished:
                break
        if kept is not None:
            self.best_weights[:], self.best_offsets[:] = kept
        return finished

    def _chain(self, rate: int, number: int, wide: bool) -> Chain:
        """A chain at the best head, or at the start if there is no best head yet."""
        self.weights[:], self.offsets[:] = self.best_weights, self.best_offsets
        p = self.problem
        chain = Chain(
            p.starts, p.by_column, p.by_example, self.relatives, rate, self.support_cost,
            self.levels_cost, self.step, self.weights, self.offsets, self.best_weights,
            self.best_offsets, *self.work, (self.seed << 16) + number,
            wide,
        )  # fmt: skip
        chain.start()
        return chain

    def result(self) -> Annealed:
        """The best head so far."""
        offsets = self.best_offsets - self.best_offsets.min()
        head = TernaryHead(self.best_weights.copy(), offsets, self.step)
        return Annealed(head, self.errors, self.bits, self.seed, self.proposals)


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
        Each stage starts from the best head so far or, if it is `afresh`, from another start.
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
    the offset of the class that it changes. Bad moves are rejected after a part of the examples
    near the boundary of that class. All arithmetic is in whole numbers: a seed gives the same head
    on every machine. With 4,096 examples or more the search begins at a dense head, trained with
    the straight-through estimator, which has about three times the non-zeros that pay for their
    bits. A class has at most 239 non-zeros with the default `step` and `most_levels`, so that
    logits fit in 16 bits.

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
    features, labels, classes = check_features(features, labels, classes)
    relatives = check_relatives(relatives, features)
    delta = checks.open_probability("delta", delta)
    problem = _Problem(features, labels, classes)
    seeds = [checks.count("seed", seed, at_least=0, below=2**32) for seed in seeds]

    def begin(seed: int) -> _Search:
        return _Search(problem, relatives, step, extra_bits, most_levels, delta, seed)

    return run_chains(begin, seeds, stages, len(labels), delta, n_threads, progress)
