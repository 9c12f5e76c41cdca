from libc.stdint cimport int64_t, uint64_t

from htstats._core.htst_split cimport htst_split_look_t


cdef struct sums_t:
    uint64_t *sum
    uint64_t *squares
    int64_t not_finite


cdef class Sums:
    cdef htst_split_look_t look
    cdef sums_t sums
    cdef object arrays


cdef const htst_split_look_t *look_of(Sums sums) noexcept
