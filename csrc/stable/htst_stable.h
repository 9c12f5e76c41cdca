/* htst_stable: density and tails of alpha-stable laws.
 *
 * alpha in (0, 2] is the index of stability, beta in [-1, 1] is the skewness. A random variable X
 * has a location loc and a scale; x = (X - loc)/scale. The location belongs to Nolan's
 * parameterization S0 or S1. In S1 the characteristic function of x is
 *
 *   exp(-abs(t)^alpha (1 - i beta sgn(t) tan(pi alpha/2)))      if alpha is not 1,
 *   exp(-abs(t) (1 + i beta (2/pi) sgn(t) log abs(t)))          if alpha is 1.
 *
 * The values of x are related by x_S1 = x_S0 + beta tan(pi alpha/2), or x_S1 = x_S0 if alpha is 1.
 * If alpha is 1, a law with location m in S0 has the location m - (2/pi) beta scale log(scale) in
 * S1. alpha = 2 is the normal law with variance 2 scale^2. X, loc and scale have the same unit;
 * alpha, beta and x have none. Logarithms are natural.
 *
 * METHOD: one of four, chosen from the law and the point:
 *   closed forms for the normal law, Cauchy's law and Levy's law (htst_stable_closed.h);
 *   in heavy tails, and wherever it converges: Fourier's integral along the branch cut of the
 *     logarithm (htst_stable_contour.h);
 *   in most of the body of laws with alpha above .9: Fourier's integral along a ray
 *     (htst_stable_contour.h);
 *   elsewhere: Nolan's integral, in the distances of its angle to both ends of the interval
 *     (htst_stable_nolan.h).
 * x_S1 is held as the sum of two doubles, so that a point near the edge of the support keeps its
 * digits.
 *
 * ERRORS of every function: the value is NaN if alpha is outside (0, 2], abs(beta) is above 1,
 * scale is not positive and finite, loc is not finite, or an argument is NaN. */
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

/* The value at x of one function of the law.
 *   function: a code of htst_stable_function_t
 *   is_s1: nonzero if loc belongs to S1, 0 if it belongs to S0
 *   x: the point, in the unit of X; may be infinite
 *   alpha, beta, loc, scale: the law, as above
 * METHOD: above. ACCURACY: docs/accuracy-stable.md (tests/tables/stable_reference.csv).
 * ERRORS: NaN as above, and for an unknown code. */
double htst_stable_evaluate(
    int function, int is_s1, double x, double alpha, double beta, double loc, double scale);

/* The same function for arrays: out[i] = function(x[i], alpha[i], ...) for i < count.
 *   function, is_s1: as in htst_stable_evaluate
 *   x, alpha, beta, loc, scale: arrays of `count` numbers, or of one number (see steps)
 *   steps: one entry for each of x, alpha, beta, loc and scale, in this order: 1 to read element i,
 *     or 0 to use the first element for every i
 *   out: `count` numbers; must not overlap the inputs
 * METHOD: above; constants of a law are kept while alpha and beta do not change.
 * ACCURACY: bit-identical to htst_stable_evaluate.
 * ERRORS: HTST_ERR_BAD_ARG if an element of `out` is NaN (all elements are written), or for an
 * unknown function (no element is written). */
int htst_stable_map(int function, int is_s1, int64_t count, const double *x, const double *alpha,
    const double *beta, const double *loc, const double *scale, const int64_t steps[5],
    double *out);

#endif /* HTST_STABLE_H */
