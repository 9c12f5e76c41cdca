/* htst_stable_table: one stable law as polynomials, for many points at the same alpha and beta.
 *
 * METHOD: with t = x_S0 or, for alpha up to .7, x_S1, the logarithms of the density and of both
 * tails are piecewise polynomials of degree 23 in asinh(t/width). Intervals are halved until the
 * last Chebyshev coefficients are negligible. A point outside the range of the table (a density
 * below exp(-800), or so far in a heavy tail that no sample gets there) is evaluated directly.
 *
 * ACCURACY (docs/accuracy-stable.md): 1e-13 relative to the direct functions, times
 * max(1, abs(log f)/100). ERRORS: beside each function. */
#ifndef HTST_STABLE_TABLE_H
#define HTST_STABLE_TABLE_H

#include "htst_common.h"

#define HTST_STABLE_TABLE_DEGREE 23
#define HTST_STABLE_TABLE_CELLS 8192
#define HTST_STABLE_TABLE_LEAVES 400

/* One interval: asinh(t/width) = middle + u/inverse, abs(u) <= 1, and Chebyshev coefficients. */
typedef struct {
    double middle, inverse;
    double log_density[HTST_STABLE_TABLE_DEGREE + 1];
    double log_lower[HTST_STABLE_TABLE_DEGREE + 1];
    double log_upper[HTST_STABLE_TABLE_DEGREE + 1];
} htst_stable_leaf_t;

typedef struct {
    double alpha, beta;
    double width, low, high; /* the range of asinh(t/width) */
    double cells_a_unit;
    double zero_low, zero_high; /* values are 0 or 1 from there on, or infinite */
    int32_t n_leaves, is_x1;
    int32_t cell[HTST_STABLE_TABLE_CELLS]; /* the leaf of each, or -1: evaluate directly */
    htst_stable_leaf_t leaf[HTST_STABLE_TABLE_LEAVES];
} htst_stable_table_t;

/* Bytes of a table. ACCURACY: exact. ERRORS: none. */
int64_t htst_stable_table_size(void);

/* Builds the table of a law; it is read only afterwards and may be used by many threads.
 * ACCURACY: above. ERRORS: HTST_ERR_BAD_ARG for alpha outside (0, 2] or abs(beta) above 1. */
int htst_stable_table_build(double alpha, double beta, htst_stable_table_t *table);

/* out[i] = function(x[i]), by its code in htst_stable.h. out must not overlap x.
 * ACCURACY: above; does not depend on how an array is divided. ERRORS: HTST_ERR_BAD_ARG as
 * htst_stable_map. */
int htst_stable_table_map(const htst_stable_table_t *table, int function, int is_s1, double loc,
    double scale, int64_t count, const double *x, double *out);

#endif /* HTST_STABLE_TABLE_H */
