"""Bindings of htst_tail: count or copy the elements of the tail of an array."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from htstats._core.htst_tail cimport (
    HTST_TAIL_DROPPED_F32,
    HTST_TAIL_DROPPED_F64,
    htst_tail_histogram_f32,
    htst_tail_histogram_f64,
    htst_tail_seen_t,
    htst_tail_select_f32,
    htst_tail_select_f64,
    htst_tail_side_t,
    HTST_TAIL_SLOTS_F32,
    HTST_TAIL_SLOTS_F64,
    htst_tail_survey_f32,
    htst_tail_survey_f64,
    htst_tail_take_f32,
    htst_tail_take_f64,
)

# The number of low bits of a pattern that its bucket ignores, and the number of slots.
DROPPED = HTST_TAIL_DROPPED_F32, HTST_TAIL_DROPPED_F64
SLOTS = HTST_TAIL_SLOTS_F32, HTST_TAIL_SLOTS_F64


def survey_f32(const float[::1] x):
    """The numbers of (not finite, zero, negative, positive) elements."""
    cdef htst_tail_seen_t seen = htst_tail_seen_t(0, 0, 0, 0)
    cdef int64_t n = x.shape[0]
    if n:
        with nogil:
            htst_tail_survey_f32(n, &x[0], &seen)
    return seen.not_finite, seen.zeros, seen.negative, seen.positive


def survey_f64(const double[::1] x):
    """The numbers of (not finite, zero, negative, positive) elements."""
    cdef htst_tail_seen_t seen = htst_tail_seen_t(0, 0, 0, 0)
    cdef int64_t n = x.shape[0]
    if n:
        with nogil:
            htst_tail_survey_f64(n, &x[0], &seen)
    return seen.not_finite, seen.zeros, seen.negative, seen.positive


def select_f32(const float[::1] x, int side, int64_t low, int64_t high, float[::1] out):
    """The number of keys in [low, high]; values that do not fit in `out` are not written."""
    cdef int64_t n = x.shape[0], room = out.shape[0], m = 0
    cdef float *target = &out[0] if room else NULL
    if n:
        with nogil:
            m = htst_tail_select_f32(
                n, &x[0], <htst_tail_side_t> side, low, high, room, target)
    return m


def select_f64(const double[::1] x, int side, int64_t low, int64_t high, double[::1] out):
    """The number of keys in [low, high]; values that do not fit in `out` are not written."""
    cdef int64_t n = x.shape[0], room = out.shape[0], m = 0
    cdef double *target = &out[0] if room else NULL
    if n:
        with nogil:
            m = htst_tail_select_f64(
                n, &x[0], <htst_tail_side_t> side, low, high, room, target)
    return m


def take_f32(const float[::1] x, int side, float[::1] out):
    """Copy usable elements to out. Returns the numbers of (usable, not finite, zero, negative,
    positive) elements."""
    cdef htst_tail_seen_t seen = htst_tail_seen_t(0, 0, 0, 0)
    cdef int64_t n = x.shape[0], m
    if n == 0 or out.shape[0] < n:
        raise ValueError(f"need 0 < len(x) <= len(out), got {n} and {out.shape[0]}")
    with nogil:
        m = htst_tail_take_f32(n, &x[0], <htst_tail_side_t> side, &seen, &out[0])
    return m, seen.not_finite, seen.zeros, seen.negative, seen.positive


def take_f64(const double[::1] x, int side, double[::1] out):
    """Copy usable elements to out. Returns the numbers of (usable, not finite, zero, negative,
    positive) elements."""
    cdef htst_tail_seen_t seen = htst_tail_seen_t(0, 0, 0, 0)
    cdef int64_t n = x.shape[0], m
    if n == 0 or out.shape[0] < n:
        raise ValueError(f"need 0 < len(x) <= len(out), got {n} and {out.shape[0]}")
    with nogil:
        m = htst_tail_take_f64(n, &x[0], <htst_tail_side_t> side, &seen, &out[0])
    return m, seen.not_finite, seen.zeros, seen.negative, seen.positive


def histogram_f32(
    const float[::1] x, int side, int64_t low, uint32_t[::1] table, float[::1] out
):
    """Add the number of elements in each bucket, fewer than 2^32 in all. Returns the checksum and
    the number of keys from low on; values that do not fit in `out` are not written."""
    cdef int64_t n = x.shape[0], room = out.shape[0], m = 0
    cdef float *target = &out[0] if room else NULL
    cdef uint64_t found = 0
    if table.shape[0] != HTST_TAIL_SLOTS_F32:
        raise ValueError(f"table must have {HTST_TAIL_SLOTS_F32} slots")
    if n:
        with nogil:
            m = htst_tail_histogram_f32(
                n, &x[0], <htst_tail_side_t> side, low, &table[0], room, target, &found)
    return found, m


def histogram_f64(
    const double[::1] x, int side, int64_t low, uint32_t[::1] table, double[::1] out
):
    """Add the number of elements in each bucket, fewer than 2^32 in all. Returns the checksum and
    the number of keys from low on; values that do not fit in `out` are not written."""
    cdef int64_t n = x.shape[0], room = out.shape[0], m = 0
    cdef double *target = &out[0] if room else NULL
    cdef uint64_t found = 0
    if table.shape[0] != HTST_TAIL_SLOTS_F64:
        raise ValueError(f"table must have {HTST_TAIL_SLOTS_F64} slots")
    if n:
        with nogil:
            m = htst_tail_histogram_f64(
                n, &x[0], <htst_tail_side_t> side, low, &table[0], room, target, &found)
    return found, m
