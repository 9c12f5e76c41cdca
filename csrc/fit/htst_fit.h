/* htst_fit: a whole fit in one call, where there is no xmax and every distinct value may be a candidate:
 * what htst_tail, htst_sort, htst_estimate and htst_scan do, one after the other.
 *
 * A small fit costs little more than its calls: where the caches are cold, each call from Python costs
 * what a thousand values do. One of many values costs what its memory does, which here is one piece. */
#ifndef HTST_FIT_H
#define HTST_FIT_H

#include "htst_common.h"
#include "htst_scan.h"
#include "htst_tail.h"

/* How many values are usable, how many of them distinct, and what the best candidate is: an index of -1
 * and NaN, and no tail, if none is allowed. */
typedef struct {
    int64_t n, m, n_tail;
    double xmin;
    htst_scan_best_t best;
} htst_fit_t;

/* Estimates of so many values stay in a cache: they are made once, those of more where they are looked
 * at. */
#define HTST_FIT_ALL_AT_ONCE (1 << 17)

/* Words of workspace for n > 0 elements. */
int64_t htst_fit_workspace(int64_t n);

/* Of the elements of a side; candidates have `least` values or more from them on, and an alpha above 1.
 * `seen` is set. The distinct values are left at the beginning of `work`.
 * ERRORS: NOT_FINITE, TOO_FEW (no usable value); `seen` then tells how many there are. */
int htst_fit_f32(int64_t n, const float *x, htst_tail_side_t side, int two_sided, int64_t least,
    double tolerance, double *work, htst_tail_seen_t *seen, htst_fit_t *fit);
int htst_fit_f64(int64_t n, const double *x, htst_tail_side_t side, int two_sided, int64_t least,
    double tolerance, double *work, htst_tail_seen_t *seen, htst_fit_t *fit);

#endif
