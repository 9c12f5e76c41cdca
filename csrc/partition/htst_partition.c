#include "htst_partition.h"

#include <string.h>

#include "htst_ahead.h"
#include "htst_common.h"
#include "htst_partition_x86.h"

#define SEGMENT HTST_PARTITION_SEGMENT
/* From this many kept elements of a segment on, writing every element and moving on only past kept
 * ones costs less than the branches that the processor guesses wrong. */
#define DENSE 12

static inline int16_t
ordered_b16(uint16_t w)
{
    return (int16_t)(w & 0x8000 ? ~(w & 0x7fff) : w);
}

static inline int32_t
ordered_b32(uint32_t w)
{
    uint32_t flip = (uint32_t)((int32_t)w >> 31) & INT32_MAX;
    return (int32_t)(w ^ flip);
}

static inline int64_t
ordered_b64(uint64_t w)
{
    uint64_t flip = (uint64_t)((int64_t)w >> 63) & INT64_MAX;
    return (int64_t)(w ^ flip);
}

static inline uint32_t
value_b32(uint32_t w)
{
    return w;
}

static inline uint64_t
value_b64(uint64_t w)
{
    return w;
}

static inline uint32_t
value_bf16(uint16_t w)
{
    return (uint32_t)w << 16;
}

/* A denormal is put behind a leading one, which is subtracted again: no denormal float32 appears, so
 * a processor set to flush them gives the same. */
static inline uint32_t
value_f16(uint16_t w)
{
    uint32_t magnitude = (uint32_t)(w & 0x7fff) << 13;
    uint32_t hidden = magnitude < UINT32_C(1) << 23 ? UINT32_C(1) << 23 : 0;
    uint32_t bits = magnitude + (UINT32_C(112) << 23) + hidden;
    float value;
    memcpy(&value, &bits, sizeof value);
    value -= hidden ? 0x1p-14f : 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return bits | (uint32_t)(w & 0x8000) << 16;
}

static int64_t
segments(int64_t cols)
{
    return (cols + SEGMENT - 1) / SEGMENT;
}

/* ------------------------------------------------------------------ count */

/* The counters of a segment have the width of its elements, so that compilers use whole vectors. */
#define DEFINE_COUNT_ROW(b, unsigned_t, signed_t)                                                  \
    HTST_CLONES static int64_t count_row_##b(const unsigned_t *w, int64_t cols, signed_t low,      \
                                             signed_t high, unsigned_t infinity, uint8_t *hits,    \
                                             int64_t *not_finite)                                  \
    {                                                                                              \
        const unsigned_t sign = (unsigned_t)((unsigned_t)1 << (8 * sizeof(unsigned_t) - 1));       \
        int64_t count = 0, bad = 0;                                                                \
        for (int64_t start = 0; start < cols; start += SEGMENT) {                                  \
            int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;                        \
            unsigned_t kept = 0, odd = 0;                                                          \
            htst_ahead(w + start, (int64_t)sizeof(unsigned_t) * SEGMENT, 0);                       \
            for (int64_t j = start; j < stop; j++) {                                               \
                signed_t o = ordered_##b(w[j]);                                                    \
                kept = (unsigned_t)(kept + (unsigned_t)((o > high) | (o < low)));                  \
                odd = (unsigned_t)(odd + (unsigned_t)((unsigned_t)(w[j] & ~sign) >= infinity));    \
            }                                                                                      \
            *hits++ = (uint8_t)(kept < 255 ? kept : 255);                                          \
            count += (int64_t)kept;                                                                \
            bad += (int64_t)odd;                                                                   \
        }                                                                                          \
        *not_finite += bad;                                                                        \
        return count;                                                                              \
    }

DEFINE_COUNT_ROW(b16, uint16_t, int16_t)
DEFINE_COUNT_ROW(b32, uint32_t, int32_t)
DEFINE_COUNT_ROW(b64, uint64_t, int64_t)

int
htst_partition_count_b16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                         uint16_t infinity, int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    *not_finite = 0;
    for (int64_t r = 0; r < rows; r++) {
        counts[r] = count_row_b16(w + r * cols, cols, low, high, infinity,
                                  hits + r * segments(cols), not_finite);
    }
    return HTST_OK;
}

int
htst_partition_count_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low, int32_t high,
                         int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    *not_finite = 0;
    for (int64_t r = 0; r < rows; r++) {
        counts[r] = count_row_b32(w + r * cols, cols, low, high, UINT32_C(0x7f800000),
                                  hits + r * segments(cols), not_finite);
    }
    return HTST_OK;
}

int
htst_partition_count_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low, int64_t high,
                         int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    *not_finite = 0;
    for (int64_t r = 0; r < rows; r++) {
        counts[r] = count_row_b64(w + r * cols, cols, low, high, UINT64_C(0x7ff0000000000000),
                                  hits + r * segments(cols), not_finite);
    }
    return HTST_OK;
}

