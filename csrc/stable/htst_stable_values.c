#include "htst_stable_values.h"

#include "htst_stable.h"
#include "htst_stable_closed.h"
#include "htst_stable_contour.h"
#include "htst_stable_math.h"
#include "htst_stable_nolan.h"

/* For alpha closer to 1 the logarithm of g in Nolan's integral loses digits, unless beta is
 * large. */
#define VERY_NEAR_ONE 1e-3
#define SMALL_BETA 0.05
#define NEAR_ONE 0.1    /* as in htst_stable_contour.c: below it the cut uses x_S0 */
#define FAR 12.0        /* for alpha near 1 the cut is tried if x_S0 is larger */
#define DEEP 42.0       /* the least -Re W at its saddle for which the cut is tried */
#define SMALL_PHASE 1.0 /* the largest phase on the cut at sigma = 1 */
#define SMALL_GROWTH 0.5
#define MOST_DECAY \
    4.0 /* a larger Re W at sigma = 1 makes the other tail small: it would lose digits */
#define SMALL_Z 1e-17 /* a larger z is not negligible for any alpha */
#define NO_CHANGE (-42.0)
#define LARGEST 1e300
#define MOST_LIGHT \
    1e6 /* for alpha = 1 the log of the light tail is below all doubles long before */

static htst_stable_values_t
mirror(htst_stable_values_t v)
{
    return (htst_stable_values_t){ v.density_scale, v.tail_scale, v.density, v.lower, v.upper,
        v.lower_more, v.upper_more };
}

/* True if the cut is likely to serve a point: its integrand becomes negligible before it rises. */
static bool
is_far(const htst_stable_law_t *law, const htst_stable_side_t *side, htst_stable_point_t point)
{
    if (fabs(law->excess) < NEAR_ONE) {
        return point.x0.hi > FAR;
    }
    double z = point.x1.hi, alpha = law->alpha;
    if (!(z > 0.0)) {
        return false;
    }
    double power = pow(z, -alpha), k = side->cos_part * power;
    if (side->sin_part * power > SMALL_PHASE) {
        return false;
    }
    if (alpha < 1.0) {
        return k > -SMALL_GROWTH && k < MOST_DECAY;
    }
    return k >= 0.0 || (1.0 - 1.0 / alpha) * pow(-alpha * k, -1.0 / (alpha - 1.0)) > DEEP;
}

/* True if the ray is likely to serve a point: there it is faster than Nolan's integral. */
static bool
is_in_body(const htst_stable_law_t *law, const htst_stable_side_t *side, htst_stable_point_t point)
{
    double alpha = law->alpha, beta = side->beta;
    if (fabs(law->excess) < NEAR_ONE) {
        return fabs(beta) < 0.25 || (beta > 0.0 && point.x0.hi > 2.0 * beta - 0.5);
    }
    if (alpha < 1.0) {
        return false;
    }
    double z = point.x1.hi * pow(hypot(side->cos_part, side->sin_part), -1.0 / alpha);
    return z < fmin(2.75, 1.0 + 4.0 * (alpha - 1.1));
}

/* Writes the values at a point on the edge of the support or outside; returns false for a point
 * inside the support. */
static bool
outside(const htst_stable_law_t *law, htst_stable_point_t point, htst_stable_values_t *values)
{
    double edge = law->beta * point.x1.hi;
    if (law->is_one || law->alpha > 1.0 || fabs(law->beta) < 1.0 || edge > 0.0) {
        return false;
    }
    *values = (htst_stable_values_t){ 0.0, 0.0, 0.0, 0.0, 0.0, law->beta > 0.0 ? 1.0 : 0.0,
        law->beta > 0.0 ? 0.0 : 1.0 };
    return true;
}

/* log Gamma(x) for x >= 1/2: recurrence up to 16, then Stirling's series. */
static double
log_gamma(double x)
{
    double product = 1.0;
    for (; x < 16.0; x += 1.0) {
        product *= x;
    }
    double i = 1.0 / x, y = i * i;
    double series = i * (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680))));
    return (x - 0.5) * log(x) - x + 0.91893853320467274178 + series - log(product);
}

