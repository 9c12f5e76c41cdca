/* htst_scan: the xmin scan of a continuous power law over distinct values and their counts.
 *
 * Candidate k is the value v[k]; its tail is j >= k, n = N - first[k] values. With
 * S_k = sum_{j >= k} count_j log(v_j / v_k):  rate_k = alpha_k - 1 = n / S_k (Clauset, Shalizi and
 * Newman 2009, eq. 3.1), F_j = 1 - (v_j / v_k)^-rate_k. The empirical distribution is E_j =
 * (first[j] - first[k]) / n just below v_j and E'_j = (first[j + 1] - first[k]) / n at it.
 *
 *     left:       D+ = max(F - E), D- = max(E - F)
 *     two-sided:  D+ = max(F - E), D- = max(E' - F), the supremum over all points
 *
 * and D is the larger. With an upper end xmax the law is the truncated one, see htst_truncated.h,
 * and rate may have any sign.
 *
 * METHOD: distances are bounded by a quick evaluation in logarithms relative to the largest value,
 * whose error is bounded too; what the bounds cannot decide is evaluated from the values alone. So
 * a distance is the same to the bit whichever candidates, bounds or smaller values were there.
 * ACCURACY: rate to 4 units in the last place (as a root, with xmax: of max(1, rate log(xmax/v_k))
 * units), D to 1e-15.
 *
 * A count may be 0: a fixed xmin below the smallest value is such a pair. */
#ifndef HTST_SCAN_H
#define HTST_SCAN_H

#include "htst_common.h"

typedef struct {
    int64_t m;
    const double *v;      /* positive, finite, increasing; NULL: only the logarithms are known */
    const double *y;      /* their logarithms, relative to any common value */
    const int64_t *first; /* [m + 1] counts before each value; first[m] = N */
    const double *rate;
    double xmax;          /* INFINITY: none; else v must be there, and v[m - 1] <= xmax */
    int two_sided;
} htst_scan_t;

/* Which candidates: [begin, end), alpha_low < alpha <= alpha_high, (alpha - 1) / sqrt(n) <
 * sigma_below. */
typedef struct {
    int64_t begin, end;
    double alpha_low, alpha_high, sigma_below;
} htst_scan_allowed_t;

/* Distinct values of a sorted array, widened, and first[0..m]; returns m. Rooms of n and n + 1. */
int64_t htst_scan_distinct_f32(int64_t n, const float *x, double *v, int64_t *first);
int64_t htst_scan_distinct_f64(int64_t n, const double *x, double *v, int64_t *first);

/* y and rate from values and first; rate[m - 1] is infinite.
 * ERRORS: BAD_ARG (m < 1, v not positive or not increasing, first falling, xmax below v[m - 1]),
 * TOO_FEW (N = 0). */
int htst_scan_prepare(int64_t m, const double *v, const int64_t *first, double xmax, double *y,
    double *rate);

/* The same where only logarithms are known. ERRORS: as above, for y. */
int htst_scan_prepare_logs(int64_t m, const double *y, const int64_t *first, double *rate);

/* The first allowed candidate whose D is at most `tolerance` above the smallest; *best_k = -1 if
 * there is none. Exact: equal to computing every D. */
void htst_scan_best(const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double tolerance,
    int64_t *best_k, double *best_distance);

/* D+ and D- of every candidate in [begin, end), about sqrt(n) exponentials each. */
void htst_scan_curve(const htst_scan_t *scan, int64_t begin, int64_t end, double *d_plus,
    double *d_minus);

#endif
