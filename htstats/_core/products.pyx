"""Bindings of htst_products: W^T (W v) and sums of squares of a block of rows."""

from libc.stdint cimport int64_t, uint16_t

from htstats._core.htst_products cimport (
    htst_products_gram_bf16,
    htst_products_gram_f16,
    htst_products_gram_f32,
    htst_products_gram_f64,
    htst_products_squares_f32,
    htst_products_squares_f64,
)
from htstats._core.status cimport check


cdef int require_shapes(int64_t cols, const double[::1] v, double[::1] out) except -1:
    if v.shape[0] != cols or out.shape[0] != cols:
        raise ValueError(f"v and out must have {cols} entries")
    return 0


def gram_f32(const float[:, ::1] w, const double[::1] v, double[::1] out):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    require_shapes(cols, v, out)
    if rows == 0 or cols == 0:
        return
    with nogil:
        status = htst_products_gram_f32(&w[0, 0], rows, cols, &v[0], &out[0])
    check(status)


def gram_f64(const double[:, ::1] w, const double[::1] v, double[::1] out):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    require_shapes(cols, v, out)
    if rows == 0 or cols == 0:
        return
    with nogil:
        status = htst_products_gram_f64(&w[0, 0], rows, cols, &v[0], &out[0])
    check(status)


def squares_f32(const float[::1] x, double[::1] sum):
    cdef int64_t n = x.shape[0]
    cdef int status
    if sum.shape[0] != 2:
        raise ValueError("sum must have 2 entries")
    cdef const float *data = &x[0] if n else NULL
    with nogil:
        status = htst_products_squares_f32(data, n, &sum[0])
    check(status)


def squares_f64(const double[::1] x, double[::1] sum):
    cdef int64_t n = x.shape[0]
    cdef int status
    if sum.shape[0] != 2:
        raise ValueError("sum must have 2 entries")
    cdef const double *data = &x[0] if n else NULL
    with nogil:
        status = htst_products_squares_f64(data, n, &sum[0])
    check(status)


def gram_bf16(const uint16_t[:, ::1] w, const double[::1] v, double[::1] out):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    require_shapes(cols, v, out)
    if rows == 0 or cols == 0:
        return
    with nogil:
        status = htst_products_gram_bf16(&w[0, 0], rows, cols, &v[0], &out[0])
    check(status)


def gram_f16(const uint16_t[:, ::1] w, const double[::1] v, double[::1] out):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    require_shapes(cols, v, out)
    if rows == 0 or cols == 0:
        return
    with nogil:
        status = htst_products_gram_f16(&w[0, 0], rows, cols, &v[0], &out[0])
    check(status)
