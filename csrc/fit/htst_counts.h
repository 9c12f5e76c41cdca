/* htst_counts: the number of floats of an array in each slot of an interval, in narrow counters.
 *
 * METHOD: a counter of 8, 16 or 32 bits wraps to 0 at its end. Each wrap is recorded, so that no
 * count is lost: the caller adds 2^bits for each wrap. Slots of a large table are prefetched.
 * ACCURACY: exact. */
#ifndef HTST_COUNTS_H
#define HTST_COUNTS_H

#include "htst_tail.h"

/* Number of elements that are counted between two checks of the room left for wraps. */
#define HTST_COUNTS_AHEAD 64

/* Add 1 to table[(key - low) >> shift] for each element whose key lies in [low, high].
 *
 * x[n]      the elements.
 * side      which elements have a key, and how it is computed: see htst_tail.h.
 * low, high 0 < low <= high.
 * shift     0 to 62; the table has at least ((high - low) >> shift) + 1 slots.
 * table     belongs to the caller; added to.
 * anew      room for `room` slot numbers, at least HTST_COUNTS_AHEAD; filled with the slots that
 *           wrapped, in order.
 * found     set to the number of slots written to `anew`.
 *
 * Returns the number of elements that were read: n, or fewer if less than HTST_COUNTS_AHEAD places
 * are left in `anew`. Call the function again for the other elements.
 * METHOD, ACCURACY: above. ERRORS: none; no argument is checked. */
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

#endif /* HTST_COUNTS_H */
