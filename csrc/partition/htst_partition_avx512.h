/* htst_partition_avx512: which lanes of a vector are kept, for the files with AVX-512 instructions.
 * Internal.
 *
 * Bounds are those of htst_partition.h. METHOD: two vector operations and one comparison. ACCURACY:
 * exact.
 * ERRORS: none. */
#ifndef HTST_PARTITION_AVX512_H
#define HTST_PARTITION_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "htst_ahead.h"
#include "htst_common.h"
#include "htst_partition.h"

#define SEGMENT HTST_PARTITION_SEGMENT
/* A row reader that keeps at least this many elements of a segment passes `busy` to htst_ahead.
 * bench/races/bench_partition.py measures matrices on both sides of it. */
#define BUSY (SEGMENT / 8)
#define AVX512 HTST_TARGET("avx512f,avx512vl,bmi2,popcnt")

/* The elements outside [low, high] are kept. After low is subtracted, that is one unsigned
 * comparison. `flip` is all ones below the sign bit, in the format's own width. */
typedef struct {
    __m512i flip, low, width;
} rule_512_t;

AVX512 HTST_INLINE rule_512_t
rule_512_b32(int32_t low, int32_t high)
{
    const uint32_t width = low > high ? 0 : (uint32_t) high - (uint32_t) low + 1;
    const rule_512_t rule = {
        .flip = _mm512_set1_epi32(INT32_MAX),
        .low = _mm512_set1_epi32(low),
        .width = _mm512_set1_epi32((int32_t) width),
    };
    return rule;
}

AVX512 HTST_INLINE rule_512_t
rule_512_b16(int16_t low, int16_t high)
{
    rule_512_t rule = rule_512_b32(low, high);
    rule.flip = _mm512_set1_epi32(INT16_MAX);
    return rule;
}

AVX512 HTST_INLINE __mmask16
kept_512(__m512i bits, rule_512_t rule)
{
    __m512i negative = _mm512_srai_epi32(bits, 31);
    /* bits ^ (negative & flip) */
    __m512i ordered = _mm512_ternarylogic_epi32(bits, negative, rule.flip, 0x78);
    return _mm512_cmpge_epu32_mask(_mm512_sub_epi32(ordered, rule.low), rule.width);
}

AVX512 HTST_INLINE rule_512_t
rule_512_b64(int64_t low, int64_t high)
{
    const uint64_t width = low > high ? 0 : (uint64_t) high - (uint64_t) low + 1;
    const rule_512_t rule = {
        .flip = _mm512_set1_epi64(INT64_MAX),
        .low = _mm512_set1_epi64(low),
        .width = _mm512_set1_epi64((int64_t) width),
    };
    return rule;
}

AVX512 HTST_INLINE __mmask8
kept_512_b64(__m512i bits, rule_512_t rule)
{
    __m512i negative = _mm512_srai_epi64(bits, 63);
    __m512i ordered = _mm512_ternarylogic_epi64(bits, negative, rule.flip, 0x78);
    return _mm512_cmpge_epu64_mask(_mm512_sub_epi64(ordered, rule.low), rule.width);
}

#endif /* HTST_PARTITION_AVX512_H */
