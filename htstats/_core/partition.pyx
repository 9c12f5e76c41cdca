"""Bindings of htst_partition: count, then fill."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t

from htstats._core.status cimport check

cdef extern from "htst_partition.h" nogil:
    int HTST_PARTITION_SEGMENT
    int htst_partition_count_f32(const float *w, int64_t rows, int64_t cols, float low, float high,
                                 int64_t *counts, uint8_t *hits, int64_t *not_finite) noexcept
    int htst_partition_count_f64(const double *w, int64_t rows, int64_t cols, double low, double high,
                                 int64_t *counts, uint8_t *hits, int64_t *not_finite) noexcept
    int htst_partition_count_u16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                                 uint16_t infinity, int64_t *counts, uint8_t *hits, int64_t *not_finite) noexcept
    int htst_partition_fill_f32_i32(const float *w, int64_t rows, int64_t cols, float low, float high,
                                    const uint8_t *hits, const int64_t *indptr, int32_t *indices,
                                    float *values) noexcept
    int htst_partition_fill_f32_i64(const float *w, int64_t rows, int64_t cols, float low, float high,
                                    const uint8_t *hits, const int64_t *indptr, int64_t *indices,
                                    float *values) noexcept
    int htst_partition_fill_f64_i32(const double *w, int64_t rows, int64_t cols, double low, double high,
                                    const uint8_t *hits, const int64_t *indptr, int32_t *indices,
                                    double *values) noexcept
    int htst_partition_fill_f64_i64(const double *w, int64_t rows, int64_t cols, double low, double high,
                                    const uint8_t *hits, const int64_t *indptr, int64_t *indices,
                                    double *values) noexcept
    int htst_partition_fill_f16_i32(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                                    const uint8_t *hits, const int64_t *indptr, int32_t *indices,
                                    float *values) noexcept
    int htst_partition_fill_f16_i64(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                                    const uint8_t *hits, const int64_t *indptr, int64_t *indices,
                                    float *values) noexcept
    int htst_partition_fill_bf16_i32(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                                    const uint8_t *hits, const int64_t *indptr, int32_t *indices,
                                    float *values) noexcept
    int htst_partition_fill_bf16_i64(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                                    const uint8_t *hits, const int64_t *indptr, int64_t *indices,
                                    float *values) noexcept

SEGMENT = HTST_PARTITION_SEGMENT


cdef int shaped(int64_t rows, int64_t cols, int64_t counts, const uint8_t[:, ::1] hits) except -1:
    if counts != rows or hits.shape[0] != rows or hits.shape[1] != -(-cols // SEGMENT):
        raise ValueError(f"counts and hits do not fit a matrix of {rows} x {cols}")
    return 0


cdef bint filled(int64_t rows, int64_t cols, const uint8_t[:, ::1] hits, const int64_t[::1] indptr,
                 int64_t indices, int64_t values) except -1:
    """Whether there is anything to fill, once the shapes are found right."""
    shaped(rows, cols, indptr.shape[0] - 1, hits)
    cdef int64_t r, last = 0
    for r in range(rows + 1):
        if indptr[r] < last:
            raise ValueError("indptr must not fall")
        last = indptr[r]
    if last > indices or last > values:
        raise ValueError(f"indices and values must hold {last} entries")
    return rows > 0 and cols > 0 and indptr[rows] > indptr[0]


def count_f32(const float[:, ::1] w, float low, float high, int64_t[::1] counts,
              uint8_t[:, ::1] hits):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef int status
    shaped(rows, cols, counts.shape[0], hits)
    if rows == 0 or cols == 0:
        return 0
    with nogil:
        status = htst_partition_count_f32(&w[0, 0], rows, cols, low, high, &counts[0],
                                          &hits[0, 0], &not_finite)
    check(status)
    return not_finite


def count_f64(const double[:, ::1] w, double low, double high, int64_t[::1] counts,
              uint8_t[:, ::1] hits):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef int status
    shaped(rows, cols, counts.shape[0], hits)
    if rows == 0 or cols == 0:
        return 0
    with nogil:
        status = htst_partition_count_f64(&w[0, 0], rows, cols, low, high, &counts[0],
                                          &hits[0, 0], &not_finite)
    check(status)
    return not_finite


def count_u16(const uint16_t[:, ::1] w, int16_t low, int16_t high, uint16_t infinity, int64_t[::1] counts,
              uint8_t[:, ::1] hits):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef int status
    shaped(rows, cols, counts.shape[0], hits)
    if rows == 0 or cols == 0:
        return 0
    with nogil:
        status = htst_partition_count_u16(&w[0, 0], rows, cols, low, high, infinity, &counts[0],
                                          &hits[0, 0], &not_finite)
    check(status)
    return not_finite


def fill_f32_i32(const float[:, ::1] w, float low, float high, const uint8_t[:, ::1] hits,
                 const int64_t[::1] indptr, int32_t[::1] indices, float[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not filled(rows, cols, hits, indptr, indices.shape[0], values.shape[0]):
        return
    with nogil:
        status = htst_partition_fill_f32_i32(&w[0, 0], rows, cols, low, high, &hits[0, 0],
                                             &indptr[0], &indices[0], &values[0])
    check(status)


def fill_f32_i64(const float[:, ::1] w, float low, float high, const uint8_t[:, ::1] hits,
                 const int64_t[::1] indptr, int64_t[::1] indices, float[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not filled(rows, cols, hits, indptr, indices.shape[0], values.shape[0]):
        return
    with nogil:
        status = htst_partition_fill_f32_i64(&w[0, 0], rows, cols, low, high, &hits[0, 0],
                                             &indptr[0], &indices[0], &values[0])
    check(status)


def fill_f64_i32(const double[:, ::1] w, double low, double high, const uint8_t[:, ::1] hits,
                 const int64_t[::1] indptr, int32_t[::1] indices, double[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not filled(rows, cols, hits, indptr, indices.shape[0], values.shape[0]):
        return
    with nogil:
        status = htst_partition_fill_f64_i32(&w[0, 0], rows, cols, low, high, &hits[0, 0],
                                             &indptr[0], &indices[0], &values[0])
    check(status)


def fill_f64_i64(const double[:, ::1] w, double low, double high, const uint8_t[:, ::1] hits,
                 const int64_t[::1] indptr, int64_t[::1] indices, double[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not filled(rows, cols, hits, indptr, indices.shape[0], values.shape[0]):
        return
    with nogil:
        status = htst_partition_fill_f64_i64(&w[0, 0], rows, cols, low, high, &hits[0, 0],
                                             &indptr[0], &indices[0], &values[0])
    check(status)


def fill_f16_i32(const uint16_t[:, ::1] w, int16_t low, int16_t high, const uint8_t[:, ::1] hits,
                 const int64_t[::1] indptr, int32_t[::1] indices, float[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not filled(rows, cols, hits, indptr, indices.shape[0], values.shape[0]):
        return
    with nogil:
        status = htst_partition_fill_f16_i32(&w[0, 0], rows, cols, low, high, &hits[0, 0],
                                             &indptr[0], &indices[0], &values[0])
    check(status)


def fill_f16_i64(const uint16_t[:, ::1] w, int16_t low, int16_t high, const uint8_t[:, ::1] hits,
                 const int64_t[::1] indptr, int64_t[::1] indices, float[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not filled(rows, cols, hits, indptr, indices.shape[0], values.shape[0]):
        return
    with nogil:
        status = htst_partition_fill_f16_i64(&w[0, 0], rows, cols, low, high, &hits[0, 0],
                                             &indptr[0], &indices[0], &values[0])
    check(status)


def fill_bf16_i32(const uint16_t[:, ::1] w, int16_t low, int16_t high, const uint8_t[:, ::1] hits,
                 const int64_t[::1] indptr, int32_t[::1] indices, float[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not filled(rows, cols, hits, indptr, indices.shape[0], values.shape[0]):
        return
    with nogil:
        status = htst_partition_fill_bf16_i32(&w[0, 0], rows, cols, low, high, &hits[0, 0],
                                             &indptr[0], &indices[0], &values[0])
    check(status)


def fill_bf16_i64(const uint16_t[:, ::1] w, int16_t low, int16_t high, const uint8_t[:, ::1] hits,
                 const int64_t[::1] indptr, int64_t[::1] indices, float[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    if not filled(rows, cols, hits, indptr, indices.shape[0], values.shape[0]):
        return
    with nogil:
        status = htst_partition_fill_bf16_i64(&w[0, 0], rows, cols, low, high, &hits[0, 0],
                                             &indptr[0], &indices[0], &values[0])
    check(status)
