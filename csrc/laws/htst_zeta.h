/* htst_zeta: the Hurwitz zeta function and its truncation, scaled so that nothing overflows or
 * underflows.
 *
 *   Z(s, q, top) = sum_{k = q, q+1, ..., top} (k/q)^-s,     zeta(s, q) = q^-s Z(s, q, infinity).
 *
 * Z is at least 1.
 *
 * METHOD: the first terms are added one by one. From a = q + N on, with a >= s + 12, the sum is
 * that of Euler and Maclaurin (DLMF 25.11.43; with b = top + 1, L = log(b/a), r = s - 1 and
 * Bernoulli's numbers B):
 *
 *   sum_{k=a}^{b-1} (k/a)^-s = a int_0^L e^(-r t) dt + C(a) - e^(-s L) C(b),
 *   C(a) = 1/2 + sum_{k>=1} B_2k/(2k)! s (s+1) ... (s+2k-2) a^-(2k-1).
 *
 * Each of its terms is at most 1/39 of the previous one. If s is far above q, adding ends as soon
 * as the rest is negligible. Derivatives in s are those of the same formula. All arguments are
 * dimensionless; logarithms are natural. */
#ifndef HTST_ZETA_H
#define HTST_ZETA_H

#include "htst_common.h"

/* Z(s, q, top): q >= 1; top is INFINITY, and then s > 1, or top - q is an integer >= 0, and then
 * s >= 0. ACCURACY: as htst_zeta_log_scaled. ERRORS: NaN outside the domain. */
double htst_zeta_scaled(double s, double q, double top);

/* out[0..2] = log Z(s, q, top) and its first and second derivative in s: the latter are minus the
 * mean, and the variance, of log(K/q) for K on q, q + 1, ..., top with P(K = k) ~ k^-s.
 *
 * ACCURACY (tests/tables/zeta.csv: s up to 60 with q up to 1e15, s up to 20 q beyond; 22 digits by
 * two methods), relative, in units of 1 + s log(1 + 1/q), which is what an exponential makes of
 * the rounding of its argument: below 5e-16 for log Z, 1e-15 and 2e-15 for the derivatives;
 * truncated 1e-15, 2e-15 and 2e-14. That is below 1e-13 wherever Z - 1 is above 1e-90.
 * ERRORS: NaN outside the domain of htst_zeta_scaled. */
void htst_zeta_log_scaled(double s, double q, double top, double out[3]);

/* out[0..2] = log zeta(s, q) and its derivatives in s; s > 1, q >= 1.
 *
 * ACCURACY: as htst_zeta_log_scaled, plus the rounding error of s log q, which matters where zeta
 * is near 1 for a q that is not 1. ERRORS: NaN outside the domain. */
void htst_zeta_log(double s, double q, double out[3]);

#endif
