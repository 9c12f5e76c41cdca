/* htst_tally: count the small integers of an array, and copy the large ones for sorting.
 *
 * METHOD: a table of counts that fits a core's cache; one pass. ACCURACY: exact. */
#ifndef HTST_TALLY_H
#define HTST_TALLY_H

#include "htst_common.h"
#include "htst_tail.h"

/* Slots of the table: integers below this are counted there. */
#define HTST_TALLY_SIZE 65536

/* The numbers of elements that are not integers of the side. */
typedef struct {
    int64_t others; /* below 0 as seen from the side */
    int64_t wrong;  /* with a fraction, or infinite on the other side */
} htst_tally_seen_t;

/* Let v be an element as seen from its side: x, -x or abs(x). Add 1 to table[floor v] if 1 <= v <
 * HTST_TALLY_SIZE, and to table[0] otherwise. Copy v to `out` if it is HTST_TALLY_SIZE or more, or
 * NaN.
 *
 * x[n]                   the elements.
 * side                   see htst_tail.h.
 * table[HTST_TALLY_SIZE] added to.
 * out                    room for n values.
 * seen                   added to.
 *
 * Returns how many values were copied.
 * ERRORS: none. Elements that are no integers of the side are counted in `seen`; the caller checks
 * the copied ones for fractions, infinity and NaN. */
int64_t htst_tally_f64(int64_t n, const double *x, htst_tail_side_t side, int64_t *table,
    double *out, htst_tally_seen_t *seen);

#endif /* HTST_TALLY_H */
