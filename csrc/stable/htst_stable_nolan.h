/* htst_stable_nolan: Nolan's integral of the density and of both tails. Internal.
 *
 * For x_S1 = z > 0, with phi = theta + eta/alpha in (0, Phi), omega = Phi - phi and e = alpha - 1:
 *
 *   L = log g = [log(z cos eta sin omega/sin(alpha phi))]/e + log z + log(sin c/sin(alpha phi)),
 *   c = kappa + e omega (e > 0) or pi - Phi + abs(e) phi (e < 0),
 *   f = alpha/(pi abs(e) z) int g e^-g dtheta,
 *   P(X > z) = (1/pi) int omega abs(dL/dy) g e^-g dy,   P(X <= z) the same with pi - omega.
 *
 * If g has a limit g0 above 0 where it is least (one tail is light), 1 - exp(-g0) is added to the
 * other tail.
 *
 * METHOD: the trapezoid rule in y = logit(phi/Phi). All sines are those of sums of positive terms
 * that do not pass pi/2. Where eta is near pi/2, which is alpha near 1, sin(alpha phi)/sin omega is
 * 1 + cot(omega) sin c - (1 - cos c), and z cos eta is 1 + x_S0 cos eta - (1 - sin eta): then log1p
 * keeps the digits that 1/e needs. dL/dy = S phi omega/(abs(e) Phi) with a sum of squares,
 *   S sin(alpha phi) sin(omega) sin(c) = sin^2 c [(e sin omega/sin c - cos(omega + c))^2
 *                                                 + sin^2(alpha phi)].
 *
 * ACCURACY: a few units in the last place times max(1, g) and times the size of the first term of
 * L. ERRORS: none; arguments are checked by the functions of htst_stable.h. */
#ifndef HTST_STABLE_NOLAN_H
#define HTST_STABLE_NOLAN_H

#include "htst_stable_law.h"

/* The values at a point with x1 > 0 as seen from the side. */
htst_stable_values_t htst_stable_nolan(
    const htst_stable_law_t *law, const htst_stable_side_t *side, htst_stable_point_t point);

#endif /* HTST_STABLE_NOLAN_H */
