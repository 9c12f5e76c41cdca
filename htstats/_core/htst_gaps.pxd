"""Declarations of htst_gaps.h."""

from libc.stdint cimport int64_t, uint8_t

cdef extern from "htst_gaps.h" nogil:
    int HTST_GAPS_MAX_K
    int htst_gaps_size(
        int64_t n_rows, int64_t n_cols, const int64_t *indptr, const int64_t *indices, int k,
        int64_t *n_bytes) noexcept
    void htst_gaps_write(
        int64_t n_rows, int64_t n_cols, const int64_t *indptr, const int64_t *indices, int k,
        uint8_t *out) noexcept
    int htst_gaps_read(
        int64_t n_bytes, const uint8_t *data, int k, int64_t n, int64_t n_rows, int64_t n_cols,
        int64_t *indptr, int64_t *indices) noexcept
