#include "htst_counts.h"

#include <string.h>

/* Slots of a large table are asked for before the first of them is needed. */
#define COUNTS(SUFFIX, FLOAT, UINT, SIGN, BITS)                                                    \
    int64_t htst_counts_add_##SUFFIX##_u##BITS(int64_t n, const FLOAT *x, htst_tail_side_t side,   \
        int64_t low, int64_t high, int shift, uint##BITS##_t *table, int64_t room, int64_t *anew,  \
        int64_t *found)                                                                            \
    {                                                                                              \
        const UINT kept = side == HTST_TAIL_ABS ? ~SIGN : ~(UINT) 0;                               \
        const UINT flipped = side == HTST_TAIL_NEGATIVE ? SIGN : 0;                                \
        const UINT span = (UINT) (high - low);                                                     \
        UINT place[HTST_COUNTS_AHEAD];                                                             \
        int64_t i, written = 0;                                                                    \
        int m = 0;                                                                                 \
        for (i = 0; i < n && room - written >= HTST_COUNTS_AHEAD; i++) {                           \
            UINT bits;                                                                             \
            memcpy(&bits, x + i, sizeof bits);                                                     \
            UINT at = ((bits & kept) ^ flipped) - (UINT) low;                                      \
            place[m] = at >> shift;                                                                \
            m += at <= span;                                                                       \
            if (HTST_UNLIKELY(m == HTST_COUNTS_AHEAD) || i + 1 == n) {                             \
                for (int j = 0; j < m; j++) {                                                      \
                    HTST_PREFETCH(table + place[j]);                                               \
                }                                                                                  \
                for (int j = 0; j < m; j++) {                                                      \
                    table[place[j]]++;                                                             \
                    if (HTST_UNLIKELY(table[place[j]] == 0)) {                                     \
                        anew[written++] = (int64_t) place[j];                                      \
                    }                                                                              \
                }                                                                                  \
                m = 0;                                                                             \
            }                                                                                      \
        }                                                                                          \
        *found = written;                                                                          \
        return i;                                                                                  \
    }

#define COUNTS_OF_FLOATS(BITS)                                                                     \
    COUNTS(f32, float, uint32_t, UINT32_C(0x80000000), BITS)                                       \
    COUNTS(f64, double, uint64_t, UINT64_C(0x8000000000000000), BITS)

COUNTS_OF_FLOATS(8)
COUNTS_OF_FLOATS(16)
COUNTS_OF_FLOATS(32)
