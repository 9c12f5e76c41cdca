"""Bindings of htst_normal: blocks and single entries of the normal matrix G."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from htstats._core.htst_normal cimport (
    htst_normal_at,
    htst_normal_fill,
    htst_normal_philox4x32,
    htst_normal_quantile,
)
from htstats._core.status cimport check


def fill(uint64_t seed, int64_t layer, int64_t row, int64_t col, double[:, ::1] out):
    """out[r, c] = G[row + r, col + c]."""
    cdef int64_t n_rows = out.shape[0], n_cols = out.shape[1]
    cdef int status
    if n_rows == 0 or n_cols == 0:
        return
    cdef double *start = &out[0, 0]
    with nogil:
        status = htst_normal_fill(seed, layer, row, col, n_rows, n_cols, n_cols, start)
    check(status)


def at(
    uint64_t seed, int64_t layer, const int64_t[::1] rows, const int64_t[::1] cols, double[::1] out
):
    """out[k] = G[rows[k], cols[k]]."""
    cdef int64_t n = out.shape[0]
    cdef int status
    if rows.shape[0] != n or cols.shape[0] != n:
        raise ValueError(f"lengths differ: {rows.shape[0]}, {cols.shape[0]}, {n}")
    if n == 0:
        return
    with nogil:
        status = htst_normal_at(seed, layer, n, &rows[0], &cols[0], &out[0])
    check(status)


def quantile(const double[::1] u, double[::1] out):
    """out[k] = Phi^-1(u[k]) by AS 241; only tests call it."""
    cdef Py_ssize_t k, n = u.shape[0]
    if out.shape[0] != n:
        raise ValueError(f"lengths differ: {n}, {out.shape[0]}")
    for k in range(n):
        out[k] = htst_normal_quantile(u[k])


def philox4x32(const uint32_t[::1] counter, const uint32_t[::1] key, uint32_t[::1] out):
    """Ten rounds of Philox4x32 for one counter of four words; only tests call it."""
    if counter.shape[0] != 4 or key.shape[0] != 2 or out.shape[0] != 4:
        raise ValueError("counter, key and out have 4, 2 and 4 words")
    htst_normal_philox4x32(&counter[0], &key[0], &out[0])
