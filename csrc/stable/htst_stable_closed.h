/* htst_stable_closed: the stable laws with closed forms. Internal.
 *
 * METHOD: the normal law (alpha = 2, variance 2) by erfc, Cauchy's law (alpha = 1, beta = 0) by
 * atan2, Levy's law (alpha = 1/2, abs(beta) = 1) by erfc and erf. Exponents are pairs of doubles.
 * Beyond the range of erfc its asymptotic series is used.
 * ACCURACY: a few units in the last place. ERRORS: none. */
#ifndef HTST_STABLE_CLOSED_H
#define HTST_STABLE_CLOSED_H

#include "htst_stable_law.h"

/* Whether the law has a closed form. */
bool htst_stable_is_closed(double alpha, double beta);

/* The values at a point of such a law, as seen from the right. */
htst_stable_values_t htst_stable_closed(double alpha, double beta, htst_stable_point_t point);

#endif /* HTST_STABLE_CLOSED_H */
