/* htst_sketch: one pass over floats -> integer counts and sums per bucket of abs(x).
 *
 * The bucket of x is the bit pattern of abs(x) shifted right by `dropped` bits: it grows with abs(x),
 * and within a bucket abs(x) is linear in the dropped low bits. Counts and sums of low bits are
 * integers, so sketches of any split of the data add up to the same sketch, and
 *
 *     sum of abs(x) over a bucket = (count * top * 2^dropped + low) * 2^scale
 *
 * exactly, with `top` the kept bits of the significand (its leading one included) and `scale` the
 * exponent of its last bit. (Sums of squares are htst_moments' work.)
 *
 *     format    kept bits  dropped bits  words per slot
 *     float32       11          12       2: count, sum of low bits
 *     float64       11          41       3: count, sum of low bits (low word, high word)
 *     float16       10           0       1: count        (the buckets are the values)
 *     bfloat16       7           0       1: count
 *
 * The caller owns every array. A table covers the buckets [first, first + width) of both signs:
 * slot sign * width + (bucket - first), and after them one slot for what is in no bucket (zeros, NaN,
 * infinity). 16-bit tables cover all 65,536 patterns. A window need not be known beforehand: the add
 * functions stop at elements outside it and say how far it must reach.
 */
#ifndef HTST_SKETCH_H
#define HTST_SKETCH_H

#include <stdint.h>

#define HTST_SKETCH_KEPT 11 /* top bits of the significand that float32 and float64 keep */
#define HTST_SKETCH_DROPPED_F32 12
#define HTST_SKETCH_DROPPED_F64 41
#define HTST_SKETCH_WORDS_F32 2
#define HTST_SKETCH_WORDS_F64 3

/* What a pass saw. Patterns are those of abs(x), of finite non-zero x only; 0 if there is none. */
typedef struct {
    int64_t done; /* elements taken; fewer than n: the window must reach the patterns below */
    int64_t zeros, negative_zeros, infinities, negative_infinities, nans;
    int64_t smallest; /* of both signs */
    int64_t largest_positive;
    int64_t largest_negative;
} htst_sketch_seen_t;

/* Add elements to a table of (2 * width + 1) * HTST_SKETCH_WORDS_* words; first + width is at most 255 or
 * 2047 times 2^11. `seen` is added to, apart from `done`, which is set: of the elements from `done` on,
 * the first block does not fit the window, and only its patterns have been noted.
 *
 * ERRORS HTST_ERR_BAD_ARG if the window leaves the format. */
int htst_sketch_add_f32(const float *x, int64_t n, int64_t first, int64_t width, uint64_t *table,
    htst_sketch_seen_t *seen);
int htst_sketch_add_f64(const double *x, int64_t n, int64_t first, int64_t width, uint64_t *table,
    htst_sketch_seen_t *seen);

/* Add n 16-bit patterns to a table of 65,536 counts. */
int htst_sketch_add_u16(const uint16_t *x, int64_t n, uint64_t *table);

/* Of a table of 65,536 counts: for each of the 2^(15 - kept) exponents of both signs two sums over its
 * patterns, in 128 bits (low word first): of the counts times the significands, and times their squares.
 * `sums` has four words for each of 2 * 2^(15 - kept) pairs (sign, exponent). */
int htst_sketch_sums_u16(const uint64_t *table, int64_t kept, uint64_t *sums);

#endif /* HTST_SKETCH_H */
