"""Declarations of htst_scan_input.h."""

from libc.stdint cimport int64_t, uint32_t

from htstats._core.htst_estimate cimport htst_estimate_mark_t

cdef extern from "htst_scan_input.h" nogil:
    ctypedef struct htst_scan_t:
        int64_t m
        const double *v
        const double *y
        const int64_t *first
        const double *rate
        double xmax
        int two_sided
        const htst_estimate_mark_t *marks
    ctypedef struct htst_scan_narrow_t:
        htst_scan_t scan
        const float *v
        const uint32_t *first
