"""Bindings of htst_partition: count, then fill. Floats are passed as the unsigned integers of
their bits."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from htstats._core.htst_partition cimport (
    htst_partition_best,
    htst_partition_count_b16,
    htst_partition_count_b32,
    htst_partition_count_b64,
    htst_partition_fill_b32,
    htst_partition_fill_b64,
    htst_partition_fill_bf16,
    htst_partition_fill_f16,
    HTST_PARTITION_SEGMENT,
)
from htstats._core.status cimport check

SEGMENT = HTST_PARTITION_SEGMENT
BEST = htst_partition_best()


cdef int require_shapes(int64_t rows, int64_t cols, int64_t counts, const uint8_t[:, ::1] hits) except -1:
    if counts != rows or hits.shape[0] != rows or hits.shape[1] != -(-cols // SEGMENT):
        raise ValueError(f"counts and hits do not fit a matrix of {rows} x {cols}")
    return 0


cdef bint has_entries(int64_t rows, int64_t cols, const uint8_t[:, ::1] hits, const int64_t[::1] indptr,
                 int64_t indices, int64_t values, int instructions) except -1:
    """Check the shapes; returns True if there is anything to fill."""
    require_shapes(rows, cols, indptr.shape[0] - 1, hits)
    if not 0 <= instructions <= BEST:
        raise ValueError(f"instructions must be in [0, {BEST}], got {instructions}")
    cdef int64_t r, last = 0
    for r in range(rows + 1):
        if indptr[r] < last:
            raise ValueError("indptr must not fall")
        last = indptr[r]
    if last > indices or last > values:
        raise ValueError(f"indices and values must hold {last} entries")
    return rows > 0 and cols > 0 and indptr[rows] > indptr[0]


def count_b16(const uint16_t[:, ::1] w, int16_t low, int16_t high, uint16_t infinity, int64_t[::1] counts,
              uint8_t[:, ::1] hits):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef int status
    require_shapes(rows, cols, counts.shape[0], hits)
    if rows == 0 or cols == 0:
        return 0
    with nogil:
        status = htst_partition_count_b16(&w[0, 0], rows, cols, low, high, infinity, &counts[0],
                                          &hits[0, 0], &not_finite)
    check(status)
    return not_finite


def count_b32(const uint32_t[:, ::1] w, int32_t low, int32_t high, int64_t[::1] counts,
              uint8_t[:, ::1] hits):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef int status
    require_shapes(rows, cols, counts.shape[0], hits)
    if rows == 0 or cols == 0:
        return 0
    with nogil:
        status = htst_partition_count_b32(&w[0, 0], rows, cols, low, high, &counts[0],
                                          &hits[0, 0], &not_finite)
    check(status)
    return not_finite


def count_b64(const uint64_t[:, ::1] w, int64_t low, int64_t high, int64_t[::1] counts,
              uint8_t[:, ::1] hits):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef int status
    require_shapes(rows, cols, counts.shape[0], hits)
    if rows == 0 or cols == 0:
        return 0
    with nogil:
        status = htst_partition_count_b64(&w[0, 0], rows, cols, low, high, &counts[0],
                                          &hits[0, 0], &not_finite)
    check(status)
    return not_finite


def fill_f16(const uint16_t[:, ::1] w, int16_t low, int16_t high, const uint8_t[:, ::1] hits,
             const int64_t[::1] indptr, int instructions, int wide, uint8_t[::1] indices,
             uint32_t[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not has_entries(rows, cols, hits, indptr, indices.shape[0] // (8 if wide else 4),
                  values.shape[0], instructions):
        return
    with nogil:
        status = htst_partition_fill_f16(&w[0, 0], rows, cols, low, high, &hits[0, 0], &indptr[0],
                                         instructions, wide, &indices[0], &values[0])
    check(status)


def fill_bf16(const uint16_t[:, ::1] w, int16_t low, int16_t high, const uint8_t[:, ::1] hits,
             const int64_t[::1] indptr, int instructions, int wide, uint8_t[::1] indices,
             uint32_t[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not has_entries(rows, cols, hits, indptr, indices.shape[0] // (8 if wide else 4),
                  values.shape[0], instructions):
        return
    with nogil:
        status = htst_partition_fill_bf16(&w[0, 0], rows, cols, low, high, &hits[0, 0], &indptr[0],
                                         instructions, wide, &indices[0], &values[0])
    check(status)


def fill_b32(const uint32_t[:, ::1] w, int32_t low, int32_t high, const uint8_t[:, ::1] hits,
             const int64_t[::1] indptr, int instructions, int wide, uint8_t[::1] indices,
             uint32_t[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not has_entries(rows, cols, hits, indptr, indices.shape[0] // (8 if wide else 4),
                  values.shape[0], instructions):
        return
    with nogil:
        status = htst_partition_fill_b32(&w[0, 0], rows, cols, low, high, &hits[0, 0], &indptr[0],
                                         instructions, wide, &indices[0], &values[0])
    check(status)


def fill_b64(const uint64_t[:, ::1] w, int64_t low, int64_t high, const uint8_t[:, ::1] hits,
             const int64_t[::1] indptr, int instructions, int wide, uint8_t[::1] indices,
             uint64_t[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not has_entries(rows, cols, hits, indptr, indices.shape[0] // (8 if wide else 4),
                  values.shape[0], instructions):
        return
    with nogil:
        status = htst_partition_fill_b64(&w[0, 0], rows, cols, low, high, &hits[0, 0], &indptr[0],
                                         instructions, wide, &indices[0], &values[0])
    check(status)
