/* htst_tail_counts: count the elements of one vector in a histogram. Private to csrc/fit.
 *
 * METHOD: loads of 64 bits. ACCURACY: exact, on processors that put the lowest byte of a number
 * first, as x86 does. ERRORS: none. */
#ifndef HTST_TAIL_COUNTS_H
#define HTST_TAIL_COUNTS_H

#include <stdint.h>
#include <string.h>

#include "htst_compiler.h"
#include "htst_tail.h"

HTST_INLINE void
htst_tail_count_f32(int n, const float *x, uint32_t *table)
{
    for (int k = 0; k < n; k += 2) {
        uint64_t two;
        memcpy(&two, x + k, sizeof two);
        table[(uint32_t) two >> HTST_TAIL_DROPPED_F32]++;
        table[two >> (32 + HTST_TAIL_DROPPED_F32)]++;
    }
}

HTST_INLINE void
htst_tail_count_f64(int n, const double *x, uint32_t *table)
{
    for (int k = 0; k < n; k++) {
        uint64_t bits;
        memcpy(&bits, x + k, sizeof bits);
        table[bits >> HTST_TAIL_DROPPED_F64]++;
    }
}

#endif /* HTST_TAIL_COUNTS_H */
