/* htst_discrete: the xmin scan of a discrete power law over sorted (integer, count) pairs.
 *
 * Candidate k is the integer x[k]; its tail is j >= k, n = N - first[k] values. The law there is
 * P(K = i) = i^-alpha / sum_{j = x[k]}^{top} j^-alpha, top infinite or the xmax of the data: the
 * zeta distribution (Clauset, Shalizi and Newman 2009, table 2.1), not its approximation by a
 * shifted continuous one. alpha solves E log(K/x[k]) = mean[k] (their eq. B.8).
 *
 * Distances. The law's distribution function steps at every integer, the sample's at x[j] alone.
 * Left: max over j >= k of abs(P(K < x[j]) - share of the tail below x[j]). Two-sided: also
 * abs(P(K <= x[j]) - share up to x[j]); as the sample's function is constant from x[j] to
 * x[j+1] - 1, that is the supremum over all integers.
 *
 * A count may be 0: a fixed xmin below the smallest value is such a pair. */
#ifndef HTST_DISCRETE_H
#define HTST_DISCRETE_H

#include "htst_common.h"

/* What one scan is about. x: integers as doubles, 1 <= x[0] < x[1] < ... <= top, at most 2^53;
 * first[0..m] = counts before each. alpha and norm as htst_discrete_estimate leaves them. */
typedef struct {
    int64_t m;
    const double *x;
    const int64_t *first;
    double top;
    const double *alpha, *norm;
    int is_two_sided;
} htst_discrete_t;

/* mean[k], the mean of log(x/x[k]) over the tail of k: 1 / rate of htst_estimate, to 9 units in the last
 * place, and what lies below a value changes no bit of its mean. ERRORS: BAD_ARG (m < 1, x[0] < 1, x not
 * increasing, x not whole or above 2^53, first[0] not 0, first falling), TOO_FEW (N = 0). */
int htst_discrete_means(int64_t m, const double *x, const int64_t *first, double *mean);

/* alpha[k - begin] and norm[k - begin] = Z(alpha, x[k], top) for k in [begin, end), by Newton's
 * method; where top is finite from the estimate of the candidate before. NaN where there is no estimate above alpha_low
 * (>= 0; >= 1 if top is infinite): where the tail is one value, and in a truncated law where the
 * values crowd at the top. ACCURACY: alpha to 1e-12 relative, against mpmath (tests); where top is
 * finite also 1e-14 / log((top + 1)/x[k]), as alpha hardly moves a mean over a short range.
 * ERRORS: BAD_ARG, NO_CONVERGENCE. */
int htst_discrete_estimate(const double *x, const double *mean, int64_t begin, int64_t end,
    double top, double alpha_low, double *alpha, double *norm);

/* The first candidate in [begin, end) whose D is within `tolerance` of the smallest, among those
 * with an estimate; *best_k = -1 if there is none. Exact: equal to computing every D. A candidate
 * dies at the first place where its distance exceeds the best known one by more than the
 * tolerance, and a segment is skipped if its ends bound the distance inside. */
void htst_discrete_best(const htst_discrete_t *scan, int64_t begin, int64_t end, double tolerance,
    int64_t *best_k, double *best_distance);

/* The same where the law has no end (scan->top is infinite), for many candidates: their estimates are
 * made where they are looked at, from the means of htst_discrete_means, and scan->alpha and
 * scan->norm are not used. Whole ranges of candidates are excluded at places where all their distances
 * show. With M(s, q) the mean of log(K/q) on q, q + 1, ... and P(K = k) ~ k^-s: it falls with s, and
 * grows with q, so that the estimates between candidates a and b lie between that of the largest mean
 * at x[a] and that of the smallest mean at x[b]; P(K >= x[j]) falls with s and grows with q too.
 *
 * That M grows: u = q t, of the density ~ u^(s-2) e^-u g(u), g(u) = u / (1 - e^(-u/q)) (Hurwitz's
 * integral), has the mean h(s) = q s zeta(s+1, q) / zeta(s, q), and q dM/dq = h'(s) - 1 =
 * Cov(u, log u) - 1. By parts Cov(u - r(u), log u) = 1 with r = u g'/g = 1 - v / (e^v - 1), v = u/q,
 * which grows with u: its covariance with log u is not negative.
 *
 * ERRORS: BAD_ARG, NO_CONVERGENCE. */
typedef struct {
    int64_t k;
    double distance, alpha;
} htst_discrete_best_t;

int htst_discrete_search(const htst_discrete_t *scan, const double *mean, double alpha_low,
    int64_t begin, int64_t end, double tolerance, htst_discrete_best_t *best);

/* D of every candidate in [begin, end); NaN without an estimate. */
void htst_discrete_curve(
    const htst_discrete_t *scan, int64_t begin, int64_t end, double *distances);

#endif
