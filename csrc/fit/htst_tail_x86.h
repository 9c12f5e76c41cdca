/* htst_tail_x86: one block of the histogram of htst_tail with x86 instructions. Internal.
 *
 * METHOD: one loop adds to the checksum, moves the kept lanes of a vector to the front (AVX-512 has
 * an instruction for that; for AVX2 a table has the permutation of each mask) and counts. The
 * counts, one load and one store for each element, leave the vector units idle, so the other two
 * take hardly any time.
 * ACCURACY: bit-identical to the plain loops.
 *
 * x[n]      the elements; n is a multiple of HTST_TAIL_LANES.
 * kept      bits of a pattern that its key has; these, with the bits `flipped` inverted, are the
 *           key.
 * low       keys of at least this, as signed integers, are written.
 * table     added to.
 * keys      room for n + HTST_TAIL_LANES keys.
 * checksum  added to.
 *
 * htst_tail_keys_... only writes the keys from `low` to `high`.
 *
 * Each returns the number of keys. ERRORS: none. */
#ifndef HTST_TAIL_X86_H
#define HTST_TAIL_X86_H

#include <stdint.h>

#include "htst_isa.h"

/* The largest number of elements of a vector. */
#define HTST_TAIL_LANES 16

#ifdef HTST_ISA_HAS_X86

int64_t htst_tail_block_avx512_f32(int64_t n, const float *x, uint32_t kept, uint32_t flipped,
    int32_t low, uint32_t *table, uint32_t *keys, uint64_t *checksum);
int64_t htst_tail_block_avx512_f64(int64_t n, const double *x, uint64_t kept, uint64_t flipped,
    int64_t low, uint32_t *table, uint64_t *keys, uint64_t *checksum);
int64_t htst_tail_block_avx2_f32(int64_t n, const float *x, uint32_t kept, uint32_t flipped,
    int32_t low, uint32_t *table, uint32_t *keys, uint64_t *checksum);
int64_t htst_tail_block_avx2_f64(int64_t n, const double *x, uint64_t kept, uint64_t flipped,
    int64_t low, uint32_t *table, uint64_t *keys, uint64_t *checksum);

int64_t htst_tail_keys_avx512_f32(int64_t n, const float *x, uint32_t kept, uint32_t flipped,
    int32_t low, int32_t high, uint32_t *keys);
int64_t htst_tail_keys_avx512_f64(int64_t n, const double *x, uint64_t kept, uint64_t flipped,
    int64_t low, int64_t high, uint64_t *keys);
int64_t htst_tail_keys_avx2_f32(int64_t n, const float *x, uint32_t kept, uint32_t flipped,
    int32_t low, int32_t high, uint32_t *keys);
int64_t htst_tail_keys_avx2_f64(int64_t n, const double *x, uint64_t kept, uint64_t flipped,
    int64_t low, int64_t high, uint64_t *keys);
#endif

#endif /* HTST_TAIL_X86_H */
