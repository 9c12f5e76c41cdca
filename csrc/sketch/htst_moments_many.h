/* htst_moments_many: sums over a block of float32 elements of similar size. Internal.
 *
 * Elements are added that are multiples of a unit u = 2^(e - 41): for some `least` >= 2^(e - 18),
 * those with abs(x) >= least.
 *
 * METHOD: elements are added in double precision, and their squares in one of two ways.
 * (1) A sum that starts from 1.5 * 2^94 u^2 rounds each square that is added to a multiple of
 * 2^42 u^2. What the sum gained, minus the square, is the remainder. The sums of the rounded
 * squares, of the remainders and of the elements stay within 53 bits, so that every other addition
 * is exact, in any order, and a fused multiply-add gives the same bits as two instructions. (How a
 * square is divided depends on the sum, but not what the rounded part and the remainder add up to.)
 * (2) With IFMA, which multiplies integers of 52 bits: after 1.5 * 2^52 u is added to an element,
 * the lower bits of the result are the integer x / u. These integers are added up, and so are the
 * lower 52 bits of their squares. The higher bits of the sum of squares follow from a plain sum in
 * double precision, whose error is below 2^50 u^2.
 * Both ways need a sum of squares of at most 2^93 u^2, which bounds abs(x) too. As no partial sum
 * of squares exceeds the whole sum, it is enough to check the result.
 * ACCURACY: exact. ERRORS: none. */
#ifndef HTST_MOMENTS_MANY_H
#define HTST_MOMENTS_MANY_H

#include <stdint.h>

#define HTST_MOMENTS_BLOCK 2048 /* the largest number of additions for which there is room */

/* The instructions that the sums may use. */
enum {
    HTST_MOMENTS_PLAIN = 0,
    HTST_MOMENTS_AVX2 = 1,
    HTST_MOMENTS_AVX512 = 2,
    HTST_MOMENTS_IFMA = 3, /* AVX-512 with the products of integers of 52 bits */
};

/* What to do with elements, zeros included, below `least`. */
enum {
    HTST_MOMENTS_ALLOW = 0,  /* add them: they are multiples of u as well */
    HTST_MOMENTS_REFUSE = 1, /* with one of them, the sums do not fit */
    HTST_MOMENTS_OMIT = 2,   /* do not add them */
};

typedef struct {
    int fits;          /* whether this is a result; else the sums are 0 */
    int64_t sum;       /* in units u: within 53 bits */
    int64_t high, low; /* the sum of squares is 2^42 high + low, in units u^2: within 53 bits */
} htst_moments_many_t;

/* The best of these instructions that this processor has, within the kind in use (htst_isa.h).
 * METHOD: asks the processor. ACCURACY: exact. ERRORS: none. */
int htst_moments_best(void);

/* The sums over x[n], n <= HTST_MOMENTS_BLOCK, -126 <= e <= 128, with instructions of at most
 * htst_moments_best(). `least` is the bit pattern of a normal number, at least 2^(e - 18);
 * `smaller` is what to do with elements below it. The sums do not fit if the sum of squares is too
 * large, or if an element is not finite. METHOD, ACCURACY, ERRORS: above. */
htst_moments_many_t htst_moments_many_f32(
    int instructions, const float *x, int64_t n, uint32_t least, int smaller, int e);

/* 2^exponent, for -1022 <= exponent <= 1023. METHOD: sets the bits. ACCURACY: exact. ERRORS:
 * none. */
double htst_moments_power(int exponent);

#endif /* HTST_MOMENTS_MANY_H */
