"""Declarations of htst_spread.h."""

from libc.stdint cimport int64_t, uint16_t, uint32_t

from htstats._core.htst_tail cimport htst_tail_side_t

cdef extern from "htst_spread.h" nogil:
    int HTST_SPREAD_BUCKETS, HTST_SPREAD_LOWER
    int64_t htst_spread_f32(
        int64_t n, const float *x, htst_tail_side_t side, int64_t begin, int64_t size,
        uint32_t *next, uint16_t *out) noexcept
    int64_t htst_spread_distinct_f32(
        int64_t begin, int64_t size, const uint32_t *starts, const uint16_t *lower,
        int at_end, uint32_t *count, float *v, uint32_t *first) noexcept
