/* htst_stable_contour: Fourier's integral on a rotated contour. Internal.
 *
 * With t = -i s the characteristic function of S0 gives, for s on a path from 0 to infinity in the
 * first quadrant,
 *
 *   f(x) = (1/pi) Im int exp(W) ds,   P(X > x) = angle/pi + (1/pi) Im int exp(W)/s ds,
 *   W = -s x_S1 - s^alpha (K - i Lambda) = -s (x_S0 - i - (i + beta tan A) eta),
 *   eta = expm1((alpha - 1) log(-i s)),
 *
 * where `angle` is that of the path at 0. Both integrals are sums of the trapezoid rule in log s.
 *
 * METHOD:
 *   cut: the path is the real axis (angle 0). Only the sine of Lambda s^alpha is imaginary, so a
 *     heavy tail keeps its relative accuracy at any size. It serves tails where exp(Re W) falls to
 *     nothing before it rises again;
 *   ray: the angle is arg(i + x_S0), on which Cauchy's law does not oscillate. It serves alpha
 *     near 1 with a small beta.
 *
 * ACCURACY: a few units in the last place where a function reports success.
 * ERRORS: false where the path does not serve the point. */
#ifndef HTST_STABLE_CONTOUR_H
#define HTST_STABLE_CONTOUR_H

#include "htst_stable_law.h"

/* The values at a point to the right, as seen from the side. */
bool htst_stable_cut(const htst_stable_law_t *law, const htst_stable_side_t *side,
    htst_stable_point_t point, htst_stable_values_t *values);

/* The same for x_S0 >= 0; never fails. */
void htst_stable_ray(const htst_stable_law_t *law, const htst_stable_side_t *side,
    htst_stable_point_t point, htst_stable_values_t *values);

#endif /* HTST_STABLE_CONTOUR_H */
