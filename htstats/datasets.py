"""The data sets that reproduce the paper, read from packages or folders on this machine."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks

__all__ = ["Split", "digits", "fashion_mnist"]

# Folder in which Debian's package installs the files of Fashion-MNIST.
DEBIAN = Path("/usr/share/datasets/fashion-mnist")

FASHION_SIZES = {"train": 60_000, "t10k": 10_000}
FASHION_FILES = tuple(
    f"{part}-{kind}-ubyte" for part in FASHION_SIZES for kind in ("images-idx3", "labels-idx1")
)


@dataclass(frozen=True, eq=False)
class Split:
    """A classification data set, split into a training part and a test part.

    Parameters
    ----------
    name : str
        Name of the data set.
    x_train, x_test : ndarray of float32, shape (samples, features)
        The features of each sample.
    y_train, y_test : ndarray of int64, shape (samples,)
        Labels 0 .. classes - 1.
    """

    name: str
    x_train: npt.NDArray[Any] = field(repr=False)
    y_train: npt.NDArray[Any] = field(repr=False)
    x_test: npt.NDArray[Any] = field(repr=False)
    y_test: npt.NDArray[Any] = field(repr=False)

    @property
    def classes(self) -> int:
        """Number of different labels."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1


def digits(*, held_out: int = 360, seed: int = 0) -> Split:
    """Load the handwritten digits of scikit-learn: 1,797 images of 8 x 8 pixels, ten classes.

    Parameters
    ----------
    held_out : int
        Number of samples in the test part, in [1, 1797); the others are for training.
    seed : int
        Seed of the permutation that chooses the samples of the test part.

    Returns
    -------
    Split
        Pixels as 64 float32 numbers in [-1, 1].

    Raises
    ------
    ImportError
        If scikit-learn is missing.
    ValueError
        If `held_out` is out of range.

    Notes
    -----
    A pixel x, in 0 .. 16, becomes x/8 - 1. This scaling uses no statistic of the training set. So a
    statement about random training sets also covers everything that is computed from the result.

    Examples
    --------
    >>> data = digits()
    >>> data.x_train.shape, data.x_test.shape, data.classes
    ((1437, 64), (360, 64), 10)
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError("digits needs scikit-learn: pip install scikit-learn") from None
    bunch = load_digits()
    n = len(bunch.target)
    held_out = checks.count("held_out", held_out, at_least=1, below=n)
    x = (bunch.data / 8 - 1).astype(np.float32)
    y = bunch.target.astype(np.int64)
    order = np.random.default_rng(seed).permutation(n)
    test, train = order[:held_out], order[held_out:]
    return Split("digits", x[train], y[train], x[test], y[test])


def fashion_mnist(folder: str | os.PathLike[str] | None = None, *, download: bool = False) -> Split:
    """Load Fashion-MNIST: 70,000 grey images of clothes, 28 x 28 pixels, ten classes.

    The data are from Zalando, under the MIT licence.

    Parameters
    ----------
    folder : path, optional
        The folder of the four files (``train-images-idx3-ubyte`` and so on, with or without
        ``.gz``), or the folder into which torchvision has downloaded them. Default: the folder of
        Debian's package ``dataset-fashion-mnist``, then ``~/.cache/htstats``.
    download : bool
        Whether to download the files with torchvision into ``~/.cache/htstats`` if they are not
        found; ignored if `folder` is given.

    Returns
    -------
    Split
        60,000 training images and 10,000 test images, each as 784 float32 numbers in [-1, 1], row
        by row.

    Raises
    ------
    FileNotFoundError
        If the files are missing; the message says how to get them.
    ValueError
        If a file is damaged or is not the expected file.
    ImportError
        If a download is requested and needed, and torchvision is missing.

    Notes
    -----
    A pixel x, in 0 .. 255, becomes x/127.5 - 1. This scaling uses no statistic of the training set.

    References
    ----------
    .. [1] H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, 2017, arXiv:1708.07747.

    Examples
    --------
    >>> fashion_mnist("/nowhere")
    Traceback (most recent call last):
        ...
    FileNotFoundError: Fashion-MNIST is not in /nowhere: apt-get install dataset-fashion-mnist, ...
    """
    found = next((place for place in _places(folder) if _has_all(place)), None)
    if found is None and download and folder is None:
        found = _download(_cache())
    if found is None:
        where = folder if folder is not None else " or ".join(map(str, (DEBIAN, _cache())))
        raise FileNotFoundError(
            f"Fashion-MNIST is not in {where}: apt-get install dataset-fashion-mnist, or name the "
            "folder of its four files, or let torchvision download them (download=True)"
        )
    parts: list[npt.NDArray[Any]] = []
    for name, size in FASHION_SIZES.items():
        x = _idx(found, f"{name}-images-idx3-ubyte", (size, 28, 28))
        y = _idx(found, f"{name}-labels-idx1-ubyte", (size,))
        if y.max() > 9:
            raise ValueError(f"{found / name}-labels-idx1-ubyte has the label {y.max()}, above 9")
        # Scale in place, so that a quarter of a gigabyte is not held twice.
        pixels = x.reshape(size, -1).astype(np.float32)
        pixels /= np.float32(127.5)
        pixels -= 1
        parts += [pixels, y.astype(np.int64)]
    return Split("fashion-mnist", *parts)


def _cache() -> Path:
    return Path.home() / ".cache" / "htstats"


def _places(folder: str | os.PathLike[str] | None) -> Iterator[Path]:
    roots = [DEBIAN, _cache()] if folder is None else [Path(folder)]
    for root in roots:
        yield from (root, root / "fashion-mnist", root / "FashionMNIST" / "raw")


def _file(folder: Path, name: str) -> Path | None:
    paths = (folder / name, folder / f"{name}.gz")
    return next((path for path in paths if path.is_file()), None)


def _has_all(folder: Path) -> bool:
    return all(_file(folder, name) is not None for name in FASHION_FILES)


def _download(root: Path) -> Path:
    try:
        from torchvision.datasets import FashionMNIST
    except ImportError:
        raise ImportError(
            "downloading Fashion-MNIST needs torchvision; apt-get install dataset-fashion-mnist "
            "gets the same files without it"
        ) from None
    FashionMNIST(str(root), download=True)
    return root / "FashionMNIST" / "raw"


def _idx(folder: Path, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Read the bytes of an IDX file, which must have this shape."""
    path = _file(folder, name)
    assert path is not None
    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    size = len(header) + math.prod(shape)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            # Read one byte more than a correct file has, to detect files that are too long.
            content = file.read(size + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    if content[: len(header)] != header:
        raise ValueError(f"{path} must begin as an IDX file of shape {shape}, and does not")
    if len(content) != size:
        found = "more" if len(content) > size else len(content)
        raise ValueError(f"{path} must have {size} bytes, and has {found}")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)
