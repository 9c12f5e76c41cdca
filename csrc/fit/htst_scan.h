/* htst_scan: the xmin scan of a continuous power law over distinct values and their counts.
 *
 * Candidate k is the value v[k]; its tail is j >= k, n = N - first[k] values, and its law has the
 * estimate rate_k of htst_estimate.h: F_j = 1 - (v_j / v_k)^-rate_k. The empirical distribution is
 * E_j = (first[j] - first[k]) / n just below v_j and E'_j = (first[j + 1] - first[k]) / n at it.
 *
 *     left:       D+ = max(F - E), D- = max(E - F)
 *     two-sided:  D+ = max(F - E), D- = max(E' - F), the supremum over all points
 *
 * and D is the larger. With an upper end xmax the law is the truncated one, see htst_truncated.h,
 * and rate may have any sign.
 *
 * METHOD: places where the last candidates' distances showed exclude most candidates, in blocks or one
 * by one; see htst_distance.h for the others. ACCURACY: D to 1e-15.
 *
 * A count may be 0: a fixed xmin below the smallest value is such a pair. Values may be left out
 * between candidates and the last one as long as `first` and `rate` are those of all: left
 * distances are then the maxima over the places that are there. */
#ifndef HTST_SCAN_H
#define HTST_SCAN_H

#include "htst_common.h"
#include "htst_scan_input.h"

/* Which candidates: [begin, end), alpha_low < alpha <= alpha_high, (alpha - 1) / sqrt(n) <
 * sigma_below. */
typedef struct {
    int64_t begin, end;
    double alpha_low, alpha_high, sigma_below;
} htst_scan_allowed_t;

/* Words of workspace for m values, or fewer. */
int64_t htst_scan_workspace(int64_t m);

/* The first allowed candidate whose D is at most `tolerance` above the smallest, or k = -1 if there is
 * none. Exact: equal to computing every D. */
typedef struct {
    int64_t k;
    double distance, rate;
} htst_scan_best_t;

htst_scan_best_t htst_scan_best(
    const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double tolerance, double *work);

/* Every step-th of the allowed candidates whose D is at most `limit`, in order, and their D; returns
 * how many. The search ends when there is no more room. With y and rate, not marks, without an xmax. */
int64_t htst_scan_within(const htst_scan_t *scan, const htst_scan_allowed_t *allowed, int64_t step,
    double limit, int64_t room, int64_t *found, double *distance, double *work);

/* D+ and D- of every candidate in [begin, end), about sqrt(n) exponentials each; with y and
 * rate, not marks. */
void htst_scan_curve(
    const htst_scan_t *scan, int64_t begin, int64_t end, double *d_plus, double *d_minus);

#endif
