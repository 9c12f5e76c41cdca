/* htst_gaps: the pattern of a sparse matrix as a stream of Rice-coded gaps.
 *
 * The non-zeros of a block of rows, in row-major order, stand at positions row * n_cols + col. What
 * is stored is, for each, the number of zeros since the one before: gap = position - previous - 1,
 * previous = -1 at the start. So indptr needs no room of its own, and a random pattern of density p
 * takes within a few hundredths of a bit of its entropy per non-zero when 2^k is near
 * log(2) / p [1].
 *
 * A gap g with q = g >> k below 32 is q zero bits, a one, then the k low bits of g. Any other is 32
 * zero bits, then g in 64 bits. Bits fill bytes from the least significant one; what is left of the
 * last byte is zero.
 *
 * [1] R. F. Rice, J. R. Plaunt, "Adaptive variable-length coding for efficient compression of
 *     spacecraft television data", IEEE Trans. Commun. 19 (1971), 889-897.
 */
#ifndef HTST_GAPS_H
#define HTST_GAPS_H

#include <stdint.h>

#include "htst_common.h"

/* The largest k. */
#define HTST_GAPS_MAX_K 31

/* Bytes that htst_gaps_write needs for a block of CSR with sorted indices.
 *
 * ERRORS: HTST_ERR_BAD_ARG if k is outside [0, 31], indptr does not begin with 0 or falls, or the
 * indices of a row do not rise strictly within [0, n_cols); HTST_ERR_OVERFLOW if n_rows * n_cols
 * leaves int64.
 */
int htst_gaps_size(int64_t n_rows, int64_t n_cols, const int64_t *indptr, const int64_t *indices,
    int k, int64_t *n_bytes);

/* Write exactly n_bytes, as htst_gaps_size gave them for the same arguments. */
void htst_gaps_write(int64_t n_rows, int64_t n_cols, const int64_t *indptr, const int64_t *indices,
    int k, uint8_t *out);

/* Read n gaps back into indptr (n_rows + 1) and indices (n). Any bytes are safe to read.
 *
 * ERRORS: HTST_ERR_BAD_ARG if the bytes are not what htst_gaps_write makes of n non-zeros in such a
 * block: too few or too many, a position outside, bits left over that are not zero.
 * HTST_ERR_OVERFLOW if n_rows * n_cols leaves int64.
 */
int htst_gaps_read(int64_t n_bytes, const uint8_t *in, int k, int64_t n, int64_t n_rows,
    int64_t n_cols, int64_t *indptr, int64_t *indices);

#endif
