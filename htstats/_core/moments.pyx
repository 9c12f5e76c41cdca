"""Bindings of htst_moments: exact sums as wide integers."""

from libc.stdint cimport int64_t, uint64_t

from htstats._core.htst_moments cimport (
    htst_moments_add_f32,
    htst_moments_add_f64,
    HTST_MOMENTS_SQUARES_F32,
    HTST_MOMENTS_SQUARES_F64,
    HTST_MOMENTS_SUM_F32,
    HTST_MOMENTS_SUM_F64,
)
from htstats._core.status cimport check

# The numbers of words of (sum, squares).
WORDS_F32 = (HTST_MOMENTS_SUM_F32, HTST_MOMENTS_SQUARES_F32)
WORDS_F64 = (HTST_MOMENTS_SUM_F64, HTST_MOMENTS_SQUARES_F64)


cdef int require_shapes(uint64_t[::1] sum, uint64_t[::1] squares, int wide, int wider) except -1:
    if sum.shape[0] != wide or squares.shape[0] != wider:
        raise ValueError(f"sum and squares must have {wide} and {wider} words")
    return 0


def add_f32(const float[::1] x, uint64_t[::1] sum, uint64_t[::1] squares):
    cdef int64_t n = x.shape[0], not_finite = 0
    cdef int status
    require_shapes(sum, squares, HTST_MOMENTS_SUM_F32, HTST_MOMENTS_SQUARES_F32)
    cdef const float *data = &x[0] if n else NULL
    with nogil:
        status = htst_moments_add_f32(data, n, &sum[0], &squares[0], &not_finite)
    check(status)
    return not_finite


def add_f64(const double[::1] x, uint64_t[::1] sum, uint64_t[::1] squares):
    cdef int64_t n = x.shape[0], not_finite = 0
    cdef int status
    require_shapes(sum, squares, HTST_MOMENTS_SUM_F64, HTST_MOMENTS_SQUARES_F64)
    cdef const double *data = &x[0] if n else NULL
    with nogil:
        status = htst_moments_add_f64(data, n, &sum[0], &squares[0], &not_finite)
    check(status)
    return not_finite
