"""Bindings of htst_estimate and of the steps of htst_scan_best, for float32 and 32-bit counts."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint32_t

from htstats._core.htst_estimate cimport (
    HTST_ESTIMATE_GROUPS,
    htst_estimate_blocks,
    htst_estimate_groups_narrow,
    htst_estimate_groups_t,
    htst_estimate_mark_t,
)
from htstats._core.htst_scan cimport (
    htst_scan_allowed_t,
    htst_scan_best_t,
    htst_scan_part,
    htst_scan_prepare,
    htst_scan_step_t,
    htst_scan_workspace,
)
from htstats._core.htst_scan_input cimport htst_scan_narrow_t
from htstats._core.status cimport check


def groups(
    const float[::1] v, const uint32_t[::1] first, int64_t begin, int64_t end, double[:, ::1] out,
):
    """`estimate.groups` of narrow arrays."""
    cdef int64_t m = v.shape[0]
    cdef int status
    if m == 0 or first.shape[0] != m + 1 or not 0 <= begin < end <= htst_estimate_blocks(m) or (
            out.shape[0] != end - begin or out.shape[1] != 2 * HTST_ESTIMATE_GROUPS):
        raise ValueError("out must have a row for each block from begin to end, v blocks, and "
                         "first one count more than v values")
    with nogil:
        status = htst_estimate_groups_narrow(
            m, &v[0], &first[0], begin, end, <htst_estimate_groups_t *> &out[0, 0])
    check(status)


def prepare(
    const float[::1] v, const uint32_t[::1] first, const double[:, ::1] marks, bint two_sided,
    int64_t begin, double[::1] work,
):
    """`scan_part.prepare` of narrow arrays."""
    cdef htst_scan_narrow_t narrow = make_scan(v, first, marks, two_sided, work.shape[0])
    if not 0 <= begin < narrow.scan.m - 1:
        raise ValueError(f"need 0 <= begin < {narrow.scan.m - 1}, got {begin}")
    with nogil:
        htst_scan_prepare(&narrow.scan, begin, &work[0])


def part(
    const float[::1] v, const uint32_t[::1] first, const double[:, ::1] marks, bint two_sided,
    int64_t prepared, double[::1] work, int step, int64_t begin, int64_t end, double alpha_low,
    double limit,
):
    """`scan_part.part` of narrow arrays."""
    cdef htst_scan_narrow_t narrow = make_scan(v, first, marks, two_sided, work.shape[0])
    cdef htst_scan_allowed_t allowed = htst_scan_allowed_t(
        begin, end, alpha_low, INFINITY, INFINITY)
    cdef htst_scan_best_t found
    if not 0 <= prepared <= begin <= end <= narrow.scan.m or not 0 <= step <= 3:
        raise ValueError(f"need 0 <= prepared <= begin <= end <= {narrow.scan.m} and a step, got "
                         f"{prepared}, {begin}, {end} and {step}")
    with nogil:
        found = htst_scan_part(
            &narrow.scan, &allowed, <htst_scan_step_t> step, limit, prepared, &work[0])
    return found.k, found.distance, found.rate


cdef htst_scan_narrow_t make_scan(
    const float[::1] v, const uint32_t[::1] first, const double[:, ::1] marks, bint two_sided,
    int64_t room,
) except *:
    cdef htst_scan_narrow_t narrow
    cdef int64_t m = v.shape[0]
    if m == 0 or first.shape[0] != m + 1 or marks.shape[0] != htst_estimate_blocks(m) + 1 or (
            marks.shape[1] != 4):
        raise ValueError("v, first, marks must have m, m + 1, blocks + 1 rows, m > 0")
    if room < htst_scan_workspace(m):
        raise ValueError(f"work must have {htst_scan_workspace(m)} words, got {room}")
    narrow.scan.m, narrow.v, narrow.first = m, &v[0], &first[0]
    narrow.scan.v = narrow.scan.y = narrow.scan.rate = NULL
    narrow.scan.first = NULL
    narrow.scan.xmax, narrow.scan.two_sided = INFINITY, two_sided
    narrow.scan.marks = <const htst_estimate_mark_t *> &marks[0, 0]
    return narrow
