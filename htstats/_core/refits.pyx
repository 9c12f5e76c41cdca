"""Bindings of htst_refits: fits of random samples."""

from libc.stdint cimport int64_t, uint64_t

from htstats._core.htst_refits cimport htst_refits, htst_refits_workspace
from htstats._core.status cimport check


def refits(
    int64_t n, const double[::1] y_head, double log_xmin, double alpha, bint refit, uint64_t seed,
    int64_t replicate, double[::1] distances, double[::1] alphas, double[::1] log_xmins,
):
    """Fill distances, alphas, log_xmins with the fits of replicate, replicate + 1, ..."""
    cdef int64_t n_head = y_head.shape[0], size = distances.shape[0]
    cdef int status
    if alphas.shape[0] != size or log_xmins.shape[0] != size:
        raise ValueError("distances, alphas, log_xmins must have the same length")
    if size == 0:
        return
    cdef const double *head = &y_head[0] if n_head else NULL
    cdef double[::1] workspace = _empty(htst_refits_workspace(n) // 8)
    with nogil:
        status = htst_refits(
            n, n_head, head, log_xmin, alpha, refit, seed, replicate, size, &workspace[0],
            &distances[0], &alphas[0], &log_xmins[0])
    check(status)


def _empty(int64_t size):
    from array import array
    return array("d", bytes(8 * size))
