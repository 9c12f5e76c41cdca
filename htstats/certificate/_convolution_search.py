"""Search for the matrices of a network behind its convolutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from htstats.certificate._anneal import anneal, grid_relatives
from htstats.certificate._chains import Stage
from htstats.certificate._convolution import grid_after
from htstats.certificate._layer import UNIT, Layer
from htstats.certificate._network import LOGIT_STEP, IntegerNetwork
from htstats.certificate._network_file import network_bits
from htstats.certificate._network_search import AnnealedNetwork, anneal_network

__all__ = ["SearchOptions", "search_behind_convolutions"]


class SearchOptions(TypedDict):
    """Arguments that all searches have."""

    extra_bits: float
    delta: float
    n_threads: int
    progress: Callable[[int, int, float, int], bool] | None


def search_behind_convolutions(
    images: npt.NDArray[np.int8],
    labels: npt.NDArray[np.int64],
    start: IntegerNetwork,
    seed: int,
    stages: Sequence[Stage],
    options: SearchOptions,
) -> AnnealedNetwork:
    """Find the matrices of a network whose convolutions stay as they are.

    A single matrix is a ternary head on the activations of the last convolution, so `anneal` finds
    it, from a start of its own. Several matrices begin with those of the network.
    """
    start, options = start.in_order(), options.copy()
    classes = start.widths[-1]
    inputs = start.convolve(images)
    relatives = grid_relatives(*grid_after(start.convolutions, start.image))
    behind = replace(start, convolutions=(), image=(0, 0))
    if len(start.layers) > 1:
        options["extra_bits"] += network_bits(start) - network_bits(behind)
        (found,) = anneal_network(
            inputs, labels, [behind], stages=stages, relatives=relatives, **options
        )
        return replace(found, network=replace(start, layers=found.network.layers), seed=seed)
    zeros = Layer(np.zeros((classes, inputs.shape[1]), np.int8), np.zeros(classes, np.int16))
    options["extra_bits"] += network_bits(replace(start, layers=(zeros,)))
    # the logits of a network are UNIT times those of a head with the same weights
    (head,) = anneal(
        inputs, labels, classes=classes, stages=stages, seeds=[seed], step=LOGIT_STEP // UNIT,
        relatives=relatives, **options,
    )  # fmt: skip
    network = replace(start, layers=(Layer(head.head.weights, head.head.offsets),))
    return AnnealedNetwork(network, head.errors, head.bits, seed, head.proposals)
