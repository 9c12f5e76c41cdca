"""Declarations of htst_sort.h."""

from libc.stdint cimport int64_t

cdef extern from "htst_sort.h" nogil:
    void htst_sort_f32(int64_t n, float *x, float *other) noexcept
    void htst_sort_f64(int64_t n, double *x, double *other) noexcept
