"""Declarations of htst_binomial_invert.h."""

from libc.stdint cimport int64_t

cdef extern from "htst_binomial_invert.h" nogil:
    int htst_binomial_map_log_isf(
        int64_t count, const double *level, int64_t level_step, const double *n, int64_t n_step,
        const double *p, int64_t p_step, double *out) noexcept
    int htst_binomial_map_limit(
        int upper, int64_t count, const double *k, int64_t k_step, const double *n,
        int64_t n_step, const double *level, int64_t level_step, double *out) noexcept
