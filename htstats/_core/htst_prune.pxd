"""Declarations of htst_prune.h."""

from libc.stdint cimport int64_t

cdef extern from "htst_prune.h" nogil:
    ctypedef struct htst_prune_t:
        int64_t m
        const double *lower
        const double *upper
        const int64_t *count
        const double *total
        double *work
        int64_t *tail
    int htst_prune_prepare(const htst_prune_t *buckets) noexcept
    double htst_prune_bound(const htst_prune_t *buckets, int64_t b) noexcept
    double htst_prune_guess(const htst_prune_t *buckets, int64_t least) noexcept
    int64_t htst_prune_lowest(const htst_prune_t *buckets, double distance) noexcept
