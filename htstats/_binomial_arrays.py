"""Arguments of the binomial functions: checked, broadcast, and run in parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats import _checks
from htstats._core import binomial as _core

__all__ = [
    "Floats",
    "Result",
    "evaluate",
    "limits",
    "log_isf",
]

LARGEST_N = 2**53
FUNCTIONS = {
    name: code
    for code, name in enumerate(
        ("logsf", "logcdf", "logpmf", "sf", "cdf", "pmf", "kl", "chernoff_logsf")
    )
}
# what a call of three numbers may consist of to need no array
NUMBERS = (float, int, np.float64, np.int64)
ELEMENTS_A_THREAD = 1024

Floats = npt.NDArray[np.float64]
Result = float | Floats
Kernel = Callable[..., None]


def evaluate(name: str, k: Any, n: Any, p: Any, out: Floats | None, n_threads: int) -> Result:
    """A function of (k, n, p) of the C library, by its name."""
    code = FUNCTIONS[name]
    if out is None and n_threads == 1 and {type(k), type(n), type(p)}.issubset(NUMBERS):
        # whole numbers beyond 2^53 would round to their neighbours
        if -LARGEST_N <= k <= LARGEST_N and n <= LARGEST_N and p <= 1:
            value = _core.number(code, k, n, p)
            if not math.isnan(value):
                return value
    inputs = [floats("k", k), floats("n", n), floats("p", p)]
    if out is not None:  # nothing is written where an argument is bad
        refuse_bad(name, *inputs)

    def kernel(a: Floats, b: Floats, c: Floats, into: Floats) -> None:
        _core.evaluate(code, a, b, c, into)

    result = run(kernel, "k, n and p", inputs, out, n_threads)
    # The kernels give NaN for bad arguments and for nothing else: one look at the result is much
    # faster than a dozen at the inputs. No result has both signs, so that a sum finds a NaN.
    if math.isnan(np.sum(result)):
        refuse_bad(name, *inputs)
    return result


def log_isf(level: Any, n: Any, p: Any, out: Floats | None, n_threads: int) -> Result:
    """The inverse in k."""
    inputs = [numbers("level", level), trials(n), probabilities(p)]
    return run(_core.log_isf, "level, n and p", inputs, out, n_threads)


def limits(upper: bool, k: Any, n: Any, log_level: Any, n_threads: int) -> tuple[Result, ...]:
    """The inverse in p: p, log p, log(1 - p)."""
    inputs = [numbers("k", k), trials(n), numbers("log_level", log_level)]
    refuse(inputs[2] > 0, inputs[2], "log_level must be 0 or below")
    successes(inputs[0], inputs[1])

    def kernel(a: Floats, b: Floats, c: Floats, into: Floats) -> None:
        _core.limit(upper, a, b, c, into)

    shape = common_shape("k, n and log_level", inputs)
    columns = np.empty((*shape, 3))
    run_into(kernel, inputs, columns.reshape(-1, 3), shape, n_threads)
    if shape == ():
        return tuple(float(x) for x in columns)
    return tuple(np.ascontiguousarray(columns[..., i]) for i in range(3))


def run(
    kernel: Kernel, names: str, inputs: Sequence[Floats], out: Floats | None, n_threads: int
) -> Result:
    """The kernel's result, in `out` where given: also where it is strided or one of the inputs."""
    shape = common_shape(names, inputs)
    if out is None:
        result = np.empty(shape)
        run_into(kernel, inputs, result.reshape(-1), shape, n_threads)
        return float(result) if shape == () else result
    if not isinstance(out, np.ndarray) or out.dtype != np.float64 or out.shape != shape:
        found = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else repr(out)
        raise ValueError(f"out must be a float64 array of shape {shape}, got {found}")
    if not out.flags.writeable:
        raise ValueError("out must be writeable, got a read-only array")
    direct = out.flags.c_contiguous and not any(np.may_share_memory(out, x) for x in inputs)
    result = out if direct else np.empty(shape)
    run_into(kernel, inputs, result.reshape(-1), shape, n_threads)
    if not direct:
        out[...] = result
    return out


def run_into(
    kernel: Kernel, inputs: Sequence[Floats], out: Floats, shape: tuple[int, ...], n_threads: int
) -> None:
    """Flatten and run, in parts; an input of one element stays one."""
    threads = _checks.count("n_threads", n_threads, at_least=1)
    flat = [flattened(x, shape) for x in inputs]
    count = out.shape[0]
    threads = min(threads, max(1, count // ELEMENTS_A_THREAD))
    if threads == 1:
        kernel(*flat, out)
        return
    edges = [count * i // threads for i in range(threads + 1)]

    def part(i: int) -> None:
        rows = slice(edges[i], edges[i + 1])
        kernel(*(x if x.size == 1 else x[rows] for x in flat), out[rows])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, range(threads)))


def flattened(x: Floats, shape: tuple[int, ...]) -> Floats:
    if x.size == 1:
        return x.reshape(1)
    return np.ascontiguousarray(np.broadcast_to(x, shape)).reshape(-1)


def common_shape(names: str, inputs: Sequence[Floats]) -> tuple[int, ...]:
    shapes = [x.shape for x in inputs]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"{names} must broadcast together, got shapes {shapes}") from None


# ---- checks --------------------------------------------------------------------------------------


def floats(name: str, x: Any) -> Floats:
    """float64, without a copy where it is; integers beyond any n stay beyond it."""
    array = np.asarray(x)
    if array.dtype.kind == "O" and all(isinstance(v, int) for v in array.flat):
        # Python integers beyond int64: all of them lie beyond any n
        array = np.asarray(np.clip(array, -LARGEST_N - 2, LARGEST_N + 2), dtype=np.int64)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be real numbers, got {x!r}")
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size:
        # above 2^53 a float would round to a neighbour; both lie beyond any n
        if array.max() > LARGEST_N:
            array = np.where(array > LARGEST_N, LARGEST_N + 2, array)
    return array.astype(np.float64, copy=False)


def numbers(name: str, x: Any) -> Floats:
    """float64; NaN is refused."""
    array = floats(name, x)
    refuse(np.isnan(array), array, f"{name} must not be NaN")
    return array


def trials(n: Any) -> Floats:
    array = numbers("n", n)
    bad = (array < 0) | (array > LARGEST_N) | (np.floor(array) != array)
    refuse(bad, array, "n must be a whole number in [0, 2^53]")
    return array


def probabilities(p: Any) -> Floats:
    array = numbers("p", p)
    refuse(~((array >= 0) & (array <= 1)), array, "p must be in [0, 1]")
    return array


def successes(k: Floats, n: Floats) -> None:
    common_shape("k and n", [k, n])
    bad = (k < 0) | (k > n) | (np.floor(k) != k)
    refuse(bad, np.broadcast_to(k, bad.shape), "k must be a whole number in [0, n]")


def refuse_bad(name: str, k: Floats, n: Floats, p: Floats) -> None:
    """Raise for the first bad argument of a function of (k, n, p)."""
    numbers("k", k)
    trials(n)
    probabilities(p)
    if name == "kl":
        successes(k, n)


def refuse(bad: Any, values: Floats, rule: str) -> None:
    if np.any(bad):
        raise ValueError(f"{rule}, got {float(values[bad].flat[0])!r}")
