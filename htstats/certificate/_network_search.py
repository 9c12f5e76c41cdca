"""Search for a network with few errors and few bits, starting from a trained network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.documents import add_sections
from htstats._core.network_search import NetworkChain
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
from htstats.certificate._layer import UNIT as Q
from htstats.certificate._network import IntegerNetwork
from htstats.certificate._network_file import MOST_LEVELS, header_bits, layer_bits
from htstats.certificate._start import mix_bits

__all__ = ["AnnealedNetwork", "anneal_network"]

# The smallest number of examples in a chunk, and the largest number of chunks.
CHUNK_EXAMPLES = 384
MOST_CHUNKS = 128


BITS = "Bits of the message, without the zeros that fill its last byte, plus `extra_bits`."


@add_sections(Attributes=describe_result("network : IntegerNetwork", BITS))
@dataclass(frozen=True, eq=False)
class AnnealedNetwork:
    """The best network of a search."""

    network: IntegerNetwork = field(repr=False)
    errors: int
    bits: float
    seed: int
    proposals: int


class _Problem:
    """The examples in the layout that the C code reads. All chains share them unchanged."""

    def __init__(self, features: npt.NDArray[Any], labels: npt.NDArray[Any], classes: int) -> None:
        m = len(labels)
        chunks = 1
        while chunks < MOST_CHUNKS and m >= 2 * chunks * CHUNK_EXAMPLES:
            chunks *= 2
        order = np.argsort(mix_bits(np.arange(m, dtype=np.uint64)), kind="stable")
        self.starts = np.zeros((chunks, classes + 1), np.int64)
        parts, at = [], 0
        for k, part in enumerate(np.array_split(order, chunks)):
            part = part[np.argsort(labels[part], kind="stable")]
            ends = np.cumsum(np.bincount(labels[part], minlength=classes))
            self.starts[k] = at + np.concatenate([[0], ends])
            at += len(part)
            parts.append(np.ascontiguousarray(features[part].T, np.int8).ravel())
        self.inputs = np.concatenate(parts)
        self.m, self.largest = m, int((self.starts[:, -1] - self.starts[:, 0]).max())


class _Costs:
    """Tables of bits: of supports and values, and of offsets, for each layer of a network."""

    def __init__(self, network: IntegerNetwork, extra_bits: float) -> None:
        layers = network.layers
        most = min(max(layer.codes.size for layer in layers), MOST_NONZEROS)
        self.support = np.zeros((len(layers), most + 1), np.int64)
        self.levels = np.zeros((len(layers), MOST_LEVELS + 1), np.int64)
        for number, layer in enumerate(layers):
            n, last = layer.codes.size, number == len(layers) - 1
            count = 1  # C(n, k); for impossible k > n, the cost exceeds that of all errors
            for k in range(most + 1):
                rank = log2_units(count, UNIT) if k <= n else 1 << 50
                self.support[number, k] = rank + UNIT * k
                count = count * max(n - k, 0) // (k + 1)
            for v in range(1, MOST_LEVELS + 1):
                count = layer_bits(len(layer.codes), v, last, network.is_sorted(number))
                self.levels[number, v] = log2_units(count, UNIT)
        self.support[-1] += round(extra_bits * UNIT)


class _Search:
    """One chain: its arrays, and the stages it runs through."""

    def __init__(
        self,
        problem: _Problem,
        start: IntegerNetwork,
        costs: _Costs,
        relatives: npt.NDArray[np.int32],
        delta: float,
        seed: int,
    ) -> None:
        self.problem, self.network, self.costs = problem, start, costs
        self.relatives, self.delta, self.seed = relatives, delta, seed
        self.codes = np.concatenate([layer.codes.ravel() for layer in start.layers])
        self.offsets = np.concatenate([layer.offsets for layer in start.layers])
        self.errors, self.bits, self.proposals = problem.m, float(problem.m), 0
        units = len(self.offsets)
        n = problem.largest
        self.work = (
            np.zeros(units * problem.m, np.int32),
            np.zeros(units * problem.m, np.int8),
            np.zeros(problem.m, np.uint8),
            np.zeros((units, n), np.int32),
            np.zeros((units, n), np.int8),
            np.zeros((units, n), np.int16),
            np.zeros((2, n), np.int32),
            np.zeros(units, np.uint8),
            np.zeros((2, len(self.codes)), np.int32),
            np.zeros(start.widths[0] + units, np.int32),
        )

    def best(self) -> IntegerNetwork:
        """The best network so far."""
        layers, entry, unit = [], 0, 0
        for layer in self.network.layers:
            n, shape = len(layer.codes), layer.codes.shape
            codes = self.codes[entry : entry + layer.codes.size].reshape(shape).copy()
            layers.append(replace(layer, codes=codes, offsets=self.offsets[unit : unit + n].copy()))
            entry, unit = entry + layer.codes.size, unit + n
        return replace(self.network, layers=tuple(layers))

    def rate(self) -> int:
        """The cost of one error, in units of 1/1024 bit.

        It is the exchange rate at the best network so far, or at a typical network if the best is
        still poor.
        """
        m, errors, bits = self.problem.m, self.errors, self.bits
        if errors > m // 3 or bits > m / 20:
            errors, bits = m // 8, m / 40
        return max(1, round(UNIT * exchange_rate(errors, bits, m, delta=self.delta)))

    def run(self, number: int, stage: Stage, goes_on: Callable[[_Search], bool]) -> bool:
        """Run a stage from the best network so far. Return False if `goes_on` stopped it."""
        rate = self.rate()
        network = self.best()
        widths, weights, constants, shifts = network.arrays()
        codes, offsets = np.stack([self.codes] * 2), np.stack([self.offsets] * 2)
        steps = np.array([network.step(i) for i in range(len(network.layers))], np.int32)
        generator = mix_bits(
            np.arange(1, 5, dtype=np.uint64) + np.uint64((self.seed << 24) + (number << 8))
        )
        chain = NetworkChain(
            widths, weights, constants, shifts, self.problem.starts, self.problem.inputs,
            self.relatives, rate, Q, steps, self.costs.support, self.costs.levels, codes, offsets,
            *self.work, generator,
        )  # fmt: skip
        chain.start()
        for n, errors, energy in cool(chain, stage, SLICE // 4):
            self.errors, self.bits = errors, (energy - rate * errors) / UNIT
            self.proposals += n
            self.codes, self.offsets = codes[1], offsets[1]
            if not goes_on(self):
                return False
        return True

    def result(self) -> AnnealedNetwork:
        """The best network so far, with its numbers."""
        return AnnealedNetwork(self.best(), self.errors, self.bits, self.seed, self.proposals)


def anneal_network(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    starts: Sequence[IntegerNetwork],
    *,
    stages: Sequence[Stage] = (Stage(4_000_000, 5.5), Stage(2_000_000, 3.2)),
    relatives: npt.NDArray[Any] | None = None,
    extra_bits: float = 8.0,
    delta: float = 0.05,
    n_threads: int = 1,
    progress: Callable[[int, int, float, int], bool] | None = None,
) -> list[AnnealedNetwork]:
    """Search for networks with the smallest certified error.

    Parameters
    ----------
    features : ndarray of int8, shape (examples, inputs)
    labels : ndarray of integers, shape (examples,)
        Classes, 0 .. classes - 1. The number of classes must be that of the networks.
    starts : sequence of IntegerNetwork
        One chain per start. The search changes the offsets and B, whose values stay in -1, 0, 1.
        Mean, t, shifts and the seed of G do not change.
    stages : sequence of Stage
        Each stage starts from the best network so far.
    relatives : ndarray of int32, shape (inputs, any), optional
        For each input, the inputs to which a non-zero of the first layer may move, filled with -1;
        see `grid_relatives`.
    extra_bits : float
        Bits of the format and of choices. They change the exchange rate slightly.
    delta : float
        Probability that the bound fails, in (0, 1).
    n_threads : int
        Number of chains that run at the same time. Results do not depend on it.
    progress : callable, optional
        As in `anneal`.

    Returns
    -------
    list of AnnealedNetwork
        One per start, in their order.

    Raises
    ------
    TypeError, ValueError
        If features are not int8, labels do not fit, or a start does not fit them.

    Notes
    -----
    csrc/certificate/htst_network_search.h describes the moves. All arithmetic is in whole numbers:
    a start gives the same network on every machine.
    """
    if not starts:
        raise ValueError("starts must be at least one network, got none")
    features, labels, classes = check_features(features, labels, starts[0].widths[-1])
    relatives = check_relatives(relatives, features)
    delta = checks.open_probability("delta", delta)
    for start in starts:
        if (start.widths[0], start.widths[-1]) != (features.shape[1], classes) or start.values != 1:
            raise ValueError(
                f"starts must be ternary networks of {features.shape[1]} inputs and {classes} "
                f"classes, got widths {start.widths}, values {start.values}"
            )
        if start.convolutions:
            raise ValueError("starts must be networks without convolutions: use certify_networks")
    problem = _Problem(features, labels, classes)

    def begin(seed: int) -> _Search:
        start = starts[seed].in_order()
        costs = _Costs(start, extra_bits + header_bits(start))
        return _Search(problem, start, costs, relatives, delta, seed)

    return run_chains(begin, range(len(starts)), stages, problem.m, delta, n_threads, progress)
