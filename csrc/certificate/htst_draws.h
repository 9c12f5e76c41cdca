/* htst_draws: random numbers of the annealing searches. Internal. All arithmetic uses whole
 * numbers, so that a seed gives the same draws on every machine. The generator is xoshiro256**
 * (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM Transactions on
 * Mathematical Software 47 (2021)).
 *
 * METHOD: an exponential variable is a multiple of -log2 of a uniform number; the logarithm comes
 * from squaring the mantissa sixteen times.
 * ACCURACY: logarithms to 2^-16; a draw below n has a bias below n / 2^32.
 * ERRORS: none.
 */
#ifndef HTST_DRAWS_H
#define HTST_DRAWS_H

#include <stdint.h>

static inline uint64_t
rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static inline uint64_t
next_bits(uint64_t s[4])
{
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* A random number in [0, n), for n < 2^31; its bias is below n / 2^32. */
static inline int64_t
draw_below(uint64_t s[4], int64_t n)
{
    return (int64_t) (((next_bits(s) >> 32) * (uint64_t) n) >> 32);
}

/* 2^16 log2(x) for x >= 1, rounded down, by squaring the mantissa sixteen times. */
static inline int64_t
log2_fixed(uint64_t x)
{
    int whole = 0;
    for (int half = 32; half; half /= 2) {
        whole += x >> (whole + half) ? half : 0;
    }
    uint64_t mantissa = whole > 31 ? x >> (whole - 31) : x << (31 - whole); /* in [2^31, 2^32) */
    int64_t result = whole;
    for (int bit = 0; bit < 16; bit++) {
        mantissa = (mantissa * mantissa) >> 31;
        int carry = mantissa >> 32 != 0;
        result = 2 * result + carry;
        mantissa >>= carry;
    }
    return result;
}

/* Draw the largest increase of the energy that is accepted: temperature x an exponential
 * variable. */
static inline int64_t
draw_allowance(uint64_t s[4], uint64_t temperature)
{
    uint64_t u = (next_bits(s) >> 32) + 1;                         /* uniform on 1 .. 2^32 */
    uint64_t minus_log2 = (uint64_t) ((32 << 16) - log2_fixed(u)); /* in 1/65536 */
    /* log 2 = 45426 / 65536; the temperature has 26 binary digits, the energy 10 */
    return (int64_t) (((minus_log2 * 45426u >> 16) * temperature) >> 32);
}

/* The whole number at or below a / b; b is not 0. */
static inline int64_t
floor_divide(int64_t a, int64_t b)
{
    int64_t q = a / b;

    return q - (a % b != 0 && (a < 0) != (b < 0));
}

#endif /* HTST_DRAWS_H */
