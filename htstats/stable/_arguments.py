"""Check and broadcast the arguments of the stable laws, and call the C library."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from htstats._common import broadcast
from htstats._common.arrays import Floats
from htstats._common.broadcast import Result, common_shape, refuse, run
from htstats._core import stable as _core

__all__ = ["FUNCTIONS", "Result", "check_law", "evaluate", "evaluate_laws", "is_s1"]

FUNCTIONS = {
    name: code
    for code, name in enumerate(
        ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "log_isf")
    )
}
NAMES = "x, alpha, beta, loc and scale"
PARAMETERIZATIONS = ("S0", "S1")
# Names of the first argument in functions where it is a probability, or the log of one.
FIRST = {"ppf": "q", "isf": "q", "log_isf": "level"}

# The location and the scale of a standard law.
UNIT = np.array([0.0]), np.array([1.0])


def is_s1(parameterization: str) -> bool:
    """Whether a parameterization is S1; ValueError if it is neither S0 nor S1."""
    if parameterization not in PARAMETERIZATIONS:
        raise ValueError(f"parameterization must be 'S0' or 'S1', got {parameterization!r}")
    return parameterization == "S1"


def evaluate(
    name: str,
    x: Any,
    law: tuple[Any, Any, Any, Any],
    parameterization: str,
    out: Floats | None,
    n_threads: int,
) -> Result:
    """Call the function of (x, alpha, beta, loc, scale) with this name in the C library."""
    code, s1 = FUNCTIONS[name], is_s1(parameterization)
    if out is None and n_threads == 1:
        value = (_core.inverse_number if name in FIRST else _core.number)(code, s1, x, *law)
        if value == value:  # NaN means: not five floats, or an invalid argument
            return value
    inputs = [first_argument(name, x), *check_law(*law)]
    common_shape(names_of(name), inputs)

    map_arrays = _core.invert if name in FIRST else _core.evaluate

    def kernel(
        a: Floats, alpha: Floats, beta: Floats, loc: Floats, scale: Floats, into: Floats
    ) -> None:
        map_arrays(code, s1, a, alpha, beta, loc, scale, into)

    return run(kernel, names_of(name), inputs, out, n_threads)


def evaluate_laws(
    name: str, x: Floats, laws: list[tuple[float, float]], *, s1: bool = False
) -> Floats:
    """A function of the standard laws (alpha, beta) at contiguous points, of shape (laws, x).

    Nothing is checked: fits call this hundreds of times with valid arguments.
    """
    out = np.empty((len(laws), x.size))
    for row, (alpha, beta) in zip(out, laws, strict=True):
        _core.evaluate(FUNCTIONS[name], s1, x, np.array([alpha]), np.array([beta]), *UNIT, row)
    return out


def numbers(name: str, x: Any) -> Floats:
    """Convert to float64; raise ValueError for NaN. Integers are rounded, however large they are.

    `broadcast.numbers` replaces integers beyond 2^53, which are counts elsewhere.
    """
    if isinstance(x, int | list | tuple | np.integer | np.ndarray) and not np.ma.isMaskedArray(x):
        array = np.asarray(x)
        if array.dtype.kind in "iu":
            x = array.astype(np.float64)
        elif array.dtype.kind == "O" and all(isinstance(v, int) for v in array.flat):
            x = np.array([_nearest(v) for v in array.flat]).reshape(array.shape)
    return broadcast.numbers(name, x)


def _nearest(value: int) -> float:
    """The nearest float; infinite beyond all of them."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def names_of(name: str) -> str:
    return NAMES.replace("x", FIRST.get(name, "x"), 1)


def first_argument(name: str, x: Any) -> Floats:
    what = FIRST.get(name, "x")
    array = numbers(what, x)
    if what == "q":
        refuse(~((array >= 0) & (array <= 1)), x, "q must be in [0, 1]")
    if what == "level":
        refuse(array > 0, x, "level must be 0 or below")
    return array


def check_law(alpha: Any, beta: Any, loc: Any, scale: Any) -> list[Floats]:
    """The parameters as arrays; ValueError for the first parameter that is out of range."""
    a, b, l, s = (
        numbers(name, value)
        for name, value in (("alpha", alpha), ("beta", beta), ("loc", loc), ("scale", scale))
    )
    refuse(~((a > 0) & (a <= 2)), alpha, "alpha must be in (0, 2]")
    refuse(~(np.abs(b) <= 1), beta, "beta must be in [-1, 1]")
    refuse(~np.isfinite(l), loc, "loc must be finite")
    refuse(~((s > 0) & np.isfinite(s)), scale, "scale must be above 0 and finite")
    return [a, b, l, s]
