/* htst_fit: the fit of a continuous power law to an array, in one call.
 *
 * Every distinct value is a candidate for xmin, and there is no xmax.
 *
 * METHOD: htst_tail takes the values of a side, htst_sort sorts them, htst_estimate finds the
 * distinct values and the exponent of each as xmin, and htst_scan the candidate with the smallest
 * distance.
 * ACCURACY: that of htst_estimate.h and htst_scan.h; bit-identical to calling these steps one by
 * one.
 *
 * One call costs less than the four steps if n is small, and needs only one allocation if n is
 * large.
 */
#ifndef HTST_FIT_H
#define HTST_FIT_H

#include "htst_common.h"
#include "htst_scan.h"
#include "htst_tail.h"

/* A fit: alpha is best.rate + 1. If no candidate is allowed, best.k is -1, n_tail 0 and xmin NaN.
 */
typedef struct {
    int64_t n;             /* values of the side */
    int64_t m;             /* distinct ones */
    int64_t n_tail;        /* values from xmin on */
    double xmin;           /* the best candidate */
    htst_scan_best_t best; /* its index among the distinct values, distance and rate */
} htst_fit_t;

/* Up to this many distinct values, all exponents are computed once and kept. With more values, the
 * exponents of a block of candidates are computed again whenever the block is scanned, because all
 * of them together do not fit in a cache. The results are the same; bench/races/bench_power_law.py
 * measures fits on both sides of it. */
#define HTST_FIT_ALL_AT_ONCE (1 << 17)

/* Doubles of workspace that a fit of n > 0 elements needs. */
int64_t htst_fit_workspace(int64_t n);

/* Fit the elements of one side of x[n], n > 0.
 *
 * side      see htst_tail.h.
 * two_sided 0: distances compare the model with the sample's distribution function just below
 *           each value; 1: on both sides of each value. See htst_scan.h.
 * least     a candidate has at least this many values in its tail, 1 or more, and an alpha above 1.
 * tolerance candidates whose distances exceed the smallest by no more than this count as equally
 *           good: the lowest of them is chosen.
 * work      htst_fit_workspace(n) doubles of the caller's. On return it begins with the m distinct
 *           values.
 * seen      set: the elements of x by kind.
 * fit       set.
 *
 * ERRORS: HTST_ERR_NOT_FINITE if x holds NaN or infinity; HTST_ERR_TOO_FEW if the side is empty.
 * `seen` is set in both cases. */
int htst_fit_f32(int64_t n, const float *x, htst_tail_side_t side, int two_sided, int64_t least,
    double tolerance, double *work, htst_tail_seen_t *seen, htst_fit_t *fit);
int htst_fit_f64(int64_t n, const double *x, htst_tail_side_t side, int two_sided, int64_t least,
    double tolerance, double *work, htst_tail_seen_t *seen, htst_fit_t *fit);

#endif /* HTST_FIT_H */
