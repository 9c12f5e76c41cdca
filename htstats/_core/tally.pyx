"""Bindings of htst_tally: count small integers, copy large values."""

from libc.stdint cimport int64_t

from htstats._core.htst_tail cimport htst_tail_side_t
from htstats._core.htst_tally cimport htst_tally_f64, htst_tally_seen_t, HTST_TALLY_SIZE

# Values below this number have a slot in the table.
SIZE = HTST_TALLY_SIZE


def tally_f64(const double[::1] x, int side, int64_t[::1] table, double[::1] out):
    """Returns (values copied to out, values of the other side, values that are not integers)."""
    cdef int64_t n = x.shape[0], m
    cdef htst_tally_seen_t seen = htst_tally_seen_t(0, 0)
    if table.shape[0] != HTST_TALLY_SIZE or out.shape[0] < n:
        raise ValueError(f"table must have {HTST_TALLY_SIZE} places, and out {n}")
    if n == 0:
        return 0, 0, 0
    with nogil:
        m = htst_tally_f64(n, &x[0], <htst_tail_side_t> side, &table[0], &out[0], &seen)
    return m, seen.others, seen.wrong
