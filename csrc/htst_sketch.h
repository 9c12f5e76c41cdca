/* htst_sketch: one pass over floats -> integer counts and sums per bucket of abs(x).
 *
 * The bucket of x is the bit pattern of abs(x) shifted right by `dropped` bits: it grows with abs(x),
 * and within a bucket abs(x) is linear in the dropped low bits. Counts and sums of low bits are
 * integers, so sketches of any split of the data add up to the same sketch, and
 *
 *     sum of abs(x) over a bucket = (count * top * 2^dropped + low) * 2^scale
 *
 * exactly, with `top` the kept bits of the significand (its leading one included) and `scale` the
 * exponent of its last bit. With the sums of squared low bits, kept once per exponent, mean and
 * variance follow exactly too.
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
#define HTST_SKETCH_SQUARES_F32 (2 * 256)      /* words of `squares` */
#define HTST_SKETCH_SQUARES_F64 (4 * 2 * 2048) /* four interleaved copies; their sum is meant */

/* What a pass saw. Patterns are those of abs(x), of finite non-zero x only; 0 if there is none. */
typedef struct {
    int64_t done; /* elements taken; fewer than n: the window must reach the patterns below */
    int64_t zeros, negative_zeros, infinities, negative_infinities, nans;
    int64_t smallest;         /* of both signs */
    int64_t largest_positive;
    int64_t largest_negative;
} htst_sketch_seen_t;

/* Add elements to a table of (2 * width + 1) * HTST_SKETCH_WORDS_* words, and the squares of their low
 * bits to `squares` (two words, low first, for each exponent; NULL: not wanted). first + width is at
 * most 255 or 2047 times 2^11. `seen` is added to, apart from `done`, which is set: elements of a block
 * from `done` on that do not fit the window are in no table and no count, but in the patterns.
 *
 * ERRORS HTST_ERR_BAD_ARG if the window leaves the format. */
int htst_sketch_add_f32(const float *x, int64_t n, int64_t first, int64_t width, uint64_t *table,
                        uint64_t *squares, htst_sketch_seen_t *seen);
int htst_sketch_add_f64(const double *x, int64_t n, int64_t first, int64_t width, uint64_t *table,
                        uint64_t *squares, htst_sketch_seen_t *seen);

/* Add n 16-bit patterns to a table of 65,536 counts. */
int htst_sketch_add_u16(const uint16_t *x, int64_t n, uint64_t *table);

/* Four sums for each sign and exponent of a table, 128 bits each (low word first), over the buckets
 * b of that exponent: sum count_b top_b, sum low_b, sum count_b top_b^2, sum top_b low_b.
 *
 * `table` has `words` words a slot, `first` and `width` are multiples of 2^kept, and sums has
 * 8 words for each of 2 * (width >> kept) (sign, exponent) pairs. Exact for counts below 2^52. */
int htst_sketch_sums(const uint64_t *table, int64_t words, int64_t first, int64_t width, int64_t kept,
                     uint64_t *sums);

#endif /* HTST_SKETCH_H */
