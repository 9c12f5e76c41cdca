/* htst_moments: exact sums, and sums of squares, of floats.
 *
 * A sum is a two's complement integer of several 64-bit words, the low word first. Its unit is the
 * smallest denormal, and for squares the square of the smallest denormal: 2^-149 and 2^-298 for
 * float32, 2^-1074 and 2^-2148 for float64. Sums of up to 2^62 elements of any size fit.
 *
 * METHOD: elements of a block that are at least 2^-18 times its largest element are added on grids
 * so coarse that every addition is exact: float32 as htst_moments_many.h says; float64 elements in
 * three parts and their squares as six products of parts, in double precision. The few smaller
 * elements are added to integers, one for each exponent. A block of float32 is first added as if
 * its elements had the sizes of those before, and again if it turns out otherwise.
 * ACCURACY: exact. The sums therefore do not depend on the order and the grouping of the elements,
 * nor on how the processor treats denormals. */
#ifndef HTST_MOMENTS_H
#define HTST_MOMENTS_H

#include <stdint.h>

/* The number of words of a sum and of a sum of squares. */
#define HTST_MOMENTS_SUM_F32 6
#define HTST_MOMENTS_SQUARES_F32 10
#define HTST_MOMENTS_SUM_F64 34
#define HTST_MOMENTS_SQUARES_F64 68

/* Add the finite elements of x[n] to `sum`, their squares to `squares`, and the number of the other
 * elements to *not_finite. All three belong to the caller and are zero before the first call.
 * METHOD, ACCURACY: above. ERRORS: none; returns HTST_OK. */
int htst_moments_add_f32(
    const float *x, int64_t n, uint64_t *sum, uint64_t *squares, int64_t *not_finite);
int htst_moments_add_f64(
    const double *x, int64_t n, uint64_t *sum, uint64_t *squares, int64_t *not_finite);

/* The same for elements that are in a cache already: nothing is prefetched. METHOD, ACCURACY,
 * ERRORS: above. */
int htst_moments_add_near_f32(
    const float *x, int64_t n, uint64_t *sum, uint64_t *squares, int64_t *not_finite);
int htst_moments_add_near_f64(
    const double *x, int64_t n, uint64_t *sum, uint64_t *squares, int64_t *not_finite);

#endif /* HTST_MOMENTS_H */
