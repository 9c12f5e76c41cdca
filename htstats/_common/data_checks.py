"""Check array arguments for containers that NumPy misreads, and for missing elements.

Every array argument is checked here. `require_numbers` refuses a container whose elements NumPy
would misread: the keys of a mapping, the pairs of a view, the bytes of a text. If the argument is a
sample and not a matrix, `require_sample` also refuses a list of records and a table of several
columns. `find_missing` returns the mask of missing elements of an array.
"""

from __future__ import annotations

import os
import sys
from collections.abc import ItemsView, KeysView, Mapping, Sequence, Set, ValuesView
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from htstats._common.checks import require_finite

__all__ = [
    "find_missing",
    "is_buffer",
    "list_elements",
    "present_elements",
    "refuse_dtype",
    "require_all_finite",
    "require_full",
    "require_numbers",
    "require_sample",
]

# Protocols of arrays. NumPy reads an object that has one of them without looking at its elements.
PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__")


def require_numbers(x: Any, name: str) -> None:
    """Raise TypeError if NumPy would read the wrong numbers; the message says what to pass."""
    if isinstance(x, np.ndarray | float | int):
        return
    if reason := _find_fault(x, name):
        raise TypeError(f"{name} must be real numbers, got {reason}")


def require_sample(x: Any, name: str) -> None:
    """The same for a sample; also refuse a list of records and a table of several columns."""
    if isinstance(x, np.ndarray | float | int):
        return
    require_numbers(x, name)
    if isinstance(x, list | tuple) and x and isinstance(x[0], tuple) and len(x[0]) > 1:
        raise TypeError(
            f"{name} must be real numbers, got a {type(x).__name__} of tuples: give one number of "
            f"each, [row[-1] for row in {name}], or np.array({name}) where all are the sample"
        )
    columns = getattr(x, "columns", None)
    if columns is not None and len(columns) > 1 and len(getattr(x, "shape", ())) == 2:
        raise TypeError(
            f"{name} must be real numbers, got a table of {len(columns)} columns: give one, such "
            f"as {name}[{columns[0]!r}], or {name}.to_numpy() where all are the sample"
        )


def _find_fault(x: Any, name: str) -> str:
    """Why `x` would be misread, and what to pass instead; empty if nothing is wrong."""
    kind = type(x).__name__
    if isinstance(x, str):
        return f"a text, {x[:40]!r}: read the file first, such as np.loadtxt(path)"
    if isinstance(x, os.PathLike):
        return f"a path, {os.fspath(x)!r}: read the file first, such as np.loadtxt(path)"
    if isinstance(x, bytes | bytearray) or _is_view_of_bytes(x):
        return f"bytes ({kind}): give np.frombuffer({name}, dtype) with the dtype of the numbers"
    if kind == "Counter" and isinstance(x, Mapping):
        return (
            f"a Counter: give its counts, list({name}.values()), or its keys weighted by them, "
            f"list({name}) with weights=list({name}.values())"
        )
    if isinstance(x, Mapping):
        return f"a mapping ({kind}): give its values, list({name}.values())"
    if isinstance(x, KeysView | ItemsView):
        return f"a view of keys ({kind}): give the values, list(mapping.values())"
    if hasattr(x, "nnz") and (hasattr(x, "toarray") or hasattr(x, "todense")):
        return (
            f"a sparse matrix ({kind}): give its stored elements, {name}.data, or all of them, "
            f"{name}.toarray()"
        )
    if reason := _find_fault_of_tensor(x):
        return reason
    if not isinstance(x, list | tuple | range) and hasattr(x, "__iter__"):
        return _find_fault_of_elements(x, name)
    return ""


def _find_fault_of_tensor(x: Any) -> str:
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(x, torch.Tensor):
        return ""
    if x.is_quantized:
        return "a quantised tensor: give x.dequantize()"
    if x.is_meta:
        return "a tensor on the meta device, which has no elements"
    if x.is_nested:
        return "a nested tensor: give x.values()"
    if x.layout != torch.strided and x.layout != torch.jagged:
        return "a sparse tensor: give its stored elements, x.values(), or all of them, x.to_dense()"
    return ""


