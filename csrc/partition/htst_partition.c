#include "htst_partition.h"

#include <string.h>

#include "htst_ahead.h"
#include "htst_common.h"
#include "htst_isa.h"
#include "htst_partition_row.h"

#define SEGMENT HTST_PARTITION_SEGMENT
/* Elements whose comparisons make a word; it divides SEGMENT. */
#define MASK_LANES 32
#define BUSY (SEGMENT / 8) /* as in htst_partition_avx512.h */

/* A byte whose bit i is byte i of these, which are 0 or 1. The product moves each to its bit. */
static inline uint32_t
bits_of_bytes(const uint8_t *bytes)
{
    const uint64_t places =
        HTST_BIG_ENDIAN ? UINT64_C(0x8040201008040201) : UINT64_C(0x0102040810204080);
    uint64_t eight;
    memcpy(&eight, bytes, sizeof eight);
    return (uint32_t) (eight * places >> 56);
}

static inline int16_t
ordered_b16(uint16_t w)
{
    return (int16_t) (w & 0x8000 ? ~(w & 0x7fff) : w);
}

static inline int32_t
ordered_b32(uint32_t w)
{
    uint32_t flip = (uint32_t) ((int32_t) w >> 31) & INT32_MAX;
    return (int32_t) (w ^ flip);
}

static inline int64_t
ordered_b64(uint64_t w)
{
    uint64_t flip = (uint64_t) ((int64_t) w >> 63) & INT64_MAX;
    return (int64_t) (w ^ flip);
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
    return (uint32_t) w << 16;
}

/* A denormal is built with a leading one that is then subtracted. No step produces a denormal
 * float32, so a processor that flushes them gives the same result. */
static inline uint32_t
value_f16(uint16_t w)
{
    uint32_t magnitude = (uint32_t) (w & 0x7fff) << 13;
    uint32_t hidden = magnitude < UINT32_C(1) << 23 ? UINT32_C(1) << 23 : 0;
    uint32_t infinite = magnitude >= UINT32_C(31) << 23 ? UINT32_C(112) << 23 : 0;
    uint32_t bits = magnitude + (UINT32_C(112) << 23) + hidden + infinite;
    float value;
    memcpy(&value, &bits, sizeof value);
    value -= hidden ? 0x1p-14f : 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return bits | (uint32_t) (w & 0x8000) << 16;
}

static int64_t
segments(int64_t cols)
{
    return (cols + SEGMENT - 1) / SEGMENT;
}

/* ------------------------------------------------------------------ count */

#define BITS uint16_t
#define INT int16_t
#define ORDERED(w) ordered_b16(w)
#define OF(name) name##_b16
#include "htst_partition_count_template.h"

#define BITS uint32_t
#define INT int32_t
#define ORDERED(w) ordered_b32(w)
#define OF(name) name##_b32
#include "htst_partition_count_template.h"

#define BITS uint64_t
#define INT int64_t
#define ORDERED(w) ordered_b64(w)
#define OF(name) name##_b64
#include "htst_partition_count_template.h"

int
htst_partition_count_b16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
    uint16_t infinity, int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    return count_rows_b16(w, rows, cols, low, high, infinity, counts, hits, not_finite);
}

int
htst_partition_count_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low, int32_t high,
    int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    const uint32_t infinity = UINT32_C(0x7f800000);
    return count_rows_b32(w, rows, cols, low, high, infinity, counts, hits, not_finite);
}

int
htst_partition_count_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low, int64_t high,
    int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    const uint64_t infinity = UINT64_C(0x7ff0000000000000);
    return count_rows_b64(w, rows, cols, low, high, infinity, counts, hits, not_finite);
}

/* ------------------------------------------------------------------ fill */

#ifdef HTST_ISA_HAS_X86
#define VBMI2_ROW(format) htst_partition_row_vbmi2_##format
#define AVX512_ROW(format) htst_partition_row_avx512_##format
#define AVX2_ROW(format) htst_partition_row_avx2_##format
#else
#define VBMI2_ROW(format) htst_partition_row_plain_##format
#define AVX512_ROW(format) htst_partition_row_plain_##format
#define AVX2_ROW(format) htst_partition_row_plain_##format
#endif

#define BITS uint16_t
#define INT int16_t
#define COUNT_OF(name) name##_b16
#define OUT uint32_t
#define VALUE(w) value_f16(w)
#define ROW_VBMI2 VBMI2_ROW(f16)
#define ROW_AVX512 AVX512_ROW(f16)
#define ROW_AVX2 AVX2_ROW(f16)
#define OF(name) name##_f16
#define WIDE_OF(name) name##_f16_wide
#include "htst_partition_fill_template.h"

#define BITS uint16_t
#define INT int16_t
#define COUNT_OF(name) name##_b16
#define OUT uint32_t
#define VALUE(w) value_bf16(w)
#define ROW_VBMI2 VBMI2_ROW(bf16)
#define ROW_AVX512 AVX512_ROW(bf16)
#define ROW_AVX2 AVX2_ROW(bf16)
#define OF(name) name##_bf16
#define WIDE_OF(name) name##_bf16_wide
#include "htst_partition_fill_template.h"

#define BITS uint32_t
#define INT int32_t
#define COUNT_OF(name) name##_b32
#define OUT uint32_t
#define VALUE(w) value_b32(w)
#define ROW_VBMI2 VBMI2_ROW(b32)
#define ROW_AVX512 AVX512_ROW(b32)
#define ROW_AVX2 AVX2_ROW(b32)
#define OF(name) name##_b32
#define WIDE_OF(name) name##_b32_wide
#include "htst_partition_fill_template.h"

#define BITS uint64_t
#define INT int64_t
#define COUNT_OF(name) name##_b64
#define OUT uint64_t
#define VALUE(w) value_b64(w)
#define ROW_VBMI2 VBMI2_ROW(b64)
#define ROW_AVX512 AVX512_ROW(b64)
#define ROW_AVX2 AVX2_ROW(b64)
#define OF(name) name##_b64
#define WIDE_OF(name) name##_b64_wide
#include "htst_partition_fill_template.h"

int
htst_partition_best(void)
{
#ifdef HTST_ISA_HAS_X86
    switch (htst_isa()) {
        case HTST_ISA_AVX512:
            return HTST_CPU_HAS("avx512vbmi2") ? HTST_PARTITION_VBMI2 : HTST_PARTITION_AVX512;
        case HTST_ISA_AVX2: return HTST_PARTITION_AVX2;
        default: break;
    }
#endif
    return HTST_PARTITION_PLAIN;
}
