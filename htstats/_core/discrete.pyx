"""Bindings of htst_discrete: the search for xmin among integers, with the zeta distribution."""

from libc.stdint cimport int64_t

from htstats._core.htst_discrete cimport (
    htst_discrete_best,
    htst_discrete_best_t,
    htst_discrete_curve,
    htst_discrete_estimate,
    htst_discrete_means,
    htst_discrete_search,
    htst_discrete_t,
)
from htstats._core.status cimport check


def means(const double[::1] x, const int64_t[::1] first, double[::1] mean):
    """The mean of log(x[j]/x[k]) over each tail; `first`: the counts below each value."""
    cdef int64_t m = x.shape[0]
    cdef int status
    if m == 0 or first.shape[0] != m + 1 or mean.shape[0] != m:
        raise ValueError("x, first, mean must have m, m + 1, m > 0 elements")
    with nogil:
        status = htst_discrete_means(m, &x[0], &first[0], &mean[0])
    check(status)


def estimate(
    const double[::1] x, const double[::1] mean, int64_t begin, double top, double alpha_low,
    double[::1] alpha, double[::1] norm,
):
    """alpha and its normalising sum, for the candidates from `begin` on."""
    cdef int64_t m = x.shape[0], size = alpha.shape[0]
    cdef int status
    if mean.shape[0] != m or norm.shape[0] != size or begin < 0 or begin + size > m:
        raise ValueError(f"need begin + {size} <= {m}, got begin = {begin}")
    if size == 0:
        return
    with nogil:
        status = htst_discrete_estimate(
            &x[0], &mean[0], begin, begin + size, top, alpha_low, &alpha[0], &norm[0])
    check(status)


def best(
    const double[::1] x, const int64_t[::1] first, double top, bint is_two_sided, int64_t begin,
    const double[::1] alpha, const double[::1] norm, double tolerance,
):
    """(index, distance) of the first candidate within `tolerance` of the best; -1 for none."""
    cdef int64_t k = -1, end = begin + alpha.shape[0]
    cdef double distance = 0
    cdef htst_discrete_t scan
    _check_range(x.shape[0], first.shape[0], begin, alpha.shape[0], norm.shape[0])
    if begin == end:
        return -1, float("inf")
    scan = htst_discrete_t(
        x.shape[0], &x[0], &first[0], top, &alpha[0], &norm[0], is_two_sided)
    with nogil:
        htst_discrete_best(&scan, begin, end, tolerance, &k, &distance)
    return k, distance


def search(
    const double[::1] x, const int64_t[::1] first, const double[::1] mean, bint is_two_sided,
    double alpha_low, int64_t begin, int64_t end, double tolerance,
):
    """(index, distance, alpha) of the same candidate for an unbounded law, from the means."""
    cdef htst_discrete_best_t found = htst_discrete_best_t(-1, 0, 0)
    cdef htst_discrete_t scan
    cdef int64_t m = x.shape[0]
    cdef int status
    if m == 0 or first.shape[0] != m + 1 or mean.shape[0] != m or not 0 <= begin <= end <= m:
        raise ValueError(f"need m + 1 counts, m means, 0 <= begin <= end <= {m}, got {begin}, {end}")
    scan = htst_discrete_t(m, &x[0], &first[0], float("inf"), NULL, NULL, is_two_sided)
    with nogil:
        status = htst_discrete_search(
            &scan, &mean[0], alpha_low, begin, end, tolerance, &found)
    check(status)
    return found.k, found.distance, found.alpha


def curve(
    const double[::1] x, const int64_t[::1] first, double top, bint is_two_sided, int64_t begin,
    const double[::1] alpha, const double[::1] norm, double[::1] distances,
):
    """The distance of every candidate from `begin` on."""
    cdef htst_discrete_t scan
    cdef int64_t end = begin + alpha.shape[0]
    _check_range(x.shape[0], first.shape[0], begin, alpha.shape[0], norm.shape[0])
    if distances.shape[0] != alpha.shape[0]:
        raise ValueError(f"distances must have {alpha.shape[0]} elements")
    if begin == end:
        return
    scan = htst_discrete_t(
        x.shape[0], &x[0], &first[0], top, &alpha[0], &norm[0], is_two_sided)
    with nogil:
        htst_discrete_curve(&scan, begin, end, &distances[0])


def _check_range(int64_t m, int64_t n_first, int64_t begin, int64_t n_alpha, int64_t n_norm):
    if n_first != m + 1 or n_norm != n_alpha or begin < 0 or begin + n_alpha > m:
        raise ValueError(f"need m + 1 counts and begin + {n_alpha} <= {m}, got {n_first}, {begin}")
