"""The messages of formats 16 to 31: networks of layers W(t).

After the format, a message has the shapes of the convolutions if the format has any, the number of
layers, their widths and the codebook. Mean, sqrt(t), shift, number of non-zeros and levels of the
offsets follow for each convolution and layer, and the seed of G if one of them has noise. Last
comes one number of fixed width. It combines the offsets, the ranks of the supports and the values
of all convolutions and layers. docs/certificate-format.md describes the details.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from htstats.certificate._coder import (
    BitReader,
    BitWriter,
    MixedRadix,
    least_bits,
    rank_of_support,
    support_of_rank,
)
from htstats.certificate._convolution import (
    MOST_CONVOLUTIONS,
    MOST_FILTERS,
    MOST_SIDE,
    Convolution,
    grid_after,
)
from htstats.certificate._layer import MEANS, NOISES, Layer
from htstats.certificate._network import IntegerNetwork

__all__ = [
    "MOST_LEVELS",
    "MOST_UNITS",
    "header_bits",
    "layer_bits",
    "network_bits",
    "read_network",
    "write_network",
]

MOST_LEVELS = 64
MOST_MATRICES = 8
MOST_UNITS = 1024
MOST_VALUES = 8
MOST_ENTRIES = 1 << 22

# k is written in 8 bits; this value means that k follows in 32 bits.
LONG_K = 255


@dataclass(frozen=True)
class _Shape:
    """The description of a layer, which a message has before offsets, supports and values."""

    n_inputs: int
    n_units: int
    mean: int
    noise: int
    shift: int
    k: int
    levels: int
    is_last: bool
    is_sorted: bool = False

    @property
    def limits(self) -> list[int]:
        """Numbers of possible zero offsets, offsets and supports; the values of B are not here."""
        return [*self.offset_limits, math.comb(self.n_inputs * self.n_units, self.k)]

    @property
    def offset_limits(self) -> list[int]:
        if self.is_last:
            return [self.levels] * self.n_units
        if self.is_sorted:
            return [self.levels, math.comb(self.n_units + self.levels - 1, self.n_units)]
        return [self.levels] * (1 + self.n_units)


def _gamma_bits(value: int) -> int:
    return 2 * value.bit_length() - 1


def _write_gamma(writer: BitWriter, value: int) -> None:
    """Write value >= 1 in Elias's gamma code: a zero for each digit after the first, then value."""
    writer.write(value, _gamma_bits(value))


def _read_gamma(reader: BitReader, most: int, what: str) -> int:
    zeros = 0
    while not reader.read(1):
        zeros += 1
        if 1 << zeros > most:
            raise ValueError(f"the message wants {what} above {most}")
    value = 1 << zeros | reader.read(zeros)
    if value > most:
        raise ValueError(f"the message wants {what} above {most}")
    return value


def _shapes(network: IntegerNetwork) -> list[_Shape]:
    """The descriptions of all convolutions, then of all layers."""
    found = []
    first = -len(network.convolutions)
    for number, layer in enumerate(network.matrices, first):
        last = number == len(network.layers) - 1
        low = int(layer.offsets.min()) if last else min(int(layer.offsets.min()), 0)
        high = int(layer.offsets.max()) if last else max(int(layer.offsets.max()), 0)
        n_units, n_inputs = layer.codes.shape
        k, levels = int(np.count_nonzero(layer.codes)), high - low + 1
        is_sorted = network.is_sorted(number)
        shape = _Shape(
            n_inputs, n_units, layer.mean, layer.noise, layer.shift, k, levels, last, is_sorted
        )
        found.append(shape)
    return found


def header_bits(network: IntegerNetwork) -> int:
    """Bits between the format and the number that combines offsets, supports and values."""
    shapes, layers = _shapes(network), network.layers
    bits = _gamma_bits(len(layers)) + _gamma_bits(network.values)
    bits += sum(_gamma_bits(len(layer.codes)) for layer in layers[:-1])
    bits += sum(_gamma_bits(number) for number in _convolution_numbers(network))
    bits += _gamma_bits(network.seed + 1) if any(shape.noise for shape in shapes) else 0
    for shape in shapes:
        bits += _gamma_bits(MEANS.index(shape.mean) + 1)
        bits += _gamma_bits(NOISES.index(shape.noise) + 1)
        bits += (0 if shape.is_last else 4) + (8 if shape.k < LONG_K else 40) + 6
    return bits


def _convolution_numbers(network: IntegerNetwork) -> list[int]:
    """The numbers that a message has for convolutions: how many, and the shape of each."""
    if not network.convolutions:
        return []
    numbers = [len(network.convolutions)]
    for c in network.convolutions:
        numbers += [len(c.codes), c.size, c.stride, c.pool]
    return numbers


