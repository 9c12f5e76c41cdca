#include "htst_truncated.h"

#include <float.h>
#include <math.h>

#define N_TERMS 11
#define MAX_STEPS 60

/* Below this proportion the square of its inverse may not be a double. */
#define TINY 0x1p-500

/* B_2k / (2k)!, k = 1, 2, ...: g(u) = 1/2 - the sum of these times u^(2k-1); the next term is below
 * 1e-18. */
static const double SERIES[N_TERMS] = {
    8.333333333333333e-02,
    -1.388888888888889e-03,
    3.306878306878307e-05,
    -8.267195767195768e-07,
    2.08767569878681e-08,
    -5.284190138687493e-10,
    1.3382536530684679e-11,
    -3.3896802963225829e-13,
    8.586062056277845e-15,
    -2.174868698558062e-16,
    5.509002828360230e-18,
};

/* 1/2 - g(u) for abs(u) < 1 */
static double
shortfall(double u)
{
    double sum = 0;

    for (int k = N_TERMS - 1; k >= 0; k--) {
        sum = sum * (u * u) + SERIES[k];
    }
    return sum * u;
}

/* -g'(u) for u >= 0: the variance in units of length^2 */
static double
variance(double u)
{
    double sum = 0, s;

    if (u < 1) {
        for (int k = N_TERMS - 1; k >= 0; k--) {
            sum = sum * (u * u) + (2 * k + 1) * SERIES[k];
        }
        return sum;
    }
    if (u > 700) { /* the second term is below 1e-300, sinh would overflow */
        return 1 / (u * u);
    }
    s = 2 * sinh(u / 2);
    return 1 / (u * u) - 1 / (s * s);
}

double
htst_truncated_mean(double u)
{
    double size = fabs(u);

    if (size < 1) {
        return .5 - shortfall(u);
    }
    double mean = 1 / size - 1 / expm1(size); /* NaN for NaN */
    return u > 0 ? mean : 1 - mean;
}

double
htst_truncated_root(double below, double above)
{
    if (below + above > DBL_MAX / 4) { /* twice the sum is needed below */
        below *= .25, above *= .25;
    }
    double sign = below <= above ? 1 : -1, least = below <= above ? below : above;
    double share = least / (below + above);
    double missing = (above - below) * sign / (2 * (below + above)); /* 1/2 - share */
    double u = 2 * missing * (1 / share + 4); /* exact at both ends of (0, 1/2] */

    if (share < TINY) { /* g(u) is 1/u there */
        return sign * (least > 0 ? (below + above) / least : INFINITY);
    }
    for (int step = 0; step < MAX_STEPS; step++) {
        double error = u < 1 ? missing - shortfall(u) : htst_truncated_mean(u) - share;
        double change = error / variance(u);
        double next = u + change;
        /* only the first step can begin above the root, and it can then overshoot */
        next = next > 0 ? next : u / 2;
        int is_last =
            fabs(next - u) <= 0x1p-28 * u; /* each step doubles the number of correct digits */
        u = next;
        if (is_last) {
            break;
        }
    }
    return sign * u;
}

double
htst_truncated_cdf(double rate, double t, double rest, double length)
{
    if (fabs(rate * length) < 0x1p-60) {
        return t / length;
    }
    if (rate > 0) {
        return expm1(-rate * t) / expm1(-rate * length);
    }
    return exp(rate * rest) * (expm1(rate * t) / expm1(rate * length));
}
