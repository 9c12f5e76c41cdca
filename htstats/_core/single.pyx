"""Bindings of htst_single: W^T (W v) with products in single precision."""

from libc.stdint cimport int64_t, uint16_t

from htstats._core.htst_single cimport (
    htst_single_gram_bf16,
    htst_single_gram_f16,
    htst_single_gram_f32,
)
from htstats._core.status cimport check


cdef int require_shapes(int64_t cols, const float[::1] v, double[::1] out) except -1:
    if v.shape[0] != cols or out.shape[0] != cols:
        raise ValueError(f"v and out must have {cols} entries")
    return 0


def gram_f32(const float[:, ::1] w, const float[::1] v, double[::1] out):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    require_shapes(cols, v, out)
    if rows == 0 or cols == 0:
        return
    with nogil:
        status = htst_single_gram_f32(&w[0, 0], rows, cols, &v[0], &out[0])
    check(status)


def gram_bf16(const uint16_t[:, ::1] w, const float[::1] v, double[::1] out):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    require_shapes(cols, v, out)
    if rows == 0 or cols == 0:
        return
    with nogil:
        status = htst_single_gram_bf16(&w[0, 0], rows, cols, &v[0], &out[0])
    check(status)


def gram_f16(const uint16_t[:, ::1] w, const float[::1] v, double[::1] out):
    cdef int64_t rows = w.shape[0], cols = w.shape[1]
    cdef int status
    require_shapes(cols, v, out)
    if rows == 0 or cols == 0:
        return
    with nogil:
        status = htst_single_gram_f16(&w[0, 0], rows, cols, &v[0], &out[0])
    check(status)
