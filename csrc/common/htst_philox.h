/* htst_philox: one round of the counter-based generator Philox4x32, for loops that vectorise.
 *
 * METHOD: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 * The generator applies ten rounds. The fourth word of a counter separates streams with the same
 * seed: 0 is for the normal numbers of htst_normal, 1 for the stable numbers of htst_stable_sample.
 * ACCURACY: integers, exact. ERRORS: none. */
#ifndef HTST_PHILOX_H
#define HTST_PHILOX_H

#include <stdint.h>
#include <string.h>

#include "htst_common.h"

#define HTST_PHILOX_M0 UINT32_C(0xD2511F53)
#define HTST_PHILOX_M1 UINT32_C(0xCD9E8D57)
#define HTST_PHILOX_W0 UINT32_C(0x9E3779B9)
#define HTST_PHILOX_W1 UINT32_C(0xBB67AE85)
#define HTST_PHILOX_ROUNDS 10

/* The counter (x0, x1, x2, x3) after one round with the key (k0, k1). */
HTST_INLINE void
htst_philox_round(uint32_t *x0, uint32_t *x1, uint32_t *x2, uint32_t *x3, uint32_t k0, uint32_t k1)
{
    uint64_t p0 = (uint64_t) HTST_PHILOX_M0 * *x0;
    uint64_t p1 = (uint64_t) HTST_PHILOX_M1 * *x2;
    uint32_t y0 = (uint32_t) (p1 >> 32) ^ *x1 ^ k0;
    uint32_t y2 = (uint32_t) (p0 >> 32) ^ *x3 ^ k1;
    *x1 = (uint32_t) p1;
    *x3 = (uint32_t) p0;
    *x0 = y0;
    *x2 = y2;
}

/* u - 1/2 for the uniform number u = (floor(w / 2^12) + 1/2) 2^-52, w = low + 2^32 high. The result
 * is exact and never 0. With k = w >> 12, the double 1 + k 2^-52 has the exponent of 1 and the bits
 * of k below it; subtracting 3/2 and adding 2^-53 gives a multiple of 2^-53 below 1/2. */
HTST_INLINE double
htst_philox_centred(uint32_t low, uint32_t high)
{
    uint64_t bits = UINT64_C(0x3FF0000000000000) | ((uint64_t) high << 20) | (low >> 12);
    double one_and_fraction;

    memcpy(&one_and_fraction, &bits, sizeof(bits));
    return (one_and_fraction - 1.5) + 0x1p-53;
}

#endif /* HTST_PHILOX_H */
