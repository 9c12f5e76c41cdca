/* htst_products: products of a block of rows with vectors, for iterations that find singular
 * values.
 *
 * The matrix is contiguous, row-major, and float32 (f32), float64 (f64), or the bits of bfloat16
 * (bf16) or of IEEE 754 half precision (f16). All other numbers are float64. Elements are widened
 * as they are read, so there is no second copy of the block. Widening is exact, so a 16-bit matrix
 * gives the bits that its float32 copy gives, with half of the traffic. The functions do not check
 * for NaN and infinity. */
#ifndef HTST_PRODUCTS_H
#define HTST_PRODUCTS_H

#include <stdint.h>

#include "htst_common.h"

/* out += W^T (W v) for the matrix W of `rows` x `cols`. v and out have `cols` entries each, belong
 * to the caller and do not overlap.
 *
 * METHOD: each dot product w . v is eight sums, with element j in sum j mod 8; then
 * out += (w . v) w, row after row. The order does not depend on how many rows a call has, so a
 * matrix that is passed in blocks gives bit-identical results.
 * ACCURACY: with u = 2^-53, the error of a dot product is at most (cols / 8 + 5) u |w| . |v|. The
 * error of an entry of out is at most rows u times the sum of the absolute values of its terms.
 * ERRORS: HTST_ERR_BAD_ARG if a size is negative. */
int htst_products_gram_f32(
    const float *w, int64_t rows, int64_t cols, const double *v, double *out);
int htst_products_gram_f64(
    const double *w, int64_t rows, int64_t cols, const double *v, double *out);
int htst_products_gram_bf16(
    const uint16_t *w, int64_t rows, int64_t cols, const double *v, double *out);
int htst_products_gram_f16(
    const uint16_t *w, int64_t rows, int64_t cols, const double *v, double *out);

/* Add the squares of x[n] to sum[0] + sum[1], a number in two parts that belongs to the caller.
 * Both are zero before the first call.
 *
 * METHOD: 1024 squares at a time are added in plain double precision. The addition of these sums
 * restores the rounding error of each step (Knuth, The Art of Computer Programming 2, section
 * 4.2.2).
 * Squares of float32 are exact and neither overflow nor vanish. Their sum is therefore infinite or
 * NaN exactly if an element is, and zero exactly if all elements are (if the processor flushes
 * denormals: if all are zero or denormal).
 * ACCURACY: relative error below 140 u for any n, without overflow or underflow.
 * ERRORS: HTST_ERR_BAD_ARG if n is negative. */
int htst_products_squares_f32(const float *x, int64_t n, double sum[2]);
int htst_products_squares_f64(const double *x, int64_t n, double sum[2]);

#endif /* HTST_PRODUCTS_H */
