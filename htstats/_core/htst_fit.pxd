"""Declarations of htst_fit.h."""

from libc.stdint cimport int64_t

from htstats._core.htst_scan cimport htst_scan_best_t
from htstats._core.htst_tail cimport htst_tail_seen_t, htst_tail_side_t

cdef extern from "htst_fit.h" nogil:
    const int HTST_FIT_ALL_AT_ONCE
    ctypedef struct htst_fit_t:
        int64_t n, m, n_tail
        double xmin
        htst_scan_best_t best
    int64_t htst_fit_workspace(int64_t n) noexcept
    int htst_fit_f32(
        int64_t n, const float *x, htst_tail_side_t side, bint two_sided, int64_t least,
        double tolerance, double *work, htst_tail_seen_t *seen, htst_fit_t *fit) noexcept
    int htst_fit_f64(
        int64_t n, const double *x, htst_tail_side_t side, bint two_sided, int64_t least,
        double tolerance, double *work, htst_tail_seen_t *seen, htst_fit_t *fit) noexcept
