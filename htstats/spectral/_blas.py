"""BLAS and LAPACK without Python's lock.

SciPy's functions hold the lock during a call: no other thread runs and no interrupt is handled
until it ends, with a side of 16,384 for minutes. SciPy also exports these routines to Cython, as
addresses with their C signatures. They are called through ctypes, which releases the lock.

add_product   G + B^T B
eigenvalues   all eigenvalues of a symmetric matrix
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from htstats._common.arrays import Floats

__all__ = ["add_product", "eigenvalues"]

# C's names of the types of parameters, with which SciPy has been built until now
_TYPES: dict[str, Any] = {
    "char": ctypes.c_char_p,
    "int": ctypes.POINTER(ctypes.c_int),
    "d": ctypes.POINTER(ctypes.c_double),
}

# Columns that are reduced in one call: LAPACK's own number, and fewer for a matrix so large that a
# call would take more than about a second. A rest of this size is reduced column by column.
_PANEL, _SMALLEST_PANEL, _ENTRIES_OF_A_CALL = 32, 8, 1 << 31


def add_product(block: Floats, gram: Floats) -> Floats:
    """Add B^T B to the lower triangle of a matrix in Fortran's order; return the matrix.

    Parameters
    ----------
    block : array of float64, shape (k, n), C-contiguous
    gram : array of float64, shape (n, n), Fortran-contiguous
        Changed in place.
    """
    k, n = block.shape
    if not _is_known():
        from scipy.linalg.blas import dsyrk

        found: Floats = dsyrk(1.0, block.T, beta=1.0, c=gram, lower=1, overwrite_c=1)
        return found
    _call("dsyrk", b"L", b"N", n, k, 1.0, block, n, 1.0, gram, n)
    return gram


def eigenvalues(matrix: Floats) -> Floats:
    """Ascending eigenvalues of the lower triangle of a matrix, which is overwritten.

    Parameters
    ----------
    matrix : array of float64, shape (n, n), Fortran-contiguous

    Raises
    ------
    numpy.linalg.LinAlgError
        If the iteration does not converge.

    Notes
    -----
    Householder's reduction to a tridiagonal matrix, blocked as in LAPACK's dsytrd (dlatrd and
    dsyr2k), and the QR iteration of dsterf. dsytrd does the same in one call; here an interrupt is
    handled between two panels of columns.
    """
    assert matrix.flags.f_contiguous, "the addresses of parts are those of Fortran's order"
    if not _is_known():
        from scipy.linalg import eigh

        found: Floats = eigh(
            matrix, eigvals_only=True, overwrite_a=True, check_finite=False, driver="evr"
        )
        return found
    n, at = len(matrix), 0
    values, beside, tau = np.empty(n), np.empty(n), np.empty(n)
    size = min(_PANEL, max(_SMALLEST_PANEL, _ENTRIES_OF_A_CALL // (n * n + 1)))
    factors, info = np.empty((n, size), order="F"), ctypes.c_int()
    while n - at > _PANEL:
        rest, end = matrix[at:, at:], at + size
        _call("dlatrd", b"L", n - at, size, rest, n, beside[at:], tau[at:], factors, n)
        _call(
            *("dsyr2k", b"L", b"N", n - end, size, -1.0, matrix[end:, at:], n, factors[size:], n),
            *(1.0, matrix[end:, end:], n),
        )
        values[at:end] = rest.diagonal()[:size]
        at = end
    if at < n:
        rest = matrix[at:, at:]
        _call("dsytd2", b"L", n - at, rest, n, values[at:], beside[at:], tau[at:], info)
    _call("dsterf", n, values, beside, info)
    if info.value != 0:
        raise np.linalg.LinAlgError(f"dsterf did not converge: info {info.value}")
    return values


def _call(name: str, *arguments: Any) -> None:
    """Call a routine with the addresses of numbers, characters, ctypes objects and arrays."""
    function = _routine(name)
    assert function is not None, f"_is_known() allowed {name}"
    function(*map(_address, arguments))


@cache
def _is_known() -> bool:
    """Whether the routines have the types of parameters that `_address` makes."""
    names = ("dsyrk", "dsyr2k", "dlatrd", "dsytd2", "dsterf")
    return all(_routine(name) is not None for name in names)


@cache
def _routine(name: str) -> Callable[..., None] | None:
    """A routine as SciPy exports it to Cython; None if its types are not the known ones."""
    library = "blas" if name.startswith("dsyr") else "lapack"
    capsule = import_module(f"scipy.linalg.cython_{library}").__pyx_capi__[name]
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    signature = api.PyCapsule_GetName(capsule)
    mangled = f"__pyx_t_5scipy_6linalg_{len(library) + 7}cython_{library}_"
    types = _types(signature.decode(), mangled)
    if types is None:
        return None
    return ctypes.CFUNCTYPE(None, *types)(api.PyCapsule_GetPointer(capsule, signature))


def _types(signature: str, prefix: str) -> list[Any] | None:
    """The types of the parameters of 'void (char *, int *, ...)'; None if one is not known."""
    start, end = "void (", " *)"
    if not (signature.startswith(start) and signature.endswith(end)):
        return None
    names = signature.removeprefix(start).removesuffix(end).split(" *, ")
    types = [_TYPES.get(name.removeprefix(prefix)) for name in names]
    return None if None in types else types


def _address(argument: Any) -> Any:
    """What ctypes passes for a pointer."""
    if isinstance(argument, np.ndarray):
        return argument.ctypes.data_as(_TYPES["d"])
    if isinstance(argument, float):
        return ctypes.byref(ctypes.c_double(argument))
    if isinstance(argument, int):
        return ctypes.byref(ctypes.c_int(argument))
    return ctypes.byref(argument) if isinstance(argument, ctypes.c_int) else argument
