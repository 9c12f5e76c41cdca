/* htst_binomial_invert: the inverses of htst_binomial's tails: in k, and in p. */
#ifndef HTST_BINOMIAL_INVERT_H
#define HTST_BINOMIAL_INVERT_H

#include "htst_common.h"

/* The smallest k with log P(X > k) <= level, by htst_binomial_logsf to the last bit; -1 where level >= 0.
 * From the normal deviate of the level and n KL(k/n || p) = deviate^2/2, Newton's steps with the slope
 * log1p(-pmf/P) and its change, inside a bracket that only shrinks; a few tails.
 * ACCURACY: exact. ERRORS: NaN outside the domain or for a NaN level. */
double htst_binomial_log_isf(double level, double n, double p);

/* The largest p with log P(X <= k) >= level (Clopper and Pearson 1934), and its logs.
 * Halley's steps in theta = logit p with dL/dtheta = -(n-k) p pmf/P, whose log moves with
 * k - n p + q - dL/dtheta; a few tails. Where level > -log 2 the other tail is solved instead.
 * k in [0, n], level <= 0. limit = {p, log p, log(1-p)}. For k = 0, k = n-1 closed forms; where p or 1-p
 * is below 1e-250, the leading term of its tail, which is then exact to rounding.
 * ACCURACY: docs/accuracy-binomial.md, against tests/tables/binomial_inverses.csv: p and 1-p, by their
 *   logs, to 1e-13 of the smaller of p and 1-p, and log p and log(1-p) to 1e-13.
 * ERRORS: all three NaN outside the domain. */
void htst_binomial_upper_limit(double k, double n, double level, double limit[3]);

/* The smallest p with log P(X >= k) >= level: the mirror image of the above. ACCURACY, ERRORS: as there. */
void htst_binomial_lower_limit(double k, double n, double level, double limit[3]);

/* out[i] = log_isf(level[i], n[i], p[i]); a step of 0 repeats an input's first element. Returns HTST_OK.
 * ACCURACY, ERRORS: as log_isf, whose bits they are. */
int htst_binomial_map_log_isf(int64_t count, const double *level, int64_t level_step,
    const double *n, int64_t n_step, const double *p, int64_t p_step, double *out);

/* out[3 i + (0, 1, 2)] = the limits of (k[i], n[i], level[i]); `upper` chooses which. Returns HTST_OK.
 * ACCURACY, ERRORS: as upper_limit and lower_limit, whose bits they are. */
int htst_binomial_map_limit(int upper, int64_t count, const double *k, int64_t k_step,
    const double *n, int64_t n_step, const double *level, int64_t level_step, double *out);

#endif /* HTST_BINOMIAL_INVERT_H */