/* The values at x_S1 = 0: f = Gamma(1 + 1/alpha) cos(theta0) cos(eta)^(1/alpha)/pi. */
static htst_stable_values_t
at_zero(const htst_stable_law_t *law, const htst_stable_side_t *side)
{
    double inverse = 1.0 / law->alpha, angle = fmin(side->length, side->beyond);
    bool large = inverse > 150.0;
    double scale = large ? log_gamma(1.0 + inverse) : 0.0;
    double gamma = large ? 1.0 : tgamma(1.0 + inverse);
    double density = gamma * sin(angle) * pow(side->cos_eta, inverse) / HTST_PI;
    return (htst_stable_values_t){ scale, 0.0, density, side->length / HTST_PI,
        side->beyond / HTST_PI, 0.0, 0.0 };
}

/* True if the first term of Taylor's series in z changes the value at 0 by less than rounding. */
static bool
is_negligible(double alpha, double z)
{
    if (z > SMALL_Z) {
        return false;
    }
    return log(z) + log_gamma(2.0 / alpha) - log_gamma(1.0 / alpha) < NO_CHANGE;
}

static htst_stable_values_t
by_nolan(const htst_stable_law_t *law, htst_stable_point_t point)
{
    if (law->is_one && fabs(point.x0.hi) > MOST_LIGHT) {
        point.x0 = (htst_pair_t){ copysign(MOST_LIGHT, point.x0.hi), 0.0 };
    }
    bool left = point.x1.hi < 0.0;
    point = left ? htst_stable_mirror(point) : point;
    double z = point.x1.hi;
    const htst_stable_side_t *side = &law->side[left];
    bool is_light = law->alpha < 1.0 && side->beyond == 0.0; /* the support ends at z = 0 */
    bool is_zero = z == 0.0 || (!is_light && is_negligible(law->alpha, z));
    htst_stable_values_t v = is_zero ? at_zero(law, side) : htst_stable_nolan(law, side, point);
    return left ? mirror(v) : v;
}

/* True if Nolan's integral keeps its digits. It loses them in the heavy tail of a law with alpha
 * near 1; the cut keeps them there. */
static bool
is_nolan_exact(const htst_stable_law_t *law, htst_stable_point_t point)
{
    bool left = point.x1.hi < 0.0;
    return fabs(law->excess) > VERY_NEAR_ONE
        || (fabs(law->beta) > SMALL_BETA && law->side[left].sin_eta > 0.0);
}

static htst_stable_values_t
choose(const htst_stable_law_t *law, htst_stable_point_t point)
{
    htst_stable_values_t v;
    if (htst_stable_is_closed(law->alpha, law->beta)) {
        return htst_stable_closed(law->alpha, law->beta, point);
    }
    if (outside(law, point, &v)) {
        return v;
    }
    bool near_one = fabs(law->excess) < NEAR_ONE, exact = is_nolan_exact(law, point);
    double x = near_one ? point.x0.hi : point.x1.hi;
    bool left = x < 0.0 || (x == 0.0 && law->beta < 0.0);
    htst_stable_point_t seen = left ? htst_stable_mirror(point) : point;
    const htst_stable_side_t *side = &law->side[left];
    bool far = is_far(law, side, seen), body = seen.far == 0.0 && is_in_body(law, side, seen);
    if ((far && htst_stable_cut(law, side, seen, &v))
        || (body && htst_stable_ray(law, side, seen, true, &v))
        || (!far && !exact && htst_stable_cut(law, side, seen, &v))
        || (!exact && seen.far == 0.0 && htst_stable_ray(law, side, seen, false, &v))) {
        return left ? mirror(v) : v;
    }
    return by_nolan(law, point);
}

