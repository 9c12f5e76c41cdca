"""Declarations of htst_normal.h."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef extern from "htst_normal.h" nogil:
    void htst_normal_philox4x32(
        const uint32_t *counter, const uint32_t *key, uint32_t *out) noexcept
    double htst_normal_quantile(double u) noexcept
    int htst_normal_fill(
        uint64_t seed, int64_t layer, int64_t row, int64_t col, int64_t n_rows, int64_t n_cols,
        int64_t stride, double *out) noexcept
    int htst_normal_at(
        uint64_t seed, int64_t layer, int64_t n, const int64_t *rows, const int64_t *cols,
        double *out) noexcept
