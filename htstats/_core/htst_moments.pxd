"""Declarations of htst_moments.h."""

from libc.stdint cimport int64_t, uint64_t

cdef extern from "htst_moments.h" nogil:
    int HTST_MOMENTS_SUM_F32, HTST_MOMENTS_SQUARES_F32
    int HTST_MOMENTS_SUM_F64, HTST_MOMENTS_SQUARES_F64
    int htst_moments_add_f32(const float *x, int64_t n, uint64_t *sum, uint64_t *squares,
                             int64_t *not_finite) noexcept
    int htst_moments_add_f64(const double *x, int64_t n, uint64_t *sum, uint64_t *squares,
                             int64_t *not_finite) noexcept
    int htst_moments_add_near_f32(const float *x, int64_t n, uint64_t *sum, uint64_t *squares,
                                  int64_t *not_finite) noexcept
    int htst_moments_add_near_f64(const double *x, int64_t n, uint64_t *sum, uint64_t *squares,
                                  int64_t *not_finite) noexcept
