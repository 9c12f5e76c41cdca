/* htst_discrete: the candidate for xmin whose discrete power law is closest to a sample of
 * integers.
 *
 * The sample is m pairs of an integer and its count. Candidate k is the integer x[k]. Its tail is
 * the pairs j >= k, which hold n = N - first[k] values. Its law is P(K = i) = i^-alpha /
 * sum_{j = x[k]}^{top} j^-alpha, where `top` is infinite or the xmax of the data. This is the zeta
 * distribution (Clauset, Shalizi and Newman 2009, table 2.1), not its approximation by a shifted
 * continuous law. alpha solves E log(K / x[k]) = mean[k] (their eq. B.8).
 *
 * Distances. The law's distribution function steps at every integer, the sample's only at the x[j].
 * The left distance is the maximum over j >= k of abs(P(K < x[j]) - proportion of the tail below
 * x[j]). The two-sided distance also includes abs(P(K <= x[j]) - proportion up to x[j]). The
 * sample's function is constant from x[j] to x[j+1] - 1, so the two-sided distance is the supremum
 * over all integers.
 *
 * METHOD: a candidate is dropped at the first value where its distance exceeds the smallest so far
 * by more than the tolerance. Values where earlier candidates were dropped are tried first. A
 * segment of values is skipped if its ends bound the distance inside. The result therefore equals
 * that of computing every distance.
 * ACCURACY: alpha to 1e-12, relative, against mpmath (tests/test_exact_fit_discrete.py); if top is
 * finite also 1e-14 / log((top + 1) / x[k]), because alpha hardly moves a mean over a short range.
 *
 * A count may be 0: a fixed xmin below the smallest value is such a pair. */
#ifndef HTST_DISCRETE_H
#define HTST_DISCRETE_H

#include "htst_common.h"

/* A sample and its estimates. All arrays are the caller's. */
typedef struct {
    int64_t m;
    const double *x;      /* [m] integers, 1 <= x[0] < x[1] < ... <= top, at most 2^53 */
    const int64_t *first; /* [m + 1] number of values below each x[j]; first[m] = N */
    double top;           /* the largest integer of the law, or INFINITY */
    const double *alpha;  /* from candidate `begin` on, written by htst_discrete_estimate */
    const double *norm;
    int is_two_sided; /* which distance: 0 left, 1 two-sided */
} htst_discrete_t;

/* Set mean[k], for all m candidates, to the mean of log(x / x[k]) over the tail of candidate k. It
 * is 1 / rate of htst_estimate.h. Values below x[k] change no bit of mean[k].
 * METHOD: as htst_estimate.h. ACCURACY: 9 units in the last place.
 * ERRORS: HTST_ERR_BAD_ARG (m < 1, x[0] < 1, x not increasing, not whole or above 2^53, first[0]
 * not 0, first falling), HTST_ERR_TOO_FEW (N = 0). */
int htst_discrete_means(int64_t m, const double *x, const int64_t *first, double *mean);

/* Compute the estimates of the candidates k in [begin, end): alpha[k - begin], and norm[k - begin]
 * = Z(alpha, x[k], top) of htst_zeta.h. x, mean: of all candidates. top: the largest integer of the
 * law, or INFINITY. alpha_low: at least 0, at least 1 if top is infinite. Both results are NaN for
 * a candidate without an estimate above alpha_low, that is if the tail is one value, or if the
 * values of a truncated law lie too close to the top: nearer than, or within rounding as near as,
 * those of alpha_low.
 * METHOD: Newton's method; if top is finite, it starts from the estimate of the previous candidate.
 * ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG (begin, end or alpha_low), HTST_ERR_NO_CONVERGENCE. */
int htst_discrete_estimate(const double *x, const double *mean, int64_t begin, int64_t end,
    double top, double alpha_low, double *alpha, double *norm);

/* Find the lowest candidate in [begin, end) that has an estimate and whose distance D exceeds the
 * smallest by at most `tolerance`. Set *best_k to its index and *best_distance to its D, or to -1
 * and INFINITY if there is none. METHOD, ACCURACY: above. ERRORS: none. */
void htst_discrete_best(const htst_discrete_t *scan, int64_t begin, int64_t end, double tolerance,
    int64_t *best_k, double *best_distance);

/* A candidate, its distance and its exponent; -1, INFINITY and NaN if there is no candidate. */
typedef struct {
    int64_t k;
    double distance, alpha;
} htst_discrete_best_t;

/* The same as htst_discrete_best for a law without an upper end (scan->top is INFINITY) and many
 * candidates. Estimates are computed only for the candidates that are evaluated, from the means of
 * htst_discrete_means; scan->alpha and scan->norm are not used.
 *
 * METHOD: a whole range of candidates is excluded at a probe point where the distances of all of
 * them exceed the limit. Let M(s, q) be the mean of log(K / q) on q, q + 1, ... with P(K = k) ~
 * k^-s. M falls with s and grows with q, so the estimates between candidates a and b lie between
 * that of the largest mean at x[a] and that of the smallest mean at x[b]; P(K >= x[j]) falls with
 * s and grows with q too.
 *
 * Why M grows with q: u = q t, of the density ~ u^(s-2) e^-u g(u), g(u) = u / (1 - e^(-u/q))
 * (Hurwitz's integral), has the mean h(s) = q s zeta(s+1, q) / zeta(s, q), and q dM/dq = h'(s) - 1
 * = Cov(u, log u) - 1. By parts Cov(u - r(u), log u) = 1 with r = u g'/g = 1 - v / (e^v - 1), v =
 * u/q, which grows with u: its covariance with log u is not negative.
 *
 * ERRORS: HTST_ERR_BAD_ARG (begin, end, a finite top, alpha_low < 1), HTST_ERR_NO_CONVERGENCE. */
int htst_discrete_search(const htst_discrete_t *scan, const double *mean, double alpha_low,
    int64_t begin, int64_t end, double tolerance, htst_discrete_best_t *best);

/* Set distances[k - begin] to D of each candidate k in [begin, end), NaN for a candidate without an
 * estimate. METHOD, ACCURACY: above. ERRORS: none. */
void htst_discrete_curve(
    const htst_discrete_t *scan, int64_t begin, int64_t end, double *distances);

#endif /* HTST_DISCRETE_H */
