/* htst_estimate: the distinct values of a sample, and the exponent of the power law above each.
 *
 * The value v_j occurs c_j times. With the tails n_k = sum_{j >= k} c_j and the sums S_k =
 * sum_{j >= k} c_j log(v_j / v_k), the estimate is rate_k = alpha_k - 1 = n_k / S_k (Clauset,
 * Shalizi and Newman 2009, eq. 3.1). With an upper end xmax, the rate is the root of the truncated
 * law's equation (htst_truncated.h), and may have any sign.
 *
 * METHOD: S_k = sum_{j >= k} n_{j+1} log(v_{j+1} / v_j) is a sum of positive terms. They are added
 * in groups of 8 that are counted from the largest value: in double precision inside a group, in
 * twice the precision from group to group. The values below v_k therefore change no bit of its
 * estimate, and the estimates of a tail are those of the whole sample.
 * ACCURACY: rate to 8 units in the last place (with xmax: of max(1, rate log(xmax / v_k)) units);
 * logarithms relative to the largest value to 8 units in their own last place.
 *
 * Arguments of all functions: v[m] are positive, finite and increasing. first[j] is the number of
 * values below v[j], and first[m] = N is the number of all values. A count may be 0: a fixed xmin
 * below the smallest value is such a pair. The caller allocates all outputs. */
#ifndef HTST_ESTIMATE_H
#define HTST_ESTIMATE_H

#include "htst_common.h"

/* Write the distinct values of the sorted array x[n], widened to double, to v, and the number of
 * values below each to `first`. v has room for n values and may be x itself; first has room for
 * n + 1. Returns m, the number of distinct values. METHOD: comparisons of neighbours. ACCURACY:
 * exact. ERRORS: none. */
int64_t htst_estimate_distinct_f32(int64_t n, const float *x, double *v, int64_t *first);
int64_t htst_estimate_distinct_f64(int64_t n, const double *x, double *v, int64_t *first);

/* The number of distinct values of the sorted array x[n]. METHOD, ACCURACY, ERRORS: above. */
int64_t htst_estimate_count_distinct_f32(int64_t n, const float *x);
int64_t htst_estimate_count_distinct_f64(int64_t n, const double *x);

/* The same as htst_estimate_distinct for a part of a sample: `base` values lie below x[0]. Exactly
 * m entries of v[room] and first[room] are written, so that threads may fill neighbouring parts.
 * METHOD, ACCURACY: above. ERRORS: HTST_ERR_BAD_ARG if there are more than `room` distinct values;
 * no more are written. */
int64_t htst_estimate_distinct_part_f32(
    int64_t n, const float *x, int64_t base, int64_t room, double *v, int64_t *first);
int64_t htst_estimate_distinct_part_f64(
    int64_t n, const double *x, int64_t base, int64_t room, double *v, int64_t *first);

/* Set y[m] to the natural logarithms of v relative to the largest value, and rate[m] to the
 * estimates; rate[m - 1] is infinite. xmax: INFINITY for none, else at least v[m - 1].
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG (m < 1, v not positive or not increasing, first falling, xmax below v[m
 * - 1]), HTST_ERR_TOO_FEW (N = 0). */
int htst_estimate_rates(
    int64_t m, const double *v, const int64_t *first, double xmax, double *y, double *rate);

/* The number of values of a block. Blocks are counted downwards from the value below the largest. A
 * caller may keep one mark for each block, in place of all y and rate, and compute any block again;
 * the results are bit-identical. */
#define HTST_ESTIMATE_BLOCK 64

/* A mark: the sums over all steps above a block, of the logarithms and of S, in twice the
 * precision. */
typedef struct {
    double reach_high, reach_low, sum_high, sum_low;
} htst_estimate_mark_t;

/* The number of blocks of m values. METHOD: division. ACCURACY: exact. ERRORS: none. */
int64_t htst_estimate_blocks(int64_t m);

/* Compute the marks: one for each block, and one more for the smallest value. METHOD, ACCURACY:
 * above. ERRORS: as htst_estimate_rates. */
int htst_estimate_marks(
    int64_t m, const double *v, const int64_t *first, htst_estimate_mark_t *marks);

/* The sums of the groups of a block, of the logarithms and of S, from the smallest values up. */
#define HTST_ESTIMATE_GROUPS 8
typedef struct {
    double steps[HTST_ESTIMATE_GROUPS], terms[HTST_ESTIMATE_GROUPS];
} htst_estimate_groups_t;

/* htst_estimate_marks in two steps, the first of which takes nearly all of the time: compute the
 * groups of the blocks [begin, end), on any thread; then add them up, in the order of the blocks.
 * `groups` has room for end - begin blocks. METHOD, ACCURACY, ERRORS: as htst_estimate_marks. */
int htst_estimate_groups(int64_t m, const double *v, const int64_t *first, int64_t begin,
    int64_t end, htst_estimate_groups_t *groups);

/* The same from float32 values and counts below 2^32, in half of the memory. The results are
 * bit-identical. METHOD, ACCURACY, ERRORS: above. */
int htst_estimate_groups_narrow(int64_t m, const float *v, const uint32_t *first, int64_t begin,
    int64_t end, htst_estimate_groups_t *groups);

/* Set marks[1 ... size] from marks[0] and the groups of `size` blocks. marks[0] is zero for the
 * first block. METHOD, ACCURACY: above. ERRORS: none. */
void htst_estimate_add_groups(
    int64_t size, const htst_estimate_groups_t *groups, htst_estimate_mark_t *marks);

/* Compute y and rate of block i from its mark; each output has room for HTST_ESTIMATE_BLOCK
 * numbers. Returns the index of the block's smallest value. METHOD, ACCURACY: above. ERRORS: none;
 * the marks must be those of the same values. */
int64_t htst_estimate_block(int64_t m, const double *v, const int64_t *first,
    const htst_estimate_mark_t *marks, int64_t i, double *y, double *rate);

int64_t htst_estimate_block_narrow(int64_t m, const float *v, const uint32_t *first,
    const htst_estimate_mark_t *marks, int64_t i, double *y, double *rate);

/* Compute y and rate of a part of the values, for samples that do not fit in memory. The first part
 * has the largest values. The outputs are those of v[0] ... v[m - 2]; v[m - 1] is the smallest
 * value of the previous part (in the first part: the largest of all). n is N. *mark holds the sums
 * at v[m - 1], zeros before the first call, and is set to those at v[0]. The results are
 * bit-identical to those of htst_estimate_rates if every part but the last has a multiple of
 * HTST_ESTIMATE_BLOCK outputs.
 * METHOD, ACCURACY: above. ERRORS: as htst_estimate_rates. */
int htst_estimate_part(int64_t m, const double *v, const int64_t *first, int64_t n,
    htst_estimate_mark_t *mark, double *y, double *rate);

/* Compute rate[m] from increasing logarithms y[m]. METHOD: above. ACCURACY: that of the differences
 * of y. ERRORS: as htst_estimate_rates, for y. */
int htst_estimate_rates_of_logs(int64_t m, const double *y, const int64_t *first, double *rate);

/* log(b / a) for 0 < a <= b. METHOD: a series if b is close to a. ACCURACY: 3 units in the last
 * place. ERRORS: none. */
double htst_estimate_log_ratio(double a, double b);

#endif /* HTST_ESTIMATE_H */
