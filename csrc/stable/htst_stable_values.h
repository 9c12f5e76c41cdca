/* htst_stable_values: density and both tails of a standardised law at one point. Internal.
 *
 * METHOD: chooses between closed forms, the cut, the ray and Nolan's integral; see htst_stable.h.
 * ACCURACY: docs/accuracy-stable.md. ERRORS: none; arguments are checked by the callers. */
#ifndef HTST_STABLE_VALUES_H
#define HTST_STABLE_VALUES_H

#include "htst_stable_law.h"

/* A smaller alpha has the same tails in every digit, and a density in proportion to alpha. */
#define HTST_STABLE_LEAST_ALPHA 1e-20

/* The values at a point of a law prepared by htst_stable_law, or, for alpha = 2, of the normal law
 * (of the law only alpha and beta are read then). */
htst_stable_values_t htst_stable_values(const htst_stable_law_t *law, htst_stable_point_t point);

/* (x - loc)/scale as a point of the law. */
htst_stable_point_t htst_stable_standard_point(
    const htst_stable_law_t *law, double x, double loc, double scale, bool is_s1);

/* Prepares a law, alpha in (0, 2]. */
void htst_stable_prepare(double alpha, double beta, htst_stable_law_t *law);

/* A function of the law, by its code in htst_stable.h, from its values. */
double htst_stable_tell(int function, const htst_stable_values_t *values);

#endif /* HTST_STABLE_VALUES_H */
