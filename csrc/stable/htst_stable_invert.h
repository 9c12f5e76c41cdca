/* htst_stable_invert: quantiles of alpha-stable laws, from probabilities and their logarithms.
 *
 * METHOD: the tail that is below 1/2 is solved for, the left one as the right one of -X. With
 * s = asinh(t/width), t = x_S0 or for alpha up to .7 x_S1, Newton's method finds the root of
 * log(-log P(X > x)) - log(-level) inside a bracket that only shrinks: the function is nearly
 * linear in s both in heavy and in light tails. The start of a heavy tail is its power law.
 *
 * ERRORS of every function: NaN as htst_stable.h says, for a probability outside [0, 1] and for a
 * level above 0. */
#ifndef HTST_STABLE_INVERT_H
#define HTST_STABLE_INVERT_H

#include "htst_common.h"

typedef enum {
    HTST_STABLE_PPF = 6, /* follow the codes of htst_stable.h */
    HTST_STABLE_ISF,
    HTST_STABLE_LOG_ISF,
    HTST_STABLE_INVERT_END,
} htst_stable_inverse_t;

/* The x with P(X <= x) = q (PPF), P(X > x) = q (ISF) or log P(X > x) = q (LOG_ISF); at the ends of
 * the range those of the support.
 * ACCURACY: docs/accuracy-stable.md: 1e-11 relative to max(abs(x), width). */
double htst_stable_invert(
    int function, int is_s1, double q, double alpha, double beta, double loc, double scale);

/* Over arrays, as htst_stable_map. ACCURACY: bit-identical to htst_stable_invert.
 * ERRORS: as htst_stable_map. */
int htst_stable_map_inverse(int function, int is_s1, int64_t count, const double *q,
    const double *alpha, const double *beta, const double *loc, const double *scale,
    const int64_t steps[5], double *out);

#endif /* HTST_STABLE_INVERT_H */
