#include "htst_tally.h"

#include "htst_isa.h"

#include <math.h>

/* Elements of a block: their slots are found first, and stay in the L1 cache while they are
 * counted. */
#define BLOCK 512

/* place[i] = floor(v) if the table has a slot for v, else 0; v is x[i] as seen from its side (see
 * htst_tally.h).
 * Returns how many v are not equal to their slot. Two loops, because compilers vectorise each of
 * them but not both at once. */
HTST_KERNEL(int64_t, places,
    (int64_t n, const double *HTST_RESTRICT x, double sign, int32_t *HTST_RESTRICT place),
    (n, x, sign, place))
{
    int64_t odd = 0;

    for (int64_t i = 0; i < n; i++) {
        double a = fabs(x[i]), v = sign == 0 ? a : sign * x[i];
        double least = v >= 1 ? v : 0, small = v < HTST_TALLY_SIZE ? least : 0;
        place[i] = (int32_t) small;
    }
    for (int64_t i = 0; i < n; i++) {
        double a = fabs(x[i]), v = sign == 0 ? a : sign * x[i];
        odd += place[i] != v ? 1 : 0;
    }
    return odd;
}

/* Copy the large values and count the others by kind, without unpredictable branches. */
static int64_t
sort_out(int64_t n, const double *x, double sign, const int32_t *place, double *out,
    htst_tally_seen_t *seen)
{
    int64_t m = 0, others = 0, wrong = 0;

    for (int64_t i = 0; i < n; i++) {
        double v = sign == 0 ? fabs(x[i]) : sign * x[i];
        int is_large = !(v < HTST_TALLY_SIZE);
        out[m] = v;
        m += is_large;
        others += v < 0;
        wrong += ((v > place[i]) & !is_large) | (v == -INFINITY);
    }
    seen->others += others;
    seen->wrong += wrong;
    return m;
}

int64_t
htst_tally_f64(int64_t n, const double *x, htst_tail_side_t side, int64_t *table, double *out,
    htst_tally_seen_t *seen)
{
    const double sign = side == HTST_TAIL_ABS ? 0 : side == HTST_TAIL_NEGATIVE ? -1 : 1;
    int32_t place[BLOCK];
    int64_t m = 0;

    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t size = n - start < BLOCK ? n - start : BLOCK;
        int64_t odd = places(size, x + start, sign, place);
        if (odd > 0) {
            m += sort_out(size, x + start, sign, place, out + m, seen);
        }
        for (int64_t i = 0; i < size; i++) {
            table[place[i]]++;
        }
    }
    return m;
}
