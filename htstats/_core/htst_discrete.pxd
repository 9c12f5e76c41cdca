"""Declarations of htst_discrete.h."""

from libc.stdint cimport int64_t

cdef extern from "htst_discrete.h" nogil:
    ctypedef struct htst_discrete_t:
        int64_t m
        const double *x
        const int64_t *first
        double top
        const double *alpha
        const double *norm
        int is_two_sided
    int htst_discrete_means(
        int64_t m, const double *x, const int64_t *first, double *mean) noexcept
    int htst_discrete_estimate(
        const double *x, const double *mean, int64_t begin, int64_t end, double top,
        double alpha_low, double *alpha, double *norm) noexcept
    void htst_discrete_best(
        const htst_discrete_t *scan, int64_t begin, int64_t end, double tolerance,
        int64_t *best_k, double *best_distance) noexcept
    ctypedef struct htst_discrete_best_t:
        int64_t k
        double distance, alpha
    int htst_discrete_search(
        const htst_discrete_t *scan, const double *mean, double alpha_low, int64_t begin,
        int64_t end, double tolerance, htst_discrete_best_t *best) noexcept
    void htst_discrete_curve(
        const htst_discrete_t *scan, int64_t begin, int64_t end, double *distances) noexcept
