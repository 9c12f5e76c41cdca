"""Bindings of htst_scan: the search for xmin among distinct values, with the counts below each."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t

from htstats._core.htst_estimate cimport htst_estimate_blocks, htst_estimate_mark_t
from htstats._core.htst_scan cimport (
    htst_scan_allowed_t,
    htst_scan_best,
    htst_scan_best_t,
    htst_scan_curve,
    htst_scan_within,
    htst_scan_workspace,
)
from htstats._core.htst_scan_input cimport htst_scan_t
from htstats._core.htst_truncated cimport htst_truncated_mean


def workspace(int64_t m):
    """The size of the workspace for m values, in doubles."""
    return htst_scan_workspace(m)


def best(
    const double[::1] v, const double[::1] y, const int64_t[::1] first, const double[::1] rate,
    double xmax, bint two_sided, int64_t begin, int64_t end, double alpha_low, double alpha_high,
    double sigma_below, double tolerance, double[::1] work,
):
    """(index, distance, rate) of the first best candidate; index -1 if none is allowed."""
    cdef htst_scan_t scan = make_scan(v, y, first, rate, xmax, two_sided, begin, end)
    cdef htst_scan_allowed_t allowed = htst_scan_allowed_t(
        begin, end, alpha_low, alpha_high, sigma_below)
    cdef htst_scan_best_t found
    require_room(work.shape[0], scan.m)
    with nogil:
        found = htst_scan_best(&scan, &allowed, tolerance, &work[0])
    return found.k, found.distance, found.rate


def best_of_marks(
    const double[::1] v, const int64_t[::1] first, const double[:, ::1] marks, bint two_sided,
    int64_t begin, int64_t end, double alpha_low, double tolerance, double[::1] work,
):
    """As `best`, from the marks of blocks."""
    cdef htst_scan_t scan
    cdef htst_scan_allowed_t allowed = htst_scan_allowed_t(
        begin, end, alpha_low, INFINITY, INFINITY)
    cdef htst_scan_best_t found
    cdef int64_t m = v.shape[0]
    if m == 0 or first.shape[0] != m + 1 or marks.shape[0] != htst_estimate_blocks(m) + 1 or (
            marks.shape[1] != 4):
        raise ValueError("v, first, marks must have m, m + 1, blocks + 1 rows, m > 0")
    if not 0 <= begin <= end <= m:
        raise ValueError(f"need 0 <= begin <= end <= {m}, got {begin} and {end}")
    require_room(work.shape[0], m)
    scan.m, scan.v, scan.y, scan.first, scan.rate = m, &v[0], NULL, &first[0], NULL
    scan.xmax, scan.two_sided = INFINITY, two_sided
    scan.marks = <const htst_estimate_mark_t *> &marks[0, 0]
    with nogil:
        found = htst_scan_best(&scan, &allowed, tolerance, &work[0])
    return found.k, found.distance, found.rate


def within(
    const double[::1] v, const double[::1] y, const int64_t[::1] first, const double[::1] rate,
    int64_t begin, int64_t end, int64_t step, double limit, int64_t[::1] found,
    double[::1] distance, double[::1] work,
):
    """Find every step-th candidate with alpha above 1 and a left distance of at most `limit`.
    Returns their number."""
    cdef htst_scan_t scan = make_scan(v, y, first, rate, INFINITY, False, begin, end)
    cdef htst_scan_allowed_t allowed = htst_scan_allowed_t(begin, end, 1, INFINITY, INFINITY)
    cdef int64_t m = 0, room = found.shape[0]
    if distance.shape[0] != room or step < 1:
        raise ValueError("found and distance must have the same length, and step must be positive")
    require_room(work.shape[0], scan.m)
    if room:
        with nogil:
            m = htst_scan_within(
                &scan, &allowed, step, limit, room, &found[0], &distance[0], &work[0])
    return m


def curve(
    const double[::1] v, const double[::1] y, const int64_t[::1] first, const double[::1] rate,
    double xmax, bint two_sided, int64_t begin, int64_t end, double[::1] d_plus,
    double[::1] d_minus,
):
    """Write D+ and D- of the candidates begin ... end - 1."""
    cdef htst_scan_t scan = make_scan(v, y, first, rate, xmax, two_sided, begin, end)
    if d_plus.shape[0] != end - begin or d_minus.shape[0] != end - begin:
        raise ValueError(f"outputs must have {end - begin} elements")
    if begin == end:
        return
    with nogil:
        htst_scan_curve(&scan, begin, end, &d_plus[0], &d_minus[0])


def truncated_mean(double u):
    """The mean of a truncated exponential variable, in units of its range; u: its rate, in
    the inverse of this unit."""
    return htst_truncated_mean(u)


cdef int require_room(int64_t got, int64_t m) except -1:
    if got < htst_scan_workspace(m):
        raise ValueError(f"work must have {htst_scan_workspace(m)} words, got {got}")
    return 0


cdef htst_scan_t make_scan(
    const double[::1] v, const double[::1] y, const int64_t[::1] first, const double[::1] rate,
    double xmax, bint two_sided, int64_t begin, int64_t end,
) except *:
    cdef htst_scan_t scan
    cdef int64_t m = v.shape[0]
    if m == 0 or first.shape[0] != m + 1 or y.shape[0] != m or rate.shape[0] != m:
        raise ValueError("v, y, first, rate must have m, m, m + 1, m > 0 elements")
    if not 0 <= begin <= end <= m:
        raise ValueError(f"need 0 <= begin <= end <= {m}, got {begin} and {end}")
    scan.m = m
    scan.v, scan.y, scan.first, scan.rate = &v[0], &y[0], &first[0], &rate[0]
    scan.xmax = xmax
    scan.two_sided = two_sided
    scan.marks = NULL
    return scan
