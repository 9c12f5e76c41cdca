"""Bindings of htst_fit: a complete fit in one call."""

from libc.stdint cimport int64_t

from htstats._core.htst_fit cimport (
    HTST_FIT_ALL_AT_ONCE,
    htst_fit_f32,
    htst_fit_f64,
    htst_fit_t,
    htst_fit_workspace,
)
from htstats._core.htst_tail cimport htst_tail_seen_t, htst_tail_side_t
from htstats._core.status cimport check

ALL_AT_ONCE = HTST_FIT_ALL_AT_ONCE


def workspace(int64_t n):
    """The size of the workspace for n values, in doubles."""
    return htst_fit_workspace(n)


def fit_f32(
    const float[::1] x, int side, bint two_sided, int64_t least, double tolerance, double[::1] work,
):
    """Returns ((usable, zero, negative, positive), values in the tail, xmin, distance, rate). The
    tail is empty if no candidate is allowed."""
    cdef int64_t n = x.shape[0]
    cdef htst_tail_seen_t seen
    cdef htst_fit_t fit
    cdef int status
    require_room(n, work.shape[0])
    with nogil:
        status = htst_fit_f32(
            n, &x[0], <htst_tail_side_t> side, two_sided, least, tolerance, &work[0], &seen, &fit)
    return found(status, &seen, &fit)


def fit_f64(
    const double[::1] x, int side, bint two_sided, int64_t least, double tolerance,
    double[::1] work,
):
    """As the function above, for the other type."""
    cdef int64_t n = x.shape[0]
    cdef htst_tail_seen_t seen
    cdef htst_fit_t fit
    cdef int status
    require_room(n, work.shape[0])
    with nogil:
        status = htst_fit_f64(
            n, &x[0], <htst_tail_side_t> side, two_sided, least, tolerance, &work[0], &seen, &fit)
    return found(status, &seen, &fit)


cdef tuple found(int status, const htst_tail_seen_t *seen, const htst_fit_t *fit):
    check(status)
    counts = fit.n, seen.zeros, seen.negative, seen.positive
    return counts, fit.n_tail, fit.xmin, fit.best.distance, fit.best.rate


cdef int require_room(int64_t n, int64_t n_work) except -1:
    if n < 1 or n_work < htst_fit_workspace(n):
        raise ValueError(f"work must have {htst_fit_workspace(n)} elements, n > 0")
    return 0
