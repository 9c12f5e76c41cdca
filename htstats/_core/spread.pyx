"""Bindings of htst_spread: the distinct values of float32 numbers by their buckets."""

from libc.stdint cimport int64_t, uint16_t, uint32_t

from htstats._core.htst_spread cimport (
    HTST_SPREAD_BUCKETS,
    HTST_SPREAD_LOWER,
    htst_spread_distinct_f32,
    htst_spread_f32,
)
from htstats._core.htst_tail cimport htst_tail_side_t
from htstats._core.status cimport check

BUCKETS, LOWER = HTST_SPREAD_BUCKETS, HTST_SPREAD_LOWER


def spread_f32(
    const float[::1] x, int side, int64_t begin, uint32_t[::1] following, uint16_t[::1] out,
):
    """Write the lower bits of each element to the place of its bucket. Returns their number.

    `following` has the next place of each bucket from `begin` on. `out` needs len(x) places from
    each of them on."""
    cdef int64_t n = x.shape[0], size = following.shape[0], m = 0, most = 0
    require_buckets(begin, size)
    for i in range(size):
        most = max(most, <int64_t> following[i])
    if out.shape[0] < most + n:
        raise ValueError(f"out must have at least {most + n} places, got {out.shape[0]}")
    if n:
        with nogil:
            m = htst_spread_f32(
                n, &x[0], <htst_tail_side_t> side, begin, size, &following[0], &out[0])
    return m


def distinct_f32(
    int64_t begin, const uint32_t[::1] starts, const uint16_t[::1] lower, bint at_end,
    uint32_t[::1] count, float[::1] v, uint32_t[::1] first,
):
    """Fill v and first from the buckets from `begin` on; returns the number of distinct values.

    They are written from the beginning or, with `at_end`, to the end of the room that the elements
    need."""
    cdef int64_t size = starts.shape[0] - 1, m = 0, room = min(v.shape[0], first.shape[0])
    require_buckets(begin, size)
    if count.shape[0] != HTST_SPREAD_LOWER:
        raise ValueError(f"count must have {HTST_SPREAD_LOWER} counters, got {count.shape[0]}")
    if starts[size] > lower.shape[0] or <int64_t> starts[size] - starts[0] > room:
        raise ValueError(f"need places up to {starts[size]}, and room for the values from "
                         f"{starts[0]} on, got {lower.shape[0]} and {room}")
    if room:
        with nogil:
            m = htst_spread_distinct_f32(
                begin, size, &starts[0], &lower[0], at_end, &count[0], &v[0], &first[0])
        if m < 0:
            check(<int> m)
    return m


cdef int require_buckets(int64_t begin, int64_t size) except -1:
    if not (0 <= begin and 1 <= size <= HTST_SPREAD_BUCKETS - begin):
        raise ValueError(f"need buckets of 0 to {HTST_SPREAD_BUCKETS}, got {size} from {begin} on")
    return 0
