"""Check the arguments of a fit, and keep them as `FitOptions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from htstats._common import checks
from htstats._core import fit

__all__ = ["KS", "WAYS", "FitOptions", "check_options"]


KS = ("left", "two-sided")

# The methods to fit a sample; see `FitOptions.way`.
WAYS = ("at once", "sorted", "pruned", "pruned or at once")


class FitOptions(NamedTuple):
    """The arguments of a fit except the data; see `fit_power_law`.

    `way`, `estimates_at_once` and `n_threads` choose between methods with bit-identical results.

    Attributes
    ----------
    way : str or None
        How to fit float32 or float64 values with the default options. By default the number of
        values decides.
        "at once": one call of the library, if x is one contiguous array; else "sorted".
        "sorted": sort all values, then scan them.
        "pruned": count values in buckets, then sort and scan the values that the bounds leave.
        "pruned or at once": "pruned", or "at once" if the bounds leave all values.
    estimates_at_once : int
        Up to this many distinct values, all estimates are computed before the scan. For more
        values, estimates are computed block by block when the scan reaches a block.
    n_threads : int
        Number of threads for the scan. The result does not depend on it.
    """

    xmin: float | tuple[float, float] | None = None
    xmax: float | None = None
    ks: str = "left"
    min_tail: int = 1
    curve: bool = False
    discrete: bool = False
    way: str | None = None
    estimates_at_once: int = fit.ALL_AT_ONCE
    n_threads: int = 1

    @property
    def is_plain(self) -> bool:
        """Whether every value is a candidate, the law has no upper end, and no curve is kept."""
        return self.xmin is None and self.xmax is None and not self.curve

    @property
    def finds_xmin(self) -> bool:
        """Whether the fit searches for xmin, among all values or in a range."""
        return not isinstance(self.xmin, float)


def check_options(
    xmin: Any = None,
    xmax: Any = None,
    ks: str = "left",
    min_tail: int | None = None,
    curve: bool = False,
    discrete: bool = False,
    *,
    way: str | None = None,
    name_of: Callable[[str], str] = str,
) -> FitOptions:
    """Check the options of a fit. An error calls a wrong option by the name from `name_of`."""
    checks.one_of(name_of("ks"), ks, KS)
    if way is not None:
        checks.one_of("way", way, WAYS)
    least = 1 if min_tail is None else checks.count(name_of("min_tail"), min_tail, at_least=1)
    end = None if xmax is None else checks.positive(name_of("xmax"), xmax)
    if isinstance(xmin, tuple | list):
        if len(xmin) != 2:
            raise ValueError(f"{name_of('xmin')} must be a number or a pair (lo, hi), got {xmin!r}")
        low, high = (checks.nonnegative(name_of("xmin"), edge) for edge in xmin)
        if not low < high:
            raise ValueError(f"{name_of('xmin')} must be (lo, hi) with lo < hi, got {xmin!r}")
        return FitOptions((low, high), end, ks, least, curve, discrete, way)
    start = None if xmin is None else checks.positive(name_of("xmin"), xmin)
    if start is not None and end is not None and not start < end:
        raise ValueError(f"{name_of('xmax')} must be above xmin, got {xmax!r} with xmin={xmin!r}")
    return FitOptions(start, end, ks, least, curve, discrete, way)
