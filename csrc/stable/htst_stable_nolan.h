/* htst_stable_nolan: Nolan's integral for the density and both tails. Internal.
 *
 * For x_S1 = z > 0, with phi = theta + eta/alpha in (0, Phi), omega = Phi - phi and e = alpha - 1:
 *
 *   L = log g = [log(z cos eta sin omega/sin(alpha phi))]/e + log z + log(sin c/sin(alpha phi)),
 *   c = kappa + e omega (e > 0) or pi - Phi + abs(e) phi (e < 0),
 *   f = alpha/(pi abs(e) z) int g e^-g dtheta,
 *   P(X > z) = (1/pi) int omega abs(dL/dy) g e^-g dy,
 *   P(X <= z) is the same integral with pi - omega in place of omega.
 *
 * If one tail is light, g falls only to a limit g0 > 0. Then 1 - exp(-g0) is added to the
 * other tail.
 *
 * METHOD: the trapezoid rule in y = logit(phi/Phi). Each sine is that of a sum of positive terms
 * which does not exceed pi/2. If alpha is near 1, eta is near pi/2. Then sin(alpha phi)/sin omega
 * is computed as 1 + cot(omega) sin c - (1 - cos c), and z cos eta as
 * 1 + x_S0 cos eta - (1 - sin eta); log1p keeps the digits that the factor 1/e needs. The
 * derivative is dL/dy = S phi omega/(abs(e) Phi), where S contains a sum of squares:
 *   S sin(alpha phi) sin(omega) sin(c) = sin^2 c [(e sin omega/sin c - cos(omega + c))^2
 *                                                 + sin^2(alpha phi)].
 *
 * ACCURACY: a few units in the last place, times max(1, g), times the size of the first term of L.
 * ERRORS: none; the functions of htst_stable.h check the arguments. */
#ifndef HTST_STABLE_NOLAN_H
#define HTST_STABLE_NOLAN_H

#include "htst_stable_law.h"

/* The density and both tails at a point with x1 > 0.
 *   side: &law->side[0], or &law->side[1] if `point` is a mirrored one (htst_stable_mirror) */
htst_stable_values_t htst_stable_nolan(
    const htst_stable_law_t *law, const htst_stable_side_t *side, htst_stable_point_t point);

#endif /* HTST_STABLE_NOLAN_H */
