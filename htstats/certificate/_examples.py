"""Labelled examples for certificates: whole numbers and labels 0 .. classes - 1."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats import datasets
from htstats._common.messages import suggest_path
from htstats.weights import read_arrays

__all__ = [
    "Examples",
    "check_examples",
    "digits_examples",
    "exponent_for",
    "load_examples",
    "quantize_columns",
]

# The range of exponents that five bits of a message can express.
LEAST_EXPONENT, MOST_EXPONENT = -16, 15

# The smallest number of examples for which a bound is useful.
LEAST = 10


@dataclass(frozen=True, eq=False)
class Examples:
    """The examples on which a bound counts errors, and held-out examples if there are any.

    Attributes
    ----------
    name : str
    x : ndarray
        uint8 images, shape (examples, height, width), or int8 columns, shape (examples, features).
    y : ndarray of int64
    x_test, y_test : ndarray or None
        The held-out examples and their labels. No search may use them.
    exponent : int
        Float columns were converted to int8 by ``rint(127 x / 2^exponent)``; see
        `quantize_columns`.
    source_sha256 : str or None
        If columns were computed from images: the `sha256` of the images.
    """

    name: str
    x: npt.NDArray[Any] = field(repr=False)
    y: npt.NDArray[Any] = field(repr=False)
    x_test: npt.NDArray[Any] | None = field(default=None, repr=False)
    y_test: npt.NDArray[Any] | None = field(default=None, repr=False)
    exponent: int = 0
    source_sha256: str | None = None

    @property
    def classes(self) -> int:
        """One more than the largest label of the examples."""
        return int(self.y.max()) + 1

    @property
    def sha256(self) -> str:
        """SHA-256 of the examples and labels in little-endian order, for the report."""
        if self.source_sha256 is not None:
            return self.source_sha256
        digest = hashlib.sha256()
        for a in (self.x, self.y):
            a = np.ascontiguousarray(a)
            digest.update(f"{a.dtype.kind}{a.dtype.itemsize}{a.shape}".encode())
            digest.update(a.astype(a.dtype.newbyteorder("<"), copy=False).tobytes())
        return digest.hexdigest()


def check_examples(
    x: Any, y: Any, what: str = "examples", exponent: int | None = None
) -> tuple[Any, Any]:
    """Check examples; return uint8 images or int8 columns (by `quantize_columns`), int64 labels.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes are wrong, there is a NaN, there are too few examples, labels are not
        0 .. classes - 1, or all examples are the same.
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
        x = quantize_columns(x, what, exponent)
    if (x == x[0]).all():
        raise ValueError(f"{what} are all the same: every feature is constant")
    y = y.astype(np.int64)
    # no table for a label that is so large that a smaller one must be missing
    counts = np.bincount(np.clip(y, 0, len(y)))
    missing = np.flatnonzero(counts == 0)
    if y.min() < 0 or len(missing) or y.max() == 0:
        raise ValueError(
            f"labels of {what} must be 0 .. classes - 1, each present and at least two, got "
            f"{y.min()} .. {y.max()}" + (f" without {missing[0]}" if len(missing) else "")
        )
    return x, y


def quantize_columns(
    x: npt.NDArray[Any], what: str = "x", exponent: int | None = None
) -> npt.NDArray[np.int8]:
    """Convert columns to int8 by a fixed rule that is part of the format.

    Parameters
    ----------
    x : ndarray, shape (examples, features)
        int8 in [-127, 127] stays unchanged. uint8 is halved and rounded down. Floats become
        ``rint(127 x / 2^exponent)``, clipped to [-127, 127].
    what : str
        The name of the examples in error messages.
    exponent : int, optional
        In [-16, 15], only for floats. The certificate file contains the exponent, so it may depend
        on the examples (`exponent_for`). By default it is 0, and floats must be in [-1, 1].

    Returns
    -------
    ndarray of int8

    Raises
    ------
    TypeError, ValueError
        If x has another dtype, is out of range or is not finite.
    """
    if x.dtype.kind == "f":
        if not np.isfinite(x).all():
            raise ValueError(f"float features of {what} must be finite and in [-1, 1]")
        if exponent is None and np.abs(x).max(initial=0) > 1:
            raise ValueError(
                f"float features of {what} must be finite and in [-1, 1], or have an exponent"
            )
        scaled = np.rint(127 * x.astype(np.float64) / 2.0 ** (exponent or 0))
        x = np.clip(scaled, -127, 127).astype(np.int8)
    elif exponent:
        raise TypeError(f"an exponent is for floats, but features of {what} are {x.dtype}")
    elif x.dtype == np.uint8:
        x = (x >> 1).astype(np.int8)
    elif x.dtype != np.int8 or (x == -128).any():
        raise TypeError(
            f"features of {what} must be int8 in [-127, 127], uint8 or floats, got {x.dtype}"
        )
    return np.ascontiguousarray(x)


