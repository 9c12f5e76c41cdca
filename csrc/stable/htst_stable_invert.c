#include "htst_stable_invert.h"

#include "htst_stable.h"
#include "htst_stable_math.h"
#include "htst_stable_values.h"

#define LOG_HALF (-0.69314718055994530942)
#define LARGE_S 20.0 /* above it sinh s is exp(s)/2 */
#define MAX_STEPS 200
#define LAST_STEP 1e-9     /* after it the next step of Newton's method is below rounding */
#define LARGEST_VALUE 1e-3 /* of the equation at its root: a step that is tiny elsewhere is wrong */
#define LEAST_LOG (-1e13)
#define FAR 30.0    /* both ends of the bracket are within this before it is halved */
#define LONGEST 8.0 /* step of Newton's method, which is too long where the slope is nearly 0 */

/* The equation log P(X > x) = level, for a law and its right tail. */
typedef struct {
    htst_stable_law_t law;
    double level, log_level; /* log_level = log(-level), level < 0 */
    double width, last;      /* last: the largest s */
    bool is_x1;
} tail_t;

/* t = width sinh s */
static double
coordinate_at(const tail_t *tail, double s)
{
    if (fabs(s) > LARGE_S) {
        return copysign(exp(fabs(s) + log(0.5 * tail->width)), s);
    }
    return tail->width * sinh(s);
}

/* log(-log P(X > x)) - log(-level) at s; writes its derivative to `slope`, or NaN so far in a light
 * tail that the difference of two logarithms has no digits. */
static double
excess(const tail_t *tail, double s, double *slope)
{
    double t = coordinate_at(tail, s);
    htst_stable_point_t point = htst_stable_point(&tail->law, (htst_pair_t){ t, 0.0 }, tail->is_x1);
    htst_stable_values_t v = htst_stable_values(&tail->law, point);
    double log_upper = htst_stable_tell(HTST_STABLE_LOGSF, &v);
    double log_density = htst_stable_tell(HTST_STABLE_LOGPDF, &v);
    double hazard = log_upper > LEAST_LOG ? exp(log_density - log_upper) : NAN;
    *slope = hazard * hypot(t, tail->width) / -log_upper;
    return log(-log_upper) - tail->log_level;
}

/* The s at which the power law Lambda Gamma(alpha) x^-alpha/pi has this level, or 0 where the power
 * law does not hold. */
static double
start(const tail_t *tail)
{
    double size = tail->law.side[0].sin_part;
    if (tail->law.alpha == 2.0 || size == 0.0) {
        return 0.0;
    }
    double log_x = (log(size * tgamma(tail->law.alpha) / HTST_PI) - tail->level) / tail->law.alpha;
    double s = log_x - log(tail->width) + 0.69314718055994530942;
    return s > 1.0 ? fmin(s, tail->last) : 0.0;
}

static double
solve(const tail_t *tail)
{
    double low = -tail->last, high = tail->last, s = start(tail), slope = 0.0;
    double stride = 1.0, last = 0.0; /* the last step */
    /* if the support ends at t = 0, s keeps its relative accuracy there */
    double least = tail->law.alpha < 1.0 && fabs(tail->law.beta) == 1.0 ? 0.0 : 1e-3;
    for (int i = 0; i < MAX_STEPS; i++) {
        double value = excess(tail, s, &slope);
        if (value < 0.0) {
            low = s;
        }
        else {
            high = s;
        }
        double step = -value / slope, limit = LONGEST + fabs(s);
        double next = fabs(step) > limit ? s + copysign(limit, step) : s + step;
        double close = fmin(1.0, fmax(fabs(s), least));
        bool is_tiny = fabs(next - s) < LAST_STEP * close;
        if (is_tiny && fabs(value) < LARGEST_VALUE) {
            return next;
        }
        /* a step back that is hardly shorter than the last one could lead into a cycle */
        bool swings = (next - s) * last < -0.5 * last * last;
        if (is_tiny || swings || !(next > low && next < high)) {
            stride *= 2.0;
            next = fabs(low) < FAR && fabs(high) < FAR ? 0.5 * (low + high)
                                                       : s + (value < 0.0 ? stride : -stride);
            next = next > low && next < high ? next : 0.5 * (low + high);
        }
        last = next - s;
        s = next;
        if (high - low < 1e-16 * fabs(s)) {
            break;
        }
    }
    return s;
}

