/* htst_scan: the xmin scan of a continuous power law over sorted (log value, count) pairs.
 *
 * Candidate k is the value exp(y[k]); its tail is j >= k, n = N - first[k] values. With
 * T_k = sum_{j >= k} count_j (y_j - y_k):  alpha_k = 1 + n / T_k  (Clauset, Shalizi and Newman
 * 2009, eq. 3.1), F_j = 1 - exp((1 - alpha_k)(y_j - y_k)), E_j = (first[j] - first[k]) / n (the
 * left limit of the empirical distribution), D+ = max(F - E), D- = max(E - F), D the larger.
 *
 * A count may be 0: a fixed xmin below the smallest value is such a pair. */
#ifndef HTST_SCAN_H
#define HTST_SCAN_H

#include "htst_common.h"

/* first[0..m] = counts before each value, first[m] = N; alpha[0..m-1], infinity where the tail is
 * one value. y is strictly increasing, counts are >= 0 and not all 0. Sums are of positive terms
 * in long double: alpha to 4 units in the last place.
 * ERRORS: BAD_ARG (m < 1, y not increasing, a count < 0), TOO_FEW (N = 0). */
int htst_scan_prepare(int64_t m, const double *y, const int64_t *count, int64_t *first,
    double *alpha);

/* The first candidate in [begin, end) of smallest D among those with alpha_low < alpha <= alpha_high
 * and (alpha - 1)/sqrt(n) < sigma_below; *best_k = -1 if there is none. Exact: equal to computing
 * every D. A candidate dies at the first place where its distance exceeds the best known one, and
 * a segment is skipped if its ends bound the distance inside. */
void htst_scan_best(int64_t m, const double *y, const int64_t *first, const double *alpha,
    int64_t begin, int64_t end, double alpha_low, double alpha_high, double sigma_below,
    int64_t *best_k, double *best_distance);

/* D+ and D- of every candidate in [begin, end), about sqrt(n) exponentials each. */
void htst_scan_curve(int64_t m, const double *y, const int64_t *first, const double *alpha,
    int64_t begin, int64_t end, double *d_plus, double *d_minus);

/* Bytes of workspace that htst_scan_refits needs for samples of n values. */
int64_t htst_scan_refits_workspace(int64_t n);

/* Refits of replicates [replicate, replicate + n_replicates): each draws n values, every one with
 * probability n_head/n from y_head (sorted, with repetitions) and else log_xmin + Exp/(alpha - 1)
 * (drawn in order by Renyi's representation, so nothing is sorted), and finds xmin again, or keeps
 * log_xmin where refit is 0 (then n_head must be 0). n_head = n is the bootstrap of the data.
 * Random numbers are a function of (seed, replicate, position): threads may share the range.
 * A replicate without a candidate gives NaN. */
int htst_scan_refits(int64_t n, int64_t n_head, const double *y_head, double log_xmin, double alpha,
    int refit, uint64_t seed, int64_t replicate, int64_t n_replicates, void *workspace,
    double *distances, double *alphas, double *log_xmins);

#endif
