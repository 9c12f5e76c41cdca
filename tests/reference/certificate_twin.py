"""Slow twins of the kernels of csrc/certificate: features, and the margins of a search."""

import math

import numpy as np

from htstats._core.normal import fill

__all__ = [
    "errors_of",
    "errors_of_network",
    "features_of",
    "logits_of_network",
    "rank_of",
    "strokes_of",
    "support_of",
]


def features_of(image, filters, window, stride, margin, divisor, softening):
    """Features of one image, by the formula of htst_features.h, in Python's integers."""
    height, width = image.shape
    pixel = image.astype(int)

    def at(array, y, x):
        return int(array[y, x]) if 0 <= y < height and 0 <= x < width else 0

    def pool(array):
        rows = (height + 2 * margin - window) // stride + 1
        columns = (width + 2 * margin - window) // stride + 1
        return [
            [
                sum(
                    at(array, row * stride - margin + dy, column * stride - margin + dx)
                    for dy in range(window)
                    for dx in range(window)
                )
                for column in range(columns)
            ]
            for row in range(rows)
        ]

    channels = []
    for taps in filters:
        half = len(taps) // 2
        response = np.array(
            [
                [
                    abs(
                        sum(
                            int(taps[dy, dx]) * at(pixel, y + dy - half, x + dx - half)
                            for dy in range(len(taps))
                            for dx in range(len(taps))
                        )
                    )
                    for x in range(width)
                ]
                for y in range(height)
            ]
        )
        channels.append([[v // divisor for v in row] for row in pool(response)])
    pixels = pool(pixel)
    rows, columns = len(pixels), len(pixels[0])
    found = []
    for channel in channels:
        for row in range(rows):
            for column in range(columns):
                around = sum(
                    other[y][x]
                    for other in channels
                    for y in range(max(row - 1, 0), min(row + 2, rows))
                    for x in range(max(column - 1, 0), min(column + 2, columns))
                )
                share = 145161 * channel[row][column] // (around + softening)
                found.append(min(127, math.isqrt(share)))
    found += [v // (2 * window * window) for row in pixels for v in row]
    return found


SOBEL = (
    (-1, 0, 1, -2, 0, 2, -1, 0, 1),
    (-1, -2, -1, 0, 0, 0, 1, 2, 1),
    (0, 1, 2, -1, 0, 1, -2, -1, 0),
    (-2, -1, 0, -1, 0, 1, 0, 1, 2),
)


def strokes_of(image):
    """Strokes of one image, by the formula of docs/certificate-format.md."""
    height, width = image.shape
    steps = [(dy, dx) for dy in range(3) for dx in range(3)]

    def pixel(y, x):
        return int(image[y, x]) if 0 <= y < height and 0 <= x < width else 0

    def response(taps, sign, y, x):
        pairs = zip(taps, steps, strict=True)
        return max(0, sign * sum(t * pixel(y + dy - 1, x + dx - 1) for t, (dy, dx) in pairs))

    cells = [(row, column) for row in range(height - 2) for column in range(width - 2)]
    pooled = [
        [sum(response(taps, sign, row + dy, col + dx) for dy, dx in steps) for row, col in cells]
        for sign in (1, -1)
        for taps in SOBEL
    ]
    energy = [sum(values) + 900 for values in zip(*pooled, strict=True)]
    return [
        min(127, math.isqrt(16129 * v // e))
        for values in pooled
        for v, e in zip(values, energy, strict=True)
    ]


def errors_of(weights, offsets, step, features, labels):
    """Examples whose label's logit is not strictly the largest."""
    errors = 0
    for x, y in zip(features.tolist(), labels.tolist(), strict=True):
        logits = [
            sum(w * v for w, v in zip(row, x, strict=True)) + step * b
            for row, b in zip(weights.tolist(), offsets.tolist(), strict=True)
        ]
        others = [v for q, v in enumerate(logits) if q != y]
        errors += logits[y] <= max(others)
    return errors


def rank_of(places):
    """The rank of a support in the combinatorial number system."""
    return sum(math.comb(p, i) for i, p in enumerate(places, 1))


def support_of(rank, k, n):
    """The support of a rank: from the last place down, the largest one whose C(p, i) fits."""
    places = []
    for i in range(k, 0, -1):
        n = next(p for p in range(n - 1, -1, -1) if math.comb(p, i) <= rank)
        places.insert(0, n)
        rank -= math.comb(n, i)
    return places


def logits_of_network(network, x):
    """Logits of a network of layers W(t), by the formula of docs/certificate-format.md."""
    x = np.asarray(x, np.int64)
    for number, layer in enumerate(network.layers):
        g = np.empty(layer.codes.shape)
        fill(network.seed, number, 0, 0, g)
        w = layer.mean + np.rint(layer.noise * g).astype(np.int64) + 16 * layer.codes.astype(int)
        last = number == len(network.layers) - 1
        z = x @ w.T + (256 if last else 8 << layer.shift) * layer.offsets.astype(int)
        x = np.clip(z >> layer.shift, 0, 127)
    return z


def errors_of_network(network, x, y):
    """Examples whose label's logit is not strictly the largest."""
    logits = logits_of_network(network, x)
    label = logits[np.arange(len(y)), y]
    return int(((logits >= label[:, None]).sum(axis=1) != 1).sum())
