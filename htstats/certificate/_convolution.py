"""Convolutions of networks: a few filters, shared by all places of an image, and pooling.

Every sum is a whole number below 2^31, and all arithmetic is in whole numbers of 32 bits, so every
machine computes the same activations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats.certificate._layer import HIDDEN_STEP, TOP, UNIT, Layer

__all__ = [
    "MOST_CONVOLUTIONS",
    "MOST_FILTERS",
    "MOST_SIDE",
    "Convolution",
    "check_sums",
    "convolve",
    "grid_after",
]

# The limits of a message: convolutions, filters of each, size, stride and pool, and the number of
# inputs that one convolution reads at all places of an image.
MOST_CONVOLUTIONS = 4
MOST_FILTERS = 256
MOST_SIDE = 31
MOST_READS = 1 << 24

# The number that is added to the energy which divides the totals of windows.
SOFTENING = 1000

# The number of inputs of a filter, at all places of a few images, that are added at a time: they
# stay in the cache.
BLOCK_READS = 1 << 14

Grid = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Convolution:
    """Filters that all places of an image share, sums over windows, and a local normalisation.

    The sum z of a filter is computed around every place of the input, at steps of `stride`; beyond
    the edges, the input is 0. It becomes ``max(0, abs(z) + step x offset)``. These numbers are
    added in windows of pool x pool places that do not overlap, and v is the total / 2^shift,
    rounded down. The activation is ``127 x sqrt(9 v / (e + 1000))``, rounded down and clipped to
    127, minus ``127 / sqrt(filters)``, rounded down. Here e is the sum of v over all filters and
    over the up to 3 x 3 windows around and including the window, as in the features gabor.

    Attributes
    ----------
    codes : ndarray of int8, shape (filters, channels, size, size)
        B. The weights are ``mean + rint(noise G) + 16 codes``.
    offsets : ndarray of int16, shape (filters,)
        The offsets, in steps of 8 x 2^shift.
    stride, pool : int
        The distance between two places, and the side of a window.
    mean, noise, shift : int
        As in `Layer`.
    """

    codes: npt.NDArray[np.int8] = field(repr=False)
    offsets: npt.NDArray[np.int16] = field(repr=False)
    stride: int = 1
    pool: int = 1
    mean: int = 0
    noise: int = 0
    shift: int = 0

    @property
    def matrix(self) -> Layer:
        """The filters as the rows of a matrix, whose columns are (channel, dy, dx)."""
        codes = self.codes.reshape(len(self.codes), -1)
        return Layer(codes, self.offsets, self.mean, self.noise, self.shift)

    @property
    def size(self) -> int:
        """The side of a filter."""
        return int(self.codes.shape[-1])

    def fill(self, matrix: Layer) -> Convolution:
        """The convolution of this shape whose filters are the rows of a matrix."""
        return replace(
            self, codes=matrix.codes.reshape(self.codes.shape), offsets=matrix.offsets,
            mean=matrix.mean, noise=matrix.noise, shift=matrix.shift,
        )  # fmt: skip

    def places(self, grid: Grid) -> tuple[int, int]:
        """Rows and columns of places at which the filters are applied."""
        return (grid[1] - 1) // self.stride + 1, (grid[2] - 1) // self.stride + 1

    def grid(self, grid: Grid) -> Grid:
        """Channels, rows and columns of the activations, for an input of this grid.

        Raises
        ------
        ValueError
            If the convolution does not fit the input, or exceeds the limits of a file.
        """
        shape = self.codes.shape
        if len(shape) != 4 or shape[1] != grid[0] or shape[2] != shape[3]:
            raise ValueError(
                f"filters must have shape (filters, {grid[0]}, size, size), got {shape}"
            )
        sides = self.size, self.stride, self.pool
        if not (1 <= shape[0] <= MOST_FILTERS and 1 <= min(sides) and max(sides) <= MOST_SIDE):
            raise ValueError(
                f"a convolution must have at most {MOST_FILTERS} filters and sides in 1 .. "
                f"{MOST_SIDE}, got {shape[0]} filters, size, stride and pool {sides}"
            )
        rows, columns = self.places(grid)
        if rows * columns * shape[1] * self.size**2 > MOST_READS:
            raise ValueError(f"{rows} x {columns} places of filters {shape[1:]} are too many")
        if min(rows, columns) < self.pool:
            raise ValueError(
                f"windows of {self.pool} x {self.pool} do not fit {rows} x {columns} places"
            )
        return shape[0], rows // self.pool, columns // self.pool

    def weights(self, seed: int, number: int) -> npt.NDArray[np.int32]:
        """The whole numbers of the filters: shape (filters, channels x size x size)."""
        matrix = self.matrix
        return matrix.dense(seed, number) + UNIT * matrix.codes.astype(np.int32)

    def most_total(self, weights: npt.NDArray[np.int32]) -> int:
        """A limit of all sums and totals of windows."""
        sums = TOP * np.abs(weights.astype(np.int64)).sum(axis=1)
        constants = (HIDDEN_STEP << self.shift) * np.abs(self.offsets.astype(np.int64))
        return int((sums + constants).max()) * self.pool**2


def grid_after(convolutions: Sequence[Convolution], image: tuple[int, int]) -> Grid:
    """Channels, rows and columns of the last activations, for images of this size.

    Raises
    ------
    ValueError
        If a convolution does not fit its input.
    """
    grid = 1, *image
    for convolution in convolutions:
        grid = convolution.grid(grid)
    return grid


def check_sums(convolutions: Sequence[Convolution], seed: int, first: int) -> None:
    """Raise ValueError if a total could exceed 32 bits."""
    for number, convolution in enumerate(convolutions, first):
        most = convolution.most_total(convolution.weights(seed, number))
        if most >= 1 << 31:
            raise ValueError(f"totals of a convolution could leave 32 bits: {most}")


def convolve(
    convolutions: Sequence[Convolution],
    image: tuple[int, int],
    x: npt.NDArray[np.int8],
    seed: int,
    first: int,
) -> npt.NDArray[np.int8]:
    """The activations of the last convolution, as rows of int8.

    Parameters
    ----------
    convolutions : sequence of Convolution
    image : (int, int)
        Height and width.
    x : ndarray of int8, shape (examples, height x width)
        Every value is in 0 .. 127.
    seed, first : int
        The seed of G, and the number of the first convolution in it.
    """
    grid: Grid = 1, *image
    out = np.empty((len(x), math.prod(grid_after(convolutions, image))), np.int8)
    steps = []
    for number, convolution in enumerate(convolutions, first):
        steps.append((convolution, convolution.weights(seed, number), grid))
        grid = convolution.grid(grid)
    block = max(1, BLOCK_READS // max(g[1] * g[2] for _, _, g in steps))
    for at in range(0, len(x), block):
        now = x[at : at + block].reshape(-1, 1, *image).swapaxes(0, 1)
        for convolution, weights, before in steps:
            now = _apply(convolution, weights, now, before)
        out[at : at + block] = now.swapaxes(0, 1).reshape(now.shape[1], -1)
    return out


def _apply(
    convolution: Convolution, weights: npt.NDArray[np.int32], x: npt.NDArray[Any], grid: Grid
) -> npt.NDArray[Any]:
    """Activations, shape (filters, images, rows, columns), of inputs with channels first."""
    c, n = convolution, x.shape[1]
    sums = _sums(c, weights, x)[:, :, : grid[1] : c.stride, : grid[2] : c.stride]
    r = np.abs(sums)
    r += ((HIDDEN_STEP << c.shift) * c.offsets.astype(np.int32))[:, None, None, None]
    np.maximum(r, 0, out=r)
    channels, rows, columns = c.grid(grid)
    high, wide = rows * c.pool, columns * c.pool
    by_row = np.zeros((channels, n, rows, wide), np.int32)
    totals = np.zeros((channels, n, rows, columns), np.int32)
    for at in range(c.pool):
        by_row += r[:, :, at : high : c.pool, :wide]
    for at in range(c.pool):
        totals += by_row[..., at :: c.pool]
    totals >>= c.shift
    return _normalise(totals)


def _normalise(v: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Divide totals, shape (filters, images, rows, columns), by those around them, and centre them.

    If all totals of an image are equal, the quotient is the number that is subtracted.
    """
    rows, columns = v.shape[2:]
    sums = np.pad(v.sum(axis=0, dtype=np.int64), ((0, 0), (1, 1), (1, 1)))
    energy = np.full((v.shape[1], rows, columns), SOFTENING, np.int64)
    for dy in range(3):
        for dx in range(3):
            energy += sums[:, dy : dy + rows, dx : dx + columns]
    # the numbers are whole and below 2^52, so the floor of the rounded square root is exact
    roots = np.sqrt(9 * TOP**2 * v.astype(np.int64) // energy)
    activations: npt.NDArray[np.int32] = np.minimum(roots, TOP).astype(np.int32)
    return activations - np.int32(math.isqrt(TOP**2 // len(v)))


def _sums(
    c: Convolution, weights: npt.NDArray[np.int32], x: npt.NDArray[Any]
) -> npt.NDArray[np.int32]:
    """The sums of each filter at all pixels, shape (filters, images, high, wide).

    Images with their margins lie one behind the other, so each tap adds one long array. The sums at
    the margins of the right and of the bottom are of no use.
    """
    before = (c.size - 1) // 2
    margin = before, c.size - 1 - before
    padded = np.pad(x.astype(np.int32), ((0, 0), (0, 0), margin, margin))
    high, wide = padded.shape[2:]
    pixels = padded.reshape(len(padded), -1)
    length = pixels.shape[1] - (c.size - 1) * (wide + 1)
    sums = np.zeros((len(weights), pixels.shape[1]), np.int32)
    product = np.empty(length, np.int32)
    for i, j in np.argwhere(weights):
        channel, tap = divmod(int(j), c.size**2)
        at = tap // c.size * wide + tap % c.size
        np.multiply(pixels[channel, at : at + length], weights[i, j], out=product)
        sums[i, :length] += product
    return sums.reshape(len(weights), -1, high, wide)