def _find_fault_of_elements(x: Any, name: str) -> str:
    """The same for an iterable that is not an array, judged by its first element."""
    if any(hasattr(x, protocol) for protocol in PROTOCOLS) or is_buffer(x) or iter(x) is x:
        return ""
    first = next(iter(x), None)
    if isinstance(first, tuple):
        return f"tuples ({type(x).__name__}): give one number of each, [row[-1] for row in {name}]"
    if isinstance(first, str | bytes):
        return f"texts ({type(x).__name__}): convert them first, [float(text) for text in {name}]"
    return ""


def _is_view_of_bytes(x: Any) -> bool:
    if isinstance(x, memoryview):
        return isinstance(x.obj, bytes | bytearray) and x.format in ("B", "b", "c")
    return type(x).__module__ == "mmap"


def is_buffer(x: Any) -> bool:
    """Whether NumPy reads x through the buffer protocol, without looking at its elements."""
    try:
        memoryview(x)
    except TypeError:
        return False
    return True


def list_elements(x: Any) -> Any:
    """Convert a set or a view of values to a list, because NumPy treats them as one object.

    Other objects are returned unchanged."""
    if isinstance(x, ValuesView) or (isinstance(x, Set) and not isinstance(x, Sequence)):
        return list(x)
    return x


def refuse_dtype(dtype: Any, name: str) -> NoReturn:
    """Raise TypeError for a NumPy dtype that is not accepted; the message says what to do."""
    if dtype.names:
        advice = f"give one field, {name}[{dtype.names[0]!r}]"
    elif dtype.kind in "SU":
        advice = f"convert the texts, {name}.astype(float)"
    elif dtype.kind == "O":
        advice = f"convert the objects, np.array({name}, dtype=float)"
    elif dtype.kind in "mM":
        advice = "give numbers in a unit of yours, such as x / np.timedelta64(1, 's')"
    elif dtype.kind == "c":
        advice = f"give abs({name}) or {name}.real"
    elif dtype.kind == "f":
        advice = f"round to double, {name}.astype(np.float64)"
    else:
        advice = "convert it to float64"
    raise TypeError(f"{name} must be real numbers, got dtype {dtype.name}: {advice}")


def find_missing(x: Any) -> npt.NDArray[np.bool_] | None:
    """The mask of missing elements: masked, or NA in pandas. None if no element is missing."""
    if type(x) is np.ndarray:
        return None
    mask: Any = None
    if isinstance(x, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(x) if np.ma.is_masked(x) else None
    elif type(x).__name__ == "MaskedTensor" and hasattr(x, "get_mask"):
        mask = ~x.get_mask().cpu().numpy()
    elif type(getattr(getattr(x, "dtype", None), "na_value", None)).__name__ == "NAType":
        mask = np.asarray(x.isna(), bool)
    return mask if mask is not None and mask.any() else None


def present_elements(x: Any, mask: npt.NDArray[np.bool_]) -> Any:
    """The elements that are not missing, as a 1-D array."""
    if isinstance(x, np.ma.MaskedArray):
        return np.asarray(x.data)[~mask]
    if hasattr(x, "get_data"):
        data = x.get_data()
        return data.reshape(-1)[~sys.modules["torch"].from_numpy(mask).reshape(-1)]
    kept = x[~mask]
    # without this, an array of booleans with NA becomes an array of objects
    return kept.to_numpy(dtype=np.float64) if mask.any() else kept


def require_full(x: Any, name: str) -> None:
    """Raise ValueError if elements are missing."""
    if type(x) is np.ndarray:
        return
    mask = find_missing(x)
    if mask is not None:
        raise ValueError(
            f"{name} must have no masked or missing elements, got {int(mask.sum())}: leave them "
            f"out or fill them first"
        )
    if isinstance(x, list | tuple):
        for k, row in enumerate(x):
            if not hasattr(row, "dtype"):
                break
            require_full(row, f"{name}[{k}]")


def require_all_finite(name: str, x: npt.NDArray[Any]) -> None:
    """Raise ValueError if an array has elements that are NaN or infinite."""
    finite = np.isfinite(x)
    if not finite.all():
        require_finite(name, int(finite.size - np.count_nonzero(finite)))
