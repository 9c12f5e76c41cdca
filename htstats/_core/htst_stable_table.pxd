"""Declarations of htst_stable_table.h."""

from libc.stdint cimport int32_t, int64_t

cdef extern from "htst_stable_table.h" nogil:
    ctypedef struct htst_stable_table_t:
        double width, low, high
        int32_t is_x1
    int64_t htst_stable_table_size() noexcept
    int htst_stable_table_build(double alpha, double beta, htst_stable_table_t *table) noexcept
    int htst_stable_table_map(
        const htst_stable_table_t *table, int function, int is_s1, double loc, double scale,
        int64_t count, const double *x, double *out) noexcept
