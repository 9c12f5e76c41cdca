"""The xmin scan over sorted (log value, count) pairs, and refits of random samples."""

from libc.stdint cimport int64_t, uint64_t

from htstats._core.status cimport check

cdef extern from "htst_scan.h" nogil:
    int htst_scan_prepare(
        int64_t m, const double *y, const int64_t *count, int64_t *first, double *alpha) noexcept
    void htst_scan_best(
        int64_t m, const double *y, const int64_t *first, const double *alpha, int64_t begin,
        int64_t end, double alpha_low, double alpha_high, double sigma_below, int64_t *best_k,
        double *best_distance) noexcept
    void htst_scan_curve(
        int64_t m, const double *y, const int64_t *first, const double *alpha, int64_t begin,
        int64_t end, double *d_plus, double *d_minus) noexcept
    int64_t htst_scan_refits_workspace(int64_t n) noexcept
    int htst_scan_refits(
        int64_t n, int64_t n_head, const double *y_head, double log_xmin, double alpha, int refit,
        uint64_t seed, int64_t replicate, int64_t n_replicates, void *workspace,
        double *distances, double *alphas, double *log_xmins) noexcept


def prepare(const double[::1] y, const int64_t[::1] count, int64_t[::1] first, double[::1] alpha):
    """Counts before each value, and the estimate of each candidate."""
    cdef int64_t m = y.shape[0]
    cdef int status
    if m == 0 or count.shape[0] != m or first.shape[0] != m + 1 or alpha.shape[0] != m:
        raise ValueError("y, count, first, alpha must have m, m, m + 1, m > 0 elements")
    with nogil:
        status = htst_scan_prepare(m, &y[0], &count[0], &first[0], &alpha[0])
    check(status)


def best(
    const double[::1] y, const int64_t[::1] first, const double[::1] alpha, int64_t begin,
    int64_t end, double alpha_low, double alpha_high, double sigma_below,
):
    """(index, distance) of the first best candidate; index -1 if none is allowed."""
    cdef int64_t k = -1
    cdef double distance = 0
    _check_range(y.shape[0], first.shape[0], alpha.shape[0], begin, end)
    with nogil:
        htst_scan_best(
            y.shape[0], &y[0], &first[0], &alpha[0], begin, end, alpha_low, alpha_high,
            sigma_below, &k, &distance)
    return k, distance


def curve(
    const double[::1] y, const int64_t[::1] first, const double[::1] alpha, int64_t begin,
    int64_t end, double[::1] d_plus, double[::1] d_minus,
):
    """D+ and D- of the candidates begin ... end - 1."""
    _check_range(y.shape[0], first.shape[0], alpha.shape[0], begin, end)
    if d_plus.shape[0] != end - begin or d_minus.shape[0] != end - begin:
        raise ValueError(f"outputs must have {end - begin} elements")
    if begin == end:
        return
    with nogil:
        htst_scan_curve(
            y.shape[0], &y[0], &first[0], &alpha[0], begin, end, &d_plus[0], &d_minus[0])


def refits(
    int64_t n, const double[::1] y_head, double log_xmin, double alpha, bint refit, uint64_t seed,
    int64_t replicate, double[::1] distances, double[::1] alphas, double[::1] log_xmins,
):
    """Fill distances, alphas, log_xmins with the refits from `replicate` on."""
    cdef int64_t n_head = y_head.shape[0], size = distances.shape[0]
    cdef int status
    if alphas.shape[0] != size or log_xmins.shape[0] != size:
        raise ValueError("distances, alphas, log_xmins must have the same length")
    if size == 0:
        return
    cdef const double *head = &y_head[0] if n_head else NULL
    cdef double[::1] workspace = _empty(htst_scan_refits_workspace(n) // 8)
    with nogil:
        status = htst_scan_refits(
            n, n_head, head, log_xmin, alpha, refit, seed, replicate, size, &workspace[0],
            &distances[0], &alphas[0], &log_xmins[0])
    check(status)


def _empty(int64_t size):
    from array import array
    return array("d", bytes(8 * size))


def _check_range(int64_t m, int64_t n_first, int64_t n_alpha, int64_t begin, int64_t end):
    if m == 0 or n_first != m + 1 or n_alpha != m or not 0 <= begin <= end <= m:
        raise ValueError(f"need 0 <= begin <= end <= {m}, got {begin} and {end}")
