"""The preset fcnn: certified files of networks, from examples and trained networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from htstats.certificate._anneal import grid_relatives
from htstats.certificate._chains import Stage
from htstats.certificate._examples import Examples
from htstats.certificate._formats import Format, format_for
from htstats.certificate._network import IntegerNetwork
from htstats.certificate._network_search import anneal_network
from htstats.certificate._search import (
    CHOICE_BITS,
    Found,
    certify_classifier,
    encoder_of,
    features_of,
)

__all__ = ["FCNN_STAGES", "certify_networks", "network_inputs"]

# The stages of the search of the preset fcnn.
FCNN_STAGES = (Stage(1_000_000, 3.0), Stage(500_000, 2.0))

# Images with a smaller side keep all their pixels. In larger images, 2 x 2 pixels become one input.
LEAST_POOLED = 16


def network_inputs(
    examples: Examples, *, n_threads: int = 1
) -> tuple[Format, npt.NDArray[np.int8]]:
    """The format of a network for these examples, and the inputs of its first layer.

    Parameters
    ----------
    examples : Examples
        Images become pooled pixels (196 inputs for 28 x 28), or all pixels if a side is below 16.
        Columns stay unchanged.
    n_threads : int
        Number of threads. The result does not depend on it.

    Returns
    -------
    Format, ndarray of int8 of shape (examples, inputs)
    """
    height, width = examples.x.shape[1:] if examples.x.ndim == 3 else (1, examples.x.shape[1])
    name = "columns"
    if examples.x.ndim == 3:
        name = "raw" if min(height, width) < LEAST_POOLED else "pixels"
    form = format_for(
        name, height, width, examples.classes, network=True, exponent=examples.exponent
    )
    return form, features_of(form, examples.x, n_threads)


def certify_networks(
    examples: Examples,
    starts: Sequence[IntegerNetwork],
    *,
    delta: float = 0.05,
    n_threads: int = 1,
    stages: Sequence[Stage] = FCNN_STAGES,
    progress: Callable[[int, int, float, int], bool] | None = None,
    encoder_sha256: str | None = None,
) -> list[Found]:
    """Search for a network with few errors and a short file from each start, and certify it.

    Parameters
    ----------
    examples : Examples
    starts : sequence of IntegerNetwork
        Ternary networks on the inputs of `network_inputs`, as `htstats.torch.train_compressed`
        returns them. The number of starts costs no bits.
    delta, n_threads, stages, progress, encoder_sha256
        As in `certify`.

    Returns
    -------
    list of Found
        One per start, in their order.

    Raises
    ------
    ValueError
        If a start does not fit the examples.
    """
    form, inputs = network_inputs(examples, n_threads=n_threads)
    encoder = encoder_of(form, encoder_sha256)
    relatives = None if form.features == "columns" else grid_relatives(*form.grid)
    found = anneal_network(
        inputs, examples.y, starts, stages=stages, relatives=relatives,
        extra_bits=form.header_bits + CHOICE_BITS, delta=delta, n_threads=n_threads,
        progress=progress,
    )  # fmt: skip
    return [
        certify_classifier(form, one.network, one, examples, inputs, delta, encoder)
        for one in found
    ]
