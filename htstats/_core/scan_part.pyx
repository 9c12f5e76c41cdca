"""Bindings of the steps of htst_scan_best, which threads can do for ranges of candidates."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t

from htstats._core.htst_estimate cimport htst_estimate_blocks, htst_estimate_mark_t
from htstats._core.htst_scan cimport (
    htst_scan_allowed_t,
    htst_scan_best_t,
    htst_scan_part,
    htst_scan_prepare,
    htst_scan_step_t,
    htst_scan_workspace,
)
from htstats._core.htst_scan_input cimport htst_scan_t

FEW, SOME, LEAST, LOWEST = 0, 1, 2, 3


def prepare(
    const double[::1] v, const int64_t[::1] first, const double[:, ::1] marks, bint two_sided,
    int64_t begin, double[::1] work,
):
    """Fill the workspace for candidates from `begin` on."""
    cdef htst_scan_t scan = make_scan(v, first, marks, two_sided, work.shape[0])
    if not 0 <= begin < scan.m - 1:
        raise ValueError(f"need 0 <= begin < {scan.m - 1}, got {begin}")
    with nogil:
        htst_scan_prepare(&scan, begin, &work[0])


def part(
    const double[::1] v, const int64_t[::1] first, const double[:, ::1] marks, bint two_sided,
    int64_t prepared, double[::1] work, int step, int64_t begin, int64_t end, double alpha_low,
    double limit,
):
    """(index, distance, rate) of the candidate that a step finds; index -1 if there is none.

    `work` is a copy of the workspace that was filled for `prepared`."""
    cdef htst_scan_t scan = make_scan(v, first, marks, two_sided, work.shape[0])
    cdef htst_scan_allowed_t allowed = htst_scan_allowed_t(
        begin, end, alpha_low, INFINITY, INFINITY)
    cdef htst_scan_best_t found
    if not 0 <= prepared <= begin <= end <= scan.m or not FEW <= step <= LOWEST:
        raise ValueError(f"need 0 <= prepared <= begin <= end <= {scan.m} and a step, got "
                         f"{prepared}, {begin}, {end} and {step}")
    with nogil:
        found = htst_scan_part(
            &scan, &allowed, <htst_scan_step_t> step, limit, prepared, &work[0])
    return found.k, found.distance, found.rate


cdef htst_scan_t make_scan(
    const double[::1] v, const int64_t[::1] first, const double[:, ::1] marks, bint two_sided,
    int64_t room,
) except *:
    cdef htst_scan_t scan
    cdef int64_t m = v.shape[0]
    if m == 0 or first.shape[0] != m + 1 or marks.shape[0] != htst_estimate_blocks(m) + 1 or (
            marks.shape[1] != 4):
        raise ValueError("v, first, marks must have m, m + 1, blocks + 1 rows, m > 0")
    if room < htst_scan_workspace(m):
        raise ValueError(f"work must have {htst_scan_workspace(m)} words, got {room}")
    scan.m, scan.v, scan.y, scan.first, scan.rate = m, &v[0], NULL, &first[0], NULL
    scan.xmax, scan.two_sided = INFINITY, two_sided
    scan.marks = <const htst_estimate_mark_t *> &marks[0, 0]
    return scan
