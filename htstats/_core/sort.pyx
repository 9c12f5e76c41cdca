"""Bindings of htst_sort: sort floats without a sign bit in ascending order."""

from libc.stdint cimport int64_t

from htstats._core.htst_sort cimport htst_sort_f32, htst_sort_f64


def sort_f32(float[::1] x, float[::1] other):
    """Sort x in place; `other` is workspace of at least the same length."""
    cdef int64_t n = x.shape[0]
    require_room(n, other.shape[0])
    if n:
        with nogil:
            htst_sort_f32(n, &x[0], &other[0])


def sort_f64(double[::1] x, double[::1] other):
    """Sort x in place; `other` is workspace of at least the same length."""
    cdef int64_t n = x.shape[0]
    require_room(n, other.shape[0])
    if n:
        with nogil:
            htst_sort_f64(n, &x[0], &other[0])


cdef int require_room(int64_t n, int64_t n_other) except -1:
    if n_other < n:
        raise ValueError(f"other must have {n} elements, got {n_other}")
    return 0
