#include "htst_partition_row.h"

#ifdef HTST_ISA_HAS_X86

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "htst_ahead.h"
#include "htst_common.h"
#include "htst_partition.h"
#include "htst_lanes.h"

#define SEGMENT HTST_PARTITION_SEGMENT
/* As in htst_partition_avx512.h. */
#define BUSY (SEGMENT / 8)
#define AVX2 HTST_TARGET("avx2,popcnt,f16c")

/* The elements outside [low, high] are kept. After low is subtracted, that is one unsigned
 * comparison; `low` and `width` have their sign bits flipped, because AVX2 compares signed
 * integers. `flip` is all ones below the sign bit, in the format's own width. If the interval has
 * as many negative as positive numbers, comparing abs(w) with `high` saves four instructions. */
typedef struct {
    __m256i flip, low, width, high;
} rule_256_t;

AVX2 HTST_INLINE rule_256_t
rule_256_b32(int32_t low, int32_t high)
{
    const uint32_t sign = UINT32_C(1) << 31;
    const uint32_t width = low > high ? 0 : (uint32_t) high - (uint32_t) low + 1;
    const rule_256_t rule = {
        .flip = _mm256_set1_epi32(INT32_MAX),
        .low = _mm256_set1_epi32((int32_t) ((uint32_t) low ^ sign)),
        .width = _mm256_set1_epi32((int32_t) (width ^ sign)),
        .high = _mm256_set1_epi32(high),
    };
    return rule;
}

AVX2 HTST_INLINE rule_256_t
rule_256_b16(int16_t low, int16_t high)
{
    rule_256_t rule = rule_256_b32(low, high);
    rule.flip = _mm256_set1_epi32(INT16_MAX);
    return rule;
}

AVX2 HTST_INLINE rule_256_t
rule_256_b64(int64_t low, int64_t high)
{
    const uint64_t sign = UINT64_C(1) << 63;
    const uint64_t width = low > high ? 0 : (uint64_t) high - (uint64_t) low + 1;
    const rule_256_t rule = {
        .flip = _mm256_set1_epi64x(INT64_MAX),
        .low = _mm256_set1_epi64x((int64_t) ((uint64_t) low ^ sign)),
        .width = _mm256_set1_epi64x((int64_t) (width ^ sign)),
        .high = _mm256_set1_epi64x(high),
    };
    return rule;
}

AVX2 HTST_INLINE unsigned
kept_256_b32(__m256i bits, rule_256_t rule, int is_even)
{
    if (is_even) {
        __m256i above = _mm256_cmpgt_epi32(_mm256_and_si256(bits, rule.flip), rule.high);
        return (unsigned) _mm256_movemask_ps(_mm256_castsi256_ps(above));
    }
    __m256i negative = _mm256_srai_epi32(bits, 31);
    __m256i ordered = _mm256_xor_si256(bits, _mm256_and_si256(negative, rule.flip));
    __m256i inside = _mm256_cmpgt_epi32(rule.width, _mm256_sub_epi32(ordered, rule.low));
    return ~(unsigned) _mm256_movemask_ps(_mm256_castsi256_ps(inside)) & 0xff;
}

AVX2 HTST_INLINE unsigned
kept_256_b64(__m256i bits, rule_256_t rule, int is_even)
{
    if (is_even) {
        __m256i above = _mm256_cmpgt_epi64(_mm256_and_si256(bits, rule.flip), rule.high);
        return (unsigned) _mm256_movemask_pd(_mm256_castsi256_pd(above));
    }
    __m256i negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), bits);
    __m256i ordered = _mm256_xor_si256(bits, _mm256_and_si256(negative, rule.flip));
    __m256i inside = _mm256_cmpgt_epi64(rule.width, _mm256_sub_epi64(ordered, rule.low));
    return ~(unsigned) _mm256_movemask_pd(_mm256_castsi256_pd(inside)) & 0xf;
}

/* The numbers of the kept lanes, one byte each. */
AVX2 HTST_INLINE __m128i
numbers_of(unsigned mask)
{
    return _mm_cvtsi64_si128((long long) htst_lanes[mask]);
}

/* ---- loads and values ------------------------------------------------------------------------ */

AVX2 HTST_INLINE __m256i
load_256(const void *w)
{
    return _mm256_loadu_si256((const __m256i *) w);
}

AVX2 HTST_INLINE __m256i
load_256_b16(const uint16_t *w)
{
    return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *) (const void *) w));
}

