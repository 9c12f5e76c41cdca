"""What the classifiers of all formats have in common: a class and an error from integer logits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Classifier"]


class Classifier(ABC):
    """A classifier with whole logits; the class of an example has the strictly largest one."""

    @abstractmethod
    def logits(self, features: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Logits of rows of int8 features: int64, shape (examples, classes)."""

    def predict(self, features: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The class of each row of features; -1 if two logits are equally large and largest."""
        logits = self.logits(features)
        best = logits.argmax(axis=1)
        top = logits[np.arange(len(logits)), best]
        return np.where((logits == top[:, None]).sum(axis=1) == 1, best, -1)

    def count_errors(self, features: npt.NDArray[Any], labels: npt.NDArray[Any]) -> int:
        """Number of examples whose class differs from their label, or that have no class."""
        return int(np.count_nonzero(self.predict(features) != labels))
