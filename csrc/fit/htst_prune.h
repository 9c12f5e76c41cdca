/* htst_prune: a lower bound of the distance of every candidate xmin, from counts of values by
 * buckets.
 *
 * The tail of a candidate in bucket b contains all buckets above b and a part of b. Counts and
 * sums bound its exponent from both sides, and with it the model at the lower edge of any bucket e
 * above b; the sample's distribution function there is known up to that part of b. Let t_b be the
 * number of values from the lower edge of b on, l and u the logarithms of a bucket's edges; then n
 * is in [t_{b+1} + 1, t_b], the rate in [rate', rate''], and
 *
 *     D >= F - E at the first value of e:
 *         1 - exp(-rate' (l_e - u_b)) - (1 - t_e / t_b)
 *     D >= E - F at the last value below e:
 *         1 - t_{e-1} / (t_{b+1} + 1) - (1 - exp(-rate'' (l_e - l_b)))
 *
 * for the left distance of htst_scan.h. The two-sided distance is not smaller.
 *
 * METHOD: the larger of these two bounds, maximised over buckets e. ACCURACY: a bound is never
 * above a distance: it is reduced by what rounding may add (tests/test_exact_fit_prune.py checks
 * all distances). */
#ifndef HTST_PRUNE_H
#define HTST_PRUNE_H

#include "htst_common.h"

/* The m occupied buckets in ascending order, and workspace. All arrays belong to the caller and
 * must outlive the calls. */
typedef struct {
    int64_t m;
    const double *lower,
        *upper;           /* [m] bucket b holds values in [lower, upper], positive and finite */
    const int64_t *count; /* [m] values in each, above 0 */
    const double *total;  /* [m] sums of the values, to a few units in the last place; or NULL */
    double *work;         /* [4 m] filled by htst_prune_prepare */
    int64_t *tail;        /* [m + 1] values from each lower edge on; tail[m] = 0; filled too */
} htst_prune_t;

/* Fill `work` and `tail` of `buckets`; call it before the functions below. METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if there is no bucket, a bucket is empty, or its bounds are not
 * 0 < lower <= upper < INFINITY. */
int htst_prune_prepare(const htst_prune_t *buckets);

/* A lower bound of the distances of all candidates in bucket b, 0 <= b < m. METHOD, ACCURACY:
 * above. ERRORS: none. */
double htst_prune_bound(const htst_prune_t *buckets, int64_t b);

/* An estimate of the smallest distance among candidates with at least `least` values in their
 * tails. METHOD: estimates for candidates at the lower edges of some buckets. ACCURACY: it is not a
 * bound. ERRORS: none. */
double htst_prune_guess(const htst_prune_t *buckets, int64_t least);

/* The lowest bucket that can contain a candidate with a distance of at most `distance`; m if there
 * is none. METHOD, ACCURACY: above. ERRORS: none. */
int64_t htst_prune_lowest(const htst_prune_t *buckets, double distance);

#endif /* HTST_PRUNE_H */