/* ------------------------------------------------------------------ fill */

/* A row into `room` places. In the dense loop each element is written where the next kept one belongs;
 * `room` ends the loops before anything is written behind the row. */
#define DEFINE_FILL_ROW(name, b, unsigned_t, signed_t, out_t, index_t)                             \
    static int64_t fill_row_##name##_##index_t(const unsigned_t *w, int64_t cols, signed_t low,    \
                                               signed_t high, const uint8_t *hits, int64_t room,   \
                                               index_t *indices, out_t *values)                    \
    {                                                                                              \
        int64_t k = 0;                                                                             \
        for (int64_t start = 0; start < cols; start += SEGMENT, hits++) {                          \
            int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;                        \
            if (*hits >= DENSE) {                                                                  \
                for (int64_t j = start; j < stop && k < room; j++) {                               \
                    signed_t o = ordered_##b(w[j]);                                                \
                    indices[k] = (index_t)j;                                                       \
                    values[k] = value_##name(w[j]);                                                \
                    k += (o > high) | (o < low);                                                   \
                }                                                                                  \
            }                                                                                      \
            else if (*hits > 0) {                                                                  \
                for (int64_t j = start; j < stop && k < room; j++) {                               \
                    signed_t o = ordered_##b(w[j]);                                                \
                    if (HTST_UNLIKELY((o > high) | (o < low))) {                                   \
                        indices[k] = (index_t)j;                                                   \
                        values[k++] = value_##name(w[j]);                                          \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        return k;                                                                                  \
    }

#ifdef HTST_PARTITION_HAS_X86
#define VBMI2_ROW(name) htst_partition_row_vbmi2_##name
#define AVX512_ROW(name) htst_partition_row_avx512_##name
#define AVX2_ROW(name) htst_partition_row_avx2_##name
#else
#define VBMI2_ROW(name) fill_row_##name##_int32_t
#define AVX512_ROW(name) fill_row_##name##_int32_t
#define AVX2_ROW(name) fill_row_##name##_int32_t
#endif

#define DEFINE_FILL(name, b, unsigned_t, signed_t, out_t, avx2_row)                                \
    DEFINE_FILL_ROW(name, b, unsigned_t, signed_t, out_t, int32_t)                                 \
    DEFINE_FILL_ROW(name, b, unsigned_t, signed_t, out_t, int64_t)                                 \
    int htst_partition_fill_##name(const unsigned_t *w, int64_t rows, int64_t cols, signed_t low,  \
                                   signed_t high, const uint8_t *hits, const int64_t *indptr,      \
                                   int instructions, int wide, void *indices, out_t *values)       \
    {                                                                                              \
        int64_t (*row)(const unsigned_t *, int64_t, signed_t, signed_t, const uint8_t *, int64_t,  \
                       int32_t *, out_t *) = instructions == HTST_PARTITION_VBMI2                  \
                                                 ? VBMI2_ROW(name)                                 \
                                             : instructions == HTST_PARTITION_AVX512               \
                                                 ? AVX512_ROW(name)                                \
                                             : instructions == HTST_PARTITION_AVX2                 \
                                                 ? avx2_row                                        \
                                                 : fill_row_##name##_int32_t;                      \
        for (int64_t r = 0; r < rows; r++, w += cols, hits += segments(cols)) {                    \
            int64_t at = indptr[r], room = indptr[r + 1] - at;                                     \
            int64_t kept = wide ? fill_row_##name##_int64_t(w, cols, low, high, hits, room,        \
                                                            (int64_t *)indices + at, values + at)  \
                                : row(w, cols, low, high, hits, room, (int32_t *)indices + at,     \
                                      values + at);                                                \
            if (kept != room) {                                                                    \
                return HTST_ERR_BAD_ARG;                                                           \
            }                                                                                      \
        }                                                                                          \
        return HTST_OK;                                                                            \
    }

DEFINE_FILL(f16, b16, uint16_t, int16_t, uint32_t, AVX2_ROW(f16))
DEFINE_FILL(bf16, b16, uint16_t, int16_t, uint32_t, AVX2_ROW(bf16))
DEFINE_FILL(b32, b32, uint32_t, int32_t, uint32_t, AVX2_ROW(b32))
DEFINE_FILL(b64, b64, uint64_t, int64_t, uint64_t, fill_row_b64_int32_t)

int
htst_partition_best(void)
{
#ifdef HTST_PARTITION_HAS_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2")
                   ? HTST_PARTITION_VBMI2
                   : HTST_PARTITION_AVX512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")
        && __builtin_cpu_supports("f16c")) {
        return HTST_PARTITION_AVX2;
    }
#endif
    return HTST_PARTITION_PLAIN;
}
