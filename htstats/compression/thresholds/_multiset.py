"""Distinct values and their counts, up to a limit."""

from __future__ import annotations

import numpy as np

from htstats._common.arrays import Floats

__all__ = ["Gathered"]


class Gathered:
    """Distinct values and their counts, 16 bytes for each value.

    If there are more than about `room` values, all are dropped and `overflowed` is true.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._pending: list[Floats] = []
        self.overflowed = False
        self.values, self.counts = np.empty(0), np.empty(0, np.int64)

    def add(self, values: Floats) -> None:
        """Add values."""
        if not self.overflowed:
            self._pending.append(values)
            self._make_room()

    def merge(self, other: Gathered) -> None:
        """Add the values of another object."""
        self.overflowed |= other.overflowed
        if not self.overflowed:
            self._pending += other._pending
            self.values = np.concatenate([self.values, other.values])
            self.counts = np.concatenate([self.counts, other.counts])
            self._make_room()

    def compress(self) -> None:
        """Merge equal values, and sort the values in ascending order."""
        values = np.concatenate([self.values, *self._pending])
        counts = np.concatenate([self.counts, *(np.ones(len(p), np.int64) for p in self._pending)])
        self.values, inverse = np.unique(values, return_inverse=True)
        self.counts = np.zeros(len(self.values), np.int64)
        np.add.at(self.counts, inverse, counts)
        self._pending = []

    def _make_room(self) -> None:
        if sum(map(len, self._pending)) + len(self.values) > self._room:
            self.compress()
            if len(self.values) > self._room // 2:
                self.overflowed = True
                self.values, self.counts = np.empty(0), np.empty(0, np.int64)
