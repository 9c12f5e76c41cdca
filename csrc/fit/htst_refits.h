/* htst_refits: fits of random samples, for tests and intervals by simulation.
 *
 * METHOD: a sample of n values is drawn: each comes from the head with probability n_head / n, else
 * from the power law above xmin. The law's values are drawn in ascending order by Renyi's
 * representation of exponential order statistics, so that nothing is sorted. Each sample is fitted
 * as htst_scan.h says. Random numbers are a function of (seed, replicate, position): the
 * replicates may be distributed among threads in any way.
 * ACCURACY: that of htst_scan.h. Choices from the head have a bias below 2^-32. */
#ifndef HTST_REFITS_H
#define HTST_REFITS_H

#include "htst_common.h"

/* The size in bytes of the workspace for samples of n values. METHOD: a sum of sizes. ACCURACY:
 * exact. ERRORS: none. */
int64_t htst_refits_workspace(int64_t n);

/* Draw and fit the replicates [replicate, replicate + n_replicates).
 *
 * n               values of a sample, 1 to 2^32 - 1.
 * y_head[n_head]  natural logarithms of the head, ascending, repeated values included; 0 <= n_head
 *                 <= n. n_head = n draws from the data themselves (the bootstrap).
 * log_xmin, alpha the law above the head; alpha > 1.
 * refit           1: every value is a candidate for xmin again. 0: xmin stays; n_head must then be
 *                 0.
 * workspace       htst_refits_workspace(n) bytes, aligned for doubles; one for each thread.
 * distances, alphas, log_xmins
 *                 [n_replicates] each: the fits. NaN for a sample without a candidate.
 *
 * ERRORS: HTST_ERR_BAD_ARG if n, n_head, alpha or refit is outside the range given above; the
 * statuses of htst_estimate_rates_of_logs. */
int htst_refits(int64_t n, int64_t n_head, const double *y_head, double log_xmin, double alpha,
    int refit, uint64_t seed, int64_t replicate, int64_t n_replicates, void *workspace,
    double *distances, double *alphas, double *log_xmins);

#endif /* HTST_REFITS_H */
