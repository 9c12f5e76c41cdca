"""Declarations of htst_binomial.h."""

from libc.stdint cimport int64_t

cdef extern from "htst_binomial.h" nogil:
    double htst_binomial_evaluate(int function, double k, double n, double p) noexcept
    int htst_binomial_map(
        int function, int64_t count, const double *k, int64_t k_step, const double *n,
        int64_t n_step, const double *p, int64_t p_step, double *out) noexcept
