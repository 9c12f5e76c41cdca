"""Declarations of htst_stable_sample.h."""

from libc.stdint cimport int64_t, uint64_t

cdef extern from "htst_stable_sample.h" nogil:
    ctypedef struct htst_stable_sample_law_t:
        double alpha, beta, loc, scale
        int parameterization
    int htst_stable_sample(
        uint64_t seed, int64_t first, int64_t n, const htst_stable_sample_law_t *law,
        double *out) noexcept