def network_bits(network: IntegerNetwork) -> int:
    """Bits of the message of a network, without the format and the zeros at the end."""
    shapes = _shapes(network)
    size: int = math.prod(limit for shape in shapes for limit in shape.limits)
    size *= int((2 * network.values) ** sum(shape.k for shape in shapes))
    return header_bits(network) + (size - 1).bit_length()


def layer_bits(n_units: int, levels: int, is_last: bool, is_sorted: bool) -> int:
    """The number of possible combinations of offsets of a layer with these units and levels."""
    shape = _Shape(1, n_units, 0, 0, 0, 0, levels, is_last, is_sorted)
    return math.prod(shape.offset_limits)


def _check(network: IntegerNetwork, shapes: list[_Shape]) -> None:
    widths = network.widths
    if len(network.convolutions) > MOST_CONVOLUTIONS:
        raise ValueError(f"a network must have at most {MOST_CONVOLUTIONS} convolutions")
    if not 1 <= len(network.layers) <= MOST_MATRICES or max(widths[1:-1], default=1) > MOST_UNITS:
        raise ValueError(
            f"a network must have at most {MOST_MATRICES} matrices and {MOST_UNITS} units a "
            f"hidden layer, got widths {widths}"
        )
    if sum(shape.n_inputs * shape.n_units for shape in shapes) > MOST_ENTRIES:
        raise ValueError(f"a network must have at most {MOST_ENTRIES} weights, got {widths}")
    for shape in shapes:
        if not 1 <= shape.levels <= MOST_LEVELS:
            raise ValueError(f"offsets must span at most {MOST_LEVELS} levels, got {shape.levels}")
        if shape.mean not in MEANS or shape.noise not in NOISES or not 0 <= shape.shift <= 15:
            raise ValueError(
                f"mean, noise and shift must be on their grids, got {shape.mean}, {shape.noise}, "
                f"{shape.shift}"
            )


def write_network(writer: BitWriter, network: IntegerNetwork) -> None:
    """Write a network. Raises ValueError if it does not fit the format."""
    network.check()
    network = network.in_order()
    shapes = _shapes(network)
    _check(network, shapes)
    for number in _convolution_numbers(network):
        _write_gamma(writer, number)
    _write_gamma(writer, len(network.layers))
    for layer in network.layers[:-1]:
        _write_gamma(writer, len(layer.codes))
    _write_gamma(writer, network.values)
    for shape in shapes:
        _write_gamma(writer, MEANS.index(shape.mean) + 1)
        _write_gamma(writer, NOISES.index(shape.noise) + 1)
        if not shape.is_last:
            writer.write(shape.shift, 4)
        writer.write(min(shape.k, LONG_K), 8)
        if shape.k >= LONG_K:
            writer.write(shape.k, 32)
        writer.write(shape.levels - 1, 6)
    if any(shape.noise for shape in shapes):
        _write_gamma(writer, network.seed + 1)
    limits: list[int] = []
    parts: list[int] = []
    for layer, shape in zip(network.matrices, shapes, strict=True):
        places, values = _entries_of(layer, network.values)
        limits += [*shape.limits, (2 * network.values) ** shape.k]
        parts += [*_offset_parts(layer, shape), rank_of_support(places), values]
    radix = MixedRadix(limits)
    writer.write_below(radix.join(parts), radix.size)


def _entries_of(layer: Layer, most: int) -> tuple[list[int], int]:
    """The places of the non-zeros, and one number whose digits are their values.

    The first value is the lowest digit. Digits 0, 1, 2, 3, ... stand for 1, -1, 2, -2, ...
    """
    flat = layer.codes.ravel()
    places = [int(place) for place in np.flatnonzero(flat)]
    number = 0
    for place in reversed(places):
        value = int(flat[place])
        if abs(value) > most:
            raise ValueError(f"values must be at most {most}, got {value}")
        number = number * 2 * most + 2 * abs(value) - 2 + (value < 0)
    return places, number


def _offset_parts(layer: Layer, shape: _Shape) -> list[int]:
    offsets = [int(v) for v in layer.offsets]
    low = min(offsets) if shape.is_last else min(0, *offsets)
    moved = [v - low for v in offsets]
    if shape.is_last:
        return moved
    if shape.is_sorted:
        return [-low, rank_of_support([v + i for i, v in enumerate(moved)])]
    return [-low, *moved]


