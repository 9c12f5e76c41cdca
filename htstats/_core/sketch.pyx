"""Bindings of htst_sketch: bucket counts and sums, see the header for their layout."""

from libc.stdint cimport int64_t, uint16_t, uint64_t

from htstats._core.status cimport check

cdef extern from "htst_sketch.h" nogil:
    int HTST_SKETCH_WORDS_F32, HTST_SKETCH_WORDS_F64
    int HTST_SKETCH_SQUARES_F32, HTST_SKETCH_SQUARES_F64
    ctypedef struct htst_sketch_seen_t:
        int64_t done, zeros, negative_zeros, infinities, negative_infinities, nans
        int64_t smallest, largest_positive, largest_negative
    int htst_sketch_add_f32(const float *x, int64_t n, int64_t first, int64_t width,
                            uint64_t *table, uint64_t *squares, htst_sketch_seen_t *seen) noexcept
    int htst_sketch_add_f64(const double *x, int64_t n, int64_t first, int64_t width,
                            uint64_t *table, uint64_t *squares, htst_sketch_seen_t *seen) noexcept
    int htst_sketch_add_u16(const uint16_t *x, int64_t n, uint64_t *table) noexcept
    int htst_sketch_sums(const uint64_t *table, int64_t words, int64_t first, int64_t width,
                         int64_t kept, uint64_t *sums) noexcept

# Words of a `seen` array, in the order of the struct.
SEEN = sizeof(htst_sketch_seen_t) // sizeof(int64_t)


cdef int shaped(int64_t got, int64_t wanted, str name) except -1:
    if got != wanted:
        raise ValueError(f"{name} must have {wanted} words, got {got}")
    return 0


def add_f32(const float[::1] x, int64_t first, int64_t width, uint64_t[::1] table,
            uint64_t[::1] squares, int64_t[::1] seen):
    cdef int64_t n = x.shape[0]
    cdef int status
    shaped(table.shape[0], HTST_SKETCH_WORDS_F32 * (2 * width + 1), "table")
    shaped(seen.shape[0], SEEN, "seen")
    if squares is not None:
        shaped(squares.shape[0], HTST_SKETCH_SQUARES_F32, "squares")
    cdef const float *data = &x[0] if n else NULL
    cdef uint64_t *square = &squares[0] if squares is not None else NULL
    with nogil:
        status = htst_sketch_add_f32(data, n, first, width, &table[0], square,
                                     <htst_sketch_seen_t *>&seen[0])
    check(status)


def add_f64(const double[::1] x, int64_t first, int64_t width, uint64_t[::1] table,
            uint64_t[::1] squares, int64_t[::1] seen):
    cdef int64_t n = x.shape[0]
    cdef int status
    shaped(table.shape[0], HTST_SKETCH_WORDS_F64 * (2 * width + 1), "table")
    shaped(seen.shape[0], SEEN, "seen")
    if squares is not None:
        shaped(squares.shape[0], HTST_SKETCH_SQUARES_F64, "squares")
    cdef const double *data = &x[0] if n else NULL
    cdef uint64_t *square = &squares[0] if squares is not None else NULL
    with nogil:
        status = htst_sketch_add_f64(data, n, first, width, &table[0], square,
                                     <htst_sketch_seen_t *>&seen[0])
    check(status)


def add_u16(const uint16_t[::1] x, uint64_t[::1] table):
    cdef int64_t n = x.shape[0]
    cdef int status
    shaped(table.shape[0], 65536, "table")
    cdef const uint16_t *data = &x[0] if n else NULL
    with nogil:
        status = htst_sketch_add_u16(data, n, &table[0])
    check(status)


def sums(const uint64_t[::1] table, int64_t words, int64_t first, int64_t width, int64_t kept,
         uint64_t[::1] out):
    cdef int status
    if width < 0 or kept < 0 or table.shape[0] < 2 * width * words:
        raise ValueError(f"table must have {2 * width * words} words, got {table.shape[0]}")
    shaped(out.shape[0], 16 * (width >> kept), "out")
    if width == 0:
        return
    with nogil:
        status = htst_sketch_sums(&table[0], words, first, width, kept, &out[0])
    check(status)
