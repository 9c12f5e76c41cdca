"""Check and broadcast the arguments of the binomial functions, and call the C library."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from htstats._common.arrays import Floats
from htstats._common.broadcast import (
    LARGEST_N,
    Kernel,
    Result,
    common_shape,
    floats,
    numbers,
    refuse,
    run,
    run_into,
)
from htstats._core import binomial as _core

__all__ = ["evaluate", "kernel_of", "limits", "log_isf"]

FUNCTIONS = {
    name: code
    for code, name in enumerate(
        ("logsf", "logcdf", "logpmf", "sf", "cdf", "pmf", "kl", "chernoff_logsf")
    )
}


def evaluate(name: str, k: Any, n: Any, p: Any, out: Floats | None, n_threads: int) -> Result:
    """Call a function of (k, n, p) of the C library by its name."""
    if out is None and n_threads == 1:
        value = _core.number(FUNCTIONS[name], k, n, p)
        if value == value:  # NaN means: not three numbers, or an invalid argument
            return value
    inputs = [floats("k", k), floats("n", n), floats("p", p)]
    if out is not None:  # check first: nothing may be written if an argument is invalid
        refuse_bad(name, k, n, p)

    common_shape("k, n and p", inputs)
    # The kernel itself detects invalid arguments, much faster than a dozen passes over the inputs.
    try:
        return run(kernel_of(name), "k, n and p", inputs, out, n_threads)
    except ValueError:
        refuse_bad(name, k, n, p)
        raise


def kernel_of(name: str) -> Kernel:
    """The kernel of a function of (k, n, p): flat arrays, or single elements, and the result."""
    return partial(_core.evaluate, FUNCTIONS[name])


def log_isf(level: Any, n: Any, p: Any, out: Floats | None, n_threads: int) -> Result:
    """Call the inverse of `logsf` in k."""
    inputs = [numbers("level", level), trials(n), probabilities(p)]
    return run(_core.log_isf, "level, n and p", inputs, out, n_threads)


def limits(upper: bool, k: Any, n: Any, log_level: Any, n_threads: int) -> tuple[Result, ...]:
    """Call the inverse of the tail in p; returns p, log p and log(1 - p)."""
    inputs = [numbers("k", k), trials(n), numbers("log_level", log_level)]
    refuse(inputs[2] > 0, log_level, "log_level must be 0 or below")
    successes(k, *inputs[:2])

    shape = common_shape("k, n and log_level", inputs)
    columns = np.empty((*shape, 3))
    run_into(partial(_core.limit, upper), inputs, columns, shape, n_threads)
    if shape == ():
        return tuple(float(x) for x in columns)
    return tuple(np.ascontiguousarray(columns[..., i]) for i in range(3))


def trials(n: Any) -> Floats:
    array = numbers("n", n)
    bad = (array < 0) | (array > LARGEST_N) | (np.floor(array) != array)
    refuse(bad, n, "n must be a whole number in [0, 2^53]")
    return array


def probabilities(p: Any) -> Floats:
    array = numbers("p", p)
    refuse(~((array >= 0) & (array <= 1)), p, "p must be in [0, 1]")
    return array


def successes(given: Any, k: Floats, n: Floats) -> None:
    common_shape("k and n", [k, n])
    bad = (k < 0) | (k > n) | (np.floor(k) != k)
    refuse(bad, given, "k must be a whole number in [0, n]")


def refuse_bad(name: str, k: Any, n: Any, p: Any) -> None:
    """Raise an error for the first invalid argument of a function of (k, n, p)."""
    checked = numbers("k", k), trials(n)
    probabilities(p)
    if name == "kl":
        successes(k, *checked)
