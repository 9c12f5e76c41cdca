"""Find the threshold that a rule gives for a matrix, in memory or block by block."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from htstats._common.arrays import widen
from htstats._common.checks import finite, nonnegative
from htstats.compression.thresholds._error_resolver import MatchedError
from htstats.compression.thresholds._keys import LIMITS, Limits
from htstats.compression.thresholds._rank_resolver import Resolver
from htstats.compression.thresholds.rules import parse_rule
from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import ExactSums

__all__ = ["resolve", "resolver_of"]


def resolve(
    threshold: float | str, data: npt.NDArray[Any], sketch: TailSketch | ExactSums, *,
    keep: str = "abs", noise: str = "paper", support: str = "replaced",
) -> float:  # fmt: skip
    """The threshold tau of a matrix in memory.

    Parameters
    ----------
    threshold : float or str
        A number, or a rule of the table in `htstats.compression.thresholds`.
    data : ndarray
        The matrix in the form for the kernels (16-bit floats as their bits).
    sketch : TailSketch or ExactSums
        The sketch or sums of all of `data`. Exact sums are enough unless `needs_sketch`.
    keep, noise, support : str
        As in `partition`.

    Raises
    ------
    ValueError
        If the rule is unknown or cannot be met.
    """
    if not isinstance(threshold, str):
        return (finite if keep == "upper" else nonnegative)("threshold", threshold)
    rule = parse_rule(threshold)
    if rule.name == "xmin":
        return _fit_xmin(data, sketch.dtype, keep)
    if sketch.n == 0:
        raise ValueError(f"threshold {threshold!r} needs at least one element, got none")
    if rule.name == "std":
        return sketch.moments()[1]
    assert isinstance(sketch, TailSketch)
    resolver = resolver_of(threshold, sketch, keep=keep, noise=noise, support=support)
    while resolver.tau is None:
        resolver.update(data)
        resolver.finish()
    return resolver.tau


def resolver_of(
    threshold: str,
    sketch: TailSketch,
    *,
    keep: str,
    noise: str,
    support: str,
    limits: Limits = LIMITS,
) -> Resolver | MatchedError:
    """An object that finds the threshold of a rule by more passes, until its `tau` is known.

    `limits` sets the memory of a pass; the threshold does not depend on it.

    Raises
    ------
    ValueError
        If the rule is unknown, cannot be met, or is "xmin".

    Examples
    --------
    >>> import numpy as np
    >>> x = np.float32([0.1, -0.2, 0.3])
    >>> how = {"keep": "abs", "noise": "matched", "support": "full"}
    >>> resolver = resolver_of("error:1,0.1", TailSketch().update(x), **how)
    >>> while resolver.tau is None:
    ...     resolver.update(x)
    ...     tau = resolver.finish()
    >>> round(tau, 3)
    0.353
    """
    rule = parse_rule(threshold)
    if rule.name == "error" and noise == "matched" and sketch.n:
        return MatchedError(rule, sketch, keep, support, limits)
    return Resolver(threshold, sketch, keep=keep, noise=noise, support=support, limits=limits)


def _fit_xmin(data: npt.NDArray[Any], dtype: str, keep: str) -> float:
    if keep == "centered":
        raise ValueError("threshold 'xmin' fits abs(w) or w: keep must be 'abs' or 'upper'")
    # imported here, because power_law may itself import the partition
    from htstats.power_law import fit_power_law  # type: ignore[import-not-found,unused-ignore]

    flat = data.reshape(-1)
    values = widen(flat, dtype) if dtype == "bfloat16" else flat.view(dtype)
    side = "abs" if keep == "abs" else "positive"
    return float(fit_power_law(values, side=side).xmin)
