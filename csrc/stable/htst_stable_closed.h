/* htst_stable_closed: the stable laws that have closed forms. Internal.
 *
 * METHOD: erfc for the normal law (alpha = 2, variance 2), atan2 for Cauchy's law (alpha = 1,
 * beta = 0), erfc and erf for Levy's law (alpha = 1/2, abs(beta) = 1). Exponents are sums of two
 * doubles. Where erfc is close to underflow, its asymptotic series replaces it.
 * ACCURACY: a few units in the last place. ERRORS: none. */
#ifndef HTST_STABLE_CLOSED_H
#define HTST_STABLE_CLOSED_H

#include "htst_stable_law.h"

/* True if the law of alpha and beta has a closed form. */
bool htst_stable_is_closed(double alpha, double beta);

/* The density and both tails of such a law at a point. */
htst_stable_values_t htst_stable_closed(double alpha, double beta, htst_stable_point_t point);

#endif /* HTST_STABLE_CLOSED_H */
