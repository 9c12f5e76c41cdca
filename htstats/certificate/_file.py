"""The certificate file `.htc`: the message whose length enters the bound.

docs/certificate-format.md describes the file completely: a decoder can be written from that page
alone. A message begins with one byte that names the format. If the format does not fix the shape of
the input and the number of classes, they follow. Then comes the head:

    k (8 bits; 255: 32 bits more), levels - 1 (6 bits), number below levels^classes x C(n, k) x 2^k

k is the number of non-zeros among the n weights. Zeros fill the last byte. The decoder knows where
the message ends; anything after the end is an error.
"""

from __future__ import annotations

import math

import numpy as np

from htstats.certificate._coder import (
    BitReader,
    BitWriter,
    MixedRadix,
    least_bits,
    rank_of_support,
    support_of_rank,
)
from htstats.certificate._formats import Format, read_format, write_format
from htstats.certificate._head import TernaryHead
from htstats.certificate._network import IntegerNetwork
from htstats.certificate._network_file import read_network, write_network

__all__ = ["MOST_LEVELS", "decode", "encode", "message_bits"]

# The largest number of levels of the offsets that six bits can hold.
MOST_LEVELS = 64

# k is written in 8 bits; this value means that k follows in 32 bits.
LONG_K = 255


def message_bits(form: Format, k: int, levels: int) -> int:
    """Length in bits of the file of a head with `k` non-zeros and offsets in 0 .. levels - 1."""
    limits = _limits(form, k, levels)
    length = 8 if k < LONG_K else 40
    bits = form.header_bits + length + 6 + (limits.size - 1).bit_length()
    return 8 * math.ceil(bits / 8)


def _limits(form: Format, k: int, levels: int) -> MixedRadix:
    n = form.classes * form.n_features
    return MixedRadix([levels] * form.classes + [math.comb(n, k), 1 << k])


def encode(form: Format, head: TernaryHead | IntegerNetwork) -> bytes:
    """The message of a head, or of a network, in a format.

    Raises
    ------
    ValueError
        If the head does not fit the format: its shape, its step, or the range of its offsets.
    """
    if isinstance(head, IntegerNetwork):
        return _encode_network(form, head)
    if form.is_network:
        raise ValueError(f"format {form.name} wants a network, got a head")
    if head.weights.shape != (form.classes, form.n_features) or head.step != form.step:
        raise ValueError(f"the head does not fit format {form.name}: {head.weights.shape}")
    offsets = [int(v) for v in head.offsets - head.offsets.min()]
    levels = max(offsets) + 1
    if levels > MOST_LEVELS:
        raise ValueError(f"offsets must span at most {MOST_LEVELS} levels, got {levels}")
    flat = head.weights.ravel()
    places = [int(p) for p in np.flatnonzero(flat)]
    signs = sum(1 << i for i, place in enumerate(places) if flat[place] < 0)
    writer = BitWriter()
    write_format(writer, form)
    writer.write(min(len(places), LONG_K), 8)
    if len(places) >= LONG_K:
        writer.write(len(places), 32)
    writer.write(levels - 1, 6)
    limits = _limits(form, len(places), levels)
    number = limits.join([*offsets, rank_of_support(places), signs])
    writer.write_below(number, limits.size)
    return writer.finish()


def _encode_network(form: Format, network: IntegerNetwork) -> bytes:
    widths = network.widths
    if not form.is_network or (network.n_inputs, widths[-1]) != (form.n_features, form.classes):
        raise ValueError(f"the network does not fit format {form.name}: its widths are {widths}")
    if form.is_convolutional != bool(network.convolutions) or (
        form.is_convolutional and network.image != (form.height, form.width)
    ):
        raise ValueError(
            f"the network does not fit format {form.name}: it has {len(network.convolutions)} "
            f"convolutions of images {network.image}"
        )
    writer = BitWriter()
    write_format(writer, form)
    write_network(writer, network)
    return writer.finish()


def decode(data: bytes) -> tuple[Format, TernaryHead | IntegerNetwork]:
    """The format and the head, or the network, that a message describes.

    Raises
    ------
    ValueError
        If the bytes are not a message: an unknown format, too few bytes, or bytes left over.
        Every classifier has exactly one message.
    """
    reader = BitReader(data)
    form = read_format(reader)
    if form.is_network:
        image = (form.height, form.width) if form.is_convolutional else None
        network = read_network(reader, form.n_features, form.classes, len(data), image)
        reader.finish()
        return form, network
    k = reader.read(8)
    if k == LONG_K:
        k = reader.read(32)
        if k < LONG_K:
            raise ValueError(f"{k} non-zeros are written in more bits than they need")
    n = form.classes * form.n_features
    if k > n or least_bits(k, n) > 8 * len(data):
        raise ValueError(f"{k} non-zeros do not fit the message")
    levels = reader.read(6) + 1
    limits = _limits(form, k, levels)
    *offsets, rank, signs = limits.split(reader.read_below(limits.size))
    reader.finish()
    if min(offsets) != 0 or max(offsets) != levels - 1:
        raise ValueError("the offsets do not span their levels")
    weights = np.zeros(n, np.int8)
    for i, place in enumerate(support_of_rank(rank, k, n)):
        weights[place] = -1 if signs >> i & 1 else 1
    shape = (form.classes, form.n_features)
    return form, TernaryHead(weights.reshape(shape), np.array(offsets, np.int16), form.step)
