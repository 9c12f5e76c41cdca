"""Labelled examples for certificates: whole numbers and labels 0 .. classes - 1."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats import datasets

__all__ = ["Examples", "check_examples", "digits_examples", "load_examples"]

# The smallest number of examples for which a bound is useful.
LEAST = 10


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples that a bound counts errors on, and held-out examples if there are any.

    Attributes
    ----------
    name : str
    x : ndarray
        uint8 images, shape (examples, height, width), or int8 columns, shape (examples, features).
    y : ndarray of int64
    x_test, y_test : ndarray or None
        The same for held-out examples, which no search may use.
    source_sha256 : str or None
        `sha256` of the images that columns were computed from.
    """

    name: str
    x: npt.NDArray[Any] = field(repr=False)
    y: npt.NDArray[Any] = field(repr=False)
    x_test: npt.NDArray[Any] | None = field(default=None, repr=False)
    y_test: npt.NDArray[Any] | None = field(default=None, repr=False)
    source_sha256: str | None = None

    @property
    def classes(self) -> int:
        """One more than the largest label of the examples."""
        return int(self.y.max()) + 1

    @property
    def sha256(self) -> str:
        """Hash of the examples and labels in little-endian order, for the report."""
        if self.source_sha256 is not None:
            return self.source_sha256
        digest = hashlib.sha256()
        for a in (self.x, self.y):
            a = np.ascontiguousarray(a)
            digest.update(f"{a.dtype.kind}{a.dtype.itemsize}{a.shape}".encode())
            digest.update(a.astype(a.dtype.newbyteorder("<"), copy=False).tobytes())
        return digest.hexdigest()


def check_examples(x: Any, y: Any, what: str = "examples") -> tuple[Any, Any]:
    """Inputs as uint8 images or int8 columns, labels as int64.

    Floats are quantised by a fixed rule, rint(127 x), and must lie in [-1, 1]; columns of uint8
    are halved.

    Raises
    ------
    TypeError, ValueError
        If kinds or shapes are wrong, there is a NaN, there are too few examples, labels are not
        0 .. classes - 1, or a feature is the same for all examples.
    """
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise TypeError(
            f"labels of {what} must be whole numbers in one dimension, got {y.dtype} {y.shape}"
        )
    if x.ndim not in (2, 3) or len(x) != len(y):
        raise ValueError(
            f"{what} must be (n, height, width) or (n, features) with n labels, "
            f"got {x.shape} and {y.shape}"
        )
    if len(y) < LEAST:
        raise ValueError(f"{what} must be at least {LEAST}, got {len(y)}")
    if x.ndim == 3 and x.dtype != np.uint8:
        raise TypeError(f"images of {what} must be uint8, got {x.dtype}")
    if x.ndim == 2:
        x = _columns(x, what)
    if (x == x[0]).all():
        raise ValueError(f"{what} are all the same: every feature is constant")
    y = y.astype(np.int64)
    missing = np.flatnonzero(np.bincount(np.maximum(y, 0)) == 0)
    if y.min() < 0 or len(missing) or y.max() == 0:
        raise ValueError(
            f"labels of {what} must be 0 .. classes - 1, each present and at least two, got "
            f"{y.min()} .. {y.max()}" + (f" without {missing[0]}" if len(missing) else "")
        )
    return x, y


def _columns(x: npt.NDArray[Any], what: str) -> npt.NDArray[np.int8]:
    if x.dtype.kind == "f":
        if not np.isfinite(x).all() or np.abs(x).max(initial=0) > 1:
            raise ValueError(f"float features of {what} must be finite and in [-1, 1]")
        x = np.rint(127 * x.astype(np.float64)).astype(np.int8)
    elif x.dtype == np.uint8:
        x = (x >> 1).astype(np.int8)
    elif x.dtype != np.int8 or (x == -128).any():
        raise TypeError(
            f"features of {what} must be int8 in [-127, 127], uint8 or floats, got {x.dtype}"
        )
    return np.ascontiguousarray(x)


def _held_out(x: Any, y: Any, like: npt.NDArray[Any]) -> tuple[Any, Any]:
    """Check held-out examples, which no bound uses: any number; classes may be missing."""
    x, y = np.asarray(x), np.asarray(y)
    if x.shape[1:] != like.shape[1:] or y.shape != x.shape[:1] or y.dtype.kind not in "iu":
        raise ValueError(
            f"held-out examples must have the shape of the others and whole labels, got {x.shape} "
            f"and {y.shape} of {y.dtype}"
        )
    if x.ndim == 3 and x.dtype != np.uint8:
        raise TypeError(f"images of held-out examples must be uint8, got {x.dtype}")
    return (_columns(x, "held-out examples") if x.ndim == 2 else x), y.astype(np.int64)


def load_examples(data: str | os.PathLike[str]) -> Examples:
    """Examples by name ("fashion-mnist", "digits"), from an `.npz` file or from a folder.

    An `.npz` file holds ``x`` and ``y`` (or ``x_train``, ``y_train``), and if it has held-out
    examples ``x_test`` and ``y_test``.
    """
    if data == "digits":
        return digits_examples(datasets.digits())
    if data == "fashion-mnist":
        return _from_split(datasets.fashion_mnist(), 127.5, 1)
    path = Path(data)
    if path.is_dir():
        return _from_split(datasets.fashion_mnist(path), 127.5, 1)
    if path.suffix != ".npz":
        raise ValueError(
            f"data must be fashion-mnist, digits, an .npz file or a folder, got {data}"
        )
    with np.load(path, allow_pickle=False) as archive:
        names = set(archive.files)
        x, y = ("x", "y") if {"x", "y"} <= names else ("x_train", "y_train")
        if not {x, y} <= names:
            raise ValueError(
                f"{data} must hold x and y, or x_train and y_train; it holds {sorted(names)}"
            )
        train = check_examples(archive[x], archive[y])
        test: tuple[Any, Any] = (None, None)
        if {"x_test", "y_test"} <= names:
            test = _held_out(archive["x_test"], archive["y_test"], train[0])
    return Examples(path.name, *train, *test)


def digits_examples(split: datasets.Split) -> Examples:
    """A split of scikit-learn's digits as images of 8 x 8 pixels."""
    return _from_split(split, 8.0, 15)


def _from_split(split: datasets.Split, scale: float, grey: int) -> Examples:
    """A data set of pixels in [-1, 1] as uint8 images: (x + 1) scale, a whole number."""
    side = round(split.x_train.shape[1] ** 0.5)

    def images(x: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        pixels = np.rint((x.astype(np.float64) + 1) * scale).astype(np.uint8) * np.uint8(grey)
        return np.asarray(pixels.reshape(-1, side, side))

    return Examples(
        split.name, images(split.x_train), split.y_train, images(split.x_test), split.y_test
    )
