/* htst_gaps: the pattern of a sparse matrix as a stream of Rice-coded gaps.
 *
 * The non-zeros of a block of rows, in row-major order, have the positions row * n_cols + col. The
 * gap of a non-zero is the number of zeros since the previous non-zero: gap = position - previous
 * - 1, with previous = -1 for the first. The gaps determine indptr, so indptr is not stored.
 *
 * METHOD: a gap g with q = g >> k below 32 is written as q zero bits, a one, then the k low bits of
 * g. Any other gap is written as 32 zero bits, then g in 64 bits. Bits fill bytes from the least
 * significant bit; unused bits in the last byte are zero [1].
 * SIZE: a random pattern of density p takes a few hundredths of a bit more than its entropy per
 * non-zero, if 2^k is near log(2) / p.
 * ACCURACY: exact; reading returns what was written.
 *
 * [1] R. F. Rice, J. R. Plaunt, "Adaptive variable-length coding for efficient compression of
 *     spacecraft television data", IEEE Trans. Commun. 19 (1971), 889-897. */
#ifndef HTST_GAPS_H
#define HTST_GAPS_H

#include <stdint.h>

#include "htst_common.h"

/* The largest value of the argument k. */
#define HTST_GAPS_MAX_K 31

/* Set *n_bytes to the number of bytes that htst_gaps_write needs for a block of CSR.
 *
 * n_rows, n_cols     the shape of the block.
 * indptr[n_rows + 1] where each row begins in `indices`; indices ascend within a row.
 * k                  the number of low bits of a gap that are stored as they are, 0 to
 *                    HTST_GAPS_MAX_K.
 *
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if k is outside [0, 31], indptr does not begin with 0 or falls, or the
 * indices of a row do not rise strictly within [0, n_cols); HTST_ERR_OVERFLOW if n_rows * n_cols
 * leaves int64.
 */
int htst_gaps_size(int64_t n_rows, int64_t n_cols, const int64_t *indptr, const int64_t *indices,
    int k, int64_t *n_bytes);

/* Write the block to `out`: exactly the n_bytes that htst_gaps_size returned for the same
 * arguments. That function has checked them. METHOD, ACCURACY: above. ERRORS: none. */
void htst_gaps_write(int64_t n_rows, int64_t n_cols, const int64_t *indptr, const int64_t *indices,
    int k, uint8_t *out);

/* Read n gaps back into indptr[n_rows + 1] and indices[n], both allocated by the caller. in,
 * n_bytes: the stream; reading arbitrary bytes is safe. n_rows, n_cols, k: as for writing.
 *
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if the bytes are not what htst_gaps_write makes of n non-zeros in such a
 * block: too few or too many bytes, a position outside the block, or unused bits that are not zero.
 * HTST_ERR_OVERFLOW if n_rows * n_cols leaves int64. */
int htst_gaps_read(int64_t n_bytes, const uint8_t *in, int k, int64_t n, int64_t n_rows,
    int64_t n_cols, int64_t *indptr, int64_t *indices);

#endif
