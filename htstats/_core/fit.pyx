"""Bindings of htst_fit: a whole fit of sorted values in one call."""

from libc.stdint cimport int64_t

from htstats._core.status cimport check

cdef extern from "htst_scan.h" nogil:
    ctypedef struct htst_scan_best_t:
        int64_t k
        double distance, rate

cdef extern from "htst_fit.h" nogil:
    ctypedef struct htst_fit_t:
        int64_t m, n_tail
        double xmin
        htst_scan_best_t best
    int64_t htst_fit_workspace(int64_t n) noexcept
    int htst_fit_sorted_f32(
        int64_t n, const float *x, bint two_sided, int64_t least, double tolerance, double *v,
        int64_t *first, double *work, htst_fit_t *fit) noexcept
    int htst_fit_sorted_f64(
        int64_t n, double *v, bint two_sided, int64_t least, double tolerance, int64_t *first,
        double *work, htst_fit_t *fit) noexcept


def workspace(int64_t n):
    """Words of workspace for n values."""
    return htst_fit_workspace(n)


def sorted_f32(
    const float[::1] x, bint two_sided, int64_t least, double tolerance, double[::1] v,
    int64_t[::1] first, double[::1] work,
):
    """(distinct values, values in the tail, xmin, distance, rate); no tail if none is allowed."""
    cdef int64_t n = x.shape[0]
    cdef htst_fit_t fit
    cdef int status
    roomy(n, v.shape[0], first.shape[0], work.shape[0])
    with nogil:
        status = htst_fit_sorted_f32(
            n, &x[0], two_sided, least, tolerance, &v[0], &first[0], &work[0], &fit)
    check(status)
    return fit.m, fit.n_tail, fit.xmin, fit.best.distance, fit.best.rate


def sorted_f64(
    double[::1] v, bint two_sided, int64_t least, double tolerance, int64_t[::1] first,
    double[::1] work,
):
    """The same; v is overwritten."""
    cdef int64_t n = v.shape[0]
    cdef htst_fit_t fit
    cdef int status
    roomy(n, n, first.shape[0], work.shape[0])
    with nogil:
        status = htst_fit_sorted_f64(
            n, &v[0], two_sided, least, tolerance, &first[0], &work[0], &fit)
    check(status)
    return fit.m, fit.n_tail, fit.xmin, fit.best.distance, fit.best.rate


cdef int roomy(int64_t n, int64_t n_v, int64_t n_first, int64_t n_work) except -1:
    if n < 1 or n_v < n or n_first < n + 1 or n_work < htst_fit_workspace(n):
        raise ValueError(
            f"x, v, first, work must have n, n, n + 1, {htst_fit_workspace(n)}, n > 0 elements")
    return 0
