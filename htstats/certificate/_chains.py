"""Simulated annealing as both searches do it: stages, temperatures, and chains on threads.

`_anneal` searches for a head, `_network_search` for a network. Each has its own arrays and moves,
in C. Both take the schedule, the stop and the checks of examples from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.documents import entry
from htstats._common.threads import run_each
from htstats.certificate._bound import occam_bound

__all__ = [
    "MOST_NONZEROS",
    "SLICE",
    "UNIT",
    "Stage",
    "check_features",
    "check_relatives",
    "cool",
    "describe_result",
    "run_chains",
]

# csrc/certificate/htst_anneal.h: energies are in 1/1024 bit, temperatures in 2^-26 bit.
UNIT = 1024
TEMPERATURE_UNIT = 1 << 26
A_TEMPERATURE = 1024

# Proposals between two checks of the clock, the progress function and Ctrl-C.
SLICE = 200 * A_TEMPERATURE

# More non-zeros than any head or layer with a good bound has; tables of costs end here.
MOST_NONZEROS = 4000

Progress = Callable[[int, int, float, int], bool]
R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


@dataclass(frozen=True)
class Stage:
    """A part of a search: `proposals` steps while the temperature falls from hottest to coldest.

    Temperatures are in bits. A stage begins at the best head so far or, if `afresh`, at another
    start; the better of the two heads is kept. A start is a trained head with many non-zeros if
    there are at least 4,096 examples, else a head with six non-zeros a class. If `wide`, a non-zero
    may move to any column of its class, and may change its sign on the way; else it moves to a
    relative of its column or to a column that some class uses. Searches of networks ignore `afresh`
    and `wide`.
    """

    proposals: int
    hottest: float
    coldest: float = 0.4
    afresh: bool = False
    wide: bool = False


class Chain(Protocol):
    """A chain of csrc/certificate, which holds its state."""

    def run(self, n: int, temperature: int, decay: int) -> int: ...
    def counts(self) -> tuple[int, int, int, int, int, int, int]: ...


class Search(Protocol[R_co]):
    """What a search has found so far, and how it goes on."""

    seed: int
    proposals: int
    errors: int
    bits: float

    def run(self, number: int, stage: Stage, goes_on: Callable[[Any], bool]) -> bool:
        """Run a stage. Return False if `goes_on`, which is called after each slice, stopped it."""

    def result(self) -> R_co:
        """The best classifier so far."""


def describe_result(classifier: str, bits: str) -> str:
    """The attributes of the result of a search, for its docstring."""
    return "\n".join([
        classifier,
        entry("errors : int", "Errors on the examples of the search."),
        entry("bits : float", bits),
        entry("seed : int", "The chain that found it."),
        entry("proposals : int", "Proposals of that chain."),
    ])  # fmt: skip


def cool(chain: Chain, stage: Stage, most: int) -> Iterator[tuple[int, int, int]]:
    """Run a chain through the temperatures of a stage, at most `most` proposals at a time.

    Yields the number of these proposals, and the errors and the energy of the best state so far.
    """
    temperature = round(stage.hottest * TEMPERATURE_UNIT)
    fall = (stage.coldest / stage.hottest) ** (A_TEMPERATURE / max(stage.proposals, 1))
    left = stage.proposals
    while left:
        n = min(left, most)
        temperature = chain.run(n, temperature, max(1, round(fall * 2**32)))
        left -= n
        _, _, errors, energy, *_ = chain.counts()
        yield n, errors, energy


def run_chains(
    begin: Callable[[int], Search[R]],
    seeds: Sequence[int],
    stages: Sequence[Stage],
    m: int,
    delta: float,
    n_threads: int,
    progress: Progress | None,
) -> list[R]:
    """Begin a search for each seed, run it through the stages, and return the results in order.

    `m` is the number of examples. `progress` gets the bound of the best classifier so far.
    """
    stopped = Event()  # an interrupt or an error ends the other chains too

    def goes_on(search: Search[R]) -> bool:
        if stopped.is_set():
            return False
        if progress is None:
            return True
        bound = occam_bound(search.errors, m, search.bits, delta)
        return progress(search.seed, search.proposals, bound, search.errors)

    def chain(seed: int) -> R:
        search = begin(seed)
        for number, stage in enumerate(stages):
            if not search.run(number, stage, goes_on):
                break
        return search.result()

    return run_each(chain, seeds, n_threads, cancel=stopped.set)


def check_features(
    features: Any, labels: Any, classes: int | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], int]:
    """The features, their labels as int64, and the number of classes, as a search takes them.

    Raises
    ------
    TypeError, ValueError
        If features are not int8, labels are not 0 .. classes - 1, or sizes differ.
    """
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
    classes = checks.count("classes", classes, at_least=2, below=1 << 15)
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must be 0 .. {classes - 1}, got {labels.min()} .. {labels.max()}")
    return features, labels.astype(np.int64), classes


def check_relatives(
    relatives: npt.NDArray[Any] | None, features: npt.NDArray[Any]
) -> npt.NDArray[np.int32]:
    """The relatives of each column, contiguous; by default, columns have none."""
    if relatives is None:
        relatives = np.empty((features.shape[1], 0), np.int32)
    return np.ascontiguousarray(relatives, np.int32)
