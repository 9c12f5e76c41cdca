"""Bindings of htst_estimate: distinct values, and the estimate of each as xmin."""

from libc.stdint cimport int64_t

from htstats._core.htst_estimate cimport (
    HTST_ESTIMATE_BLOCK,
    HTST_ESTIMATE_GROUPS,
    htst_estimate_add_groups,
    htst_estimate_blocks,
    htst_estimate_distinct_f32,
    htst_estimate_distinct_f64,
    htst_estimate_groups,
    htst_estimate_groups_t,
    htst_estimate_mark_t,
    htst_estimate_marks,
    htst_estimate_part,
    htst_estimate_rates,
)
from htstats._core.status cimport check

BLOCK = HTST_ESTIMATE_BLOCK
WORDS_OF_GROUPS = 2 * HTST_ESTIMATE_GROUPS


def distinct_f32(const float[::1] x, double[::1] v, int64_t[::1] first):
    """Fill v and first from sorted values; returns the number of distinct values."""
    cdef int64_t n = x.shape[0], m = 0
    require_shapes(v.shape[0], n, first.shape[0])
    if n:
        with nogil:
            m = htst_estimate_distinct_f32(n, &x[0], &v[0], &first[0])
    return m


def distinct_f64(const double[::1] x, double[::1] v, int64_t[::1] first):
    """Fill v and first from sorted values; returns the number of distinct values."""
    cdef int64_t n = x.shape[0], m = 0
    require_shapes(v.shape[0], n, first.shape[0])
    if n:
        with nogil:
            m = htst_estimate_distinct_f64(n, &x[0], &v[0], &first[0])
    return m


def rates(
    const double[::1] v, const int64_t[::1] first, double xmax, double[::1] y, double[::1] rate,
):
    """Logarithms relative to the largest value, and the estimate of each candidate."""
    cdef int64_t m = v.shape[0]
    cdef int status
    if m == 0 or y.shape[0] != m or rate.shape[0] != m:
        raise ValueError("v, first, y, rate must have m, m + 1, m, m > 0 elements")
    require_shapes(m, m, first.shape[0])
    with nogil:
        status = htst_estimate_rates(m, &v[0], &first[0], xmax, &y[0], &rate[0])
    check(status)


def blocks(int64_t m):
    """The number of blocks of m > 0 values."""
    return htst_estimate_blocks(m)


def marks(const double[::1] v, const int64_t[::1] first, double[:, ::1] out):
    """The marks: a row of 4 words for each block, and one more row."""
    cdef int64_t m = v.shape[0]
    cdef int status
    require_shapes(m, m, first.shape[0])
    if m == 0 or out.shape[0] != htst_estimate_blocks(m) + 1 or out.shape[1] != 4:
        raise ValueError("out must have 4 words for each block and one more, and v values")
    with nogil:
        status = htst_estimate_marks(m, &v[0], &first[0], <htst_estimate_mark_t *> &out[0, 0])
    check(status)


def groups(
    const double[::1] v, const int64_t[::1] first, int64_t begin, int64_t end, double[:, ::1] out,
):
    """The groups of the blocks begin ... end - 1: a row of WORDS_OF_GROUPS for each block."""
    cdef int64_t m = v.shape[0]
    cdef int status
    require_shapes(m, m, first.shape[0])
    if m == 0 or not 0 <= begin < end <= htst_estimate_blocks(m) or (
            out.shape[0] != end - begin or out.shape[1] != 2 * HTST_ESTIMATE_GROUPS):
        raise ValueError("out must have a row for each block from begin to end, and v blocks")
    with nogil:
        status = htst_estimate_groups(
            m, &v[0], &first[0], begin, end, <htst_estimate_groups_t *> &out[0, 0])
    check(status)


def marks_of_groups(const double[:, ::1] given, double[:, ::1] out):
    """The marks below some blocks, from their groups and the mark above them, out[0].

    The mark above the first block is 0."""
    cdef int64_t n = given.shape[0]
    if n == 0 or given.shape[1] != 2 * HTST_ESTIMATE_GROUPS:
        raise ValueError("need a row of groups for each block")
    if out.shape[0] != n + 1 or out.shape[1] != 4:
        raise ValueError("out must have 4 words for each block and one more")
    with nogil:
        htst_estimate_add_groups(
            n, <const htst_estimate_groups_t *> &given[0, 0], <htst_estimate_mark_t *> &out[0, 0])


def part(
    const double[::1] v, const int64_t[::1] first, int64_t n, double[::1] mark, double[::1] y,
    double[::1] rate,
):
    """`rates` of all but the last value, in parts from the largest values down.

    `mark` carries the sums from part to part; it is 4 zeros before the first one."""
    cdef int64_t m = v.shape[0]
    cdef int status
    if m == 0 or first.shape[0] != m or y.shape[0] != m or rate.shape[0] != m:
        raise ValueError("v, first, y, rate must have the same length, not 0")
    if mark.shape[0] != 4:
        raise ValueError("mark must have 4 words")
    with nogil:
        status = htst_estimate_part(
            m, &v[0], &first[0], n, <htst_estimate_mark_t *> &mark[0], &y[0], &rate[0])
    check(status)


cdef int require_shapes(int64_t got, int64_t wanted, int64_t n_first) except -1:
    if got != wanted or n_first != wanted + 1:
        raise ValueError(f"need {wanted} values and {wanted + 1} counts, got {got} and {n_first}")
    return 0
