"""Declarations of htst_sketch.h."""

from libc.stdint cimport int64_t, uint16_t, uint64_t

cdef extern from "htst_sketch.h" nogil:
    int HTST_SKETCH_WORDS_F32, HTST_SKETCH_WORDS_F64
    ctypedef struct htst_sketch_seen_t:
        int64_t done, zeros, negative_zeros, infinities, negative_infinities, nans
        int64_t smallest, largest_positive, largest_negative
    int htst_sketch_add_f32(const float *x, int64_t n, int64_t first, int64_t width,
                            uint64_t *table, htst_sketch_seen_t *seen) noexcept
    int htst_sketch_add_f64(const double *x, int64_t n, int64_t first, int64_t width,
                            uint64_t *table, htst_sketch_seen_t *seen) noexcept
    int htst_sketch_add_u16(const uint16_t *x, int64_t n, uint64_t *table) noexcept
    int htst_sketch_sums_u16(const uint64_t *table, int64_t kept, uint64_t *sums) noexcept
