/* htst_discrete_solve: the estimate of one candidate of htst_discrete.h. Internal. */
#ifndef HTST_DISCRETE_SOLVE_H
#define HTST_DISCRETE_SOLVE_H

#include <math.h>

#include "htst_common.h"

/* Eq. 3.7 of Clauset, Shalizi and Newman, in terms of the mean of log(K/q): close to the
 * estimate. */
static inline double
htst_discrete_closed_estimate(double q, double mean)
{
    return 1 + 1 / (mean - log1p(-0.5 / q));
}

/* Set *alpha to the exponent whose law on q, q + 1, ..., top has this mean of log(K/q), and *norm
 * to Z(*alpha, q, top) of htst_zeta.h. Both are NaN if alpha is not above `low` by more than its
 * error.
 * METHOD: Newton's method from `start`, inside a bracket that only shrinks. ACCURACY: that of
 * htst_discrete_estimate.
 * ERRORS: HTST_ERR_NO_CONVERGENCE. */
int htst_discrete_solve(
    double q, double top, double mean, double low, double start, double *alpha, double *norm);

#endif /* HTST_DISCRETE_SOLVE_H */
