/* htst_stable_table: polynomials for one stable law, for many points with the same alpha and beta.
 *
 * METHOD: let t = x_S1 for alpha up to .7 and t = x_S0 for a larger alpha. The logarithms of the
 * density and of both tails are piecewise polynomials of degree 23 in asinh(t/width). An interval
 * is halved until its last Chebyshev coefficients are negligible. A point outside the range of the
 * table is evaluated directly: its density is below exp(-800), or it is so far in a heavy tail that
 * no sample reaches it. So is every point if alpha is below .1.
 *
 * ACCURACY (docs/accuracy-stable.md): 1e-13 relative to the functions of htst_stable.h, times
 * max(1, abs(log f)/100). ERRORS: at each function. */
#ifndef HTST_STABLE_TABLE_H
#define HTST_STABLE_TABLE_H

#include "htst_common.h"

#define HTST_STABLE_TABLE_DEGREE 23
#define HTST_STABLE_TABLE_CELLS 8192
#define HTST_STABLE_TABLE_LEAVES 400

/* One interval: asinh(t/width) = middle + u/inverse with abs(u) <= 1, and the coefficients of the
 * powers 1, u, u^2, ... of three logarithms as functions of u. If a table begins at a multiple of
 * 64 bytes, so does each group of eight coefficients, which makes evaluation faster. */
typedef struct {
    double middle, inverse, unused[6];
    double log_density[HTST_STABLE_TABLE_DEGREE + 1];
    double log_lower[HTST_STABLE_TABLE_DEGREE + 1];
    double log_upper[HTST_STABLE_TABLE_DEGREE + 1];
} htst_stable_leaf_t;

typedef struct {
    double alpha, beta;
    double width, low, high; /* the range of asinh(t/width) */
    double cells_a_unit;
    double zero_low,
        zero_high; /* outside these, the density is 0 and tails are 0 or 1; may be infinite */
    int32_t n_leaves, is_x1;
    /* the leaf of each cell; -1: evaluate directly. All entries from HTST_STABLE_TABLE_CELLS on are
     * -1: the first is for points outside the range, and the others align the leaves. */
    int32_t cell[HTST_STABLE_TABLE_CELLS + 14];
    htst_stable_leaf_t leaf[HTST_STABLE_TABLE_LEAVES];
} htst_stable_table_t;

/* The size of a table in bytes. METHOD: sizeof. ACCURACY: exact. ERRORS: none. */
int64_t htst_stable_table_size(void);

/* Builds the table of a law. Afterwards the table is read only, and many threads may use it.
 *   alpha, beta: the law
 *   table: allocated by the caller
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG for alpha outside (0, 2] or abs(beta) above 1. */
int htst_stable_table_build(double alpha, double beta, htst_stable_table_t *table);

/* out[i] = function(x[i]) for i < count.
 *   table: built by htst_stable_table_build
 *   function: a code of htst_stable_function_t (htst_stable.h)
 *   is_s1, loc, scale: as in htst_stable_evaluate
 *   x, out: `count` numbers each, which must not overlap
 * METHOD: above. ACCURACY: above; results do not depend on how an array is divided.
 * ERRORS: HTST_ERR_BAD_ARG as htst_stable_map, and for an invalid loc or scale (no element is
 * written then). */
int htst_stable_table_map(const htst_stable_table_t *table, int function, int is_s1, double loc,
    double scale, int64_t count, const double *x, double *out);

#endif /* HTST_STABLE_TABLE_H */
