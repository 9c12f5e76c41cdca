/* htst_tally: how often each small integer is there; what is large is left for sorting. */
#ifndef HTST_TALLY_H
#define HTST_TALLY_H

#include "htst_common.h"
#include "htst_tail.h"

/* Values below it are counted in a table, which fits a core's cache. */
#define HTST_TALLY_SIZE 65536

/* Added to: how many are of the other side, and how many are no integers: small ones of the
 * side with a fraction, and infinite ones of the other side. */
typedef struct {
    int64_t others, wrong;
} htst_tally_seen_t;

/* With v = x[i] of the side (x, -x or abs(x)): adds 1 to table[floor v] where 1 <= v <
 * HTST_TALLY_SIZE, and to table[0] elsewhere; copies v to out where it is larger or NaN, and returns
 * how many were copied. out has room for n. */
int64_t htst_tally_f64(int64_t n, const double *x, htst_tail_side_t side, int64_t *table,
    double *out, htst_tally_seen_t *seen);

#endif
