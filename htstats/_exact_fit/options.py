"""What a fit is asked for, checked once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from htstats._common import checks

__all__ = ["Options", "check_options"]


KS = ("left", "two-sided")


class Options(NamedTuple):
    """What a fit was asked for, checked."""

    xmin: float | tuple[float, float] | None = None
    xmax: float | None = None
    ks: str = "left"
    min_tail: int = 1
    curve: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether every value may be a candidate, of a law without an end."""
        return self.xmin is None and self.xmax is None and not self.curve


def check_options(
    xmin: Any,
    xmax: Any,
    ks: str,
    min_tail: int | None,
    curve: bool,
    *,
    name_of: Callable[[str], str] = str,
) -> Options:
    """The options of a fit, or an error that names the wrong one as `name_of` calls it."""
    checks.one_of(name_of("ks"), ks, KS)
    least = 1 if min_tail is None else checks.count(name_of("min_tail"), min_tail, at_least=1)
    end = None if xmax is None else checks.positive(name_of("xmax"), xmax)
    if isinstance(xmin, tuple | list):
        if len(xmin) != 2:
            raise ValueError(f"{name_of('xmin')} must be a number or a pair (lo, hi), got {xmin!r}")
        low, high = (checks.nonnegative(name_of("xmin"), edge) for edge in xmin)
        if not low < high:
            raise ValueError(f"{name_of('xmin')} must be (lo, hi) with lo < hi, got {xmin!r}")
        return Options((low, high), end, ks, least, curve)
    start = None if xmin is None else checks.positive(name_of("xmin"), xmin)
    if start is not None and end is not None and not start < end:
        raise ValueError(f"{name_of('xmax')} must be above xmin, got {xmax!r} with xmin={xmin!r}")
    return Options(start, end, ks, least, curve)
