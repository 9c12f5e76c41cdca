"""Declarations of htst_tally.h."""

from libc.stdint cimport int64_t

from htstats._core.htst_tail cimport htst_tail_side_t

cdef extern from "htst_tally.h" nogil:
    int HTST_TALLY_SIZE
    ctypedef struct htst_tally_seen_t:
        int64_t others, wrong
    int64_t htst_tally_f64(
        int64_t n, const double *x, htst_tail_side_t side, int64_t *table, double *out,
        htst_tally_seen_t *seen) noexcept
