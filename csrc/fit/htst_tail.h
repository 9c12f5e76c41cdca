/* htst_tail: what one pass over floats keeps of them for a fit of their tail.
 *
 * A side is one of the three ways to take a float's pattern as a key that grows with the value
 * looked for: its absolute value, itself, or itself with the other sign. Keys of what is not on
 * the side are negative. */
#ifndef HTST_TAIL_H
#define HTST_TAIL_H

#include "htst_common.h"

typedef enum { HTST_TAIL_ABS = 0, HTST_TAIL_POSITIVE = 1, HTST_TAIL_NEGATIVE = 2 } htst_tail_side_t;

/* How many elements are what; added to. Positive and negative ones are finite and not 0. */
typedef struct {
    int64_t not_finite, zeros, negative, positive;
} htst_tail_seen_t;

void htst_tail_survey_f32(int64_t n, const float *x, htst_tail_seen_t *seen);
void htst_tail_survey_f64(int64_t n, const double *x, htst_tail_seen_t *seen);

/* Elements of a side whose keys lie in [low, high], as absolute values, in order; returns their
 * number. Not more than `room` are written, but all are counted. 0 < low; high is at most the
 * pattern of the largest finite value. */
int64_t htst_tail_select_f32(int64_t n, const float *x, htst_tail_side_t side, int64_t low,
    int64_t high, int64_t room, float *out);
int64_t htst_tail_select_f64(int64_t n, const double *x, htst_tail_side_t side, int64_t low,
    int64_t high, int64_t room, double *out);

/* Survey and select at once: all finite elements of a side that are not 0, as absolute values, in
 * order; returns their number. out has room for n. */
int64_t htst_tail_take_f32(
    int64_t n, const float *x, htst_tail_side_t side, htst_tail_seen_t *seen, float *out);
int64_t htst_tail_take_f64(
    int64_t n, const double *x, htst_tail_side_t side, htst_tail_seen_t *seen, double *out);

/* Bits of the significand that tell the buckets of a histogram apart: 512 for each power of two. */
#define HTST_TAIL_KEPT 9
#define HTST_TAIL_DROPPED_F32 (23 - HTST_TAIL_KEPT)
#define HTST_TAIL_DROPPED_F64 (52 - HTST_TAIL_KEPT)
#define HTST_TAIL_SLOTS_F32 (1 << (32 - HTST_TAIL_DROPPED_F32))
#define HTST_TAIL_SLOTS_F64 (1 << (64 - HTST_TAIL_DROPPED_F64))

/* Add to table[pattern >> dropped] the number of elements with each, sign bit included: the
 * negative ones in the second half. At most 2^32 - 1 elements in all. */
void htst_tail_histogram_f32(int64_t n, const float *x, uint32_t *table);
void htst_tail_histogram_f64(int64_t n, const double *x, uint32_t *table);

#endif
