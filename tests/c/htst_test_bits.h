/* The bit pattern of a float. Of numbers that are not negative, patterns have the same order. */
#ifndef HTST_TEST_BITS_H
#define HTST_TEST_BITS_H

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

#endif
