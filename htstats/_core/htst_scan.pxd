"""Declarations of htst_scan.h."""

from libc.stdint cimport int64_t

from htstats._core.htst_scan_input cimport htst_scan_t

cdef extern from "htst_scan.h" nogil:
    ctypedef struct htst_scan_best_t:
        int64_t k
        double distance, rate
    ctypedef struct htst_scan_allowed_t:
        int64_t begin, end
        double alpha_low, alpha_high, sigma_below
    int64_t htst_scan_workspace(int64_t m) noexcept
    htst_scan_best_t htst_scan_best(
        const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double tolerance,
        double *work) noexcept
    ctypedef enum htst_scan_step_t:
        pass
    void htst_scan_prepare(const htst_scan_t *scan, int64_t begin, double *work) noexcept
    htst_scan_best_t htst_scan_part(
        const htst_scan_t *scan, const htst_scan_allowed_t *allowed, htst_scan_step_t step,
        double limit, int64_t prepared, double *work) noexcept
    int64_t htst_scan_within(
        const htst_scan_t *scan, const htst_scan_allowed_t *allowed, int64_t step, double limit,
        int64_t room, int64_t *found, double *distance, double *work) noexcept
    void htst_scan_curve(
        const htst_scan_t *scan, int64_t begin, int64_t end, double *d_plus,
        double *d_minus) noexcept
