"""Data sets that need no download."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats import _checks

__all__ = ["Split", "digits"]


@dataclass(frozen=True, eq=False)
class Split:
    """A classification data set in two parts.

    Parameters
    ----------
    name : str
    x_train, x_test : ndarray of float32, shape (samples, features)
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
        """How many different labels there are."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1


def digits(*, held_out: int = 360, seed: int = 0) -> Split:
    """scikit-learn's bundled handwritten digits: 1,797 images of 8 x 8 pixels, ten classes.

    Parameters
    ----------
    held_out : int
        How many of the samples to hold out, in [1, 1797); the others are for training.
    seed : int
        Of the permutation that decides which.

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
    Pixels are 0 .. 16 and become x/8 - 1: no statistic of the training set enters, so that a
    statement over draws of the training set can be made about what comes after.

    Examples
    --------
    >>> data = digits()
    >>> data.x_train.shape, data.x_test.shape, data.classes
    ((1437, 64), (360, 64), 10)
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError("digits needs scikit-learn: pip install 'htstats[torch]'") from None
    bunch = load_digits()
    n = len(bunch.target)
    held_out = _checks.count("held_out", held_out, at_least=1, below=n)
    x = (bunch.data / 8 - 1).astype(np.float32)
    y = bunch.target.astype(np.int64)
    order = np.random.default_rng(seed).permutation(n)
    test, train = order[:held_out], order[held_out:]
    return Split("digits", x[train], y[train], x[test], y[test])