htst_stable_values_t
htst_stable_values(const htst_stable_law_t *law, htst_stable_point_t point)
{
    htst_stable_values_t v = choose(law, point);
    if (law->beta == 0.0 && v.tail_scale > -2.0) { /* rounding must not move a tail across 1/2 */
        double scale = exp(v.tail_scale);
        v.upper *= scale;
        v.lower *= scale;
        v.tail_scale = 0.0;
        double *tail = point.x0.hi < 0.0 ? &v.lower : &v.upper;
        *tail = fmin(*tail, 0.5);
        if (point.x0.hi == 0.0) {
            v.lower = v.upper = 0.5;
            v.lower_more = v.upper_more = 0.0;
        }
    }
    return v;
}

void
htst_stable_prepare(double alpha, double beta, htst_stable_law_t *law)
{
    if (alpha == 2.0) {
        *law = (htst_stable_law_t){ .alpha = alpha, .beta = beta };
        return;
    }
    htst_stable_law(fmax(alpha, HTST_STABLE_LEAST_ALPHA), beta, law);
}

htst_stable_point_t
htst_stable_standard_point(
    const htst_stable_law_t *law, double x, double loc, double scale, bool is_s1)
{
    htst_pair_t d = htst_pair_sum(x, -loc), q = { d.hi / scale, 0.0 };
    if (fabs(q.hi) > LARGEST) {
        double size = log(fabs(0.5 * x - 0.5 * loc)) + 0.69314718055994530942 - log(scale);
        q = (htst_pair_t){ x > loc ? LARGEST : -LARGEST, 0.0 };
        htst_pair_t x1 = law->is_one && law->beta != 0.0 ? law->shift : q;
        return (htst_stable_point_t){ q, x1, size };
    }
    if (fabs(d.hi) > 1e-290 && fabs(q.hi) > 1e-290 && fabs(q.hi) < 1e290) {
        /* without a fused operation, a factor above 2^996 overflows when it is split */
        double unit = fmax(fabs(d.hi), scale) > 1e290 ? 0x1p-100 : 1.0, s = scale * unit;
        q.lo = (htst_residual(d.hi * unit, q.hi, s) + d.lo * unit) / s;
    }
    if (law->is_one && is_s1) { /* x_S0 = x_S1 - (2/pi) beta log scale */
        double shift = -2.0 / HTST_PI * law->beta * log(scale);
        q = htst_pair_add(q, (htst_pair_t){ shift, 0.0 });
    }
    if (law->alpha == 2.0) {
        return (htst_stable_point_t){ q, q, 0.0 };
    }
    return htst_stable_point(law, q, is_s1);
}

/* log(part exp(scale) + more). `complement` is 1 minus the sum, with digits of its own. */
static double
log_tail(double part, double scale, double more, double complement)
{
    double value = part * exp(scale) + more;
    if (value > 0.5) {
        return log1p(-complement);
    }
    return more != 0.0 ? log(value) : log(part) + scale;
}

/* part exp(scale); exp(scale) alone can be denormal or infinite. */
static double
scaled(double part, double scale)
{
    if (fabs(scale) < 600.0) {
        return part * exp(scale);
    }
    double half = exp(0.5 * scale);
    return part * half * half;
}

double
htst_stable_tell(int function, const htst_stable_values_t *v)
{
    double scale = exp(v->tail_scale);
    double upper = fmin(v->upper * scale + v->upper_more, 1.0);
    double lower = fmin(v->lower * scale + v->lower_more, 1.0);
    switch (function) {
        case HTST_STABLE_PDF: return scaled(v->density, v->density_scale);
        case HTST_STABLE_LOGPDF: return log(v->density) + v->density_scale;
        case HTST_STABLE_CDF: return lower;
        case HTST_STABLE_SF: return upper;
        case HTST_STABLE_LOGCDF: return log_tail(v->lower, v->tail_scale, v->lower_more, upper);
        case HTST_STABLE_LOGSF: return log_tail(v->upper, v->tail_scale, v->upper_more, lower);
        default: return NAN;
    }
}