def exponent_for(x: npt.NDArray[Any]) -> int:
    """The exponent for which at most one float in a thousand is clipped; 0 for other dtypes.

    It is also 0 if that choice loses less than one bit of precision.
    """
    if x.dtype.kind != "f" or x.ndim != 2 or not x.size or not np.isfinite(x).all():
        return 0
    size = np.sort(np.abs(x.astype(np.float64)), axis=None)
    common, largest = float(size[len(size) * 999 // 1000]), float(size[-1])
    if common == 0 or (largest <= 1 and common > 0.25):
        return 0
    return min(max(math.frexp(common)[1], LEAST_EXPONENT), MOST_EXPONENT)


def _held_out(x: Any, y: Any, like: npt.NDArray[Any], exponent: int | None) -> tuple[Any, Any]:
    """Check held-out examples. There may be any number, and classes may be missing."""
    x, y = np.asarray(x), np.asarray(y)
    if x.shape[1:] != like.shape[1:] or y.shape != x.shape[:1] or y.dtype.kind not in "iu":
        raise ValueError(
            f"held-out examples must have the shape of the others and whole labels, got {x.shape} "
            f"and {y.shape} of {y.dtype}"
        )
    if x.ndim == 3 and x.dtype != np.uint8:
        raise TypeError(f"images of held-out examples must be uint8, got {x.dtype}")
    if x.ndim == 2:
        x = quantize_columns(x, "held-out examples", exponent)
    return x, y.astype(np.int64)


def load_examples(
    data: str | os.PathLike[str],
    *,
    labels: str | os.PathLike[str] | None = None,
    exponent: int | None = None,
) -> Examples:
    """Load examples by name ("fashion-mnist", "digits"), from a file or from a folder.

    Parameters
    ----------
    data : str or path
        One of: a name; a folder with the files of Fashion-MNIST; an `.npz` file with ``x`` and
        ``y`` (or ``x_train`` and ``y_train``), and optionally the held-out examples ``x_test`` and
        ``y_test``; a `.npy` file of inputs.
    labels : str or path, optional
        The `.npy` file of labels. It is required for a `.npy` file of inputs.
    exponent : int, optional
        For float columns, as in `quantize_columns`; default: `exponent_for` of the columns.

    Returns
    -------
    Examples

    Raises
    ------
    OSError, TypeError, ValueError
        If a file cannot be read or does not hold examples.
    """
    path = Path(data)
    if labels is None and path.suffix == ".npy":
        path.stat()  # raises FileNotFoundError: labels would not help
        raise ValueError(f"{data} has inputs without labels: give --labels Y.npy (labels=)")
    if labels is not None and path.suffix != ".npy":
        raise ValueError(f"labels go with inputs in a .npy file, got {data} and labels {labels}")
    if labels is not None:
        return _from_arrays(path.name, _one_array(path), _one_array(labels), None, exponent)
    if data == "digits":
        return digits_examples(datasets.digits())
    if data == "fashion-mnist":
        return _from_split(datasets.fashion_mnist(), 127.5, 1)
    if path.is_dir():
        return _from_split(datasets.fashion_mnist(path), 127.5, 1)
    if path.suffix != ".npz":
        near = "" if path.exists() else suggest_path(data, ("digits", "fashion-mnist"))
        raise ValueError(
            f"data must be fashion-mnist, digits, an .npz file or a folder, got {data}{near}"
        )
    arrays = read_arrays(path)
    names = ("x", "y") if {"x", "y"} <= arrays.keys() else ("x_train", "y_train")
    if not arrays.keys() >= {*names}:
        raise ValueError(
            f"{data} must hold x and y, or x_train and y_train; it holds {sorted(arrays)}"
        )
    has_test = {"x_test", "y_test"} <= arrays.keys()
    test = (arrays["x_test"], arrays["y_test"]) if has_test else None
    return _from_arrays(path.name, arrays[names[0]], arrays[names[1]], test, exponent)


def _one_array(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    arrays = list(read_arrays(path).values())
    if len(arrays) != 1:
        raise ValueError(f"{os.fspath(path)} must hold one array of numbers")
    return arrays[0]


def _from_arrays(
    name: str, x: Any, y: Any, test: tuple[Any, Any] | None, exponent: int | None
) -> Examples:
    is_scaled = x.dtype.kind == "f" and x.ndim == 2
    used = (exponent_for(x) if exponent is None else exponent) if is_scaled else None
    x, y = check_examples(x, y, exponent=used)
    x_test, y_test = (None, None) if test is None else _held_out(*test, x, used)
    return Examples(name, x, y, x_test, y_test, used or 0)


def digits_examples(split: datasets.Split) -> Examples:
    """Examples from a split of scikit-learn's digits: images of 8 x 8 pixels."""
    return _from_split(split, 8.0, 15)


def _from_split(split: datasets.Split, scale: float, grey: int) -> Examples:
    """Examples from a data set of pixels in [-1, 1], as uint8 images.

    A pixel x becomes grey (x + 1) scale, which is a whole number.
    """
    side = round(split.x_train.shape[1] ** 0.5)

    def images(x: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        pixels = np.rint((x.astype(np.float64) + 1) * scale).astype(np.uint8) * np.uint8(grey)
        return np.asarray(pixels.reshape(-1, side, side))

    return Examples(
        split.name, images(split.x_train), split.y_train, images(split.x_test), split.y_test
    )
