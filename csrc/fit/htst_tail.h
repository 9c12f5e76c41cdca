/* htst_tail: the elements of an array that a fit of its tail uses, and counts of the others.
 *
 * A side says which elements have a key: an integer that grows with the value that is fitted. The
 * key is the bit pattern of abs(x), of x or of -x; elements that are not on the side have negative
 * keys.
 *
 * METHOD: comparisons of bit patterns, without branches, in blocks that stay in the first cache.
 * ACCURACY: exact; results do not depend on how the processor treats denormals. */
#ifndef HTST_TAIL_H
#define HTST_TAIL_H

#include "htst_common.h"

typedef enum { HTST_TAIL_ABS = 0, HTST_TAIL_POSITIVE = 1, HTST_TAIL_NEGATIVE = 2 } htst_tail_side_t;

/* Counts of elements by kind. `negative` and `positive` are finite and not 0. */
typedef struct {
    int64_t not_finite, zeros, negative, positive;
} htst_tail_seen_t;

/* Count the elements of x[n] by kind; the counts are added to `seen`. METHOD, ACCURACY: above.
 * ERRORS: none. */
void htst_tail_survey_f32(int64_t n, const float *x, htst_tail_seen_t *seen);
void htst_tail_survey_f64(int64_t n, const double *x, htst_tail_seen_t *seen);

/* Copy the elements whose keys lie in [low, high], as absolute values, in their order.
 *
 * x[n]      the elements.
 * side      which elements have keys, see above.
 * low, high 0 < low <= high; high is at most the pattern of the largest finite value.
 * out       room for `room` values; no more are written.
 *
 * Returns how many elements lie in the interval, even if that is more than `room`.
 * METHOD, ACCURACY: above. ERRORS: none. */
int64_t htst_tail_select_f32(int64_t n, const float *x, htst_tail_side_t side, int64_t low,
    int64_t high, int64_t room, float *out);
int64_t htst_tail_select_f64(int64_t n, const double *x, htst_tail_side_t side, int64_t low,
    int64_t high, int64_t room, double *out);

/* Count the elements of x[n] by kind, and copy all finite elements of the side that are not 0, as
 * absolute values, in their order. The counts are added to `seen`; out has room for n values.
 * Returns the number of copied values. METHOD, ACCURACY: above. ERRORS: none. */
int64_t htst_tail_take_f32(
    int64_t n, const float *x, htst_tail_side_t side, htst_tail_seen_t *seen, float *out);
int64_t htst_tail_take_f64(
    int64_t n, const double *x, htst_tail_side_t side, htst_tail_seen_t *seen, double *out);

/* Bits of the significand that determine the bucket in a histogram: 512 buckets for each power of
 * two. DROPPED is the number of lower bits of a pattern, SLOTS the number of buckets of both signs.
 */
#define HTST_TAIL_KEPT 9
#define HTST_TAIL_DROPPED_F32 (23 - HTST_TAIL_KEPT)
#define HTST_TAIL_DROPPED_F64 (52 - HTST_TAIL_KEPT)
#define HTST_TAIL_SLOTS_F32 (1 << (32 - HTST_TAIL_DROPPED_F32))
#define HTST_TAIL_SLOTS_F64 (1 << (64 - HTST_TAIL_DROPPED_F64))

/* Add to table[pattern >> DROPPED] the number of elements of x[n] in that bucket, and copy the
 * elements whose keys are at least `low`, as absolute values, in their order. The pattern includes
 * the sign bit, so negative elements are counted in the second half. A table counts at most
 * 2^32 - 1 elements in all.
 *
 * low       at least 1. INT64_MAX, or INT32_MAX for float32, copies nothing but one kind of NaN.
 * out       room for `room` values; no more are written.
 * checksum  set to the checksum of the elements (below).
 *
 * Returns how many elements have such keys, even if that is more than `room`.
 * METHOD: above; one pass, on x86 with vectors (htst_tail_x86.h). ACCURACY: above. ERRORS: none. */
int64_t htst_tail_histogram_f32(int64_t n, const float *x, htst_tail_side_t side, int64_t low,
    uint32_t *table, int64_t room, float *out, uint64_t *checksum);
int64_t htst_tail_histogram_f64(int64_t n, const double *x, htst_tail_side_t side, int64_t low,
    uint32_t *table, int64_t room, double *out, uint64_t *checksum);

/* A checksum of n elements: the sum of m (u xor m >> 13 xor 0x85ebca6b) + l modulo 2^64. Here u and
 * l are the upper and the lower half of a pattern, shifted to the upper end of 64 bits, and m is
 * 0x9e3779b1 (l xor u xor u >> 15) modulo 2^32. It does not depend on the order of the elements,
 * and that of several arrays is the sum of theirs. A different array has the same checksum with a
 * probability of at most 1e-9, unless it was constructed for that purpose. ERRORS: none. */
uint64_t htst_tail_checksum_f32(int64_t n, const float *x);
uint64_t htst_tail_checksum_f64(int64_t n, const double *x);
uint64_t htst_tail_checksum_u16(int64_t n, const uint16_t *x);

/* The checksum of 16-bit patterns from counts[65536], the number of elements with each pattern.
 * METHOD, ACCURACY, ERRORS: above. */
uint64_t htst_tail_checksum_counts_u16(const uint64_t *counts);

#endif /* HTST_TAIL_H */
