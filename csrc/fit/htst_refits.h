/* htst_refits: power-law fits of random samples, for the bootstrap; see htst_scan.h for the fit. */
#ifndef HTST_REFITS_H
#define HTST_REFITS_H

#include "htst_common.h"

/* Bytes of workspace that htst_refits needs for samples of n values. */
int64_t htst_refits_workspace(int64_t n);

/* Refits of replicates [replicate, replicate + n_replicates): each draws n values, every one with
 * probability n_head/n from y_head (logarithms, sorted, with repetitions) and else log_xmin +
 * Exp/(alpha - 1) (drawn in order by Renyi's representation, so nothing is sorted), and finds xmin
 * again, or keeps log_xmin where refit is 0 (then n_head must be 0). n_head = n is the bootstrap of
 * the data. Random numbers are a function of (seed, replicate, position): threads may share the
 * range. A replicate without a candidate gives NaN. ERRORS: BAD_ARG. */
int htst_refits(int64_t n, int64_t n_head, const double *y_head, double log_xmin, double alpha,
    int refit, uint64_t seed, int64_t replicate, int64_t n_replicates, void *workspace,
    double *distances, double *alphas, double *log_xmins);

#endif
