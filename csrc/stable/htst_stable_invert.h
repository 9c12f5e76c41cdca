/* htst_stable_invert: quantiles of alpha-stable laws, from probabilities or their logarithms.
 *
 * METHOD: the tail with probability at most 1/2 determines the quantile; a left tail is the right
 * tail of -X. Let level be the logarithm of this probability, t = x_S1 for alpha up to .7 or
 * t = x_S0 for a larger alpha, and s = asinh(t/width). Newton's method finds the root in s of
 * log(-log P(X > x)) - log(-level), inside a bracket that only shrinks. This function is nearly
 * linear in s, both in heavy and in light tails. In a heavy tail the first s comes from the
 * asymptotic power law.
 *
 * ERRORS of every function: NaN as in htst_stable.h, for a probability outside [0, 1], and for the
 * logarithm of a probability above 0. */
#ifndef HTST_STABLE_INVERT_H
#define HTST_STABLE_INVERT_H

#include "htst_common.h"

typedef enum {
    HTST_STABLE_PPF = 6, /* the codes continue those of htst_stable.h */
    HTST_STABLE_ISF,
    HTST_STABLE_LOG_ISF,
    HTST_STABLE_INVERT_END,
} htst_stable_inverse_t;

/* The x with P(X <= x) = q (HTST_STABLE_PPF), P(X > x) = q (HTST_STABLE_ISF) or log P(X > x) = q
 * (HTST_STABLE_LOG_ISF). For probabilities 0 and 1, x is an end of the support.
 *   function: a code of htst_stable_inverse_t
 *   q: the probability, or its natural logarithm
 *   is_s1, alpha, beta, loc, scale: as in htst_stable_evaluate
 * METHOD: above. ACCURACY: docs/accuracy-stable.md: 1e-11 relative to max(abs(x), width).
 * ERRORS: NaN as above, and for an unknown code. */
double htst_stable_invert(
    int function, int is_s1, double q, double alpha, double beta, double loc, double scale);

/* The same for arrays: out[i] = htst_stable_invert(function, is_s1, q[i], alpha[i], ...).
 *   count, steps, out: as in htst_stable_map, with q in place of x
 * METHOD: above. ACCURACY: bit-identical to htst_stable_invert.
 * ERRORS: as htst_stable_map. */
int htst_stable_map_inverse(int function, int is_s1, int64_t count, const double *q,
    const double *alpha, const double *beta, const double *loc, const double *scale,
    const int64_t steps[5], double *out);

#endif /* HTST_STABLE_INVERT_H */