/* The right end of the support, as x in S1 (is_s1) or in S0. */
static double
right_end(const htst_stable_law_t *law, bool is_s1)
{
    if (law->alpha < 1.0 && law->beta == -1.0) {
        return is_s1 ? 0.0 : -law->shift.hi;
    }
    return INFINITY;
}

/* The standardised x, in S0 or S1, with log P(X > x) = level, for level <= log(1/2). */
static double
upper_quantile(double alpha, double beta, double level, bool is_s1)
{
    tail_t tail = { .level = level, .log_level = log(-level), .width = 1.0 };
    htst_stable_prepare(alpha, beta, &tail.law);
    if (level == -INFINITY) {
        return right_end(&tail.law, is_s1);
    }
    if (beta == 0.0 && level == LOG_HALF) {
        return 0.0;
    }
    tail.is_x1 = alpha <= 0.7;
    if (tail.is_x1) {
        tail.width = tgamma(fmin(1.0 / alpha, 85.0)) / tgamma(fmin(2.0 / alpha, 170.0));
    }
    tail.last = HTST_LOG_LARGEST - log(0.5 * tail.width);
    double s = solve(&tail), t = coordinate_at(&tail, s);
    if (fabs(s) > tail.last - 1e-3) {
        return copysign(INFINITY, s);
    }
    if (alpha == 2.0 || tail.law.is_one) {
        return t;
    }
    htst_stable_point_t point = htst_stable_point(&tail.law, (htst_pair_t){ t, 0.0 }, tail.is_x1);
    return is_s1 ? point.x1.hi : point.x0.hi;
}

/* The standardised x with log P(X <= x) = log_lower and log P(X > x) = log_upper. */
static double
quantile(double alpha, double beta, double log_lower, double log_upper, bool is_s1)
{
    if (log_upper <= LOG_HALF) {
        return upper_quantile(alpha, beta, log_upper, is_s1);
    }
    return -upper_quantile(alpha, -beta, log_lower, is_s1);
}

static bool
legal(int function, double q, double alpha, double beta, double loc, double scale)
{
    bool in_range = function == HTST_STABLE_LOG_ISF ? q <= 0.0 : q >= 0.0 && q <= 1.0;
    return in_range && alpha > 0.0 && alpha <= 2.0 && fabs(beta) <= 1.0 && isfinite(loc)
        && scale > 0.0 && isfinite(scale);
}

double
htst_stable_invert(
    int function, int is_s1, double q, double alpha, double beta, double loc, double scale)
{
    double x;
    if (!legal(function, q, alpha, beta, loc, scale)) {
        return NAN;
    }
    switch (function) {
        case HTST_STABLE_PPF: x = quantile(alpha, beta, log(q), log1p(-q), is_s1 != 0); break;
        case HTST_STABLE_ISF: x = quantile(alpha, beta, log1p(-q), log(q), is_s1 != 0); break;
        case HTST_STABLE_LOG_ISF:
            x = quantile(
                alpha, beta, q > LOG_HALF ? log(-expm1(q)) : log1p(-exp(q)), q, is_s1 != 0);
            break;
        default: return NAN;
    }
    double moved = loc + scale * x;
    if (alpha == 1.0 && is_s1) {
        moved += 2.0 / HTST_PI * beta * scale * log(scale);
    }
    return moved;
}

int
htst_stable_map_inverse(int function, int is_s1, int64_t count, const double *q,
    const double *alpha, const double *beta, const double *loc, const double *scale,
    const int64_t steps[5], double *out)
{
    if (function < HTST_STABLE_PPF || function >= HTST_STABLE_INVERT_END) {
        return HTST_ERR_BAD_ARG;
    }
    int status = HTST_OK;
    for (int64_t i = 0; i < count; i++) {
        out[i] = htst_stable_invert(function, is_s1, q[i * steps[0]], alpha[i * steps[1]],
            beta[i * steps[2]], loc[i * steps[3]], scale[i * steps[4]]);
        status = isnan(out[i]) ? HTST_ERR_BAD_ARG : status;
    }
    return status;
}
