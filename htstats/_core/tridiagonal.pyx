"""Bindings of htst_tridiagonal: the largest eigenvalue of a growing tridiagonal matrix."""

from libc.stdint cimport int64_t

from htstats._core.htst_tridiagonal cimport htst_tridiagonal_top
from htstats._core.status cimport check


def top(const double[::1] diagonal, const double[::1] beside, int64_t n, double before,
        double[::1] work):
    """The largest eigenvalue of the first n rows and columns, and abs(last entry) of its vector."""
    cdef double value = before, last = 0
    cdef int status
    if not 1 <= n <= min(diagonal.shape[0], beside.shape[0] + 1, work.shape[0] // 2):
        raise ValueError(f"n must fit diagonal, beside and work, got {n}")
    cdef const double *next_to_it = &beside[0] if beside.shape[0] else NULL
    with nogil:
        status = htst_tridiagonal_top(&diagonal[0], next_to_it, n, &work[0], &value, &last)
    check(status)
    return value, last
