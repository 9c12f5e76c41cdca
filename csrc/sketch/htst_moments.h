/* htst_moments: exact sums and sums of squares of floats, as wide integers.
 *
 * The sums are two's complement integers of several 64-bit words, low word first, in units of the
 * smallest denormal (the squares: of its square): 2^-149 and 2^-298 for float32, 2^-1074 and 2^-2148
 * for float64. Being exact, they do not depend on the order or the grouping of the elements. They have
 * room for 2^62 elements of any size.
 */
#ifndef HTST_MOMENTS_H
#define HTST_MOMENTS_H

#include <stdint.h>

#define HTST_MOMENTS_SUM_F32 6 /* words */
#define HTST_MOMENTS_SQUARES_F32 10
#define HTST_MOMENTS_SUM_F64 34
#define HTST_MOMENTS_SQUARES_F64 68

/* Add the finite ones of n elements to `sum` and their squares to `squares`, and the number of the
 * others to *not_finite.
 *
 * Method: elements of a block that reach within 2^-18 of its largest one are added up in float64 on
 * grids so coarse that every addition is exact: float32 as it is and its squares in two parts, float64
 * in three parts and their six products. The few smaller ones go into integers per exponent.
 * ACCURACY exact. No result depends on the processor's handling of denormals. */
int htst_moments_add_f32(
    const float *x, int64_t n, uint64_t *sum, uint64_t *squares, int64_t *not_finite);
int htst_moments_add_f64(
    const double *x, int64_t n, uint64_t *sum, uint64_t *squares, int64_t *not_finite);

#endif /* HTST_MOMENTS_H */
