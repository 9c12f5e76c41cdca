"""The paper's route: compress a network after training, and certify the compressed network."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats.certificate._bound import occam_bound
from htstats.certificate._certificate import Certificate
from htstats.certificate._examples import Examples
from htstats.certificate._file import encode
from htstats.certificate._formats import Format, format_for
from htstats.certificate._layer import HIDDEN_STEP, MEANS, NOISES, UNIT, Layer
from htstats.certificate._network import LOGIT_STEP, IntegerNetwork
from htstats.certificate._network_file import MOST_LEVELS, network_bits
from htstats.certificate._search import CHOICE_BITS, features_of
from htstats.weights import RawTensor, open_weights

__all__ = ["PostHoc", "certify_post_hoc", "compress_network", "read_network_layers"]

TOP = 127

# The grid of the search: the shares of each matrix that are kept, and the levels of the codebook.
# Each pair is tried twice: the other entries become mean + sqrt(t) G, or zero.
SHARES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
VALUES = (1, 2, 4, 8)

# This number of examples selects the shifts and ranks the grid. The errors of the best candidates
# are then counted on all examples.
EXAMPLES_RANKED = 4000
FINALISTS = 3

# The share of a layer's positive sums that may be clipped.
CLIPPED = 0.001

Layers = Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class PostHoc:
    """A trained network after compression, with its certificate.

    Attributes
    ----------
    data : bytes
        The file.
    certificate : Certificate
    form : Format
    network : IntegerNetwork
    share : float
        The share of each matrix that is above the threshold and kept in B.
    noise : bool
        True if the other entries are mean + sqrt(t) G, False if they are zero.
    """

    data: bytes = field(repr=False)
    certificate: Certificate
    form: Format
    network: IntegerNetwork
    share: float
    noise: bool


def read_network_layers(path: str | os.PathLike[str]) -> list[tuple[Any, Any]]:
    """Matrices and biases of a checkpoint whose layers form a feed-forward network.

    Parameters
    ----------
    path : path
        Any file that `htstats.weights.open_weights` reads. The matrices, each of shape (out, in),
        must be in the order of the network. The bias of ``NAME.weight`` is ``NAME.bias``, or zero
        if there is no such tensor.

    Returns
    -------
    list of (ndarray of shape (out, in), ndarray of shape (out,))

    Raises
    ------
    ValueError
        If the layers do not fit each other, or other tensors are left over.
    """
    weights = open_weights(path)
    vectors = {t.name: t for t in weights.tensors.values() if len(t.shape) == 1}
    layers = []
    for name, matrix in weights.items():
        if len(matrix.source_shape) != 2:
            raise ValueError(
                f"{path}: {name} has shape {matrix.source_shape}; layers must be (out, in) matrices"
            )
        bias = vectors.pop(name.removesuffix("weight") + "bias", None)
        values = np.zeros(matrix.shape[0]) if bias is None else _vector(bias)
        layers.append((np.asarray(matrix.toarray(), np.float64), values))
    if vectors:
        raise ValueError(f"{path}: {next(iter(vectors))} is not a bias of a linear layer")
    _check_layers(layers, str(path))
    return layers


def _vector(tensor: RawTensor) -> Floats:
    kinds = {"float16": np.float16, "float32": np.float32, "float64": np.float64}
    if tensor.dtype not in kinds:
        raise ValueError(f"{tensor.name} is {tensor.dtype}; a bias must be float16, 32 or 64")
    data = b"".join(bytes(chunk) for chunk in tensor.chunks())
    return np.frombuffer(data, kinds[tensor.dtype]).astype(np.float64)


def _check_layers(layers: Layers, what: str) -> None:
    if not 1 <= len(layers) <= 8:
        raise ValueError(f"{what}: a network must have one to eight matrices, got {len(layers)}")
    for matrix, bias in layers:
        if bias.shape != matrix.shape[:1] or not (
            np.isfinite(matrix).all() and np.isfinite(bias).all()
        ):
            raise ValueError(f"{what}: biases must fit their matrices, and all must be finite")
    for (one, _), (two, _) in pairwise(layers):
        if two.shape[1] != one.shape[0]:
            raise ValueError(
                f"{what}: layers do not fit each other: {one.shape[0]} units, then "
                f"{two.shape[1]} inputs"
            )


def compress_network(
    layers: Layers,
    inputs: npt.NDArray[Any],
    *,
    share: float,
    values: int = 1,
    noise: bool = True,
    input_range: tuple[float, float] = (-1.0, 1.0),
) -> IntegerNetwork:
    """Convert a trained ReLU network to layers W(t) in whole numbers.

    Parameters
    ----------
    layers : sequence of (ndarray (out, in), ndarray (out,))
        Matrices and biases, with ReLU between the layers.
    inputs : ndarray of int8, shape (examples, inputs)
        The examples that determine the shifts.
    share : float
        The share of the entries of each matrix that become non-zeros of B, in (0, 1]. These are the
        entries with the largest absolute values.
    values : int
        B has values -values .. values, in [1, 8].
    noise : bool
        If true, mean + sqrt(t) G replaces the other entries. Mean and sqrt(t) are their mean and
        standard deviation, rounded to `MEANS` and `NOISES`. If false, zero replaces them.
    input_range : (float, float)
        The numbers that stood for the inputs 0 and 127 when the network was trained.

    Returns
    -------
    IntegerNetwork

    Notes
    -----
    If `values` is 1, q is the mean absolute value of the kept entries. Otherwise, q is their
    largest absolute value divided by `values`. Sums, activations and offsets are scaled
    accordingly. Offsets outside the range of their levels are clipped.
    """
    low, high = input_range
    scale, origin = (high - low) / TOP, low
    x = inputs.astype(np.float64)
    found = []
    for number, (matrix, bias) in enumerate(layers):
        layer, q = _compress_matrix(np.asarray(matrix, np.float64), share, values, noise)
        w = layer.dense(0, number) + UNIT * layer.codes.astype(np.float64)
        unit = q * scale / UNIT  # the value of 1 in a sum, in the trained network's numbers
        constants = bias / unit + origin / scale * w.sum(axis=1)
        z = x @ w.T + constants
        if number == len(layers) - 1:
            offsets = np.rint((constants - constants.min()) / LOGIT_STEP)
            found.append(_with(layer, np.minimum(offsets, MOST_LEVELS - 1), 0))
            break
        shift = _shift_of(z)
        step = HIDDEN_STEP << shift
        offsets = np.clip(np.rint(constants / step), -31, 31)
        found.append(_with(layer, offsets, shift))
        x = np.clip(np.floor((x @ w.T + step * offsets) / 2**shift), 0, TOP)
        scale, origin = unit * 2**shift, 0.0
    return IntegerNetwork(tuple(found), values, 0)


def _with(layer: Layer, offsets: npt.NDArray[Any], shift: int) -> Layer:
    return Layer(layer.codes, offsets.astype(np.int16), layer.mean, layer.noise, shift)


def _shift_of(z: npt.NDArray[Any]) -> int:
    positive = z[z > 0]
    most = float(np.quantile(positive, 1 - CLIPPED)) if positive.size else 0.0
    return next((s for s in range(15) if TOP << s >= most), 15)


def _compress_matrix(
    matrix: npt.NDArray[Any], share: float, values: int, noise: bool
) -> tuple[Layer, float]:
    """The layer of a matrix, with offsets 0, and the value of q."""
    size = np.abs(matrix)
    n_kept = max(1, round(share * matrix.size))
    threshold = np.partition(size.ravel(), matrix.size - n_kept)[matrix.size - n_kept]
    kept = (size >= threshold) & (size > 0)
    if not kept.any():
        return Layer(np.zeros(matrix.shape, np.int8), np.zeros(len(matrix), np.int16)), 1.0
    q = float(size[kept].mean() if values == 1 else size[kept].max() / values)
    codes = np.where(kept, np.clip(np.rint(matrix / q), -values, values), 0).astype(np.int8)
    if values == 1:
        codes = np.where(kept, np.sign(matrix), 0).astype(np.int8)
    rest = matrix[codes == 0]
    mean, spread = 0, 0
    if noise and rest.size:
        mean = min(MEANS, key=lambda v: abs(v - UNIT * rest.mean() / q))
        spread = min(NOISES, key=lambda v: abs(v - UNIT * rest.std() / q))
    return Layer(codes, np.zeros(len(matrix), np.int16), mean, spread), q


def certify_post_hoc(
    layers: Layers,
    examples: Examples,
    *,
    input_range: tuple[float, float] = (-1.0, 1.0),
    delta: float = 0.05,
    n_threads: int = 1,
) -> PostHoc:
    """Compress a trained network, search threshold, levels and noise, and certify the best result.

    Parameters
    ----------
    layers : sequence of (ndarray (out, in), ndarray (out,))
        As `read_network_layers` returns them. The number of columns of the first matrix must be the
        number of pixels of an image, a quarter of it (means of 2 x 2 pixels), or the number of
        columns of the examples.
    examples : Examples
        These may be the examples that trained the network: the bound holds for every message.
    input_range : (float, float)
        The numbers that stood for the smallest and the largest pixel (or for 0 and 127 in columns)
        when the network was trained.
    delta : float
        Probability that the statement fails.
    n_threads : int
        Number of threads. The result does not depend on it.

    Returns
    -------
    PostHoc
        ``certificate.is_vacuous`` is true if the bound is no better than guessing. This is usual
        for networks that were not trained to be small.

    Raises
    ------
    ValueError
        If the layers do not fit each other, or do not fit the examples.
    """
    _check_layers(layers, "layers")
    delta = checks.open_probability("delta", delta)
    low, high = (checks.finite("input_range", v) for v in input_range)
    if not low < high:
        raise ValueError(f"input_range must be increasing, got {low} and {high}")
    form = _format_of(layers, examples)
    inputs, labels, m = features_of(form, examples.x, n_threads), examples.y, len(examples.y)
    some, some_labels = inputs[:EXAMPLES_RANKED], labels[:EXAMPLES_RANKED]
    ranked = []
    for number, (network, share, noise) in enumerate(_candidates(layers, some, (low, high))):
        bits = network_bits(network) + form.header_bits + CHOICE_BITS
        errors = round(_share_of_errors(network, some, some_labels) * m)
        ranked.append((occam_bound(errors, m, bits, delta), number, network, share, noise))
    finalists = []
    for _, number, network, share, noise in sorted(ranked, key=lambda r: r[:2])[:FINALISTS]:
        data = encode(form, network)
        errors = network.count_errors(inputs, labels)
        certificate = Certificate(
            errors, m, 8 * len(data), CHOICE_BITS, delta, form.classes, form.name
        )
        found = PostHoc(data, certificate, form, network, share, noise)
        finalists.append((certificate.certified_error, number, found))
    return min(finalists, key=lambda r: r[:2])[2]


def _format_of(layers: Layers, examples: Examples) -> Format:
    n, classes, shape = layers[0][0].shape[1], len(layers[-1][0]), examples.x.shape[1:]
    if classes != examples.classes:
        raise ValueError(
            f"the network has {classes} outputs, the examples {examples.classes} classes"
        )
    if len(shape) == 1 and n == shape[0]:
        return format_for("columns", 1, n, classes, network=True)
    for name in ("raw", "pixels") if len(shape) == 2 else ():
        form = format_for(name, shape[0], shape[1], classes, network=True)
        if form.n_features == n:
            return form
    raise ValueError(f"the network has {n} inputs, which inputs of shape {shape} do not give")


def _candidates(
    layers: Layers, inputs: npt.NDArray[Any], input_range: tuple[float, float]
) -> Iterator[tuple[IntegerNetwork, float, bool]]:
    for share, values, noise in product(SHARES, VALUES, (False, True)):
        network = compress_network(
            layers, inputs, share=share, values=values, noise=noise, input_range=input_range
        )
        yield network, share, noise


def _share_of_errors(
    network: IntegerNetwork, inputs: npt.NDArray[Any], labels: npt.NDArray[Any]
) -> float:
    """The share of errors, by products of floats. They are exact: every sum is below 2^53."""
    x = inputs.astype(np.float64)
    for number, layer in enumerate(network.layers):
        w = layer.dense(network.seed, number) + UNIT * layer.codes.astype(np.float64)
        z = x @ w.T + network.step(number) * layer.offsets.astype(np.float64)
        x = np.clip(np.floor(z / 2**layer.shift), 0, TOP)
    label = z[np.arange(len(labels)), labels]
    return float(((z >= label[:, None]).sum(axis=1) != 1).mean())
