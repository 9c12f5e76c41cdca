/* htst_products_widen: the bits of a 16-bit float as float32. Private to csrc/spectral.
 *
 * METHOD: bfloat16 is the upper half of float32. The exponent of half precision gets a new bias. A
 * denormal of half precision, m 2^-24, is the difference of (1 + m 2^-10) 2^-14 and 2^-14. No step
 * needs denormals of float32, which a processor may be set to ignore, and none branches, so that
 * loops over arrays are vectorised.
 * ACCURACY: exact, for infinities and NaN too. ERRORS: none. */
#ifndef HTST_PRODUCTS_WIDEN_H
#define HTST_PRODUCTS_WIDEN_H

#include <stdint.h>
#include <string.h>

#include "htst_common.h"

/* Bits of a half without its sign, moved to where float32 has its fraction: the smallest normal
 * number, infinity, and the distance between the exponents of both types. */
#define HTST_HALF_NORMAL 0x00800000u
#define HTST_HALF_INFINITE 0x0f800000u
#define HTST_HALF_BIAS 0x38000000u

HTST_INLINE float
htst_widen_bf16(uint16_t bits)
{
    uint32_t word = (uint32_t) bits << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

HTST_INLINE float
htst_widen_f16(uint16_t bits)
{
    uint32_t size = (bits & 0x7fffu) << 13, sign = (bits & 0x8000u) << 16;
    uint32_t above = size + (HTST_HALF_BIAS + HTST_HALF_NORMAL), small;
    float value;
    memcpy(&value, &above, sizeof value);
    value -= 0x1p-14f;
    memcpy(&small, &value, sizeof small);
    uint32_t normal = size + HTST_HALF_BIAS + (size >= HTST_HALF_INFINITE ? HTST_HALF_BIAS : 0);
    uint32_t word = sign | (size >= HTST_HALF_NORMAL ? normal : small);
    memcpy(&value, &word, sizeof value);
    return value;
}

#endif /* HTST_PRODUCTS_WIDEN_H */
