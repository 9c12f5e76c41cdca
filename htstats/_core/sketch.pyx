"""Bindings of htst_sketch: counts and sums by buckets; htst_sketch.h describes their layout."""

from libc.stdint cimport int64_t, uint16_t, uint64_t

from htstats._core.htst_sketch cimport (
    htst_sketch_add_f32,
    htst_sketch_add_f64,
    htst_sketch_add_u16,
    htst_sketch_seen_t,
    htst_sketch_sums_u16,
    HTST_SKETCH_WORDS_F32,
    HTST_SKETCH_WORDS_F64,
)
from htstats._core.status cimport check

# The words of a `seen` array, in the order of the C struct.
SEEN = sizeof(htst_sketch_seen_t) // sizeof(int64_t)


cdef int require_shapes(int64_t got, int64_t wanted, str name) except -1:
    if got != wanted:
        raise ValueError(f"{name} must have {wanted} words, got {got}")
    return 0


def add_f32(const float[::1] x, int64_t first, int64_t width, uint64_t[::1] table,
            int64_t[::1] seen):
    cdef int64_t n = x.shape[0]
    cdef int status
    require_shapes(table.shape[0], HTST_SKETCH_WORDS_F32 * (2 * width + 1), "table")
    require_shapes(seen.shape[0], SEEN, "seen")
    cdef const float *data = &x[0] if n else NULL
    with nogil:
        status = htst_sketch_add_f32(data, n, first, width, &table[0],
                                     <htst_sketch_seen_t *>&seen[0])
    check(status)


def add_f64(const double[::1] x, int64_t first, int64_t width, uint64_t[::1] table,
            int64_t[::1] seen):
    cdef int64_t n = x.shape[0]
    cdef int status
    require_shapes(table.shape[0], HTST_SKETCH_WORDS_F64 * (2 * width + 1), "table")
    require_shapes(seen.shape[0], SEEN, "seen")
    cdef const double *data = &x[0] if n else NULL
    with nogil:
        status = htst_sketch_add_f64(data, n, first, width, &table[0],
                                     <htst_sketch_seen_t *>&seen[0])
    check(status)


def add_u16(const uint16_t[::1] x, uint64_t[::1] table):
    cdef int64_t n = x.shape[0]
    cdef int status
    require_shapes(table.shape[0], 65536, "table")
    cdef const uint16_t *data = &x[0] if n else NULL
    with nogil:
        status = htst_sketch_add_u16(data, n, &table[0])
    check(status)


def sums_u16(const uint64_t[::1] table, int64_t kept, uint64_t[::1] out):
    cdef int status
    require_shapes(table.shape[0], 65536, "table")
    require_shapes(out.shape[0], 8 * (32768 >> kept), "out")
    with nogil:
        status = htst_sketch_sums_u16(&table[0], kept, &out[0])
    check(status)
