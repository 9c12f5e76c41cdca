/* htst_zeta: the Hurwitz zeta function and its truncation, scaled so that nothing overflows or
 * underflows.
 *
 *   Z(s, q, top) = sum_{k = q, q+1, ..., top} (k/q)^-s,     zeta(s, q) = q^-s Z(s, q, infinity).
 *
 * Z is at least 1. All arguments are dimensionless; logarithms are natural.
 *
 * METHOD: the first N terms are added one by one. The sum of the terms from a = q + N on, with
 * a >= s + 12, comes from the formula of Euler and Maclaurin (DLMF 25.11.43; with b = top + 1,
 * L = log(b/a), r = s - 1 and Bernoulli's numbers B):
 *
 *   sum_{k=a}^{b-1} (k/a)^-s = a int_0^L e^(-r t) dt + C(a) - e^(-s L) C(b),
 *   C(a) = 1/2 + sum_{k>=1} B_2k/(2k)! s (s+1) ... (s+2k-2) a^-(2k-1).
 *
 * Each term of C is at most 1/39 of the previous one. If s is far above q, the addition ends as
 * soon as the remaining terms are negligible. Derivatives in s are those of the same formula. */
#ifndef HTST_ZETA_H
#define HTST_ZETA_H

#include "htst_common.h"

/* Z(s, q, top). q >= 1. If top is INFINITY, s > 1; otherwise top - q is an integer >= 0, and
 * s >= 0. METHOD: above. ACCURACY: as htst_zeta_log_scaled. ERRORS: NaN outside the domain. */
double htst_zeta_scaled(double s, double q, double top);

/* out[0..2] = log Z(s, q, top) and its first and second derivative in s, for the arguments of
 * htst_zeta_scaled. The first derivative is minus the mean of log(K/q), and the second is its
 * variance, for K on q, q + 1, ..., top with P(K = k) ~ k^-s.
 *
 * METHOD: above.
 * ACCURACY: relative errors in units of 1 + s log(1 + 1/q), the factor by which an exponential
 * magnifies the rounding error of its argument: below 5e-16 for log Z, 1e-15 and 2e-15 for the
 * derivatives; truncated 1e-15, 2e-15 and 2e-14. This is below 1e-13 if Z - 1 is above 1e-90. The
 * reference is tests/tables/zeta.csv (s up to 60 with q up to 1e15, s up to 20 q beyond; 22 digits
 * by two methods). A q or a finite top above 2^53 is accepted, but derivatives may then have lost
 * all digits, or overflow.
 * ERRORS: NaN outside the domain of htst_zeta_scaled. */
void htst_zeta_log_scaled(double s, double q, double top, double out[3]);

/* out[0..2] = log zeta(s, q) and its first and second derivative in s, for s > 1 and q >= 1.
 *
 * METHOD: htst_zeta_log_scaled minus s log q.
 * ACCURACY: as htst_zeta_log_scaled, plus the rounding error of s log q. That error matters if
 * zeta is near 1 for a q that is not 1. ERRORS: NaN outside the domain. */
void htst_zeta_log(double s, double q, double out[3]);

#endif
