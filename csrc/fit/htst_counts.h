/* htst_counts: how many floats have each pattern of an interval, in counts as narrow as can be.
 *
 * A narrow count starts anew at 0 when it has reached its end; each time that happens is written
 * down, so that nothing is lost and a count may be as large as it likes. */
#ifndef HTST_COUNTS_H
#define HTST_COUNTS_H

#include "htst_tail.h"

/* Slots that may start anew before the next look at how much room is left to write that down. */
#define HTST_COUNTS_AHEAD 64

/* Add 1 to table[(key - low) >> shift] for each key of the side (see htst_tail.h) in [low, high],
 * 0 < low, and append the slots whose count is 0 again to `anew`. Returns how many elements were
 * read: all, or fewer where fewer than HTST_COUNTS_AHEAD places are left in `anew`; *found is the
 * number of those written. */
#define HTST_COUNTS_DECLARE(SUFFIX, FLOAT, BITS)                                                  \
    int64_t htst_counts_add_##SUFFIX##_u##BITS(int64_t n, const FLOAT *x, htst_tail_side_t side,  \
        int64_t low, int64_t high, int shift, uint##BITS##_t *table, int64_t room, int64_t *anew, \
        int64_t *found);

HTST_COUNTS_DECLARE(f32, float, 8)
HTST_COUNTS_DECLARE(f32, float, 16)
HTST_COUNTS_DECLARE(f32, float, 32)
HTST_COUNTS_DECLARE(f64, double, 8)
HTST_COUNTS_DECLARE(f64, double, 16)
HTST_COUNTS_DECLARE(f64, double, 32)

#endif
