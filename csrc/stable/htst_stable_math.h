/* htst_stable_math: sines, logarithms and exponentials for loops over the nodes of an integral.
 * Internal.
 *
 * METHOD: polynomials without branches and without calls of libm, so that compilers vectorise loops
 * over them. Results are the same in the clones for all instruction sets.
 * ACCURACY: about one unit in the last place. Sines near pi and cosines near pi/2 have an absolute
 * error of one unit in the last place of 1.
 * ERRORS: none; each function says which arguments it accepts. */
#ifndef HTST_STABLE_MATH_H
#define HTST_STABLE_MATH_H

#include "htst_pair.h"

#define HTST_PI 3.14159265358979323846
#define HTST_HALF_PI 1.57079632679489661923
#define HTST_QUARTER_PI 0.78539816339744830962
#define HTST_LOG_LARGEST 709.7827 /* just below the log of the largest double */

typedef struct {
    double sin, cos;
} htst_angle_t;

/* sin x and cos x for abs(x) <= pi/4. */
HTST_INLINE htst_angle_t
htst_small_angle(double x)
{
    double z = x * x, z2 = z * z, z4 = z2 * z2;
    double s = htst_fma(htst_fma(-1.0 / 1307674368000, z, 1.0 / 6227020800), z4,
        htst_cubic(z, z2, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800));
    double c = htst_fma(
        htst_fma(htst_fma(1.0 / 20922789888000, z, -1.0 / 87178291200), z, 1.0 / 479001600), z4,
        htst_cubic(z, z2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800));
    s = htst_fma(x * z, htst_fma(z, s, -1.0 / 6), x);
    c = htst_fma(z2, c, htst_fma(-0.5, z, 1.0));
    return (htst_angle_t){ s, c };
}

/* sin x and cos x for 0 <= x <= 3/4 pi. The sine of a small x has full relative accuracy. */
HTST_INLINE htst_angle_t
htst_angle(double x)
{
    int far = x > HTST_QUARTER_PI;
    htst_angle_t a = htst_small_angle(far ? HTST_HALF_PI - x : x);
    return (htst_angle_t){ far ? a.cos : a.sin, far ? a.sin : a.cos };
}

/* sin x and cos x for abs(x) < 1e5. For a larger abs(x) the results are some numbers in [-1, 1]. */
HTST_INLINE htst_angle_t
htst_any_angle(double x)
{
    double clipped = x < 1e5 ? (x > -1e5 ? x : -1e5) : 1e5;
    double shifted = clipped * (2.0 / HTST_PI) + 0x1.8p52, turns = shifted - 0x1.8p52;
    double r = htst_fma(-turns, 0x1.921fb54400000p+0, clipped); /* pi/2 in two parts */
    r = htst_fma(-turns, 0x1.0b4611a626331p-34, r);
    htst_angle_t a = htst_small_angle(r);
    double half = turns * 0.5 + 0x1.8p52, rest = turns - 2.0 * (half - 0x1.8p52);
    double quarter = half - 0x1.8p52, halves = quarter * 0.5 + 0x1.8p52;
    double odd = quarter - 2.0 * (halves - 0x1.8p52); /* -1, 0 or 1 */
    double sign = 1.0 - 2.0 * fabs(odd);
    double sine = rest != 0.0 ? rest * a.cos : a.sin, cosine = rest != 0.0 ? -rest * a.sin : a.cos;
    return (htst_angle_t){ sign * sine, sign * cosine };
}

/* log x for a positive normal x. */
HTST_INLINE double
htst_log(double x)
{
    double f, e;
    htst_split(x, &f, &e);
    return htst_log_sum(f, e);
}

/* log(1 + x) for x > -1. */
HTST_INLINE double
htst_log1p(double x)
{
    double u = 1.0 + x;
    return htst_log(u) + (x - (u - 1.0)) / u;
}

/* exp(x): 0 for x below -745, and exp(709) for x above 709. */
HTST_INLINE double
htst_exp(double x)
{
    double top = x < 709.0 ? x : 709.0;
    return htst_exp_negative((htst_pair_t){ -top, 0.0 }, 1.0);
}

/* exp(x) - 1 for abs(x) < 700. */
HTST_INLINE double
htst_expm1(double x)
{
    double near = htst_expm1_reduced(x), far = htst_exp(x) - 1.0;
    return fabs(x) < 0.34 ? near : far;
}

#endif /* HTST_STABLE_MATH_H */
