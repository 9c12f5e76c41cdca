/* htst_stable_integrand: the integrand of Nolan's integral. Internal.
 *
 * METHOD, ACCURACY: htst_stable_nolan.h has the formulas. ERRORS: none. */
#ifndef HTST_STABLE_INTEGRAND_H
#define HTST_STABLE_INTEGRAND_H

#include "htst_stable_law.h"
#include "htst_stable_math.h"

/* The constants of the integrand. */
typedef struct {
    double alpha, excess, inverse; /* inverse = 1/(alpha - 1) */
    double length, beyond, kappa;
    double size, above, base, other_base; /* abs(e), its sign; c = base + size (omega or phi) */
    double first, rest, factor;           /* log g = (first - ...)/e + rest + log(factor ...) */
    double rise;                          /* +1 if L rises with y, else -1 */
} htst_stable_integral_t;

/* One node: L, abs(dL/dy), the weight phi omega/Phi, omega and phi. */
typedef struct {
    double log_g, slope, weight, omega, phi;
} htst_stable_node_t;

HTST_INLINE htst_stable_node_t
htst_stable_node(const htst_stable_integral_t *t, double y)
{
    double grow = htst_exp(-fabs(y)), share = 1.0 / (1.0 + grow);
    double big = t->length * share, small = big * grow, weight = small * share;
    double phi = y > 0.0 ? big : small, omega = y > 0.0 ? small : big;
    double p = t->alpha * phi, p_other = htst_fma(t->alpha, omega, t->kappa);
    double w_other = t->beyond + phi, e = t->excess;
    double moving = t->above > 0.0 ? omega : phi, other = t->above > 0.0 ? phi : omega;
    double c1 = htst_fma(t->size, moving, t->base), c2 = htst_fma(t->size, other, t->other_base);
    double sp = htst_angle(p < p_other ? p : p_other).sin;
    htst_angle_t w = htst_angle(omega < w_other ? omega : w_other);
    htst_angle_t c = htst_angle(c1 < c2 ? c1 : c2);
    double cos_w = omega < w_other ? w.cos : -w.cos, cos_c = c1 < c2 ? c.cos : -c.cos;
    double inverse_w = 1.0 / w.sin, ratio = sp * inverse_w, quotient = c.sin / sp;
    double near = (cos_w * inverse_w) * c.sin - (c.sin * c.sin) / (1.0 + fabs(cos_c));
    double is_near = cos_c > 0.0 ? near * (1.0 - near) + 0.75 : -1.0; /* -.5 < near < 1.5 */
    double sum = 1.0 + near, rest = is_near > 0.0 ? sum : ratio;
    double lost = (near - (sum - 1.0)) / rest;
    double part = htst_log(rest) + (is_near > 0.0 ? lost : 0.0);
    double log_g = htst_fma(t->first - part, t->inverse, t->rest) + htst_log(quotient * t->factor);
    double a = e * (w.sin / c.sin) - (cos_w * cos_c - w.sin * c.sin);
    double slope = htst_fma(a, a, sp * sp) * quotient * (weight * inverse_w) * fabs(t->inverse);
    return (htst_stable_node_t){ log_g, slope, weight, omega, phi };
}

/* log(z cos eta), computed from x_S0 if the logarithm is near 0. */
HTST_INLINE double
htst_stable_first_log(const htst_stable_side_t *side, htst_stable_point_t point)
{
    double cosine = side->cos_eta, x0 = point.x0.hi * cosine;
    double near = x0 - cosine * cosine / (1.0 + side->sin_eta);
    if (side->sin_eta > 0.0 && fabs(near) < 0.5) {
        return log1p(near + point.x0.lo * cosine);
    }
    return log(point.x1.hi * cosine) + point.x1.lo / point.x1.hi;
}

/* The terms of log g with z are log(z cos eta)/e + log z. If alpha is small or log z is large, they
 * cancel: then (alpha/e) log z replaces both multiples of log z. */
HTST_INLINE htst_stable_integral_t
htst_stable_integral(
    const htst_stable_law_t *law, const htst_stable_side_t *side, htst_stable_point_t point)
{
    double z = point.x1.hi, lost = point.x1.lo / z, e = law->excess, size = fabs(e);
    bool above = e > 0.0;
    htst_stable_integral_t t = { law->alpha, e, 1.0 / e, side->length, side->beyond, side->kappa,
        size, above ? 1.0 : -1.0, above ? side->kappa : side->beyond,
        above ? side->length : side->full, 0.0, lost, z, above ? -1.0 : 1.0 };
    if (law->alpha > 0.5 && z > 1e-40 && z < 1e40) {
        t.first = htst_stable_first_log(side, point);
        return t;
    }
    t.first = log(side->cos_eta);
    t.rest = (log(z) + lost) * (law->alpha / e);
    t.factor = 1.0;
    return t;
}

#endif /* HTST_STABLE_INTEGRAND_H */
