"""Bindings of htst_counts: the number of floats in each slot of an interval."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from htstats._core.htst_counts cimport (
    htst_counts_add_f32_u16,
    htst_counts_add_f32_u32,
    htst_counts_add_f32_u8,
    htst_counts_add_f64_u16,
    htst_counts_add_f64_u32,
    htst_counts_add_f64_u8,
    HTST_COUNTS_AHEAD,
)
from htstats._core.htst_tail cimport htst_tail_side_t

# The smallest allowed length of `anew`.
AHEAD = HTST_COUNTS_AHEAD


def add_f32_u8(const float[::1] x, int side, int64_t low, int64_t high, int shift,
                uint8_t[::1] table, int64_t[::1] anew):
    """Returns (number of elements counted, number of slots written to `anew`)."""
    cdef int64_t n = x.shape[0], found = 0, counted = 0
    require_slots(low, high, shift, table.shape[0], anew.shape[0])
    if n:
        with nogil:
            counted = htst_counts_add_f32_u8(
                n, &x[0], <htst_tail_side_t> side, low, high, shift, &table[0], anew.shape[0],
                &anew[0], &found)
    return counted, found


def add_f32_u16(const float[::1] x, int side, int64_t low, int64_t high, int shift,
                uint16_t[::1] table, int64_t[::1] anew):
    """Returns (number of elements counted, number of slots written to `anew`)."""
    cdef int64_t n = x.shape[0], found = 0, counted = 0
    require_slots(low, high, shift, table.shape[0], anew.shape[0])
    if n:
        with nogil:
            counted = htst_counts_add_f32_u16(
                n, &x[0], <htst_tail_side_t> side, low, high, shift, &table[0], anew.shape[0],
                &anew[0], &found)
    return counted, found


def add_f32_u32(const float[::1] x, int side, int64_t low, int64_t high, int shift,
                uint32_t[::1] table, int64_t[::1] anew):
    """Returns (number of elements counted, number of slots written to `anew`)."""
    cdef int64_t n = x.shape[0], found = 0, counted = 0
    require_slots(low, high, shift, table.shape[0], anew.shape[0])
    if n:
        with nogil:
            counted = htst_counts_add_f32_u32(
                n, &x[0], <htst_tail_side_t> side, low, high, shift, &table[0], anew.shape[0],
                &anew[0], &found)
    return counted, found


def add_f64_u8(const double[::1] x, int side, int64_t low, int64_t high, int shift,
                uint8_t[::1] table, int64_t[::1] anew):
    """Returns (number of elements counted, number of slots written to `anew`)."""
    cdef int64_t n = x.shape[0], found = 0, counted = 0
    require_slots(low, high, shift, table.shape[0], anew.shape[0])
    if n:
        with nogil:
            counted = htst_counts_add_f64_u8(
                n, &x[0], <htst_tail_side_t> side, low, high, shift, &table[0], anew.shape[0],
                &anew[0], &found)
    return counted, found


def add_f64_u16(const double[::1] x, int side, int64_t low, int64_t high, int shift,
                uint16_t[::1] table, int64_t[::1] anew):
    """Returns (number of elements counted, number of slots written to `anew`)."""
    cdef int64_t n = x.shape[0], found = 0, counted = 0
    require_slots(low, high, shift, table.shape[0], anew.shape[0])
    if n:
        with nogil:
            counted = htst_counts_add_f64_u16(
                n, &x[0], <htst_tail_side_t> side, low, high, shift, &table[0], anew.shape[0],
                &anew[0], &found)
    return counted, found


def add_f64_u32(const double[::1] x, int side, int64_t low, int64_t high, int shift,
                uint32_t[::1] table, int64_t[::1] anew):
    """Returns (number of elements counted, number of slots written to `anew`)."""
    cdef int64_t n = x.shape[0], found = 0, counted = 0
    require_slots(low, high, shift, table.shape[0], anew.shape[0])
    if n:
        with nogil:
            counted = htst_counts_add_f64_u32(
                n, &x[0], <htst_tail_side_t> side, low, high, shift, &table[0], anew.shape[0],
                &anew[0], &found)
    return counted, found


cdef int require_slots(int64_t low, int64_t high, int shift, int64_t slots, int64_t room) except -1:
    if not (0 < low <= high and 0 <= shift < 63 and (high - low) >> shift < slots):
        raise ValueError(f"need 0 < low <= high and a slot for each key, got {low}, {high}, {slots}")
    if room < HTST_COUNTS_AHEAD:
        raise ValueError(f"anew must have {HTST_COUNTS_AHEAD} places or more, got {room}")
    return 0
