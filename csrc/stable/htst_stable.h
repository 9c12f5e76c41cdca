/* htst_stable: density and tails of alpha-stable laws.
 *
 * With the standardised x = (X - loc)/scale, in Nolan's parameterization S0 or S1: the
 * characteristic function of S1 is
 *
 *   exp(-abs(t)^alpha (1 - i beta sgn(t) tan(pi alpha/2)))      if alpha is not 1,
 *   exp(-abs(t) (1 + i beta (2/pi) sgn(t) log abs(t)))          if alpha is 1,
 *
 * and x_S1 = x_S0 + beta tan(pi alpha/2), x_S1 = x_S0 for alpha = 1. With a scale the location of
 * S1 at alpha = 1 is that of S0 less (2/pi) beta scale log(scale). alpha = 2 is the normal law with
 * variance 2 scale^2. All arguments are dimensionless or in the unit of X; logarithms are natural.
 *
 * METHOD:
 *   closed forms: normal, Cauchy, Levy (htst_stable_closed.h);
 *   heavy tails, and everything where it converges: Fourier's integral on the cut of the logarithm
 *     (htst_stable_contour.h);
 *   alpha near 1 with small beta: Fourier's integral on a ray (the same);
 *   elsewhere: Nolan's integral with both ends of the angle kept (htst_stable_nolan.h).
 * x_S1 is a pair of doubles, so that the edge of the support keeps its digits.
 *
 * ERRORS of every function: NaN for alpha outside (0, 2], abs(beta) above 1, a scale that is not
 * positive and finite, a loc that is not finite, and for any NaN. */
#ifndef HTST_STABLE_H
#define HTST_STABLE_H

#include "htst_common.h"

typedef enum {
    HTST_STABLE_PDF = 0,
    HTST_STABLE_LOGPDF,
    HTST_STABLE_CDF,
    HTST_STABLE_LOGCDF,
    HTST_STABLE_SF,
    HTST_STABLE_LOGSF,
    HTST_STABLE_N_FUNCTIONS
} htst_stable_function_t;

/* A function of the law by its code; is_s1 says which parameterization loc belongs to.
 * ACCURACY: docs/accuracy-stable.md (tests/tables/stable_reference.csv). ERRORS: NaN outside the
 * domain or for an unknown code. */
double htst_stable_evaluate(
    int function, int is_s1, double x, double alpha, double beta, double loc, double scale);

/* Over arrays: out[i] = function(x[i], alpha[i], ...) for i < count. steps holds, for x, alpha,
 * beta, loc and scale, 1 to read the elements one after the other or 0 to repeat the first. out
 * must not overlap the inputs. ACCURACY: bit-identical to htst_stable_evaluate.
 * ERRORS: HTST_ERR_BAD_ARG if an element of `out` is NaN (all elements are written), or for an
 * unknown function (none is written). */
int htst_stable_map(int function, int is_s1, int64_t count, const double *x, const double *alpha,
    const double *beta, const double *loc, const double *scale, const int64_t steps[5],
    double *out);

#endif /* HTST_STABLE_H */
