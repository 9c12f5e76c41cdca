/* htst_binomial_invert: the inverses of binomial tails, in k and in p (confidence limits).
 *
 * X ~ Bin(n, p), with arguments as in htst_binomial.h. A level is the natural logarithm of a
 * probability. */
#ifndef HTST_BINOMIAL_INVERT_H
#define HTST_BINOMIAL_INVERT_H

#include "htst_common.h"

/* The smallest k with log P(X > k) <= level, where log P(X > k) has the bits that
 * htst_binomial_logsf gives; -1 if level >= 0.
 * METHOD: the start comes from the normal deviate of the level and n KL(k/n || p) = deviate^2/2.
 * Newton's method with the slope log1p(-pmf/P) and its change follows, inside a bracket that only
 * shrinks. It evaluates a few tails. ACCURACY: exact. ERRORS: NaN outside the domain or for a NaN
 * level. */
double htst_binomial_log_isf(double level, double n, double p);

/* The upper limit: limit[0..2] = p, log p and log(1 - p) of the largest p with log P(X <= k) >=
 * level (Clopper and Pearson 1934); k in [0, n], level <= 0.
 * METHOD: Halley's method in theta = logit p with dL/dtheta = -(n-k) p pmf/P, whose logarithm has
 * the derivative k - n p + q - dL/dtheta. It evaluates a few tails. If level > -log 2, the equation
 * of the other tail is solved instead. k = 0 and k = n-1 have closed forms. If p or 1-p is below
 * 1e-250, the leading term of its tail is used, which is then exact to rounding.
 * ACCURACY: docs/accuracy-binomial.md, against tests/tables/binomial_inverses.csv: p and 1-p, by
 *   their logarithms, to 1e-13 of the smaller of p and 1-p, and log p and log(1-p) to 1e-13.
 * ERRORS: all three NaN outside the domain. */
void htst_binomial_upper_limit(double k, double n, double level, double limit[3]);

/* The lower limit: limit[0..2] = p, log p and log(1 - p) of the smallest p with log P(X >= k) >=
 * level.
 * METHOD: the upper limit of n - k, mirrored. ACCURACY, ERRORS: as htst_binomial_upper_limit. */
void htst_binomial_lower_limit(double k, double n, double level, double limit[3]);

/* The same for arrays: out[i] = htst_binomial_log_isf(level[i], n[i], p[i]) for i < count. Steps as
 * in htst_binomial_map. Returns HTST_OK.
 * METHOD, ACCURACY, ERRORS: bit-identical to htst_binomial_log_isf. */
int htst_binomial_map_log_isf(int64_t count, const double *level, int64_t level_step,
    const double *n, int64_t n_step, const double *p, int64_t p_step, double *out);

/* The same for arrays: out[3 i + (0, 1, 2)] = the limit of (k[i], n[i], level[i]) for i < count;
 * the upper limit if `upper` is not 0, else the lower one. Steps as in htst_binomial_map. Returns
 * HTST_OK.
 * METHOD, ACCURACY, ERRORS: bit-identical to htst_binomial_upper_limit or
 * htst_binomial_lower_limit. */
int htst_binomial_map_limit(int upper, int64_t count, const double *k, int64_t k_step,
    const double *n, int64_t n_step, const double *level, int64_t level_step, double *out);

#endif /* HTST_BINOMIAL_INVERT_H */
