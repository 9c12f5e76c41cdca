"""Declarations of htst_products.h."""

from libc.stdint cimport int64_t, uint16_t

cdef extern from "htst_products.h" nogil:
    int htst_products_gram_f32(const float *w, int64_t rows, int64_t cols, const double *v,
                               double *out) noexcept
    int htst_products_gram_f64(const double *w, int64_t rows, int64_t cols, const double *v,
                               double *out) noexcept
    int htst_products_gram_bf16(const uint16_t *w, int64_t rows, int64_t cols, const double *v,
                               double *out) noexcept
    int htst_products_gram_f16(const uint16_t *w, int64_t rows, int64_t cols, const double *v,
                               double *out) noexcept
    int htst_products_squares_f32(const float *x, int64_t n, double *sum) noexcept
    int htst_products_squares_f64(const double *x, int64_t n, double *sum) noexcept
