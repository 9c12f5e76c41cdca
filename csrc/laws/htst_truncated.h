/* htst_truncated: the exponential distribution cut off at both ends; its rate may have any sign.
 *
 * A power law x^-alpha on [xmin, xmax] is, in t = log(x / xmin), the density proportional to
 * exp(-rate t) on [0, length], with rate = alpha - 1 and length = log(xmax / xmin). Its mean is
 * length g(u) with u = rate length and
 *
 *     g(u) = 1/u - 1/(exp(u) - 1),   g(-u) = 1 - g(u),   g(0) = 1/2.
 *
 * g falls from 1 to 0. The maximum-likelihood estimate is the root of g(u) = mean / length
 * (Deemer and Votaw, "Estimation of parameters of truncated or censored exponential
 * distributions", Annals of Mathematical Statistics 26 (1955), equation 6). */
#ifndef HTST_TRUNCATED_H
#define HTST_TRUNCATED_H

#include "htst_common.h"

/* g(u), for any u. METHOD: its power series for abs(u) < 1, else its definition.
 * ACCURACY: relative error below 1e-15 (tests/c/test_truncated.c, against sums in long double).
 * ERRORS: none; NaN for NaN. */
double htst_truncated_mean(double u);

/* The u with g(u) = below / (below + above). `below` and `above` are the mean's distances from the
 * lower and the upper end, both >= 0 and not both 0. They are two arguments, so that neither loses
 * digits. The result is infinite if one of them is 0, or if it is too large for a double.
 * METHOD: Newton's method on the smaller of the two proportions, where g is convex. ACCURACY: 4
 * units in the last place of max(1, u). ERRORS: none; NaN if both are 0. */
double htst_truncated_root(double below, double above);

/* The distribution function at a point, whose distances are `t` from the lower end and `rest` from
 * the upper end; length = t + rest > 0. `rate` is as above.
 * METHOD: (exp(-rate t) - 1) / (exp(-rate length) - 1), computed from the end where nothing
 * overflows or cancels.
 * ACCURACY: a few units in the last place. ERRORS: none; NaN for NaN. */
double htst_truncated_cdf(double rate, double t, double rest, double length);

#endif
