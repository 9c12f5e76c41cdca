/* htst_prune: what buckets of values say of the distance of every candidate xmin, from below.
 *
 * A candidate in bucket b has, for its tail, every bucket above b and part of b itself. Counts and
 * sums bound its exponent from both sides, with it the model at the lower edge of any bucket e above;
 * the empirical function there is known up to the part of b. With the tail t_b from the lower edge
 * of b on, l and u the logarithms of a bucket's edges, n in [t_{b+1} + 1, t_b] and rate in
 * [rate', rate'']:
 *
 *     D >= F - E at the first value of e:      1 - exp(-rate' (l_e - u_b)) - (1 - t_e / t_b)
 *     D >= E - F at the last value below e:    1 - t_{e-1} / (t_{b+1} + 1) - (1 - exp(-rate'' (l_e - l_b)))
 *
 * for the left distance, and the two-sided one is not below it. */
#ifndef HTST_PRUNE_H
#define HTST_PRUNE_H

#include "htst_common.h"

/* Occupied buckets, ascending, and the workspace that htst_prune_prepare fills. */
typedef struct {
    int64_t m;
    const double *lower, *upper; /* bucket b holds values in [lower, upper], positive and finite */
    const int64_t *count;        /* above 0 */
    const double *total;         /* sum of the values, to a few units in the last place, or NULL */
    double *work;                /* 4 m words */
    int64_t *tail;               /* [m + 1] values from each lower edge on; tail[m] = 0 */
} htst_prune_t;

int htst_prune_prepare(const htst_prune_t *buckets);

/* A bound from below of the distance of every candidate in bucket b. */
double htst_prune_bound(const htst_prune_t *buckets, int64_t b);

/* About the smallest distance among candidates with at least `least` values in their tails. */
double htst_prune_guess(const htst_prune_t *buckets, int64_t least);

/* The lowest bucket that may hold a candidate with at most this distance; m if there is none. */
int64_t htst_prune_lowest(const htst_prune_t *buckets, double distance);

#endif
