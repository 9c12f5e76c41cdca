"""The xmin scan with all its candidates, for those who need more than the best one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htstats._core import scan

__all__ = ["Candidates", "candidates_of"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """Distinct values in order, how many values lie before each, and their estimates."""

    values: Floats
    logs: Floats
    first: npt.NDArray[np.int64]
    alpha: Floats

    @property
    def n(self) -> int:
        return int(self.first[-1])

    def n_tail(self, k: int) -> int:
        return self.n - int(self.first[k])

    def best(
        self,
        begin: int = 0,
        end: int | None = None,
        *,
        alpha_low: float = 1.0,
        alpha_high: float = np.inf,
        sigma_below: float = np.inf,
    ) -> tuple[int, float]:
        """(index, distance) of the first allowed candidate of smallest D; index -1 for none."""
        end = self.values.size - 1 if end is None else end
        return scan.best(
            self.logs, self.first, self.alpha, begin, end, alpha_low, alpha_high, sigma_below
        )

    def curve(self, begin: int, end: int) -> tuple[Floats, Floats]:
        """D+ and D- of candidates begin ... end - 1."""
        plus, minus = np.empty(end - begin), np.empty(end - begin)
        scan.curve(self.logs, self.first, self.alpha, begin, end, plus, minus)
        return plus, minus


def candidates_of(x: Floats) -> Candidates:
    """The candidates among positive finite float64 values."""
    values, counts = np.unique(x, return_counts=True)
    logs = np.log(values)
    # neighbours a few units in the last place apart may share a logarithm
    for k in np.flatnonzero(np.diff(logs) <= 0):
        logs[k + 1] = np.nextafter(logs[k], np.inf)
    first = np.empty(values.size + 1, dtype=np.int64)
    alpha = np.empty(values.size)
    scan.prepare(logs, counts.astype(np.int64), first, alpha)
    return Candidates(values, logs, first, alpha)