def read_network(
    reader: BitReader, n_inputs: int, n_classes: int, size: int, image: tuple[int, int] | None
) -> IntegerNetwork:
    """Read what `write_network` wrote.

    Parameters
    ----------
    reader : BitReader
    n_inputs, n_classes : int
        Numbers of inputs and classes, which the format gives.
    size : int
        Bytes of the message. A layer cannot have more non-zeros than the message has bits.
    image : (int, int), optional
        Height and width of the images, if the format has convolutions.

    Raises
    ------
    ValueError
        If the bits are not those of a network.
    """
    frames = [] if image is None else _read_frames(reader, image)
    if image is not None:
        n_inputs = math.prod(grid_after(frames, image))
    n_matrices = _read_gamma(reader, MOST_MATRICES, "matrices")
    hidden = [_read_gamma(reader, MOST_UNITS, "units") for _ in range(n_matrices - 1)]
    widths = [n_inputs, *hidden, n_classes]
    # inputs and units of each matrix; the filters of a convolution are a matrix
    sizes = [(frame.codes[0].size, len(frame.codes)) for frame in frames]
    sizes += list(pairwise(widths))
    if sum(a * b for a, b in sizes) > MOST_ENTRIES:
        raise ValueError(f"the message wants more than {MOST_ENTRIES} weights")
    values = _read_gamma(reader, MOST_VALUES, "values")
    heads = [_read_head(reader, number == len(sizes) - 1) for number in range(len(sizes))]
    shapes = _shapes_of(sizes, heads, size)
    seed = _read_gamma(reader, 1 << 63, "a seed") - 1 if any(s.noise for s in shapes) else 0
    limits = [v for shape in shapes for v in (*shape.limits, (2 * values) ** shape.k)]
    radix = MixedRadix(limits)
    parts = radix.split(reader.read_below(radix.size))
    layers = []
    for shape in shapes:
        n = len(shape.limits)
        layers.append(_layer_of(shape, parts[: n + 1], values))
        parts = parts[n + 1 :]
    filters = tuple(frame.fill(layer) for frame, layer in zip(frames, layers, strict=False))
    network = IntegerNetwork(tuple(layers[len(frames) :]), values, seed, filters, image or (0, 0))
    network.check()
    return network


def _read_frames(reader: BitReader, image: tuple[int, int]) -> list[Convolution]:
    """Read the shapes of the convolutions; their filters are empty. Each fits its input."""
    frames: list[Convolution] = []
    channels = 1
    for _ in range(_read_gamma(reader, MOST_CONVOLUTIONS, "convolutions")):
        n = _read_gamma(reader, MOST_FILTERS, "filters")
        size, stride, pool = (_read_gamma(reader, MOST_SIDE, "a side") for _ in range(3))
        # all entries are one byte in memory: a message takes no memory for its filters here
        codes = np.broadcast_to(np.int8(0), (n, channels, size, size))
        frames.append(Convolution(codes, np.zeros(n, np.int16), stride, pool))
        grid_after(frames, image)
        channels = n
    return frames


def _shapes_of(
    sizes: list[tuple[int, int]], heads: list[tuple[int, int, int, int, int]], size: int
) -> list[_Shape]:
    shapes = []
    for number, ((n_inputs, n_units), head) in enumerate(zip(sizes, heads, strict=True)):
        mean, noise, shift, k, levels = head
        last = number == len(heads) - 1
        can_move = not last and not noise and not heads[number + 1][1]
        n = n_inputs * n_units
        if k > n or least_bits(k, n) > 8 * size:
            raise ValueError(f"{k} non-zeros do not fit the message")
        shapes.append(_Shape(n_inputs, n_units, mean, noise, shift, k, levels, last, can_move))
    return shapes


def _read_head(reader: BitReader, is_last: bool) -> tuple[int, int, int, int, int]:
    mean = MEANS[_read_gamma(reader, len(MEANS), "a mean") - 1]
    noise = NOISES[_read_gamma(reader, len(NOISES), "a noise") - 1]
    shift = 0 if is_last else reader.read(4)
    k = reader.read(8)
    if k == LONG_K:
        k = reader.read(32)
        if k < LONG_K:
            raise ValueError(f"{k} non-zeros are written in more bits than they need")
    return mean, noise, shift, k, reader.read(6) + 1


def _layer_of(shape: _Shape, parts: list[int], values: int) -> Layer:
    *offset_parts, rank, digits = parts
    zero = 0
    if shape.is_last:
        moved = offset_parts
    elif shape.is_sorted:
        zero, number = offset_parts
        places = support_of_rank(number, shape.n_units, shape.n_units + shape.levels - 1)
        moved = [place - i for i, place in enumerate(places)]
    else:
        zero, *moved = offset_parts
    known = moved if shape.is_last else [*moved, zero]
    if min(known) != 0 or max(known) != shape.levels - 1:
        raise ValueError("the offsets do not span their levels")
    codes = np.zeros(shape.n_units * shape.n_inputs, np.int8)
    for place in support_of_rank(rank, shape.k, len(codes)):
        digits, digit = divmod(digits, 2 * values)
        codes[place] = (digit // 2 + 1) * (-1 if digit % 2 else 1)
    return Layer(
        codes.reshape(shape.n_units, shape.n_inputs),
        np.array([v - zero for v in moved], np.int16),
        shape.mean,
        shape.noise,
        shape.shift,
    )
