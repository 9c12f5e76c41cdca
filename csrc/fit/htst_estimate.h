/* htst_estimate: the distinct values of a sample, and the exponent of the power law above each.
 *
 * With counts c_j of the values v_j, tails n_k = sum_{j >= k} c_j and S_k = sum_{j >= k} c_j
 * log(v_j / v_k) the estimate is rate_k = alpha_k - 1 = n_k / S_k (Clauset, Shalizi and Newman
 * 2009, eq. 3.1). With an upper end xmax it is the root of the truncated law's equation, see
 * htst_truncated.h, of any sign.
 *
 * METHOD: S_k = sum_{j >= k} n_{j+1} log(v_{j+1} / v_j), a sum of positive terms, in groups of 8
 * counted from the largest value: in double precision inside a group, in twice the precision from
 * group to group. So the values below v_k change no bit of its estimate, and the estimates of a
 * tail are those of the whole sample.
 * ACCURACY: rate to 8 units in the last place (with xmax: of max(1, rate log(xmax / v_k)) units);
 * logarithms relative to the largest value to 8 units in their own last place.
 *
 * Arguments of all functions: v[m] are positive, finite and increasing; first[m + 1] are the
 * numbers of values before each, first[m] = N is the number of all. A count may be 0: a fixed xmin
 * below the smallest value is such a pair. Outputs are the caller's. */
#ifndef HTST_ESTIMATE_H
#define HTST_ESTIMATE_H

#include "htst_common.h"

/* The distinct values of the sorted array x[n], widened to double, in v, and the counts before each
 * in first. v has room for n values and may be x itself; first has room for n + 1. Returns m, the
 * number of distinct values. ERRORS: none. */
int64_t htst_estimate_distinct_f32(int64_t n, const float *x, double *v, int64_t *first);
int64_t htst_estimate_distinct_f64(int64_t n, const double *x, double *v, int64_t *first);

/* y[m], the natural logarithms of v relative to the largest value, and rate[m]; rate[m - 1] is
 * infinite. xmax: INFINITY for none, else at least v[m - 1].
 * ERRORS: HTST_ERR_BAD_ARG (m < 1, v not positive or not increasing, first falling, xmax below v[m
 * - 1]), HTST_ERR_TOO_FEW (N = 0). */
int htst_estimate_rates(
    int64_t m, const double *v, const int64_t *first, double xmax, double *y, double *rate);

/* Values are in blocks of this many, counted downwards from the value below the largest. Instead
 * of all y and rate, a caller may keep one mark for each block and compute any block again; the
 * results are bit-identical. */
#define HTST_ESTIMATE_BLOCK 64

/* The sums over all steps above a block, in twice the precision: of the logarithms, and S. */
typedef struct {
    double reach_high, reach_low, sum_high, sum_low;
} htst_estimate_mark_t;

/* How many blocks m values have. */
int64_t htst_estimate_blocks(int64_t m);

/* The marks: one for each block, and one more, that of the smallest value. ERRORS: as
 * htst_estimate_rates. */
int htst_estimate_marks(
    int64_t m, const double *v, const int64_t *first, htst_estimate_mark_t *marks);

/* y and rate of block i, each with room for HTST_ESTIMATE_BLOCK numbers. Returns the index of the
 * block's smallest value. ERRORS: none; the marks are those of the same values. */
int64_t htst_estimate_block(int64_t m, const double *v, const int64_t *first,
    const htst_estimate_mark_t *marks, int64_t i, double *y, double *rate);

/* y and rate of a part of the values, for samples that do not fit in memory; the part with the
 * largest values comes first. The outputs are those of v[0] ... v[m - 2]; v[m - 1] is the smallest
 * value of the previous part (in the first part: the largest of all). n is N. *mark holds the sums
 * at v[m - 1], zeros before the first call, and is set to those at v[0]. The results are
 * bit-identical to those of htst_estimate_rates if every part but the last has a multiple of
 * HTST_ESTIMATE_BLOCK outputs.
 * ERRORS: as htst_estimate_rates. */
int htst_estimate_part(int64_t m, const double *v, const int64_t *first, int64_t n,
    htst_estimate_mark_t *mark, double *y, double *rate);

/* rate[m] from logarithms y[m], increasing. ERRORS: as htst_estimate_rates, for y. */
int htst_estimate_rates_of_logs(int64_t m, const double *y, const int64_t *first, double *rate);

/* log(b / a) for 0 < a <= b. ACCURACY: 3 units in the last place. ERRORS: none. */
double htst_estimate_log_ratio(double a, double b);

#endif /* HTST_ESTIMATE_H */
