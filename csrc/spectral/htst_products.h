/* htst_products: products of a block of rows with vectors, as iterations for singular values take them.
 *
 * The matrix is float32 or float64, contiguous, row-major; everything else is float64, and every element
 * is widened as it is read: there is no second copy of the block. No argument is checked for NaN.
 */
#ifndef HTST_PRODUCTS_H
#define HTST_PRODUCTS_H

#include <stdint.h>

#include "htst_common.h"

/* out += W^T (W v) for W of `rows` x `cols`; v and out have `cols` entries and do not overlap.
 *
 * Method: each dot product w . v in eight sums, element j into sum j mod 8; then out += (w . v) w, row
 * after row. The order does not depend on how many rows a call is given, so that a matrix in blocks has
 * the bits of the whole one.
 * ACCURACY: a dot product to (cols / 8 + 5) u |w| . |v|, u = 2^-53; an entry of out to rows u times the
 * sum of the absolute values of what is added.
 * ERRORS: HTST_ERR_BAD_ARG if a size is negative. */
int htst_products_gram_f32(
    const float *w, int64_t rows, int64_t cols, const double *v, double *out);
int htst_products_gram_f64(
    const double *w, int64_t rows, int64_t cols, const double *v, double *out);

/* Add the squares of n elements to sum[0] + sum[1], a number in two parts.
 *
 * Squares of float32 are exact and neither overflow nor vanish: the sum is then infinite or NaN exactly
 * if an element is, and zero exactly if all are (with denormals switched off, if all count as zero).
 * ACCURACY: relative error below 140 u without overflow or underflow, whatever n is: sums of 1024 are
 * plain, sums of sums have the error of each addition added back (Knuth, The Art of Computer
 * Programming 2, section 4.2.2).
 * ERRORS: HTST_ERR_BAD_ARG if n is negative. */
int htst_products_squares_f32(const float *x, int64_t n, double sum[2]);
int htst_products_squares_f64(const double *x, int64_t n, double sum[2]);

#endif /* HTST_PRODUCTS_H */
