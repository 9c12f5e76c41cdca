/* htst_normal: standard normal random numbers as a pure function of a seed and a place.
 *
 * Entry (i, j) of the matrix G depends on (seed, layer, i, j) alone: the same bits on every
 * platform, in every block, in any order.
 *
 * METHOD:
 *   counter = (j >> 1, i, layer, 0), key = (low word of seed, high word of seed)
 *   x[0..3] = Philox4x32-10(counter, key)            [1]
 *   w       = x[2 (j & 1)] + 2^32 x[2 (j & 1) + 1]
 *   u       = (floor(w / 2^12) + 1/2) 2^-52
 *   G[i, j] = Phi^-1(u) by AS 241, algorithm PPND16  [2]
 *
 * in float64, without fused multiply-adds, and with the logarithm of htst_normal.c, so that no libm
 * can change a bit. u is symmetric about 1/2 and never 0 or 1: abs(G) <= 8.2095.
 * ACCURACY: that of htst_normal_quantile.
 *
 * [1] J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as
 *     1, 2, 3", SC 2011.
 * [2] M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution",
 *     Applied Statistics 37 (1988), 477-484. */
#ifndef HTST_NORMAL_H
#define HTST_NORMAL_H

#include <stdint.h>

#include "htst_common.h"

/* Set out[0..3] to the result of ten rounds of Philox4x32 for `counter` and `key`.
 * METHOD: above. ACCURACY: integers, exact. ERRORS: none. */
void htst_normal_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Phi^-1(u), the standard normal quantile, for u in (0, 1).
 *
 * METHOD: q = u - 1/2. abs(q) <= .425: q times a rational of degree 7/7 in .180625 - q^2.
 * Otherwise r = sqrt(-log(min(u, 1 - u))), and a rational of degree 7/7 in r - 1.6 (r <= 5) or
 * r - 5.
 * ACCURACY: relative error below 1e-15 on the multiples of 2^-53 in (0, 1)
 * (tests/test_core_normal.py, against mpmath at 50 digits).
 * ERRORS: NaN for all other u, and for subnormal ones.
 */
double htst_normal_quantile(double u);

/* Write a block of G: out[r * stride + c] = G[row + r, col + c] for r < n_rows and c < n_cols.
 * seed, layer: select the matrix G. row, col: the first entry. `stride` is the number of elements
 * from one row of `out` to the next.
 *
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if a size is negative, stride < n_cols (with more than one row), or
 * layer or an index leaves [0, 2^32). */
int htst_normal_fill(uint64_t seed, int64_t layer, int64_t row, int64_t col, int64_t n_rows,
    int64_t n_cols, int64_t stride, double *out);

/* Write single entries: out[k] = G[rows[k], cols[k]] for k < n. seed, layer: as htst_normal_fill.
 * METHOD, ACCURACY: above. ERRORS: as htst_normal_fill; the entries before the first bad index are
 * written. */
int htst_normal_at(
    uint64_t seed, int64_t layer, int64_t n, const int64_t *rows, const int64_t *cols, double *out);

#endif
