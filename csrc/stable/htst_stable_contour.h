/* htst_stable_contour: Fourier's integral along a rotated contour. Internal.
 *
 * With t = -i s, the characteristic function of S0 gives, for s on a path from 0 to infinity in the
 * first quadrant,
 *
 *   f(x) = (1/pi) Im int exp(W) ds,   P(X > x) = angle/pi + (1/pi) Im int exp(W)/s ds,
 *   W = -s x_S1 - s^alpha (K - i Lambda) = -s (x_S0 - i - (i + beta tan A) eta),
 *   eta = expm1((alpha - 1) log(-i s)).
 *
 * `angle` is the angle of the path at s = 0. Both integrals are computed by the trapezoid rule in
 * log s.
 *
 * METHOD: there are two paths:
 *   cut: the real axis (angle 0). There Im exp(W) = exp(Re W) sin(Lambda s^alpha), so a heavy tail
 *     keeps its relative accuracy however small it is. This path serves tails where exp(Re W)
 *     becomes negligible before it rises again;
 *   ray: the body of a law with alpha above .9. If alpha is near 1, the angle is arg(i + x_S0), and
 *     the integrand of Cauchy's law does not oscillate. Otherwise, the integrand at x_S1 = 0 does
 *     not oscillate at the angle atan2(Lambda, K)/alpha, and the angle falls as x_S1 grows, so that
 *     the fewest nodes suffice.
 *
 * ACCURACY: a few units in the last place if a function succeeds.
 * ERRORS: a function returns false if its path does not serve the point. */
#ifndef HTST_STABLE_CONTOUR_H
#define HTST_STABLE_CONTOUR_H

#include "htst_stable_law.h"

/* Computes the density and both tails along the cut.
 *   side: &law->side[0], or &law->side[1] if `point` is a mirrored one (htst_stable_mirror)
 *   point: a point with a positive coordinate
 * Returns false if the path does not serve the point. */
bool htst_stable_cut(const htst_stable_law_t *law, const htst_stable_side_t *side,
    htst_stable_point_t point, htst_stable_values_t *values);

/* Computes the same along the ray, for a coordinate of at least 0. Returns false if the integrals
 * do not converge or, if `strict`, if the density or a tail loses digits. */
bool htst_stable_ray(const htst_stable_law_t *law, const htst_stable_side_t *side,
    htst_stable_point_t point, bool strict, htst_stable_values_t *values);

#endif /* HTST_STABLE_CONTOUR_H */
