"""Bindings of htst_scan: the xmin scan over distinct values and the counts before each."""

from libc.stdint cimport int64_t

from htstats._core.status cimport check

cdef extern from "htst_scan.h" nogil:
    ctypedef struct htst_scan_t:
        int64_t m
        const double *v
        const double *y
        const int64_t *first
        const double *rate
        double xmax
        int two_sided
    ctypedef struct htst_scan_allowed_t:
        int64_t begin, end
        double alpha_low, alpha_high, sigma_below
    int64_t htst_scan_distinct_f32(
        int64_t n, const float *x, double *v, int64_t *first) noexcept
    int64_t htst_scan_distinct_f64(
        int64_t n, const double *x, double *v, int64_t *first) noexcept
    int htst_scan_prepare(
        int64_t m, const double *v, const int64_t *first, double xmax, double *y,
        double *rate) noexcept
    void htst_scan_best(
        const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double tolerance,
        int64_t *best_k, double *best_distance) noexcept
    void htst_scan_curve(
        const htst_scan_t *scan, int64_t begin, int64_t end, double *d_plus,
        double *d_minus) noexcept

cdef extern from "htst_truncated.h" nogil:
    double htst_truncated_mean(double u) noexcept


def distinct_f32(const float[::1] x, double[::1] v, int64_t[::1] first):
    """Fill v and first from sorted values; returns how many are distinct."""
    cdef int64_t n = x.shape[0], m = 0
    shaped(v.shape[0], n, first.shape[0])
    if n:
        with nogil:
            m = htst_scan_distinct_f32(n, &x[0], &v[0], &first[0])
    return m


def distinct_f64(const double[::1] x, double[::1] v, int64_t[::1] first):
    """Fill v and first from sorted values; returns how many are distinct."""
    cdef int64_t n = x.shape[0], m = 0
    shaped(v.shape[0], n, first.shape[0])
    if n:
        with nogil:
            m = htst_scan_distinct_f64(n, &x[0], &v[0], &first[0])
    return m


def prepare(
    const double[::1] v, const int64_t[::1] first, double xmax, double[::1] y, double[::1] rate,
):
    """Logarithms relative to the largest value, and the estimate of each candidate."""
    cdef int64_t m = v.shape[0]
    cdef int status
    if m == 0 or y.shape[0] != m or rate.shape[0] != m:
        raise ValueError("v, first, y, rate must have m, m + 1, m, m > 0 elements")
    shaped(m, m, first.shape[0])
    with nogil:
        status = htst_scan_prepare(m, &v[0], &first[0], xmax, &y[0], &rate[0])
    check(status)


def best(
    const double[::1] v, const double[::1] y, const int64_t[::1] first, const double[::1] rate,
    double xmax, bint two_sided, int64_t begin, int64_t end, double alpha_low, double alpha_high,
    double sigma_below, double tolerance,
):
    """(index, distance) of the first best candidate; index -1 if none is allowed."""
    cdef htst_scan_t scan = filled(v, y, first, rate, xmax, two_sided, begin, end)
    cdef htst_scan_allowed_t allowed
    cdef int64_t k = -1
    cdef double distance = 0
    allowed.begin, allowed.end = begin, end
    allowed.alpha_low, allowed.alpha_high = alpha_low, alpha_high
    allowed.sigma_below = sigma_below
    with nogil:
        htst_scan_best(&scan, &allowed, tolerance, &k, &distance)
    return k, distance


def curve(
    const double[::1] v, const double[::1] y, const int64_t[::1] first, const double[::1] rate,
    double xmax, bint two_sided, int64_t begin, int64_t end, double[::1] d_plus,
    double[::1] d_minus,
):
    """D+ and D- of the candidates begin ... end - 1."""
    cdef htst_scan_t scan = filled(v, y, first, rate, xmax, two_sided, begin, end)
    if d_plus.shape[0] != end - begin or d_minus.shape[0] != end - begin:
        raise ValueError(f"outputs must have {end - begin} elements")
    if begin == end:
        return
    with nogil:
        htst_scan_curve(&scan, begin, end, &d_plus[0], &d_minus[0])


def truncated_mean(double u):
    """Mean of a truncated exponential variable in units of its range, u its rate in them."""
    return htst_truncated_mean(u)


cdef int shaped(int64_t got, int64_t wanted, int64_t n_first) except -1:
    if got != wanted or n_first != wanted + 1:
        raise ValueError(f"need {wanted} values and {wanted + 1} counts, got {got} and {n_first}")
    return 0


cdef htst_scan_t filled(
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
    return scan
