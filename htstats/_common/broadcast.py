"""Run elementwise kernels on arguments that broadcast: checks, blocks, `out=` and threads."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats._common.data_checks import list_elements, require_full, require_numbers
from htstats._common.threads import run_each

__all__ = [
    "LARGEST_N",
    "Kernel",
    "Result",
    "common_shape",
    "floats",
    "numbers",
    "refuse",
    "run",
    "run_into",
]

LARGEST_N = 2**53

# Smallest number of elements per thread. `bench/studies/constants.py elements-a-thread` times one
# and two threads for sizes above and below it.
ELEMENTS_A_THREAD = 1024

# Number of elements of broadcast inputs that are copied at a time, so that they stay in the cache.
# `bench/studies/constants.py broadcast-block` shows that smaller and larger blocks are slower.
BLOCK_ELEMENTS = 16384

# Largest number of elements in one call of a kernel. Python handles an interrupt between two calls,
# and an element of the slowest kernel (the density of a stable law) takes some 50 microseconds.
PART_ELEMENTS = 16384

Result = float | Floats
Kernel = Callable[..., None]


def run(
    kernel: Kernel, names: str, inputs: Sequence[Floats], out: Floats | None, n_threads: int
) -> Result:
    """The result of the kernel, in `out` if given. `out` may have strides or be an input."""
    shape = common_shape(names, inputs)
    if out is None:
        result = np.empty(shape)
        run_into(kernel, inputs, result, shape, n_threads)
        return float(result) if shape == () else result
    if not isinstance(out, np.ndarray) or out.dtype != np.float64 or out.shape != shape:
        found = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else repr(out)
        raise ValueError(f"out must be a float64 array of shape {shape}, got {found}")
    if not out.flags.writeable:
        raise ValueError("out must be writeable, got a read-only array")
    direct = out.flags.c_contiguous and not any(np.may_share_memory(out, x) for x in inputs)
    result = out if direct else np.empty(shape)
    run_into(kernel, inputs, result, shape, n_threads)
    if not direct:
        out[...] = result
    return out


def run_into(
    kernel: Kernel,
    inputs: Sequence[Floats],
    out: Floats,
    shape: tuple[int, ...],
    n_threads: int,
    *,
    elements_a_thread: int = ELEMENTS_A_THREAD,
    block_elements: int = BLOCK_ELEMENTS,
) -> None:
    """Run a kernel in parts. `out` is contiguous and has the given shape, or one more axis.

    Fewer threads run if each would have fewer than `elements_a_thread` elements. Inputs that
    must be copied are copied in blocks of at most `block_elements` elements."""
    threads = checks.count("n_threads", n_threads, at_least=1)
    count = math.prod(shape)
    threads = min(threads, max(1, count // elements_a_thread))
    if all([x.shape == shape or x.size == 1 for x in inputs]):
        flat = [np.ascontiguousarray(x).reshape(-1) for x in inputs]
        whole = out if len(shape) == 1 else out.reshape(count, *out.shape[len(shape) :])
        n_parts = max(threads, -(-count // PART_ELEMENTS))
        if n_parts == 1:
            kernel(*flat, whole)
            return
        parts = split(flat, whole, n_parts)
    else:
        parts = blocks([np.broadcast_to(x, shape) for x in inputs], out, block_elements)
    run_each(lambda part: kernel(*part), parts, threads)


def split(flat: Sequence[Floats], out: Floats, n_parts: int) -> Iterator[tuple[Floats, ...]]:
    """Cut the inputs into parts of nearly equal size. An input with one element is not cut."""
    edges = [len(out) * i // n_parts for i in range(n_parts + 1)]
    for start, stop in itertools.pairwise(edges):
        rows = slice(start, stop)
        yield (*(x if x.size == 1 else x[rows] for x in flat), out[rows])


def blocks(
    inputs: Sequence[Floats], out: Floats, block_elements: int
) -> Iterator[tuple[Floats, ...]]:
    """Blocks of broadcast inputs. Each block is made contiguous; a whole input is never copied."""
    shape = inputs[0].shape
    count = math.prod(shape)
    if count <= block_elements or len(shape) == 1:
        flat = (x.flat[:1] if is_one(x) else x.reshape(-1) for x in inputs)
        whole = out.reshape(count, *out.shape[len(shape) :])
        yield (*(np.ascontiguousarray(x) for x in flat), whole)
        return
    rows = block_elements * shape[0] // count
    for start in range(0, shape[0], max(rows, 1)):
        part = slice(start, start + rows) if rows else start
        yield from blocks([x[part] for x in inputs], out[part], block_elements)


def is_one(x: Floats) -> bool:
    """Whether all elements lie at the same place in memory."""
    return x.size > 0 and not any(
        step for step, size in zip(x.strides, x.shape, strict=True) if size > 1
    )


def common_shape(names: str, inputs: Sequence[Floats]) -> tuple[int, ...]:
    """The shape to which arrays broadcast; a ValueError calls the arrays `names`."""
    shapes = [x.shape for x in inputs]
    if shapes.count(shapes[0]) == len(shapes):
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"{names} must broadcast together, got shapes {shapes}") from None


# ---- checks --------------------------------------------------------------------------------------


def floats(name: str, x: Any) -> Floats:
    """Convert to float64. float64 is not copied, and integers above any n stay above it."""
    if not isinstance(x, float | int):
        require_numbers(x, name)
        require_full(x, name)
    array = np.asarray(list_elements(x))
    if array.dtype.kind == "O" and all(isinstance(v, int) for v in array.flat):
        # Python integers beyond int64: all of them are beyond any n
        array = np.asarray(np.clip(array, -LARGEST_N - 2, LARGEST_N + 2), dtype=np.int64)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be real numbers, got {x!r}")
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size:
        # above 2^53 a float could round down; the replacement is also beyond any n
        if array.max() > LARGEST_N:
            array = np.where(array > LARGEST_N, LARGEST_N + 2, array)
    return array.astype(np.float64, copy=False)


def numbers(name: str, x: Any) -> Floats:
    """Convert to float64; raise ValueError for NaN."""
    array = floats(name, x)
    refuse(np.isnan(array), x, f"{name} must not be NaN")
    return array


def refuse(bad: Any, given: Any, rule: str) -> None:
    """Raise ValueError if a number is bad; report the first bad number, as given, and its index."""
    if not np.any(bad):
        return
    place = tuple(int(i) for i in np.argwhere(bad)[0])
    values = np.asarray(list_elements(given))
    value = np.broadcast_to(values, np.shape(bad))[place]
    at = f" at index {place[0] if len(place) == 1 else place}" if values.ndim else ""
    raise ValueError(f"{rule}, got {value.item() if hasattr(value, 'item') else value!r}{at}")
