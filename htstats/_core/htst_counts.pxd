"""Declarations of htst_counts.h."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from htstats._core.htst_tail cimport htst_tail_side_t

cdef extern from "htst_counts.h" nogil:
    int HTST_COUNTS_AHEAD
    int64_t htst_counts_add_f32_u8(
        int64_t n, const float *x, htst_tail_side_t side, int64_t low, int64_t high, int shift,
        uint8_t *table, int64_t room, int64_t *anew, int64_t *found) noexcept
    int64_t htst_counts_add_f32_u16(
        int64_t n, const float *x, htst_tail_side_t side, int64_t low, int64_t high, int shift,
        uint16_t *table, int64_t room, int64_t *anew, int64_t *found) noexcept
    int64_t htst_counts_add_f32_u32(
        int64_t n, const float *x, htst_tail_side_t side, int64_t low, int64_t high, int shift,
        uint32_t *table, int64_t room, int64_t *anew, int64_t *found) noexcept
    int64_t htst_counts_add_f64_u8(
        int64_t n, const double *x, htst_tail_side_t side, int64_t low, int64_t high, int shift,
        uint8_t *table, int64_t room, int64_t *anew, int64_t *found) noexcept
    int64_t htst_counts_add_f64_u16(
        int64_t n, const double *x, htst_tail_side_t side, int64_t low, int64_t high, int shift,
        uint16_t *table, int64_t room, int64_t *anew, int64_t *found) noexcept
    int64_t htst_counts_add_f64_u32(
        int64_t n, const double *x, htst_tail_side_t side, int64_t low, int64_t high, int shift,
        uint32_t *table, int64_t room, int64_t *anew, int64_t *found) noexcept
