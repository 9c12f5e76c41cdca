/* htst_stable_values: the density and both tails of a standardised law at one point. Internal.
 *
 * METHOD: a closed form, the cut, the ray or Nolan's integral; htst_stable.h says which is used
 * where.
 * ACCURACY: docs/accuracy-stable.md. ERRORS: none; the callers check the arguments. */
#ifndef HTST_STABLE_VALUES_H
#define HTST_STABLE_VALUES_H

#include "htst_stable_law.h"

/* For a smaller alpha all digits of the tails are the same, and the density is proportional to
 * alpha. */
#define HTST_STABLE_LEAST_ALPHA 1e-20

/* The density and both tails at a point. htst_stable_prepare has computed `law`. */
htst_stable_values_t htst_stable_values(const htst_stable_law_t *law, htst_stable_point_t point);

/* The point (x - loc)/scale of the law. is_s1: true if loc belongs to S1. */
htst_stable_point_t htst_stable_standard_point(
    const htst_stable_law_t *law, double x, double loc, double scale, bool is_s1);

/* Computes the constants of a law with alpha in (0, 2]. For alpha = 2
 * all members other than alpha and beta are 0. */
void htst_stable_prepare(double alpha, double beta, htst_stable_law_t *law);

/* The value of a function of the law from the density and tails. function: a code of htst_stable.h
 * (htst_stable_function_t). */
double htst_stable_tell(int function, const htst_stable_values_t *values);

#endif /* HTST_STABLE_VALUES_H */
