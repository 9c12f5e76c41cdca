#include "htst_stable_law.h"

#include "htst_stable_math.h"

/* Replaces alpha - 1 = 0; this changes the law by less than about 1e-20. */
#define NO_EXCESS 1e-25

#define MAX_TERMS 16 /* of Taylor's series up to pi/4 */

static const htst_pair_t HALF_PI = { 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54 };

static htst_pair_t
divide(htst_pair_t a, double b)
{
    return htst_pair_quotient(a, (htst_pair_t){ b, 0.0 }, 1.0 / b);
}

/* The sine and the cosine of pi u/2 for 0 <= u <= 1/2, by Taylor's series. */
static void
pair_angle(double u, htst_pair_t *sine, htst_pair_t *cosine)
{
    htst_pair_t x = htst_pair_mul(HALF_PI, (htst_pair_t){ u, 0.0 }), square = htst_pair_mul(x, x);
    htst_pair_t terms[MAX_TERMS] = { { 1.0, 0.0 } }, sums[2] = { { 0.0, 0.0 }, { 0.0, 0.0 } };
    int n = 1; /* terms[i] = (-1)^i x^(2i)/(2i)! */
    for (; n < MAX_TERMS && fabs(terms[n - 1].hi) > 0x1p-110; n++) {
        terms[n] = divide(htst_pair_mul(terms[n - 1], square), -(2.0 * n - 1.0) * (2.0 * n));
    }
    while (n-- > 0) {
        sums[0] = htst_pair_add(sums[0], terms[n]);
        sums[1] = htst_pair_add(sums[1], divide(terms[n], 2.0 * n + 1.0));
    }
    *cosine = sums[0];
    *sine = htst_pair_mul(sums[1], x);
}

static htst_pair_t
negative(htst_pair_t a)
{
    return (htst_pair_t){ -a.hi, -a.lo };
}

static htst_pair_t
quotient(htst_pair_t a, htst_pair_t b)
{
    htst_pair_t q = htst_pair_quotient(a, b, 1.0 / b.hi);
    return htst_pair_fast_sum(q.hi, q.lo);
}

static void
set_side(const htst_stable_law_t *law, double beta, htst_stable_side_t *side)
{
    double sine = law->sine, cosine = law->cosine, tangent = beta * (sine / cosine);
    side->beta = beta;
    side->sin_part = (1.0 + beta) * sine;
    side->cos_part = cosine - beta * (sine / cosine) * sine;
    /* the point (K, Lambda), multiplied by abs(cos A), which can be tiny */
    double sign = cosine < 0.0 ? -1.0 : 1.0;
    double x = sign * (cosine * cosine - beta * sine * sine);
    double y = (1.0 + beta) * sine * (sign * cosine), other = (1.0 - beta) * sine * (sign * cosine);
    double mirrored = sign * (cosine * cosine + beta * sine * sine);
    side->full = atan2(y, x);
    side->kappa = atan2(y, -x);
    side->length = side->full / law->alpha;
    side->beyond = atan2(other, mirrored) / law->alpha;
    side->cos_eta = 1.0 / hypot(1.0, tangent);
    side->sin_eta = tangent * side->cos_eta;
}

void
htst_stable_law(double alpha, double beta, htst_stable_law_t *law)
{
    htst_pair_t sine, cosine;
    law->alpha = alpha;
    law->beta = beta;
    law->is_one = alpha == 1.0;
    law->excess = law->is_one ? -NO_EXCESS : alpha - 1.0;
    if (alpha <= 0.5) {
        pair_angle(alpha, &sine, &cosine);
    }
    else if (alpha <= 1.5) {
        pair_angle(fabs(law->excess), &cosine, &sine);
        cosine = law->excess > 0.0 ? negative(cosine) : cosine;
    }
    else {
        pair_angle(2.0 - alpha, &sine, &cosine);
        cosine = negative(cosine);
    }
    law->sine = sine.hi;
    law->cosine = cosine.hi;
    law->shift = htst_pair_mul(quotient(sine, cosine), (htst_pair_t){ beta, 0.0 });
    set_side(law, beta, &law->side[0]);
    set_side(law, -beta, &law->side[1]);
}

htst_stable_point_t
htst_stable_point(const htst_stable_law_t *law, htst_pair_t x, bool is_s1)
{
    htst_stable_point_t point = { x, x, 0.0 };
    if (law->is_one) {
        point.x1 = law->shift; /* nearly infinite: x_S0 is negligible next to it */
        if (law->beta == 0.0) {
            point.x1 = x;
        }
        return point;
    }
    if (is_s1) {
        point.x0 = htst_pair_add(x, negative(law->shift));
    }
    else {
        point.x1 = htst_pair_add(x, law->shift);
    }
    return point;
}

htst_stable_point_t
htst_stable_mirror(htst_stable_point_t point)
{
    return (htst_stable_point_t){ negative(point.x0), negative(point.x1), point.far };
}
