/* htst_spread: the distinct values of float32 numbers, and the number of elements below each,
 * without a sort.
 *
 * A histogram (htst_tail.h) says how many elements lie in each bucket. So each element has a place:
 * that of its bucket, in any order. Only the lower bits of its key are stored there, because the
 * bucket has the upper ones. Then the lower bits of one bucket are counted.
 *
 * METHOD: one pass over the elements, and a table of counters that stays in the second cache. The
 * table is read from its beginning to its end or, for a bucket of few elements, at the values that
 * a set of bits marks.
 * ACCURACY: exact.
 * COST: bench/races/bench_power_law.py (pure Pareto, two threads). */
#ifndef HTST_SPREAD_H
#define HTST_SPREAD_H

#include "htst_common.h"
#include "htst_tail.h"

/* The number of buckets of finite values, and of values in a bucket. */
#define HTST_SPREAD_BUCKETS (0xff << HTST_TAIL_KEPT)
#define HTST_SPREAD_LOWER (1 << HTST_TAIL_DROPPED_F32)

/* Write the lower bits of each element whose key, shifted right by HTST_TAIL_DROPPED_F32, is one of
 * `size` buckets, to the place of its bucket.
 *
 * x[n], side   the elements, and which of them have keys: see htst_tail.h. Zeros are left out.
 * begin     the first bucket, 0 <= begin, size >= 1, begin + size <= HTST_SPREAD_BUCKETS.
 * next[size]   the place in `out` for the next element of each bucket; increased.
 * out       has n places from each of those on.
 *
 * Returns the number of elements that were written. Threads may write ranges of an array at the
 * same time, each with its own `next`. METHOD, ACCURACY: above. ERRORS: none. */
int64_t htst_spread_f32(int64_t n, const float *x, htst_tail_side_t side, int64_t begin,
    int64_t size, uint32_t *next, uint16_t *out);

/* Write the distinct values of some neighbouring buckets, ascending, and the places at which their
 * elements begin, which are the numbers of elements below them.
 *
 * begin     the first bucket; begin and size as above.
 * starts[size + 1]   the place in `lower` at which each bucket begins, and the end of the last one.
 * lower     what htst_spread_f32 wrote; the elements of the first bucket begin at lower[starts[0]].
 * at_end    0: the outputs are written from the beginning of their room; 1: to its end. So two
 *           threads can fill neighbouring rooms without a gap between their values.
 * count[HTST_SPREAD_LOWER]   workspace; zeros, and again zeros afterwards.
 * v, first  room for starts[size] - starts[0] values and numbers.
 *
 * Returns the number of distinct values. METHOD, ACCURACY: above. ERRORS: HTST_ERR_BAD_ARG if
 * `starts` falls. */
int64_t htst_spread_distinct_f32(int64_t begin, int64_t size, const uint32_t *starts,
    const uint16_t *lower, int at_end, uint32_t *count, float *v, uint32_t *first);

#endif /* HTST_SPREAD_H */
