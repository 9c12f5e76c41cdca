#include "htst_fit.h"

#include <math.h>
#include <stddef.h>

#include "htst_estimate.h"

/* How many of the distinct values have at least so many values from them on. */
static int64_t
with_tail(int64_t m, const int64_t *first, int64_t least)
{
    int64_t low = 0, high = m;

    while (low < high) {
        int64_t k = low + (high - low) / 2;
        if (first[m] - first[k] >= least) {
            low = k + 1;
        }
        else {
            high = k;
        }
    }
    return low;
}

static int
sorted(int64_t m, const double *v, const int64_t *first, int two_sided, int64_t least,
    double tolerance, double *work, htst_fit_t *fit)
{
    double *y = work, *rate = work + m;
    htst_scan_t scan = { m, v, y, first, rate, INFINITY, two_sided, NULL };
    htst_scan_allowed_t allowed = { 0, with_tail(m, first, least), 1, INFINITY, INFINITY };
    int status = htst_estimate_rates(m, v, first, INFINITY, y, rate);

    if (status == HTST_OK) {
        fit->m = m;
        fit->best = htst_scan_best(&scan, &allowed, tolerance, work + 2 * m);
        fit->xmin = fit->best.k < 0 ? NAN : v[fit->best.k];
        fit->n_tail = fit->best.k < 0 ? 0 : first[m] - first[fit->best.k];
    }
    return status;
}

int64_t
htst_fit_workspace(int64_t n)
{
    return 2 * n + htst_scan_workspace(n);
}

int
htst_fit_sorted_f32(int64_t n, const float *x, int two_sided, int64_t least, double tolerance,
    double *v, int64_t *first, double *work, htst_fit_t *fit)
{
    int64_t m = htst_estimate_distinct_f32(n, x, v, first);

    return sorted(m, v, first, two_sided, least, tolerance, work, fit);
}

int
htst_fit_sorted_f64(int64_t n, double *v, int two_sided, int64_t least, double tolerance,
    int64_t *first, double *work, htst_fit_t *fit)
{
    int64_t m = htst_estimate_distinct_f64(n, v, v, first);

    return sorted(m, v, first, two_sided, least, tolerance, work, fit);
}
