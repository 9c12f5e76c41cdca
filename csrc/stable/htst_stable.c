#include "htst_stable.h"

#include <stdbool.h>

#include "htst_stable_values.h"

static bool
legal(double x, double alpha, double beta, double loc, double scale)
{
    return !isnan(x) && alpha > 0.0 && alpha <= 2.0 && fabs(beta) <= 1.0 && isfinite(loc)
        && scale > 0.0 && isfinite(scale);
}

/* The value of a function at x = infinity (`right`) or at x = -infinity. */
static double
limit(int function, bool right)
{
    switch (function) {
        case HTST_STABLE_PDF: return 0.0;
        case HTST_STABLE_LOGPDF: return -INFINITY;
        case HTST_STABLE_CDF: return right ? 1.0 : 0.0;
        case HTST_STABLE_SF: return right ? 0.0 : 1.0;
        case HTST_STABLE_LOGCDF: return right ? 0.0 : -INFINITY;
        default: return right ? -INFINITY : 0.0;
    }
}

/* The value of a function at x; htst_stable_prepare has computed `law`. */
static double
value_at(int function, bool is_s1, double x, double alpha, const htst_stable_law_t *law, double loc,
    double scale)
{
    if (isinf(x)) {
        return limit(function, x > 0.0);
    }
    htst_stable_point_t point = htst_stable_standard_point(law, x, loc, scale, is_s1);
    htst_stable_values_t values = htst_stable_values(law, point);
    if (alpha < HTST_STABLE_LEAST_ALPHA) {
        values.density_scale += log(alpha) - log(HTST_STABLE_LEAST_ALPHA);
    }
    double value = htst_stable_tell(function, &values);
    if (function == HTST_STABLE_PDF) {
        return value / scale;
    }
    return function == HTST_STABLE_LOGPDF ? value - log(scale) : value;
}

double
htst_stable_evaluate(
    int function, int is_s1, double x, double alpha, double beta, double loc, double scale)
{
    if (function < 0 || function >= HTST_STABLE_N_FUNCTIONS || !legal(x, alpha, beta, loc, scale)) {
        return NAN;
    }
    htst_stable_law_t law;
    htst_stable_prepare(alpha, beta, &law);
    return value_at(function, is_s1 != 0, x, alpha, &law, loc, scale);
}

int
htst_stable_map(int function, int is_s1, int64_t count, const double *x, const double *alpha,
    const double *beta, const double *loc, const double *scale, const int64_t steps[5], double *out)
{
    if (function < 0 || function >= HTST_STABLE_N_FUNCTIONS) {
        return HTST_ERR_BAD_ARG;
    }
    htst_stable_law_t law;
    double known_alpha = NAN, known_beta = NAN;
    int status = HTST_OK;
    for (int64_t i = 0; i < count; i++) {
        double a = alpha[i * steps[1]], b = beta[i * steps[2]], at = x[i * steps[0]];
        double l = loc[i * steps[3]], s = scale[i * steps[4]];
        if (!legal(at, a, b, l, s)) {
            out[i] = NAN;
            status = HTST_ERR_BAD_ARG;
            continue;
        }
        if (a != known_alpha || b != known_beta) {
            htst_stable_prepare(a, b, &law);
            known_alpha = a;
            known_beta = b;
        }
        out[i] = value_at(function, is_s1 != 0, at, a, &law, l, s);
        if (isnan(out[i])) {
            status = HTST_ERR_BAD_ARG;
        }
    }
    return status;
}
