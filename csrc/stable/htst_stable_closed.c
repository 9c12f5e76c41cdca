#include "htst_stable_closed.h"

#include "htst_stable_math.h"

#define ASYMPTOTIC 26.3 /* erfc(u) is below 1e-302 for larger u */
#define LARGE 1e150     /* its square does not overflow */
#define LARGE_LEVY 1e200
#define ROOT_PI 1.77245385090551602730

bool
htst_stable_is_closed(double alpha, double beta)
{
    return alpha == 2.0 || (alpha == 1.0 && beta == 0.0) || (alpha == 0.5 && fabs(beta) == 1.0);
}

/* Returns `value` and writes `scale` such that erfc(u) = value exp(scale). */
static double
scaled_erfc(htst_pair_t u, double *scale)
{
    *scale = 0.0;
    if (u.hi < ASYMPTOTIC) { /* derivative of log erfc: -2 exp(-u^2)/(sqrt(pi) erfc(u)) */
        double value = erfc(u.hi), slope = value > 0.0 ? 2.0 / ROOT_PI * exp(-u.hi * u.hi) : 0.0;
        return value - slope * u.lo;
    }
    double w = 0.5 / u.hi / u.hi, sum = 1.0, term = 1.0;
    for (int n = 1; n < 12; n++) {
        term *= -(2.0 * n - 1.0) * w;
        sum += term;
    }
    double square = u.hi * u.hi;
    *scale = isinf(square) ? -INFINITY : -square - 2.0 * u.hi * u.lo;
    return sum / (ROOT_PI * u.hi);
}

/* Returns `value` and writes `scale` such that exp(-u^2) = value exp(scale). */
static double
scaled_square(htst_pair_t u, double *scale)
{
    *scale = 0.0;
    if (fabs(u.hi) > ASYMPTOTIC) {
        *scale = -u.hi * u.hi;
        return 1.0;
    }
    htst_pair_t square = htst_pair_product(u.hi, u.hi);
    square.lo += 2.0 * u.hi * u.lo;
    return htst_exp_negative(square, 1.0);
}

static htst_stable_values_t
normal(htst_pair_t x)
{
    htst_stable_values_t v = { 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0 };
    htst_pair_t u = { 0.5 * x.hi, 0.5 * x.lo },
                size = u.hi < 0.0 ? (htst_pair_t){ -u.hi, -u.lo } : u;
    v.density = scaled_square(u, &v.density_scale) / (2.0 * ROOT_PI);
    double tail = 0.5 * scaled_erfc(size, &v.tail_scale);
    bool left = u.hi < 0.0;
    v.upper = left ? 0.0 : tail;
    v.lower = left ? tail : 0.0;
    if (left) {
        v.upper_more = 1.0 - tail * exp(v.tail_scale);
    }
    else {
        v.lower_more = 1.0 - tail * exp(v.tail_scale);
    }
    return v;
}

static htst_stable_values_t
cauchy(htst_stable_point_t point)
{
    double x = point.x0.hi, size = fabs(x);
    htst_stable_values_t v = { 0.0, 0.0, 0.0, atan2(1.0, x) / HTST_PI, atan2(1.0, -x) / HTST_PI,
        0.0, 0.0 };
    if (size < LARGE) {
        v.density = 1.0 / (HTST_PI * (1.0 + x * x));
        return v;
    }
    double log_x = point.far > 0.0 ? point.far : log(size);
    v.density_scale = -2.0 * log_x;
    v.density = 1.0 / HTST_PI;
    if (point.far > 0.0) {
        bool right = x > 0.0;
        v.tail_scale = -log_x;
        v.upper = right ? 1.0 / HTST_PI : 0.0;
        v.lower = right ? 0.0 : 1.0 / HTST_PI;
        v.upper_more = right ? 0.0 : 1.0;
        v.lower_more = right ? 1.0 : 0.0;
    }
    return v;
}

/* Levy's law with scale 1: x_S1 is distributed as 1/N^2, where N is standard normal. */
static htst_stable_values_t
levy(htst_stable_point_t point)
{
    htst_stable_values_t v = { 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0 };
    double z = point.x1.hi, log_z = point.far > 0.0 ? point.far : log(z);
    if (!(z > 0.0)) {
        v.upper_more = 1.0;
        return v;
    }
    if (isinf(1.0 / z)) { /* the logs are below all doubles */
        return (htst_stable_values_t){ -INFINITY, -INFINITY, 1.0, 0.0, 1.0, 1.0, 0.0 };
    }
    htst_pair_t w = htst_pair_quotient((htst_pair_t){ 0.5, 0.0 }, point.x1, 1.0 / z);
    htst_pair_t u = { sqrt(w.hi), 0.0 }; /* u^2 = 1/(2 z) */
    u.lo = (htst_residual(w.hi, u.hi, u.hi) + w.lo) / (2.0 * u.hi);
    if (z > LARGE_LEVY) {
        bool far = point.far > 0.0;
        v.density_scale = -1.5 * log_z;
        v.density = 0.5 / ROOT_PI * sqrt(2.0);
        v.tail_scale = far ? -0.5 * log_z : 0.0;
        v.upper = sqrt(2.0) / ROOT_PI / (far ? 1.0 : sqrt(z));
        v.lower_more = 1.0 - v.upper * exp(v.tail_scale);
        return v;
    }
    v.density = scaled_square(u, &v.density_scale) / (ROOT_PI * sqrt(2.0) * z * sqrt(z));
    if (!isfinite(v.density)) {
        v.density_scale -= 1.5 * log_z;
        v.density = 1.0 / (ROOT_PI * sqrt(2.0));
    }
    v.lower = scaled_erfc(u, &v.tail_scale);
    v.upper_more = erf(u.hi) + 2.0 / ROOT_PI * exp(-u.hi * u.hi) * u.lo;
    return v;
}

htst_stable_values_t
htst_stable_closed(double alpha, double beta, htst_stable_point_t point)
{
    if (alpha == 2.0) {
        return normal(point.x0);
    }
    if (alpha == 1.0) {
        return cauchy(point);
    }
    if (beta > 0.0) {
        return levy(point);
    }
    htst_stable_values_t v = levy(htst_stable_mirror(point)), mirrored = v;
    mirrored.upper = v.lower;
    mirrored.upper_more = v.lower_more;
    mirrored.lower = v.upper;
    mirrored.lower_more = v.upper_more;
    return mirrored;
}
