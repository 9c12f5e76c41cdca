/* htst_wide: unsigned integers of 128 bits. Internal.
 *
 * METHOD: the compiler's integer of 128 bits, or else two words. Signed values are stored modulo
 * 2^128 (two's complement). The functions are inlined: with the compiler's integer each is one
 * operation. ACCURACY: exact, modulo 2^128. ERRORS: none. */
#ifndef HTST_WIDE_H
#define HTST_WIDE_H

#include <stdint.h>

#include "htst_compiler.h"

#if HTST_HAS_INT128
typedef htst_unsigned128_t htst_wide_t;
#else
typedef struct {
    uint64_t low, high;
} htst_wide_t;
#endif

HTST_INLINE htst_wide_t
htst_wide(uint64_t high, uint64_t low)
{
#if HTST_HAS_INT128
    return (htst_wide_t) high << 64 | low;
#else
    return (htst_wide_t){ low, high };
#endif
}

HTST_INLINE uint64_t
htst_wide_low(htst_wide_t a)
{
#if HTST_HAS_INT128
    return (uint64_t) a;
#else
    return a.low;
#endif
}

HTST_INLINE uint64_t
htst_wide_high(htst_wide_t a)
{
#if HTST_HAS_INT128
    return (uint64_t) (a >> 64);
#else
    return a.high;
#endif
}

HTST_INLINE htst_wide_t
htst_wide_add(htst_wide_t a, htst_wide_t b)
{
#if HTST_HAS_INT128
    return a + b;
#else
    uint64_t low = a.low + b.low;
    return (htst_wide_t){ low, a.high + b.high + (low < a.low) };
#endif
}

/* a + b for a signed b */
HTST_INLINE htst_wide_t
htst_wide_add_signed(htst_wide_t a, int64_t b)
{
    return htst_wide_add(a, htst_wide(b < 0 ? UINT64_MAX : 0, (uint64_t) b));
}

HTST_INLINE htst_wide_t
htst_wide_negative(htst_wide_t a)
{
#if HTST_HAS_INT128
    return -a;
#else
    return (htst_wide_t){ -a.low, ~a.high + (a.low == 0) };
#endif
}

/* a 2^bits, 0 <= bits < 64 */
HTST_INLINE htst_wide_t
htst_wide_shift(htst_wide_t a, int bits)
{
#if HTST_HAS_INT128
    return a << bits;
#else
    return bits == 0 ? a : (htst_wide_t){ a.low << bits, a.high << bits | a.low >> (64 - bits) };
#endif
}

/* a b */
HTST_INLINE htst_wide_t
htst_wide_product(uint64_t a, uint64_t b)
{
#if HTST_HAS_INT128
    return (htst_wide_t) a * b;
#else
    const uint64_t half = UINT32_MAX, a0 = a & half, a1 = a >> 32, b0 = b & half, b1 = b >> 32;
    uint64_t first = a0 * b0, middle = a1 * b0 + (first >> 32); /* below 2^64: (2^32 - 1) 2^32 */
    uint64_t other = a0 * b1 + (middle & half);
    return htst_wide(a1 * b1 + (middle >> 32) + (other >> 32), a * b);
#endif
}

#endif /* HTST_WIDE_H */
