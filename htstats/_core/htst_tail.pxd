"""Declarations of htst_tail.h."""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

cdef extern from "htst_tail.h" nogil:
    ctypedef enum htst_tail_side_t:
        pass
    ctypedef struct htst_tail_seen_t:
        int64_t not_finite, zeros, negative, positive
    int HTST_TAIL_DROPPED_F32, HTST_TAIL_DROPPED_F64, HTST_TAIL_SLOTS_F32, HTST_TAIL_SLOTS_F64
    int64_t htst_tail_histogram_f32(
        int64_t n, const float *x, htst_tail_side_t side, int64_t low, uint32_t *table, int64_t room,
        float *out, uint64_t *checksum) noexcept
    int64_t htst_tail_histogram_f64(
        int64_t n, const double *x, htst_tail_side_t side, int64_t low, uint32_t *table, int64_t room,
        double *out, uint64_t *checksum) noexcept
    void htst_tail_survey_f32(int64_t n, const float *x, htst_tail_seen_t *seen) noexcept
    void htst_tail_survey_f64(int64_t n, const double *x, htst_tail_seen_t *seen) noexcept
    int64_t htst_tail_select_f32(
        int64_t n, const float *x, htst_tail_side_t side, int64_t low, int64_t high, int64_t room,
        float *out) noexcept
    int64_t htst_tail_select_f64(
        int64_t n, const double *x, htst_tail_side_t side, int64_t low, int64_t high, int64_t room,
        double *out) noexcept
    int64_t htst_tail_take_f32(
        int64_t n, const float *x, htst_tail_side_t side, htst_tail_seen_t *seen,
        float *out) noexcept
    int64_t htst_tail_take_f64(
        int64_t n, const double *x, htst_tail_side_t side, htst_tail_seen_t *seen,
        double *out) noexcept
    uint64_t htst_tail_checksum_f32(int64_t n, const float *x) noexcept
    uint64_t htst_tail_checksum_f64(int64_t n, const double *x) noexcept
    uint64_t htst_tail_checksum_u16(int64_t n, const uint16_t *x) noexcept
    uint64_t htst_tail_checksum_counts_u16(const uint64_t *counts) noexcept
