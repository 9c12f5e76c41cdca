"""Declarations of htst_stable.h."""

from libc.stdint cimport int64_t

cdef extern from "htst_stable.h" nogil:
    double htst_stable_evaluate(
        int function, int is_s1, double x, double alpha, double beta, double loc,
        double scale) noexcept
    int htst_stable_map(
        int function, int is_s1, int64_t count, const double *x, const double *alpha,
        const double *beta, const double *loc, const double *scale, const int64_t *steps,
        double *out) noexcept
