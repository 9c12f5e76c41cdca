#include "htst_stable_law.h"

#include "htst_stable_math.h"
#include "htst_isa.h"

/* Replaces alpha - 1 = 0; this changes the law by less than about 1e-20. A product with a power
 * of 2 is exact. */
#define NO_EXCESS 0x1p-83

static const htst_pair_t HALF_PI = { 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54 };

/* c[0] + c[1] z + c[2] z^2 + rest z^3 */
HTST_INLINE htst_pair_t
sum_series(const htst_pair_t c[3], htst_pair_t z, double rest)
{
    htst_pair_t sum = htst_pair_add(c[2], htst_pair_mul(z, (htst_pair_t){ rest, 0.0 }));
    sum = htst_pair_add(c[1], htst_pair_mul(z, sum));
    return htst_pair_add(c[0], htst_pair_mul(z, sum));
}

/* The sine and the cosine of pi u/2 for 0 <= u <= 1/2: Taylor's series for an eighth of the angle,
 * then three doublings. The small terms of the series need one double each. */
HTST_VOID_KERNEL(set_angle, (double u, htst_pair_t *sine, htst_pair_t *cosine), (u, sine, cosine))
{
    static const htst_pair_t SINE[3] = { { -0x1.5555555555555p-3, -0x1.5555555555555p-57 },
        { 0x1.1111111111111p-7, 0x1.1111111111111p-63 },
        { -0x1.a01a01a01a01ap-13, -0x1.a01a01a01a01ap-73 } };
    static const htst_pair_t COSINE[3] = { { -0.5, 0.0 },
        { 0x1.5555555555555p-5, 0x1.5555555555555p-59 },
        { -0x1.6c16c16c16c17p-10, 0x1.f49f49f49f49fp-65 } };
    htst_pair_t x = htst_pair_mul(HALF_PI, (htst_pair_t){ 0.125 * u, 0.0 });
    htst_pair_t z = htst_pair_mul(x, x), one = { 1.0, 0.0 };
    double z2 = z.hi * z.hi;
    double s =
        htst_cubic(z.hi, z2, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000);
    double c = htst_fma(z2 * z2, 1.0 / 20922789888000,
        htst_cubic(z.hi, z2, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200));
    *sine = htst_pair_add(x, htst_pair_mul(htst_pair_mul(x, z), sum_series(SINE, z, s)));
    *cosine = htst_pair_add(one, htst_pair_mul(z, sum_series(COSINE, z, c)));
    for (int i = 0; i < 3; i++) {
        htst_pair_t twice = { 2.0 * sine->hi, 2.0 * sine->lo };
        htst_pair_t square = htst_pair_mul(twice, *sine);
        *sine = htst_pair_mul(twice, *cosine);
        *cosine = htst_pair_add(one, (htst_pair_t){ -square.hi, -square.lo });
    }
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
    double sine = law->sine, cosine = law->cosine;
    side->beta = beta;
    side->sin_part = (1.0 + beta) * sine;
    side->cos_part = cosine - beta * (sine / cosine) * sine;
    /* the point (K, Lambda), multiplied by abs(cos A), which can be tiny */
    double sign = cosine < 0.0 ? -1.0 : 1.0;
    double x = sign * (cosine * cosine - beta * sine * sine);
    double y = (1.0 + beta) * sine * (sign * cosine), angle = atan2(y, fabs(x));
    side->full = x < 0.0 ? HTST_PI - angle : angle;
    side->kappa = x < 0.0 ? angle : HTST_PI - angle;
    side->length = side->full / law->alpha;
    /* cos^2 A + beta^2 sin^2 A */
    double square = fabs(beta) > 0.5 ? 1.0 - (1.0 - beta) * (1.0 + beta) * (sine * sine)
                                     : cosine * cosine + (beta * sine) * (beta * sine);
    double inverse = 1.0 / sqrt(square);
    side->cos_eta = fabs(cosine) * inverse;
    side->sin_eta = beta * sine * sign * inverse;
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
        set_angle(alpha, &sine, &cosine);
    }
    else if (alpha <= 1.5) {
        set_angle(fabs(law->excess), &cosine, &sine);
        cosine = law->excess > 0.0 ? negative(cosine) : cosine;
    }
    else {
        set_angle(2.0 - alpha, &sine, &cosine);
        cosine = negative(cosine);
    }
    law->sine = sine.hi;
    law->cosine = cosine.hi;
    law->shift = htst_pair_mul(quotient(sine, cosine), (htst_pair_t){ beta, 0.0 });
    set_side(law, beta, &law->side[0]);
    set_side(law, -beta, &law->side[1]);
    law->side[0].beyond = law->side[1].length;
    law->side[1].beyond = law->side[0].length;
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
