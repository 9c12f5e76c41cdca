"""Bindings of htst_prune: lower bounds of distances, from counts by buckets."""

from libc.stdint cimport int64_t

from htstats._core.htst_prune cimport (
    htst_prune_bound,
    htst_prune_guess,
    htst_prune_lowest,
    htst_prune_prepare,
    htst_prune_t,
)
from htstats._core.status cimport check


cdef class Prune:
    """The C struct, and the arrays to which it points."""

    cdef htst_prune_t buckets
    cdef object arrays

    def __init__(
        self, const double[::1] lower, const double[::1] upper, const int64_t[::1] count,
        const double[::1] total, double[::1] work, int64_t[::1] tail,
    ):
        cdef int64_t m = lower.shape[0]
        cdef int status
        if m == 0 or upper.shape[0] != m or count.shape[0] != m or (
                total is not None and total.shape[0] != m):
            raise ValueError("lower, upper, count, total must have the same length, not 0")
        if work.shape[0] != 4 * m or tail.shape[0] != m + 1:
            raise ValueError(f"work and tail must have {4 * m} and {m + 1} elements")
        self.arrays = lower, upper, count, total, work, tail
        self.buckets.m = m
        self.buckets.lower = &lower[0]
        self.buckets.upper = &upper[0]
        self.buckets.count = &count[0]
        if total is not None:
            self.buckets.total = &total[0]
        self.buckets.work, self.buckets.tail = &work[0], &tail[0]
        with nogil:
            status = htst_prune_prepare(&self.buckets)
        check(status)

    def bound(self, int64_t b):
        if not 0 <= b < self.buckets.m:
            raise IndexError(f"no bucket {b}")
        return htst_prune_bound(&self.buckets, b)

    def guess(self, int64_t least):
        return htst_prune_guess(&self.buckets, least)

    def lowest(self, double distance):
        return htst_prune_lowest(&self.buckets, distance)
