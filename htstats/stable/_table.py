"""Tables of single laws. Threads share them, and those used most recently are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property

import numpy as np

from htstats._common.arrays import Floats
from htstats._common.broadcast import Result, run
from htstats._core import stable_table as _core
from htstats.stable._arguments import FUNCTIONS
from htstats.stable._inverse_table import InverseTable

__all__ = ["StableTable", "table_of"]

# The number of tables that are kept; each takes 270 kB.
MOST_TABLES = 32


class StableTable:
    """The density and both tails of the law (alpha, beta) as piecewise polynomials.

    A table cannot be changed. The relative error of its values is below 1e-11, and the table is a
    hundred times faster than the direct functions; see docs/accuracy-stable.md.
    """

    def __init__(self, alpha: float, beta: float) -> None:
        self.alpha, self.beta = alpha, beta
        self._table = _aligned_doubles(_core.doubles())
        _core.build(alpha, beta, self._table)
        self._table.flags.writeable = False

    def range(self) -> tuple[float, float, float, bool]:
        """The range of the table: low, high, width, s1.

        The table covers t = width sinh(s) for s in [low, high]. t is the standardised coordinate of
        S1 if s1 is true, else of S0. Outside the range, values are computed directly.
        """
        return _core.table_range(self._table)

    @cached_property
    def inverse(self) -> InverseTable:
        """The quantiles, in the coordinate t of `range`."""
        low, high, width, s1 = self.range()

        def value(name: str, t: Floats) -> Floats:
            return np.asarray(self.evaluate(name, t, s1=s1))

        one_sided = self.alpha < 1 and abs(self.beta) == 1
        return InverseTable(value, low, high, width, one_sided=one_sided)

    def evaluate(
        self,
        name: str,
        x: Floats,
        loc: float = 0.0,
        scale: float = 1.0,
        *,
        s1: bool = False,
        out: Floats | None = None,
        n_threads: int = 1,
    ) -> Result:
        """One of pdf, logpdf, cdf, logcdf, sf, logsf at a float64 array without NaN."""
        code = FUNCTIONS[name]

        def kernel(points: Floats, into: Floats) -> None:
            _core.evaluate(self._table, code, s1, loc, scale, points, into)

        return run(kernel, "x", [x], out, n_threads)


def _aligned_doubles(count: int) -> Floats:
    """An array that begins at a multiple of 64 bytes, so that no vector crosses a cache line."""
    room = np.empty(count + 8)
    first = -room.ctypes.data % 64 // 8
    return room[first : first + count]


class _Cache:
    """The tables used most recently.

    Each table is built once, even if several threads need it at the same time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[float, float], _Entry] = OrderedDict()

    def find(self, alpha: float, beta: float) -> StableTable:
        key = (alpha, beta + 0.0)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > MOST_TABLES:
                self._entries.popitem(last=False)
        with entry.lock:
            if entry.table is None:
                entry.table = StableTable(*key)
            return entry.table


class _Entry:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.table: StableTable | None = None


_CACHE = _Cache()


def table_of(alpha: float, beta: float) -> StableTable:
    """The table of a law; built if it is not in the cache."""
    return _CACHE.find(alpha, beta)
