/* htst_estimate: the distinct values of a sample and the power law's exponent for every one as xmin.
 *
 * With counts c_j of values v_j, tails n_k = sum_{j >= k} c_j and S_k = sum_{j >= k} c_j log(v_j / v_k)
 * the estimate is rate_k = alpha_k - 1 = n_k / S_k (Clauset, Shalizi and Newman 2009, eq. 3.1); with
 * an upper end xmax it is the root of the truncated law, see htst_truncated.h, of any sign.
 *
 * METHOD: S_k = sum_{j >= k} n_{j+1} log(v_{j+1} / v_j), positive terms, in groups of 8 counted from
 * the largest value: inside a group in double, from group to group in twice the precision. So what
 * lies below a value changes no bit of its estimate, and the estimates of a tail are those of the
 * whole sample.
 * ACCURACY: rate to 8 units in the last place (as a root, with xmax: of max(1, rate log(xmax/v_k))
 * units), logarithms relative to the largest value to 8 units of their own. */
#ifndef HTST_ESTIMATE_H
#define HTST_ESTIMATE_H

#include "htst_common.h"

/* Distinct values of a sorted array, widened, and the counts first[0..m] before each; returns m.
 * Rooms of n and n + 1; v may be x. */
int64_t htst_estimate_distinct_f32(int64_t n, const float *x, double *v, int64_t *first);
int64_t htst_estimate_distinct_f64(int64_t n, const double *x, double *v, int64_t *first);

/* y, logarithms of v relative to the largest, and rate from values and first; rate[m - 1] is infinite.
 * A count may be 0: a fixed xmin below the smallest value is such a pair.
 * ERRORS: BAD_ARG (m < 1, v not positive or not increasing, first falling, xmax below v[m - 1]),
 * TOO_FEW (N = 0). */
int htst_estimate_rates(
    int64_t m, const double *v, const int64_t *first, double xmax, double *y, double *rate);

/* Blocks of values, counted from the one below the largest. Instead of all y and rate what the sums
 * are before each block, and any block's y and rate when they are wanted, to the same bits. */
#define HTST_ESTIMATE_BLOCK 64

/* Sums over all steps above a block: of the logarithms and of S, in twice the precision. */
typedef struct {
    double reach_high, reach_low, sum_high, sum_low;
} htst_estimate_mark_t;

int64_t htst_estimate_blocks(int64_t m);

/* One mark more than there are blocks: the last is that of the smallest value. ERRORS: as above. */
int htst_estimate_marks(
    int64_t m, const double *v, const int64_t *first, htst_estimate_mark_t *marks);

/* y and rate of block i, into rooms for a block; returns the index of its smallest value. */
int64_t htst_estimate_block(int64_t m, const double *v, const int64_t *first,
    const htst_estimate_mark_t *marks, int64_t i, double *y, double *rate);

/* y and rate of a part of the values, the largest ones first: of v[0] up to v[m - 2], where v[m - 1] is
 * the smallest value of the part before (of the first part, the largest of all) and `mark` what the
 * sums are there, zeros at first; n is N. To the same bits as of all where every part but the last has
 * a multiple of HTST_ESTIMATE_BLOCK such values. ERRORS: as above. */
int htst_estimate_part(int64_t m, const double *v, const int64_t *first, int64_t n,
    htst_estimate_mark_t *mark, double *y, double *rate);

/* As htst_estimate_rates where only logarithms are known. ERRORS: as above, for y. */
int htst_estimate_rates_of_logs(int64_t m, const double *y, const int64_t *first, double *rate);

/* log(b / a) for 0 < a <= b, to 3 units in the last place. */
double htst_estimate_log_ratio(double a, double b);

#endif
