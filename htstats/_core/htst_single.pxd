"""Declarations of htst_single.h."""

from libc.stdint cimport int64_t, uint16_t

cdef extern from "htst_single.h" nogil:
    int htst_single_gram_f32(const float *w, int64_t rows, int64_t cols, const float *v,
                             double *out) noexcept
    int htst_single_gram_bf16(const uint16_t *w, int64_t rows, int64_t cols, const float *v,
                              double *out) noexcept
    int htst_single_gram_f16(const uint16_t *w, int64_t rows, int64_t cols, const float *v,
                             double *out) noexcept
