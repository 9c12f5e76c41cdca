"""The presets fcnn and cnn: certified files of networks, from examples and trained networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from htstats.certificate._anneal import grid_relatives
from htstats.certificate._chains import Stage
from htstats.certificate._convolution_search import SearchOptions, search_behind_convolutions
from htstats.certificate._examples import Examples
from htstats.certificate._formats import Format, format_for
from htstats.certificate._network import IntegerNetwork
from htstats.certificate._network_search import anneal_network
from htstats.certificate._search import (
    CHOICE_BITS,
    FEW_EXAMPLES,
    POLISH,
    STAGES_OF_FEW,
    Found,
    certify_classifier,
    encoder_of,
    features_of,
)

__all__ = ["FCNN_STAGES", "certify_networks", "network_inputs"]

# The stages of the search of the preset fcnn.
FCNN_STAGES = (Stage(1_000_000, 3.0), Stage(500_000, 2.0))

# The stages behind convolutions, if a single matrix follows them.
CNN_STAGES = (*[Stage(12_000_000, 3.0, 1.4, afresh=True)] * 2, *POLISH * 2)

# Images with a smaller side keep all their pixels. In larger images, 2 x 2 pixels become one input.
LEAST_POOLED = 16


def network_inputs(
    examples: Examples, *, n_threads: int = 1, convolutional: bool = False
) -> tuple[Format, npt.NDArray[np.int8]]:
    """The format of a network for these examples, and the inputs of its first layer.

    Parameters
    ----------
    examples : Examples
        Images become pooled pixels (196 inputs for 28 x 28), or all pixels if a side is below 16.
        Columns stay unchanged.
    n_threads : int
        Number of threads. The result does not depend on it.
    convolutional : bool
        Return the inputs of a network that begins with convolutions: all pixels of images.

    Returns
    -------
    Format, ndarray of int8 of shape (examples, inputs)

    Raises
    ------
    ValueError
        If a convolutional network is wanted, and the examples are columns.
    """
    if convolutional and examples.x.ndim != 3:
        raise ValueError(f"convolutions want images, got columns of shape {examples.x.shape}")
    height, width = examples.x.shape[1:] if examples.x.ndim == 3 else (1, examples.x.shape[1])
    name = "columns"
    if examples.x.ndim == 3:
        small = convolutional or min(height, width) < LEAST_POOLED
        name = "raw" if small else "pixels"
    form = format_for(
        name, height, width, examples.classes, network=True, convolutional=convolutional,
        exponent=examples.exponent,
    )  # fmt: skip
    return form, features_of(form, examples.x, n_threads)


def certify_networks(
    examples: Examples,
    starts: Sequence[IntegerNetwork],
    *,
    delta: float = 0.05,
    n_threads: int = 1,
    stages: Sequence[Stage] | None = None,
    progress: Callable[[int, int, float, int], bool] | None = None,
    encoder_sha256: str | None = None,
) -> list[Found]:
    """Search for a network with few errors and a short file from each start, and certify it.

    Parameters
    ----------
    examples : Examples
    starts : sequence of IntegerNetwork
        Ternary networks on the inputs of `network_inputs`, as `htstats.torch.train_compressed`
        returns them. The number of starts costs no bits. If the first one has convolutions, all
        must have some; the search does not change them. If a single matrix follows them, the
        search does not begin with that matrix: it trains one as `certify` does.
    delta, n_threads, stages, progress, encoder_sha256
        As in `certify`. The stages that replace the default depend on the number of matrices.

    Returns
    -------
    list of Found
        One per start, in their order.

    Raises
    ------
    ValueError
        If a start does not fit the examples, or only some starts have convolutions.
    """
    convolutional = bool(starts and starts[0].convolutions)
    form, inputs = network_inputs(examples, n_threads=n_threads, convolutional=convolutional)
    _check_starts(form, starts)
    encoder = encoder_of(form, encoder_sha256)
    relatives = None if form.features == "columns" else grid_relatives(*form.grid)
    options: SearchOptions = {
        "extra_bits": form.header_bits + CHOICE_BITS, "delta": delta, "n_threads": n_threads,
        "progress": progress,
    }  # fmt: skip
    if convolutional:
        found = [
            search_behind_convolutions(
                inputs, examples.y, start, number, stages or _stages_for(start, len(inputs)),
                options,
            )
            for number, start in enumerate(starts)
        ]  # fmt: skip
    else:
        found = anneal_network(
            inputs, examples.y, starts, stages=stages or FCNN_STAGES, relatives=relatives,
            **options,
        )  # fmt: skip
    return [
        certify_classifier(form, one.network, one, examples, inputs, delta, encoder)
        for one in found
    ]


def _check_starts(form: Format, starts: Sequence[IntegerNetwork]) -> None:
    """Raise ValueError if convolutions are where they do not belong, or read other images."""
    for start in starts:
        image = (form.height, form.width) if form.is_convolutional else (0, 0)
        if bool(start.convolutions) != form.is_convolutional or start.image != image:
            raise ValueError(
                f"starts must fit format {form.name}, got a network of "
                f"{len(start.convolutions)} convolutions of images {start.image}"
            )
        if form.is_convolutional and start.widths[-1] != form.classes:
            raise ValueError(f"starts must have {form.classes} classes, got {start.widths[-1]}")


def _stages_for(start: IntegerNetwork, m: int) -> Sequence[Stage]:
    """The stages of a search behind the convolutions of a network, for m examples."""
    if len(start.layers) > 1:
        return FCNN_STAGES
    return STAGES_OF_FEW if m < FEW_EXAMPLES else CNN_STAGES
