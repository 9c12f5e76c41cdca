"""Declarations of htst_tridiagonal.h."""

from libc.stdint cimport int64_t

cdef extern from "htst_tridiagonal.h" nogil:
    int htst_tridiagonal_top(const double *diagonal, const double *beside, int64_t n, double *work,
                             double *value, double *last) noexcept