AVX2 HTST_INLINE __m256i
wide_256_b32(__m256i bits)
{
    return bits;
}

AVX2 HTST_INLINE __m256i
wide_256_bf16(__m256i half)
{
    return _mm256_slli_epi32(half, 16);
}

AVX2 HTST_INLINE __m256i
wide_256_f16(__m256i half)
{
    /* the low halves of the lanes, in order */
    const __m256i halves = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1,
        -1, 0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1);
    __m256i packed = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(half, halves), 0x08);
    return _mm256_castps_si256(_mm256_cvtph_ps(_mm256_castsi256_si128(packed)));
}

/* ---- stores ---------------------------------------------------------------------------------- */

/* Store the kept columns and values of one vector, and as many others after them as fill it.
 * Returns the number of kept ones. */
AVX2 HTST_INLINE int64_t
put_256_b32(unsigned mask, int64_t column, __m256i value, int32_t *indices, uint32_t *values)
{
    __m256i order = _mm256_cvtepu8_epi32(numbers_of(mask));
    __m256i columns = _mm256_add_epi32(order, _mm256_set1_epi32((int32_t) column));
    _mm256_storeu_si256((__m256i *) (void *) indices, columns);
    _mm256_storeu_si256((__m256i *) (void *) values, _mm256_permutevar8x32_epi32(value, order));
    return _mm_popcnt_u32(mask);
}

AVX2 HTST_INLINE int64_t
put_256_b64(unsigned mask, int64_t column, __m256i value, int32_t *indices, uint64_t *values)
{
    __m128i numbers = numbers_of(mask);
    __m128i columns = _mm_add_epi32(_mm_cvtepu8_epi32(numbers), _mm_set1_epi32((int32_t) column));
    /* lane n of 64 bits is lanes 2 n and 2 n + 1 of 32 */
    __m256i twice = _mm256_slli_epi64(_mm256_cvtepu8_epi64(numbers), 1);
    __m256i order = _mm256_or_si256(twice, _mm256_slli_epi64(twice, 32));
    order = _mm256_or_si256(order, _mm256_set1_epi64x(INT64_C(1) << 32));
    _mm_storeu_si128((__m128i *) (void *) indices, columns);
    _mm256_storeu_si256((__m256i *) (void *) values, _mm256_permutevar8x32_epi32(value, order));
    return _mm_popcnt_u32(mask);
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define BITS uint32_t
#define INT int32_t
#define OUT uint32_t
#define LANES 8
#define RULE(low, high) rule_256_b32(low, high)
#define LOAD(w) load_256(w)
#define KEPT(bits, rule, is_even) kept_256_b32(bits, rule, is_even)
#define PUT(mask, column, bits, ...) put_256_b32(mask, column, wide_256_b32(bits), __VA_ARGS__)
#define OF(name) name##_b32
#include "htst_partition_avx2_template.h"

#define BITS uint16_t
#define INT int16_t
#define OUT uint32_t
#define LANES 8
#define RULE(low, high) rule_256_b16(low, high)
#define LOAD(w) load_256_b16(w)
#define KEPT(bits, rule, is_even) kept_256_b32(bits, rule, is_even)
#define PUT(mask, column, bits, ...) put_256_b32(mask, column, wide_256_f16(bits), __VA_ARGS__)
#define OF(name) name##_f16
#include "htst_partition_avx2_template.h"

#define BITS uint16_t
#define INT int16_t
#define OUT uint32_t
#define LANES 8
#define RULE(low, high) rule_256_b16(low, high)
#define LOAD(w) load_256_b16(w)
#define KEPT(bits, rule, is_even) kept_256_b32(bits, rule, is_even)
#define PUT(mask, column, bits, ...) put_256_b32(mask, column, wide_256_bf16(bits), __VA_ARGS__)
#define OF(name) name##_bf16
#include "htst_partition_avx2_template.h"

#define BITS uint64_t
#define INT int64_t
#define OUT uint64_t
#define LANES 4
#define RULE(low, high) rule_256_b64(low, high)
#define LOAD(w) load_256(w)
#define KEPT(bits, rule, is_even) kept_256_b64(bits, rule, is_even)
#define PUT(mask, column, bits, ...) put_256_b64(mask, column, bits, __VA_ARGS__)
#define OF(name) name##_b64
#include "htst_partition_avx2_template.h"

#else

typedef int htst_partition_avx2_is_empty; /* ISO C requires a declaration in every file */

#endif
