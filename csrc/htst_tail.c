#include "htst_tail.h"

#include <string.h>

/* Elements counted at once: their counts fit 32 bits, and they stay in the L1 cache. */
#define BLOCK 2048

/* Elements looked at before any is copied: of a thin tail most such groups hold none. */
#define GROUP 16

#define TAIL(SUFFIX, FLOAT, UINT, INT, SIGN, INFINITE, DROPPED)                                    \
    static inline UINT bits_##SUFFIX(const FLOAT *x)                                               \
    {                                                                                              \
        UINT bits;                                                                                 \
        memcpy(&bits, x, sizeof bits);                                                             \
        return bits;                                                                               \
    }                                                                                              \
                                                                                                   \
    typedef struct {                                                                               \
        UINT not_finite, zeros, below; /* below: sign bit set */                                   \
    } few_##SUFFIX##_t;                                                                            \
                                                                                                   \
    HTST_CLONES static few_##SUFFIX##_t survey_block_##SUFFIX(int64_t n, const FLOAT *x)           \
    {                                                                                              \
        UINT not_finite = 0, zeros = 0, below = 0;                                                 \
        for (int64_t i = 0; i < n; i++) {                                                          \
            UINT bits = bits_##SUFFIX(x + i), a = bits & ~SIGN;                                    \
            not_finite += a >= INFINITE;                                                           \
            zeros += a == 0;                                                                       \
            below += (bits > SIGN) & (a < INFINITE);                                               \
        }                                                                                          \
        return (few_##SUFFIX##_t){ not_finite, zeros, below };                                     \
    }                                                                                              \
                                                                                                   \
    void htst_tail_survey_##SUFFIX(int64_t n, const FLOAT *x, htst_tail_seen_t *seen)              \
    {                                                                                              \
        for (int64_t i = 0; i < n; i += BLOCK) {                                                   \
            int64_t size = n - i < BLOCK ? n - i : BLOCK;                                          \
            few_##SUFFIX##_t few = survey_block_##SUFFIX(size, x + i);                             \
            seen->not_finite += (int64_t) few.not_finite;                                          \
            seen->zeros += (int64_t) few.zeros;                                                    \
            seen->negative += (int64_t) few.below;                                                 \
            seen->positive += size - (int64_t) (few.not_finite + few.zeros + few.below);           \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    HTST_CLONES static int any_##SUFFIX(                                                           \
        const FLOAT *x, UINT kept, UINT flipped, INT low, INT high)                                \
    {                                                                                              \
        UINT found = 0;                                                                            \
        for (int64_t i = 0; i < GROUP; i++) {                                                      \
            INT key = (INT) ((bits_##SUFFIX(x + i) & kept) ^ flipped);                             \
            found |= (UINT) (key >= low) & (UINT) (key <= high);                                   \
        }                                                                                          \
        return found != 0;                                                                         \
    }                                                                                              \
                                                                                                   \
    int64_t htst_tail_select_##SUFFIX(int64_t n, const FLOAT *x, htst_tail_side_t side,            \
        int64_t low, int64_t high, int64_t room, FLOAT *out)                                       \
    {                                                                                              \
        const UINT kept = side == HTST_TAIL_ABS ? ~SIGN : ~(UINT) 0;                               \
        const UINT flipped = side == HTST_TAIL_NEGATIVE ? SIGN : 0;                                \
        int64_t m = 0;                                                                             \
        for (int64_t i = 0; i < n; i += GROUP) {                                                   \
            int64_t end = n - i < GROUP ? n : i + GROUP;                                           \
            if (end - i == GROUP && !any_##SUFFIX(x + i, kept, flipped, (INT) low, (INT) high)) {  \
                continue;                                                                          \
            }                                                                                      \
            for (int64_t j = i; j < end; j++) {                                                    \
                UINT bits = (bits_##SUFFIX(x + j) & kept) ^ flipped;                               \
                INT key = (INT) bits;                                                              \
                if (HTST_LIKELY(m < room)) {                                                       \
                    memcpy(out + m, &bits, sizeof bits);                                           \
                }                                                                                  \
                m += (key >= (INT) low) & (key <= (INT) high);                                     \
            }                                                                                      \
        }                                                                                          \
        return m;                                                                                  \
    } \
                                                                                                   \
    void htst_tail_histogram_##SUFFIX(int64_t n, const FLOAT *x, uint32_t *table)                  \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            table[bits_##SUFFIX(x + i) >> DROPPED]++;                                              \
        }                                                                                          \
    }

TAIL(f32, float, uint32_t, int32_t, UINT32_C(0x80000000), UINT32_C(0x7f800000),
    HTST_TAIL_DROPPED_F32)
TAIL(f64, double, uint64_t, int64_t, UINT64_C(0x8000000000000000), UINT64_C(0x7ff0000000000000),
    HTST_TAIL_DROPPED_F64)
