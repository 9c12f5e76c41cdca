/* htst_scan: the candidate for xmin whose power law is closest to the sample.
 *
 * The sample is m distinct values v[0] < v[1] < ... and the number first[j] of values below v[j]; N
 * values in all. Candidate k is the value v[k]. Its tail is j >= k, n = N - first[k] values, and
 * its law has the exponent of htst_estimate.h: F_j = 1 - (v_j / v_k)^-rate_k. The sample's
 * distribution function is E_j = (first[j] - first[k]) / n just below v_j, and E'_j = (first[j + 1]
 * - first[k]) / n at it.
 *
 *     left:       D+ = max(F - E), D- = max(E - F)
 *     two-sided:  D+ = max(F - E), D- = max(E' - F), the supremum over all points
 *
 * The distance D is the larger of D+ and D-. With an upper end xmax the law is the truncated one of
 * htst_truncated.h, and the rate may have any sign.
 *
 * METHOD: most candidates are excluded, in blocks or one by one, at probe points: places where the
 * distances of earlier candidates were largest. The others are measured, see htst_distance.h. Only
 * bounds exclude candidates, so the result equals that of computing every distance.
 * ACCURACY: D to 1e-15.
 * ERRORS: none; the values, counts and rates are those of htst_estimate.h, which checks them.
 *
 * A count may be 0: a fixed xmin below the smallest value is such a pair. Values between the
 * candidates and the last value may be left out, as long as `first` and `rate` are those of all
 * values: left distances are then the maxima over the remaining values. */
#ifndef HTST_SCAN_H
#define HTST_SCAN_H

#include "htst_common.h"
#include "htst_scan_input.h"

/* The candidates that may be chosen: indices in [begin, end) with alpha_low < alpha <= alpha_high
 * and (alpha - 1) / sqrt(n) < sigma_below. */
typedef struct {
    int64_t begin, end;
    double alpha_low, alpha_high, sigma_below;
} htst_scan_allowed_t;

/* A candidate with its distance and its rate, alpha - 1; k = -1, INFINITY and NaN if there is none.
 */
typedef struct {
    int64_t k;
    double distance, rate;
} htst_scan_best_t;

/* The number of doubles of workspace for samples of at most m distinct values. METHOD: a sum of
 * sizes. ACCURACY: exact. ERRORS: none. */
int64_t htst_scan_workspace(int64_t m);

/* The lowest allowed candidate whose D exceeds the smallest by at most `tolerance`.
 * scan: the sample. allowed: the candidates that may be chosen.
 * work: htst_scan_workspace(scan->m) doubles of the caller.
 * METHOD, ACCURACY, ERRORS: above. */
htst_scan_best_t htst_scan_best(
    const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double tolerance, double *work);

/* htst_scan_best in steps. Threads can do a step for different ranges of candidates at the same
 * time, if they have separate workspaces. The first step is for all candidates: without a small
 * limit, a range of large distances would take long. */
typedef enum {
    HTST_SCAN_FEW = 0,    /* find a small distance, from few candidates */
    HTST_SCAN_SOME = 1,   /* find a distance that is nearly the smallest, from some candidates */
    HTST_SCAN_LEAST = 2,  /* find the smallest distance */
    HTST_SCAN_LOWEST = 3, /* find the lowest candidate with a distance of at most `limit` */
} htst_scan_step_t;

/* Fill the workspace for candidates from `begin` on, begin < scan->m - 1. Threads use copies of it.
 * METHOD, ACCURACY, ERRORS: above. */
void htst_scan_prepare(const htst_scan_t *scan, int64_t begin, double *work);

/* Do a step for the allowed candidates.
 *
 * limit     only candidates with a distance of at most this are found. For the last step, it is
 *           the smallest distance of all ranges plus the tolerance. A small limit for the other
 *           steps saves time: the smallest distance that any range has found.
 * prepared  the `begin` that the workspace was filled for, at most allowed->begin.
 * work      a copy of the filled workspace, perhaps one that other parts have used: it also keeps
 *           the places at which distances were large, so that later parts take less time.
 *
 * Returns the candidate; k = -1, `limit` and NaN if there is none. METHOD, ACCURACY, ERRORS: above.
 */
htst_scan_best_t htst_scan_part(const htst_scan_t *scan, const htst_scan_allowed_t *allowed,
    htst_scan_step_t step, double limit, int64_t prepared, double *work);

/* Find every step-th allowed candidate whose D is at most `limit`, in ascending order.
 *
 * scan      the sample, with y and rate but not marks, and without an xmax.
 * step      1 or more.
 * found     room for `room` indices; the search ends when it is full.
 * distance  room for as many distances.
 * work      htst_scan_workspace(scan->m) doubles.
 *
 * Returns the number of candidates that were found. METHOD, ACCURACY, ERRORS: above. */
int64_t htst_scan_within(const htst_scan_t *scan, const htst_scan_allowed_t *allowed, int64_t step,
    double limit, int64_t room, int64_t *found, double *distance, double *work);

/* Compute D+ and D- of every candidate in [begin, end), into d_plus[end - begin] and
 * d_minus[end - begin]. Each candidate costs about sqrt(n) exponentials. scan: the sample, with y
 * and rate but not marks. METHOD, ACCURACY, ERRORS: above. */
void htst_scan_curve(
    const htst_scan_t *scan, int64_t begin, int64_t end, double *d_plus, double *d_minus);

#endif /* HTST_SCAN_H */
