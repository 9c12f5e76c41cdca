#include "htst_fit.h"

#include <math.h>
#include <stddef.h>

#include "htst_estimate.h"
#include "htst_sort.h"

/* The number of distinct values that have at least `least` values in their tails. */
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

/* The status of a fit of the n values that were taken. */
static int
status_of(const htst_tail_seen_t *seen, int64_t n)
{
    return seen->not_finite > 0 ? HTST_ERR_NOT_FINITE : n == 0 ? HTST_ERR_TOO_FEW : HTST_OK;
}

/* Doubles for the estimates of m values, or for the marks in their place. */
static int64_t
estimate_words(int64_t m)
{
    const int64_t words = sizeof(htst_estimate_mark_t) / sizeof(double);

    return m <= HTST_FIT_ALL_AT_ONCE ? 2 * m : words * (htst_estimate_blocks(m) + 1);
}

static int
best_of(int64_t m, const double *v, const int64_t *first, int two_sided, int64_t least,
    double tolerance, double *work, htst_fit_t *fit)
{
    double *y = work, *rate = work + m, *rest = work + estimate_words(m);
    htst_estimate_mark_t *marks = (htst_estimate_mark_t *) work;
    htst_scan_t scan = { .m = m, .v = v, .first = first, .xmax = INFINITY, .two_sided = two_sided };
    htst_scan_allowed_t allowed = { .end = with_tail(m, first, least),
        .alpha_low = 1,
        .alpha_high = INFINITY,
        .sigma_below = INFINITY };
    int status;

    if (m <= HTST_FIT_ALL_AT_ONCE) {
        status = htst_estimate_rates(m, v, first, INFINITY, y, rate);
        scan.y = y;
        scan.rate = rate;
    }
    else {
        status = htst_estimate_marks(m, v, first, marks);
        scan.marks = marks;
    }
    if (status == HTST_OK) {
        fit->m = m;
        fit->best = htst_scan_best(&scan, &allowed, tolerance, rest);
        fit->xmin = fit->best.k < 0 ? NAN : v[fit->best.k];
        fit->n_tail = fit->best.k < 0 ? 0 : first[m] - first[fit->best.k];
    }
    return status;
}

/* Workspace contains the distinct values, the counts below them, and the scan's own workspace.
 * Before the scan, a copy of the n elements is in the place of the scan's workspace. */
int64_t
htst_fit_workspace(int64_t n)
{
    int64_t all = n < HTST_FIT_ALL_AT_ONCE ? n : HTST_FIT_ALL_AT_ONCE;
    int64_t most = estimate_words(n) > 2 * all ? estimate_words(n) : 2 * all;
    int64_t rest = most + htst_scan_workspace(n), narrow = (n + 1) / 2;

    return n + (n + 1) + (rest > narrow ? rest : narrow);
}

int
htst_fit_f32(int64_t n, const float *x, htst_tail_side_t side, int two_sided, int64_t least,
    double tolerance, double *work, htst_tail_seen_t *seen, htst_fit_t *fit)
{
    double *v = work, *rest = work + n + n + 1;
    int64_t *first = (int64_t *) (work + n);
    float *narrow = (float *) rest;

    *seen = (htst_tail_seen_t){ 0 };
    fit->n = htst_tail_take_f32(n, x, side, seen, narrow);
    if (status_of(seen, fit->n) != HTST_OK) {
        return status_of(seen, fit->n);
    }
    htst_sort_f32(fit->n, narrow, (float *) v);
    int64_t m = htst_estimate_distinct_f32(fit->n, narrow, v, first);
    return best_of(m, v, first, two_sided, least, tolerance, rest, fit);
}

int
htst_fit_f64(int64_t n, const double *x, htst_tail_side_t side, int two_sided, int64_t least,
    double tolerance, double *work, htst_tail_seen_t *seen, htst_fit_t *fit)
{
    double *v = work, *rest = work + n + n + 1;
    int64_t *first = (int64_t *) (work + n);

    *seen = (htst_tail_seen_t){ 0 };
    fit->n = htst_tail_take_f64(n, x, side, seen, v);
    if (status_of(seen, fit->n) != HTST_OK) {
        return status_of(seen, fit->n);
    }
    htst_sort_f64(fit->n, v, work + n);
    int64_t m = htst_estimate_distinct_f64(fit->n, v, v, first);
    return best_of(m, v, first, two_sided, least, tolerance, rest, fit);
}
