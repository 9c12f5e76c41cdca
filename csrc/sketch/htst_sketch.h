/* htst_sketch: counts and sums of floats by buckets of abs(x), in one pass.
 *
 * METHOD: the bucket of x is the bit pattern of abs(x) shifted right by `dropped` bits. It grows
 * with abs(x), and within a bucket abs(x) is linear in the dropped low bits. Counts and sums of low
 * bits are integers, so the sketches of any split of the data add up to the sketch of all, and
 *
 *     sum of abs(x) over a bucket = (count * top * 2^dropped + low) * 2^scale
 *
 * exactly, with `top` the kept bits of the significand, the leading one included, and `scale` the
 * exponent of its last bit. htst_moments.h has sums of squares.
 * ACCURACY: exact; results do not depend on how the processor treats denormals.
 *
 *     format    kept bits  dropped bits  words per slot
 *     float32       11          12       2: count, sum of low bits
 *     float64       11          41       3: count, sum of low bits (low word, high word)
 *     float16       10           0       1: count        (the buckets are the values)
 *     bfloat16       7           0       1: count
 *
 * The caller owns every array. A table covers a window of buckets, [first, first + width), for both
 * signs: bucket b of a sign (0 or 1) has slot sign * width + (b - first). One more slot at the end
 * takes the elements of no bucket: zeros, NaN, infinity. Tables of 16-bit floats cover all 65,536
 * patterns. The window need not be known in advance: the add functions stop at elements outside it
 * and say how far it must reach. */
#ifndef HTST_SKETCH_H
#define HTST_SKETCH_H

#include <stdint.h>

#define HTST_SKETCH_KEPT 11 /* top bits of the significand that float32 and float64 keep */
#define HTST_SKETCH_DROPPED_F32 12
#define HTST_SKETCH_DROPPED_F64 41
#define HTST_SKETCH_WORDS_F32 2
#define HTST_SKETCH_WORDS_F64 3

/* The number of elements of each kind, and the range of patterns of abs(x) for finite x that are
 * not 0; the range is 0 if there is no such x. */
typedef struct {
    int64_t done; /* elements that were added; if fewer than n, the window must be wider */
    int64_t zeros, negative_zeros, infinities, negative_infinities, nans;
    int64_t smallest; /* of both signs */
    int64_t largest_positive;
    int64_t largest_negative;
} htst_sketch_seen_t;

/* Add the elements of x[n] to a table.
 *
 * first, width the window; first + width is at most 255 (float32) or 2047 (float64) times 2^11.
 * table        (2 * width + 1) * HTST_SKETCH_WORDS_F32 or _F64 words; added to.
 * seen         added to, except `done`, which is set. If done < n, the block of elements that
 *              begins at x[done] does not fit in the window: only its patterns were recorded. Widen
 *              the window and continue from x[done].
 *
 * METHOD, ACCURACY: above. ERRORS: HTST_ERR_BAD_ARG if the window leaves the format. */
int htst_sketch_add_f32(const float *x, int64_t n, int64_t first, int64_t width, uint64_t *table,
    htst_sketch_seen_t *seen);
int htst_sketch_add_f64(const double *x, int64_t n, int64_t first, int64_t width, uint64_t *table,
    htst_sketch_seen_t *seen);

/* Add the n 16-bit patterns of x to a table of 65,536 counts, which belongs to the caller. METHOD,
 * ACCURACY: above. ERRORS: none; returns HTST_OK. */
int htst_sketch_add_u16(const uint16_t *x, int64_t n, uint64_t *table);

/* Compute sums over a table of 65,536 counts of 16-bit floats with `kept` explicit bits in their
 * significand (10 for float16, 7 for bfloat16). Each pair of a sign and one of the 2^(15 - kept)
 * exponents has four words of `sums`: the sum of count * significand and the sum of count *
 * significand^2, each in 128 bits, the low word first. METHOD: integers. ACCURACY: exact. ERRORS:
 * HTST_ERR_BAD_ARG if kept is outside [0, 14]. */
int htst_sketch_sums_u16(const uint64_t *table, int64_t kept, uint64_t *sums);

#endif /* HTST_SKETCH_H */
