"""Integer features: fixed maps from pixels or columns to int8, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._core.features import Bank
from htstats.certificate._banks import Filters, gabor_filters, gaussian_filters
from htstats.certificate._strokes import StrokeMap

__all__ = ["MAPS", "FeatureMap", "extract_features", "shape_of"]

# Number of images that one thread processes at a time.
BLOCK = 500


@dataclass(frozen=True)
class FeatureMap:
    """A filter bank and its pooling; csrc/certificate/htst_features.h has the formula.

    Attributes
    ----------
    filters : callable
        Returns the filters. If the list is empty, the pixels are the only features.
    window, stride, margin : int
        The size of a pooling window, the distance between two windows, and the distance by which
        the first window begins outside the image; all in pixels.
    divisor, softening : int
        The divisor of the pooled sums, and the number added to the energy that divides them.
    """

    filters: Callable[[], Filters]
    window: int
    stride: int
    margin: int
    divisor: int = 1
    softening: int = 1

    def bank(self, height: int, width: int) -> Bank:
        """The filter bank of the C code, for images of this size."""
        filters = self.filters()
        sizes = np.array([len(f) for f in filters], np.int64)
        taps = np.concatenate([f.ravel() for f in filters] or [np.empty(0, np.int16)])
        return Bank(
            height, width, sizes, taps, self.window, self.stride, self.margin, self.divisor,
            self.softening,
        )  # fmt: skip

    def shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Channels, rows and columns of the features of an image."""
        rows, columns, _ = self.bank(height, width).grid()
        return len(self.filters()) + 1, rows, columns


def _no_filters() -> Filters:
    return []


MAPS = {
    "gabor": FeatureMap(gabor_filters, 4, 4, 0, 256, 1000),
    "gaussian": FeatureMap(gaussian_filters, 4, 4, 0, 256, 1000),
    "pixels": FeatureMap(_no_filters, 2, 2, 0),
    "raw": FeatureMap(_no_filters, 1, 1, 0),
}


STROKES = StrokeMap()

# Maps whose features are those of another map minus a constant: its name, and the constant. Strokes
# are never negative. Their mean is near 40, so a class with more +1 than -1 has large logits, and
# its offset has to make up for it. With centred strokes, offsets need about 6 levels, not 14. Each
# of ten offsets then costs a bit less. On digits (25 M proposals, three seeds) the certified error
# fell from .238 to .228.
CENTRED = {"centred-strokes": ("strokes", 40)}


def shape_of(name: str, height: int, width: int) -> tuple[int, int, int]:
    """Channels, rows and columns of the features of an image, by the name of the map."""
    name, _ = CENTRED.get(name, (name, 0))
    return (STROKES if name == "strokes" else MAPS[name]).shape(height, width)


def extract_features(
    name: str, images: npt.NDArray[Any], *, n_threads: int = 1
) -> npt.NDArray[np.int8]:
    """Features of grey images: int8, shape (examples, channels x rows x columns).

    Parameters
    ----------
    name : {"gabor", "gaussian", "pixels", "raw", "strokes", "centred-strokes"}
        The name of the feature map.
    images : ndarray of uint8, shape (examples, height, width)
    n_threads : int
        Number of threads. The result does not depend on it.

    Raises
    ------
    TypeError, ValueError
        If images are not a uint8 array of three dimensions, or are too small for a window.
    """
    if images.dtype != np.uint8 or images.ndim != 3:
        raise TypeError(
            f"images must be uint8 of shape (examples, height, width), got {images.dtype} "
            f"{images.shape}"
        )
    channels, rows, columns = shape_of(name, *images.shape[1:])
    if min(rows, columns) < 1:
        raise ValueError(f"images of {images.shape[1]} x {images.shape[2]} pixels are too small")
    if name in CENTRED:
        name, centre = CENTRED[name]
        features = extract_features(name, images, n_threads=n_threads)
        features -= np.int8(centre)
        return features
    if name == "strokes":
        parts = [STROKES.extract(images[at : at + BLOCK]) for at in range(0, len(images), BLOCK)]
        return np.concatenate(parts)
    bank = MAPS[name].bank(*images.shape[1:])
    room = bank.grid()[2]
    out = np.empty((len(images), channels * rows * columns), np.int8)

    def one(at: int) -> None:
        part = np.ascontiguousarray(images[at : at + BLOCK])
        bank.extract(part, np.empty(room), out[at : at + BLOCK])

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(one, range(0, len(images), BLOCK)))
    return out
