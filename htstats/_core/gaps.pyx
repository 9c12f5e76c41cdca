"""Bindings of htst_gaps: write the pattern of a block of CSR as bytes, and read it."""

from libc.stdint cimport int64_t, uint8_t

from htstats._core.htst_gaps cimport (
    HTST_GAPS_MAX_K,
    htst_gaps_read,
    htst_gaps_size,
    htst_gaps_write,
)
from htstats._core.status cimport check

MAX_K = HTST_GAPS_MAX_K


def write(int64_t n_cols, const int64_t[::1] indptr, const int64_t[::1] indices, int k):
    """The gaps of a CSR block as bytes."""
    cdef int64_t n_rows = indptr.shape[0] - 1, n_bytes = 0
    cdef int status
    if n_rows < 0 or indptr[n_rows] != indices.shape[0]:
        raise ValueError(f"indptr must end with {indices.shape[0]}, the number of indices")
    cdef const int64_t *index = &indices[0] if indices.shape[0] else NULL
    with nogil:
        status = htst_gaps_size(n_rows, n_cols, &indptr[0], index, k, &n_bytes)
    check(status)
    out = bytearray(n_bytes)
    if n_bytes == 0:
        return out
    cdef uint8_t[::1] view = out
    with nogil:
        htst_gaps_write(n_rows, n_cols, &indptr[0], index, k, &view[0])
    return out


def read(const uint8_t[::1] data, int k, int64_t n_cols, int64_t[::1] indptr, int64_t[::1] indices):
    """Fill indptr and indices from the bytes that `write` returned."""
    cdef int64_t n_rows = indptr.shape[0] - 1, n = indices.shape[0], n_bytes = data.shape[0]
    cdef int status
    if n_rows < 0:
        raise ValueError("indptr must have at least one element")
    cdef const uint8_t *start = &data[0] if n_bytes else NULL
    cdef int64_t *index = &indices[0] if n else NULL
    with nogil:
        status = htst_gaps_read(n_bytes, start, k, n, n_rows, n_cols, &indptr[0], index)
    check(status)
