/* The bit pattern of a float, and the value of a 16-bit pattern. Of numbers that are not negative,
 * patterns have the same order. */
#ifndef HTST_TEST_BITS_H
#define HTST_TEST_BITS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline int64_t
htst_test_bits(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline int64_t
htst_test_bits_f32(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The float32 of a 16-bit float: bfloat16, or half precision by its definition. */
static inline float
htst_test_widen(uint16_t bits, int is_half)
{
    float value;
    uint32_t word = (uint32_t) bits << 16;
    memcpy(&value, &word, sizeof value);
    if (is_half) {
        int exponent = bits >> 10 & 31;
        double fraction = bits & 1023;
        double size = exponent == 0 ? ldexp(fraction, -24)
            : exponent < 31         ? ldexp(1024 + fraction, exponent - 25)
            : fraction > 0          ? (double) NAN
                                    : (double) INFINITY;
        value = (float) (bits >> 15 ? -size : size);
    }
    return value;
}

#endif
