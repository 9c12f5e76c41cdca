/* htst_fit: a whole fit of sorted values in one call, where there is no xmax and every distinct value
 * may be a candidate: what htst_estimate and htst_scan do of them, one after the other.
 *
 * A small fit costs little more than its calls: where the caches are cold, each call from Python costs
 * what a thousand values do. */
#ifndef HTST_FIT_H
#define HTST_FIT_H

#include "htst_common.h"
#include "htst_scan.h"

/* How many distinct values there are, and what the best candidate is: an index of -1 and NaN if none
 * is allowed. */
typedef struct {
    int64_t m, n_tail;
    double xmin;
    htst_scan_best_t best;
} htst_fit_t;

/* Words of workspace for n values. */
int64_t htst_fit_workspace(int64_t n);

/* Of x, sorted, n of them; candidates have `least` values or more from them on, and an alpha above 1. v
 * becomes the distinct values, of which there may be n; `first` has room for n + 1 counts. In f64 v is
 * the sample itself. ERRORS: those of htst_estimate_rates. */
int htst_fit_sorted_f32(int64_t n, const float *x, int two_sided, int64_t least, double tolerance,
    double *v, int64_t *first, double *work, htst_fit_t *fit);
int htst_fit_sorted_f64(int64_t n, double *v, int two_sided, int64_t least, double tolerance,
    int64_t *first, double *work, htst_fit_t *fit);

#endif
