"""Features of small images: signed edges in eight directions, in whole numbers.

They are for images that are too small for the filters of `gabor`. There are eight 3 x 3 filters:
Sobel's at 0, 45, 90 and 135 degrees, and their negatives. For each filter, the positive part of the
correlation is summed over windows of 3 x 3 pixels at steps of 1. The sum is divided by the total of
all eight filters in the same window:

    v_f(cell) = sum over the window of max(0, correlation with filter f)
    feature   = min(127, floor(sqrt(floor(16129 v_f / (sum of v over all filters + 900)))))
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["StrokeMap"]

FILTERS = (
    ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    ((0, 1, 2), (-1, 0, 1), (-2, -1, 0)),
    ((-2, -1, 0), (-1, 0, 1), (0, 1, 2)),
)
WINDOW = 3
SCALE = 127 * 127
SOFTENING = 900


class StrokeMap:
    """The map from images to signed edges."""

    def shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Channels, rows and columns of the features of an image."""
        return 2 * len(FILTERS), height - WINDOW + 1, width - WINDOW + 1

    def extract(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
        """Features of images, one row per image."""
        responses = [_sum_windows(images, taps, margin=1) for taps in FILTERS]
        parts = [np.maximum(sign * r, 0) for sign in (1, -1) for r in responses]
        ones = ((1,) * WINDOW,) * WINDOW
        pooled = np.stack([_sum_windows(part, ones) for part in parts], axis=1)
        energy = pooled.sum(axis=1, keepdims=True) + SOFTENING
        # the numbers are whole and below 2^52, so the floor of the rounded square root is exact
        roots = np.sqrt(SCALE * pooled // energy).astype(np.int64)
        return np.asarray(np.minimum(roots, 127).astype(np.int8).reshape(len(images), -1))


def _sum_windows(
    images: npt.NDArray[Any], taps: tuple[tuple[int, ...], ...], margin: int = 0
) -> npt.NDArray[np.int64]:
    """Correlation of images with taps. Pixels outside the image count as 0."""
    padded = np.pad(images.astype(np.int64), ((0, 0), (margin, margin), (margin, margin)))
    rows, columns = (size - len(taps) + 1 for size in padded.shape[1:])
    total = np.zeros((len(images), rows, columns), np.int64)
    for dy, row in enumerate(taps):
        for dx, tap in enumerate(row):
            total += tap * padded[:, dy : dy + rows, dx : dx + columns]
    return total
