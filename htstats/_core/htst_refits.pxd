"""Declarations of htst_refits.h."""

from libc.stdint cimport int64_t, uint64_t

cdef extern from "htst_refits.h" nogil:
    int64_t htst_refits_workspace(int64_t n) noexcept
    int htst_refits(
        int64_t n, int64_t n_head, const double *y_head, double log_xmin, double alpha, int refit,
        uint64_t seed, int64_t replicate, int64_t n_replicates, void *workspace,
        double *distances, double *alphas, double *log_xmins) noexcept
