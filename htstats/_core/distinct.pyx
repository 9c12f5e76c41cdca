"""Bindings of htst_estimate: the distinct values of a part of a sorted sample."""

from libc.stdint cimport int64_t

from htstats._core.htst_estimate cimport (
    htst_estimate_count_distinct_f32,
    htst_estimate_count_distinct_f64,
    htst_estimate_distinct_part_f32,
    htst_estimate_distinct_part_f64,
)


def count_distinct_f32(const float[::1] x):
    """The number of distinct values of a sorted array."""
    cdef int64_t n = x.shape[0], m = 0
    if n:
        with nogil:
            m = htst_estimate_count_distinct_f32(n, &x[0])
    return m


def distinct_part_f32(const float[::1] x, int64_t base, double[::1] v, int64_t[::1] first):
    """Fill v and first, which have room for exactly the distinct values of the sorted x."""
    cdef int64_t n = x.shape[0], room = v.shape[0], m
    if first.shape[0] != room or room < 1 or n < 1:
        raise ValueError("v and first must have the same length, and x a value")
    with nogil:
        m = htst_estimate_distinct_part_f32(n, &x[0], base, room, &v[0], &first[0])
    if m != room:
        raise ValueError(f"v must have room for exactly the distinct values, got {room}")


def count_distinct_f64(const double[::1] x):
    """The number of distinct values of a sorted array."""
    cdef int64_t n = x.shape[0], m = 0
    if n:
        with nogil:
            m = htst_estimate_count_distinct_f64(n, &x[0])
    return m


def distinct_part_f64(const double[::1] x, int64_t base, double[::1] v, int64_t[::1] first):
    """Fill v and first, which have room for exactly the distinct values of the sorted x."""
    cdef int64_t n = x.shape[0], room = v.shape[0], m
    if first.shape[0] != room or room < 1 or n < 1:
        raise ValueError("v and first must have the same length, and x a value")
    with nogil:
        m = htst_estimate_distinct_part_f64(n, &x[0], base, room, &v[0], &first[0])
    if m != room:
        raise ValueError(f"v must have room for exactly the distinct values, got {room}")
