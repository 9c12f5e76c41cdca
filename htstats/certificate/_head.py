"""A ternary head: the classifier that a message of format 1 decodes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats.certificate._classifier import Classifier

__all__ = ["TernaryHead"]


@dataclass(frozen=True, eq=False)
class TernaryHead(Classifier):
    """A linear classifier with weights -1, 0, 1 on integer features.

    The logits of an example x are ``weights @ x + step * offsets``, which are whole numbers. The
    class of x is the class with the strictly largest logit. If two logits are equally large and
    largest, x has no class and counts as an error.

    Attributes
    ----------
    weights : ndarray of int8, shape (classes, features)
    offsets : ndarray of int16, shape (classes,)
        The smallest one is 0.
    step : int
        The value of one step of an offset, in logits.
    """

    weights: npt.NDArray[Any] = field(repr=False)
    offsets: npt.NDArray[Any] = field(repr=False)
    step: int

    def logits(self, features: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Logits of rows of int8 features: int64, shape (examples, classes)."""
        logits = np.empty((len(features), len(self.weights)), np.int64)
        logits[:] = self.step * self.offsets.astype(np.int64)
        for q, row in enumerate(self.weights):
            for j in np.flatnonzero(row):
                logits[:, q] += int(row[j]) * features[:, j].astype(np.int64)
        return logits

    @property
    def n_nonzeros(self) -> int:
        """Number of weights that are not zero."""
        return int(np.count_nonzero(self.weights))
