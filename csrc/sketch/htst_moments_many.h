/* htst_moments_many: sums over a block of float32 elements of similar size. Internal.
 *
 * With 2^E <= the largest abs(x) < 2^(E + 1), the elements with abs(x) >= `least` >= 2^(E - 18) are
 * added in double precision.
 *
 * METHOD: a sum that starts from `magic` = 1.5 * 2^(2 E + 12) rounds each square that is added to a
 * multiple of 2^(2 E - 40), as long as it stays below 2^(2 E + 13): for 512 squares, and there are
 * four or more such sums. What the sum gained, minus the square, is the remainder. The rounded
 * squares of HTST_MOMENTS_BLOCK elements stay within 53 bits, and so do the remainders, multiples
 * of 2^(2 E - 82), and the elements, multiples of 2^(E - 41). Every other addition is therefore
 * exact, in any order, and a fused multiply-add gives the same bits as two instructions. (How a
 * square is divided depends on the sum, but not what the rounded part and the remainder add up to.)
 * ACCURACY: exact. ERRORS: none. */
#ifndef HTST_MOMENTS_MANY_H
#define HTST_MOMENTS_MANY_H

#include <stdint.h>

#define HTST_MOMENTS_BLOCK 2048 /* the largest number of additions for which there is room */

/* Sums of the elements, of their rounded squares, and of the remainders of the squares. */
typedef struct {
    double sum, high, low;
} htst_moments_many_t;

/* The sums over x[n], n <= HTST_MOMENTS_BLOCK, with the instructions of a kind of processors, at
 * most htst_isa_best(). `least` is the bit pattern of a positive normal
 * number; 0 means that all elements are 0 or not below it, which saves the comparisons. METHOD,
 * ACCURACY, ERRORS: above. */
htst_moments_many_t htst_moments_many_f32(
    int isa, const float *x, int64_t n, uint32_t least, double magic);

#endif /* HTST_MOMENTS_MANY_H */
