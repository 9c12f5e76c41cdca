/* htst_single: W^T (W v) with products in single precision, for iterations whose result is checked
 * afterwards in double precision.
 *
 * The matrix is contiguous, row-major, and float32 (f32), or the bits of bfloat16 (bf16) or of
 * IEEE 754 half precision (f16), which are widened in registers. A pass costs a third to a quarter
 * of that of htst_products. The functions do not check for NaN and infinity. */
#ifndef HTST_SINGLE_H
#define HTST_SINGLE_H

#include <stdint.h>

#include "htst_common.h"

/* out += W^T (W v) for the matrix W of `rows` x `cols`. v and out have `cols` entries each, belong
 * to the caller and do not overlap.
 *
 * METHOD: a dot product w . v is a sum of pieces of 512 columns. In a piece, sixteen sums in single
 * precision get element j in sum j mod 16, or for bfloat16 in sum floor(j / 2) mod 16. The sums of
 * pieces are added in double precision. The dot products are rounded to single precision, and the
 * multiples of eight rows are added in single precision before they are added to out. Rows are
 * taken in groups of eight from the first row of the call: blocks give the bits of the whole matrix
 * if all blocks but the last have a multiple of eight rows. Half precision gives the bits that its
 * float32 copy gives.
 * ACCURACY: with u = 2^-24, the error of a dot product is at most 36 u |w| . |v|: 32 additions, a
 * product, and the final rounding. The error of an entry of out is at most 9 u times the sum of the
 * absolute values of its terms, and that of the dot products. Numbers outside the range of float32
 * overflow or vanish: the sum of the squares of W should be 2^-60 to 2^60 times the number of
 * entries.
 * ERRORS: HTST_ERR_BAD_ARG if a size is negative. */
int htst_single_gram_f32(const float *w, int64_t rows, int64_t cols, const float *v, double *out);
int htst_single_gram_bf16(
    const uint16_t *w, int64_t rows, int64_t cols, const float *v, double *out);
int htst_single_gram_f16(
    const uint16_t *w, int64_t rows, int64_t cols, const float *v, double *out);

#endif /* HTST_SINGLE_H */
