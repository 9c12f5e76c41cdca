"""Declarations of htst_stable_invert.h."""

from libc.stdint cimport int64_t

cdef extern from "htst_stable_invert.h" nogil:
    double htst_stable_invert(
        int function, int is_s1, double q, double alpha, double beta, double loc,
        double scale) noexcept
    int htst_stable_map_inverse(
        int function, int is_s1, int64_t count, const double *q, const double *alpha,
        const double *beta, const double *loc, const double *scale, const int64_t *steps,
        double *out) noexcept
