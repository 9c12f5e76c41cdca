#include "htst_discrete_solve.h"

#include <math.h>

#include "htst_discrete.h"
#include "htst_estimate.h"
#include "htst_zeta.h"
#include "htst_isa.h"

#define LARGEST 9007199254740992.0 /* 2^53: all whole numbers up to it are doubles */
#define MOST_STEPS 200

/* Values whose logarithms are computed together. */
#define PART (64 * HTST_ESTIMATE_BLOCK)

/* The number of values that are not whole or exceed 2^53. */
HTST_KERNEL(int64_t, not_whole, (int64_t m, const double *x), (m, x))
{
    int64_t wrong = 0;

    for (int64_t k = 0; k < m; k++) {
        wrong += !(x[k] <= LARGEST) | (x[k] != floor(x[k]));
    }
    return wrong;
}

HTST_VOID_KERNEL(invert, (int64_t m, double *x), (m, x))
{
    for (int64_t k = 0; k < m; k++) {
        x[k] = 1 / x[k];
    }
}

int
htst_discrete_means(int64_t m, const double *x, const int64_t *first, double *mean)
{
    htst_estimate_mark_t mark = { 0, 0, 0, 0 };
    double y[PART];

    if (m < 1 || !(x[0] >= 1) || not_whole(m, x) > 0 || first[0] != 0) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t end = m - 1; end > 0; end -= PART) {
        int64_t begin = end > PART ? end - PART : 0;
        int status = htst_estimate_part(
            end - begin + 1, x + begin, first + begin, first[m], &mark, y, mean + begin);
        if (status != HTST_OK) {
            return status;
        }
        invert(end - begin, mean + begin);
    }
    mean[m - 1] = 0;
    return first[m] < first[m - 1] ? HTST_ERR_BAD_ARG : first[m] > 0 ? HTST_OK : HTST_ERR_TOO_FEW;
}

/* The step of Newton's method from s. For s below q the mean is about 1/(s - 1), so its inverse is
 * nearly linear in s. For s far above q the mean falls exponentially, so its logarithm is nearly
 * linear. */
static double
newton_step(double s, double q, double expected, double variance, double mean)
{
    double ratio = expected / mean;

    return expected * (s < q ? ratio - 1 : log(ratio)) / variance;
}

/* `next` if it lies in (below, above), else a step from s that does. */
static double
step_within(double next, double s, double below, double above)
{
    if (next > below && next < above) {
        return next;
    }
    return isinf(above) ? 2 * s + 1 : below + (above - below) / 2;
}

/* The error of an exponent whose law ends at `top`, from the rounding of the mean. An estimate that
 * is above the lowest exponent by less cannot be told from it. */
static double
resolution(double q, double top)
{
    return isinf(top) ? 0 : 1e-14 / log((top + 1) / q);
}

/* Set the results after the last step from s, where z was computed, if they are above `least`. */
static void
set_results(double s, double step, double least, const double z[3], double *alpha, double *norm)
{
    if (s + step > least) {
        *alpha = s + step;
        *norm = exp(z[0] + z[1] * step + z[2] * step * step / 2);
    }
}

int
htst_discrete_solve(
    double q, double top, double mean, double low, double start, double *alpha, double *norm)
{
    double below = low, above = INFINITY, s = start > low ? start : low + 1, z[3];
    double error = resolution(q, top), least = low + error;
    /* if top is infinite, the mean grows without bound towards s = 1 */
    int low_is_below = isinf(top) && low <= 1;

    *alpha = *norm = NAN;
    if (!(mean > 0)) {
        return HTST_OK;
    }
    for (int i = 0; i < MOST_STEPS; i++) {
        htst_zeta_log_scaled(s, q, top, z);
        double expected = -z[1], step = newton_step(s, q, expected, z[2], mean);
        *(expected > mean ? &below : &above) = s;
        /* the next step would be of the size of its square, or only rounding */
        if (fabs(step) <= 1e-8 * (s - (isinf(top) ? 1 : 0)) + error) {
            set_results(s, step, least, z, alpha, norm);
            return HTST_OK;
        }
        double next = s + step;
        if (!(next > below) && !low_is_below && below == low) {
            htst_zeta_log_scaled(low, q, top, z);
            if (!(-z[1] > mean)) {
                return HTST_OK;
            }
            low_is_below = 1;
        }
        next = step_within(next, s, below, above);
        if (next == s) {
            break;
        }
        s = next;
    }
    return s <= least ? HTST_OK : HTST_ERR_NO_CONVERGENCE;
}

int
htst_discrete_estimate(const double *x, const double *mean, int64_t begin, int64_t end, double top,
    double alpha_low, double *alpha, double *norm)
{
    double last = 0; /* alpha of the previous candidate minus its closed estimate */

    if (begin < 0 || begin > end || !(alpha_low >= (isinf(top) ? 1 : 0))) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t k = begin; k < end; k++) {
        double guess = htst_discrete_closed_estimate(x[k], mean[k]);
        int status = htst_discrete_solve(
            x[k], top, mean[k], alpha_low, guess + last, &alpha[k - begin], &norm[k - begin]);
        if (status != HTST_OK) {
            return status;
        }
        if (!isnan(alpha[k - begin]) && !isinf(top)) {
            last = alpha[k - begin] - guess;
        }
    }
    return HTST_OK;
}
