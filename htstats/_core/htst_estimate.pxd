"""Declarations of htst_estimate.h."""

from libc.stdint cimport int64_t, uint32_t

cdef extern from "htst_estimate.h" nogil:
    int64_t htst_estimate_count_distinct_f32(int64_t n, const float *x) noexcept
    int64_t htst_estimate_distinct_part_f32(
        int64_t n, const float *x, int64_t base, int64_t room, double *v, int64_t *first) noexcept
    int64_t htst_estimate_count_distinct_f64(int64_t n, const double *x) noexcept
    int64_t htst_estimate_distinct_part_f64(
        int64_t n, const double *x, int64_t base, int64_t room, double *v, int64_t *first) noexcept
    int64_t htst_estimate_distinct_f32(
        int64_t n, const float *x, double *v, int64_t *first) noexcept
    int64_t htst_estimate_distinct_f64(
        int64_t n, const double *x, double *v, int64_t *first) noexcept
    ctypedef struct htst_estimate_mark_t:
        pass
    int64_t htst_estimate_blocks(int64_t m) noexcept
    int htst_estimate_marks(
        int64_t m, const double *v, const int64_t *first, htst_estimate_mark_t *marks) noexcept
    ctypedef struct htst_estimate_groups_t:
        pass
    int htst_estimate_groups(
        int64_t m, const double *v, const int64_t *first, int64_t begin, int64_t end,
        htst_estimate_groups_t *groups) noexcept
    int htst_estimate_groups_narrow(
        int64_t m, const float *v, const uint32_t *first, int64_t begin, int64_t end,
        htst_estimate_groups_t *groups) noexcept
    void htst_estimate_add_groups(
        int64_t size, const htst_estimate_groups_t *groups,
        htst_estimate_mark_t *marks) noexcept
    int htst_estimate_rates(
        int64_t m, const double *v, const int64_t *first, double xmax, double *y,
        double *rate) noexcept
    int htst_estimate_part(
        int64_t m, const double *v, const int64_t *first, int64_t n, htst_estimate_mark_t *mark,
        double *y, double *rate) noexcept
    const int HTST_ESTIMATE_BLOCK
    const int HTST_ESTIMATE_GROUPS
