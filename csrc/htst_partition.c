#include "htst_partition.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "htst_common.h"

#define SEGMENT HTST_PARTITION_SEGMENT
/* From this many kept elements of a segment on, writing every element and moving on only past kept
 * ones costs less than the branches that the processor guesses wrong. */
#define DENSE 12

static inline int
keeps_f32(float w, float low, float high)
{
    return (w > high) | (w < low);
}

static inline int
keeps_f64(double w, double low, double high)
{
    return (w > high) | (w < low);
}

/* Bits of a 16-bit float to integers that grow with it. */
static inline int16_t
ordered(uint16_t w)
{
    return (int16_t)(w & 0x8000 ? ~(w & 0x7fff) : w);
}

static inline int
keeps_u16(uint16_t w, int16_t low, int16_t high)
{
    return (ordered(w) > high) | (ordered(w) < low);
}

#define keeps_f16 keeps_u16
#define keeps_bf16 keeps_u16

static inline float
value_f32(float w)
{
    return w;
}

static inline double
value_f64(double w)
{
    return w;
}

static inline float
value_bf16(uint16_t w)
{
    uint32_t bits = (uint32_t)w << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A denormal is put behind a leading one, which is subtracted again: no denormal float32 appears, so
 * a processor set to flush them gives the same. */
static inline float
value_f16(uint16_t w)
{
    uint32_t magnitude = (uint32_t)(w & 0x7fff) << 13;
    int denormal = magnitude < UINT32_C(1) << 23;
    uint32_t bits = magnitude + (UINT32_C(112) << 23) + (denormal ? UINT32_C(1) << 23 : 0);
    float value;
    memcpy(&value, &bits, sizeof value);
    value -= denormal ? 0x1p-14f : 0.0f;
    return w & 0x8000 ? -value : value;
}

static inline uint8_t
saturated(uint32_t kept)
{
    return (uint8_t)(kept < 255 ? kept : 255);
}

/* The counters of a segment have the width of its elements, so that compilers use whole vectors. */
#define DEFINE_COUNT(name, type, counter, bound, keeps, is_finite, ...)                            \
    HTST_CLONES static int64_t count_row_##name(const type *w, int64_t cols, bound low, bound high, \
                                                uint8_t *hits, int64_t *not_finite __VA_ARGS__)    \
    {                                                                                              \
        int64_t count = 0, bad = 0;                                                                \
        for (int64_t start = 0; start < cols; start += SEGMENT) {                                  \
            int64_t size = cols - start < SEGMENT ? cols - start : SEGMENT;                        \
            counter kept = 0, odd = 0;                                                             \
            for (int64_t j = start; j < start + size; j++) {                                       \
                kept = (counter)(kept + (counter)keeps(w[j], low, high));                                  \
                odd = (counter)(odd + (counter)!(is_finite));                                              \
            }                                                                                      \
            *hits++ = saturated((uint32_t)kept);                                                   \
            count += (int64_t)kept;                                                                \
            bad += (int64_t)odd;                                                                   \
        }                                                                                          \
        *not_finite += bad;                                                                        \
        return count;                                                                              \
    }

#define COMMA ,
DEFINE_COUNT(f32, float, uint32_t, float, keeps_f32, fabsf(w[j]) <= FLT_MAX, )
DEFINE_COUNT(f64, double, uint64_t, double, keeps_f64, fabs(w[j]) <= DBL_MAX, )
DEFINE_COUNT(u16, uint16_t, uint16_t, int16_t, keeps_u16, (w[j] & 0x7fff) < infinity,
             COMMA uint16_t infinity)

static int64_t
segments(int64_t cols)
{
    return (cols + SEGMENT - 1) / SEGMENT;
}

int
htst_partition_count_f32(const float *w, int64_t rows, int64_t cols, float low, float high,
                         int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    *not_finite = 0;
    for (int64_t r = 0; r < rows; r++) {
        counts[r] =
            count_row_f32(w + r * cols, cols, low, high, hits + r * segments(cols), not_finite);
    }
    return HTST_OK;
}

int
htst_partition_count_f64(const double *w, int64_t rows, int64_t cols, double low, double high,
                         int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    *not_finite = 0;
    for (int64_t r = 0; r < rows; r++) {
        counts[r] =
            count_row_f64(w + r * cols, cols, low, high, hits + r * segments(cols), not_finite);
    }
    return HTST_OK;
}

int
htst_partition_count_u16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                         uint16_t infinity, int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    *not_finite = 0;
    for (int64_t r = 0; r < rows; r++) {
        counts[r] = count_row_u16(w + r * cols, cols, low, high, hits + r * segments(cols),
                                  not_finite, infinity);
    }
    return HTST_OK;
}

/* One segment into `room` places. In the dense loop each element is written where the next kept one
 * belongs. `room` ends the loops before anything is written behind the row, and would also do so if
 * another thread changed the matrix after the count. */
#define DEFINE_FILL(name, index_name, type, bound, out, index)                                     \
    static int64_t fill_segment_##name##_##index_name(const type *w, int64_t start, int64_t stop,  \
                                                      bound low, bound high, int dense,            \
                                                      int64_t room, index *indices, out *values)   \
    {                                                                                              \
        int64_t k = 0;                                                                             \
        if (dense) {                                                                               \
            for (int64_t j = start; j < stop && k < room; j++) {                                   \
                indices[k] = (index)j;                                                             \
                values[k] = value_##name(w[j]);                                                    \
                k += keeps_##name(w[j], low, high);                                                \
            }                                                                                      \
            return k;                                                                              \
        }                                                                                          \
        for (int64_t j = start; j < stop && k < room; j++) {                                       \
            if (HTST_UNLIKELY(keeps_##name(w[j], low, high))) {                                    \
                indices[k] = (index)j;                                                             \
                values[k++] = value_##name(w[j]);                                                  \
            }                                                                                      \
        }                                                                                          \
        return k;                                                                                  \
    }                                                                                              \
                                                                                                   \
    int htst_partition_fill_##name##_##index_name(                                                 \
        const type *w, int64_t rows, int64_t cols, bound low, bound high, const uint8_t *hits,     \
        const int64_t *indptr, index *indices, out *values)                                        \
    {                                                                                              \
        for (int64_t r = 0; r < rows; r++, w += cols) {                                            \
            int64_t at = indptr[r];                                                                \
            for (int64_t start = 0; start < cols; start += SEGMENT, hits++) {                      \
                int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;                    \
                if (*hits != 0) {                                                                  \
                    at += fill_segment_##name##_##index_name(                                      \
                        w, start, stop, low, high, *hits >= DENSE, indptr[r + 1] - at,             \
                        indices + at, values + at);                                                \
                }                                                                                  \
            }                                                                                      \
            if (at != indptr[r + 1]) {                                                             \
                return HTST_ERR_BAD_ARG;                                                           \
            }                                                                                      \
        }                                                                                          \
        return HTST_OK;                                                                            \
    }

DEFINE_FILL(f32, i32, float, float, float, int32_t)
DEFINE_FILL(f32, i64, float, float, float, int64_t)
DEFINE_FILL(f64, i32, double, double, double, int32_t)
DEFINE_FILL(f64, i64, double, double, double, int64_t)
DEFINE_FILL(f16, i32, uint16_t, int16_t, float, int32_t)
DEFINE_FILL(f16, i64, uint16_t, int16_t, float, int64_t)
DEFINE_FILL(bf16, i32, uint16_t, int16_t, float, int32_t)
DEFINE_FILL(bf16, i64, uint16_t, int16_t, float, int64_t)
