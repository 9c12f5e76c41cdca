#include "htst_tail.h"

#include <string.h>

/* Elements counted at once: their counts fit 32 bits, and they stay in the L1 cache. */
#define BLOCK 2048

/* Elements passed over at once: of a thin tail most such groups hold none. */
#define GROUP 8

/* Whether none of a group is in. */
static inline int
is_none(const uint8_t *is_in)
{
    uint64_t all;

    memcpy(&all, is_in, sizeof all);
    return all == 0;
}

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
    /* Whether each key is in [low, high]; returns how many are. */                                \
    HTST_CLONES static int64_t look_##SUFFIX(int64_t n, const FLOAT *HTST_RESTRICT x, UINT kept,   \
        UINT flipped, INT low, INT high, uint8_t *HTST_RESTRICT is_in)                             \
    {                                                                                              \
        UINT count = 0;                                                                            \
        for (int64_t i = 0; i < n; i++) {                                                          \
            INT key = (INT) ((bits_##SUFFIX(x + i) & kept) ^ flipped);                             \
            UINT found = (UINT) (key >= low) & (UINT) (key <= high);                               \
            is_in[i] = (uint8_t) found;                                                            \
            count += found;                                                                        \
        }                                                                                          \
        return (int64_t) count;                                                                    \
    }                                                                                              \
                                                                                                   \
    int64_t htst_tail_select_##SUFFIX(int64_t n, const FLOAT *x, htst_tail_side_t side,            \
        int64_t low, int64_t high, int64_t room, FLOAT *out)                                       \
    {                                                                                              \
        const UINT kept = side == HTST_TAIL_ABS ? ~SIGN : ~(UINT) 0;                               \
        const UINT flipped = side == HTST_TAIL_NEGATIVE ? SIGN : 0;                                \
        uint8_t is_in[BLOCK];                                                                      \
        UINT keys[BLOCK];                                                                          \
        int64_t m = 0;                                                                             \
        for (int64_t i = 0; i < n; i += BLOCK) {                                                   \
            int64_t size = n - i < BLOCK ? n - i : BLOCK, at = 0;                                  \
            int64_t count =                                                                        \
                look_##SUFFIX(size, x + i, kept, flipped, (INT) low, (INT) high, is_in);           \
            for (int64_t j = 0; j < size && count == size; j++) {                                  \
                keys[j] = (bits_##SUFFIX(x + i + j) & kept) ^ flipped;                             \
            }                                                                                      \
            for (int64_t j = 0; j < size && at < count && count < size; j += GROUP) {              \
                int64_t end = size - j < GROUP ? size : j + GROUP;                                 \
                if (end - j == GROUP && is_none(is_in + j)) {                                      \
                    continue;                                                                      \
                }                                                                                  \
                for (int64_t k = j; k < end; k++) { /* written always, kept where it is in */      \
                    keys[at] = (bits_##SUFFIX(x + i + k) & kept) ^ flipped;                        \
                    at += is_in[k];                                                                \
                }                                                                                  \
            }                                                                                      \
            int64_t left = room - m, copied = count < left ? count : left;                         \
            if (copied > 0) {                                                                      \
                memcpy(out + m, keys, (size_t) copied * sizeof keys[0]);                           \
            }                                                                                      \
            m += count;                                                                            \
        }                                                                                          \
        return m;                                                                                  \
    }                                                                                              \
                                                                                                   \
    int64_t htst_tail_take_##SUFFIX(int64_t n, const FLOAT *x, htst_tail_side_t side,              \
        htst_tail_seen_t *seen, FLOAT *out)                                                        \
    {                                                                                              \
        int64_t m = 0;                                                                             \
        for (int64_t i = 0; i < n; i += BLOCK) { /* which is in the cache when it is selected */   \
            int64_t size = n - i < BLOCK ? n - i : BLOCK, before = seen->positive;                 \
            htst_tail_survey_##SUFFIX(size, x + i, seen);                                          \
            if (seen->positive - before == size && side != HTST_TAIL_NEGATIVE) {                   \
                memcpy(out + m, x + i, (size_t) size * sizeof *x);                                 \
                m += size;                                                                         \
                continue;                                                                          \
            }                                                                                      \
            m += htst_tail_select_##SUFFIX(size, x + i, side, 1, (int64_t) INFINITE - 1, size,     \
                out + m);                                                                          \
        }                                                                                          \
        return m;                                                                                  \
    }                                                                                              \
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
