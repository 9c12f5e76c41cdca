#include "htst_partition_x86.h"

#ifdef HTST_PARTITION_HAS_X86

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "htst_ahead.h"
#include "htst_common.h"
#include "htst_partition.h"

#define SEGMENT HTST_PARTITION_SEGMENT
/* Kept elements of a segment from which on writing them holds up reading; see htst_ahead.h. */
#define BUSY (SEGMENT / 8)
#define AVX512 __attribute__((target("avx512f,avx512vl,bmi2,popcnt")))
#define VBMI2 __attribute__((target("avx512f,avx512vl,avx512bw,avx512vbmi2,bmi2,popcnt")))
#define AVX2 __attribute__((target("avx2,bmi2,popcnt,f16c")))
#define INLINE static inline __attribute__((always_inline))

/* ------------------------------------------------------------------ AVX-512 */

/* Elements looked at together. */
#define GROUP 64

/* Kept is what lies outside [low, high]: with low taken off, that is one unsigned comparison. `flip` is
 * all ones below the sign bit, of the format's own width. */
typedef struct {
    __m512i flip, low, width;
} rule_512_t;

AVX512 INLINE rule_512_t
rule_512_b32(int32_t low, int32_t high)
{
    const uint32_t width = low > high ? 0 : (uint32_t)high - (uint32_t)low + 1;
    const rule_512_t rule = {_mm512_set1_epi32(INT32_MAX), _mm512_set1_epi32(low),
                             _mm512_set1_epi32((int32_t)width)};
    return rule;
}

AVX512 INLINE rule_512_t
rule_512_b16(int16_t low, int16_t high)
{
    rule_512_t rule = rule_512_b32(low, high);
    rule.flip = _mm512_set1_epi32(INT16_MAX);
    return rule;
}

AVX512 INLINE __mmask16
kept_512(__m512i bits, rule_512_t rule)
{
    __m512i negative = _mm512_srai_epi32(bits, 31);
    /* bits ^ (negative & flip) */
    __m512i ordered = _mm512_ternarylogic_epi32(bits, negative, rule.flip, 0x78);
    return _mm512_cmpge_epu32_mask(_mm512_sub_epi32(ordered, rule.low), rule.width);
}

AVX512 INLINE __mmask16
lanes_512(int64_t left)
{
    return (__mmask16)(left >= 16 ? 0xffff : left > 0 ? (1u << left) - 1 : 0);
}

/* Sixteen elements, of which `left` belong to the row; nothing behind it is read. */
AVX512 INLINE __m512i
load_512_b32(const uint32_t *w, int64_t left)
{
    return _mm512_maskz_loadu_epi32(lanes_512(left), w);
}

AVX512 INLINE __m512i
load_512_b16(const uint16_t *w, int64_t left)
{
    int16_t last[16] = {0};
    if (__builtin_expect(left >= 16, 1)) {
        return _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)w));
    }
    for (int64_t lane = 0; lane < left; lane++) {
        last[lane] = (int16_t)w[lane];
    }
    return _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)last));
}

AVX512 INLINE __m512i
wide_512_b32(__m512i bits)
{
    return bits;
}

AVX512 INLINE __m512i
wide_512_bf16(__m512i half)
{
    return _mm512_slli_epi32(half, 16);
}

AVX512 INLINE __m512i
wide_512_f16(__m512i half)
{
    return _mm512_castps_si512(_mm512_cvtph_ps(_mm512_cvtepi32_epi16(half)));
}

/* Four vectors at a time: most matrices keep little, and where no lane of the four is kept they are
 * passed over together. Each is stored whole: what lies behind the kept lanes is written again by what
 * comes, within GROUP elements. */
#define DEFINE_GROUP_512(name, b, unsigned_t)                                                      \
    AVX512 INLINE int64_t group_512_##name(const unsigned_t *w, int64_t left, int64_t column,      \
                                           rule_512_t rule, int32_t *indices, uint32_t *values)    \
    {                                                                                              \
        const __m512i step = _mm512_set1_epi32(16);                                                \
        __m512i columns = _mm512_add_epi32(                                                        \
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),               \
            _mm512_set1_epi32((int32_t)column));                                                   \
        __m512i bits[4];                                                                           \
        __mmask16 mask[4];                                                                         \
        int64_t k = 0;                                                                             \
        for (int v = 0; v < 4; v++) {                                                              \
            bits[v] = load_512_##b(w + 16 * v, left - 16 * v);                                     \
            mask[v] = kept_512(bits[v], rule) & lanes_512(left - 16 * v);                          \
        }                                                                                          \
        if ((mask[0] | mask[1] | mask[2] | mask[3]) == 0) {                                        \
            return 0;                                                                              \
        }                                                                                          \
        for (int v = 0; v < 4; v++, columns = _mm512_add_epi32(columns, step)) {                   \
            __m512i value = _mm512_maskz_compress_epi32(mask[v], wide_512_##name(bits[v]));        \
            _mm512_storeu_si512(indices + k, _mm512_maskz_compress_epi32(mask[v], columns));       \
            _mm512_storeu_si512(values + k, value);                                                \
            k += _mm_popcnt_u32(mask[v]);                                                          \
        }                                                                                          \
        return k;                                                                                  \
    }

/* A row, by groups into their places; by way of others where a whole group might not find room. */
#define DEFINE_ROW_512(TARGET, row, group, rule_of, unsigned_t, signed_t)                          \
    TARGET int64_t row(const unsigned_t *w, int64_t cols, signed_t low, signed_t high,             \
                       const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values)      \
    {                                                                                              \
        const rule_512_t rule = rule_of(low, high);                                                \
        int32_t last_indices[GROUP];                                                               \
        uint32_t last_values[GROUP];                                                               \
        int64_t k = 0, before = 0;                                                                 \
        for (int64_t j = 0; j < cols; j += GROUP) {                                                \
            if (hits != NULL && hits[j / SEGMENT] == 0) {                                          \
                continue;                                                                          \
            }                                                                                      \
            if (hits == NULL && j % SEGMENT == 0) {                                                \
                htst_ahead(w + j, (int64_t)sizeof *w * SEGMENT, k - before >= BUSY);               \
                before = k;                                                                        \
            }                                                                                      \
            if (__builtin_expect(cols - j >= GROUP && room - k >= GROUP, 1)) {                     \
                k += group(w + j, GROUP, j, rule, indices + k, values + k);                        \
                continue;                                                                          \
            }                                                                                      \
            int64_t left = cols - j < GROUP ? cols - j : GROUP;                                    \
            int64_t kept = group(w + j, left, j, rule, last_indices, last_values);                 \
            kept = kept < room - k ? kept : room - k;                                              \
            memcpy(indices + k, last_indices, (size_t)kept * sizeof *indices);                     \
            memcpy(values + k, last_values, (size_t)kept * sizeof *values);                        \
            k += kept;                                                                             \
        }                                                                                          \
        return k;                                                                                  \
    }

DEFINE_GROUP_512(b32, b32, uint32_t)
DEFINE_GROUP_512(f16, b16, uint16_t)
DEFINE_GROUP_512(bf16, b16, uint16_t)

DEFINE_ROW_512(AVX512, htst_partition_row_avx512_b32, group_512_b32, rule_512_b32, uint32_t, int32_t)
DEFINE_ROW_512(AVX512, htst_partition_row_avx512_f16, group_512_f16, rule_512_b16, uint16_t, int16_t)
DEFINE_ROW_512(AVX512, htst_partition_row_avx512_bf16, group_512_bf16, rule_512_b16, uint16_t,
               int16_t)

/* ------------------------------------------------------------------ AVX-512, 64 bits */

AVX512 INLINE int64_t
put_512_b64(__mmask8 mask, __m256i columns, __m512i bits, int64_t room, int32_t *indices,
            uint64_t *values)
{
    int64_t kept = _mm_popcnt_u32(mask);
    __m256i column = _mm256_maskz_compress_epi32(mask, columns);
    __m512i value = _mm512_maskz_compress_epi64(mask, bits);
    if (__builtin_expect(room >= 8, 1)) {
        _mm256_storeu_si256((__m256i *)(void *)indices, column);
        _mm512_storeu_si512(values, value);
        return kept;
    }
    kept = kept < room ? kept : room;
    __mmask8 part = (__mmask8)((1u << kept) - 1);
    _mm256_mask_storeu_epi32(indices, part, column);
    _mm512_mask_storeu_epi64(values, part, value);
    return kept;
}

AVX512 INLINE rule_512_t
rule_512_b64(int64_t low, int64_t high)
{
    const uint64_t width = low > high ? 0 : (uint64_t)high - (uint64_t)low + 1;
    const rule_512_t rule = {_mm512_set1_epi64(INT64_MAX), _mm512_set1_epi64(low),
                             _mm512_set1_epi64((int64_t)width)};
    return rule;
}

AVX512 INLINE __mmask8
kept_512_b64(__m512i bits, rule_512_t rule)
{
    __m512i negative = _mm512_srai_epi64(bits, 63);
    __m512i ordered = _mm512_ternarylogic_epi64(bits, negative, rule.flip, 0x78);
    return _mm512_cmpge_epu64_mask(_mm512_sub_epi64(ordered, rule.low), rule.width);
}

AVX512 int64_t
htst_partition_row_avx512_b64(const uint64_t *w, int64_t cols, int64_t low,
                              int64_t high, const uint8_t *hits, int64_t room, int32_t *indices,
                              uint64_t *values)
{
    const rule_512_t rule = rule_512_b64(low, high);
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    int64_t k = 0, before = 0;
    for (int64_t j = 0; j < cols; j += 8) {
        if (hits != NULL && hits[j / SEGMENT] == 0) {
            continue;
        }
        if (hits == NULL && j % SEGMENT == 0) {
            htst_ahead(w + j, (int64_t)sizeof *w * SEGMENT, k - before >= BUSY);
            before = k;
        }
        __mmask8 lanes = (__mmask8)(cols - j >= 8 ? 0xff : (1u << (cols - j)) - 1);
        __m512i bits = _mm512_maskz_loadu_epi64(lanes, w + j);
        __mmask8 mask = kept_512_b64(bits, rule) & lanes;
        if (mask != 0) {
            __m256i columns = _mm256_add_epi32(lane, _mm256_set1_epi32((int32_t)j));
            k += put_512_b64(mask, columns, bits, room - k, indices + k, values + k);
        }
    }
    return k;
}

/* ------------------------------------------------------------------ AVX-512 with VBMI2 */

/* A segment is compared as a whole, by groups that make a word each. Most matrices keep little: a
 * segment that keeps nothing is passed over, but no group is, for where about one element of a group is
 * kept the branch would be guessed wrong. Then the numbers of a group's kept lanes, a byte each, are
 * compressed together: they are the columns, but for the first, and pick the values from the group's
 * vectors. Where a quarter is kept or less, one vector of each is mostly all. */

VBMI2 INLINE uint64_t
first_vbmi2(int64_t lanes)
{
    return lanes <= 0 ? 0 : _bzhi_u64(UINT64_MAX, (unsigned)(lanes < 64 ? lanes : 64));
}

/* Vector v of a group, of which `left` elements belong to the row; nothing behind them is read. */
VBMI2 INLINE __m512i
load_vbmi2_b16(const uint16_t *w, int64_t left, int v)
{
    return _mm512_maskz_loadu_epi16((__mmask32)(first_vbmi2(left) >> 32 * v), w + 32 * v);
}

VBMI2 INLINE __m512i
load_vbmi2_b32(const uint32_t *w, int64_t left, int v)
{
    return _mm512_maskz_loadu_epi32((__mmask16)(first_vbmi2(left) >> 16 * v), w + 16 * v);
}

VBMI2 INLINE __m512i
load_vbmi2_b64(const uint64_t *w, int64_t left, int v)
{
    return _mm512_maskz_loadu_epi64((__mmask8)(first_vbmi2(left) >> 8 * v), w + 8 * v);
}

VBMI2 INLINE rule_512_t
rule_vbmi2_b16(int16_t low, int16_t high)
{
    const uint16_t width = (uint16_t)(low > high ? 0 : high - low + 1);
    const rule_512_t rule = {_mm512_set1_epi16(INT16_MAX), _mm512_set1_epi16(low),
                             _mm512_set1_epi16((int16_t)width)};
    return rule;
}

VBMI2 INLINE uint64_t
kept_vbmi2_b16(const uint16_t *w, int64_t left, rule_512_t rule)
{
    uint64_t kept = 0;
    for (int v = 0; v < 2; v++) {
        __m512i bits = load_vbmi2_b16(w, left, v);
        __m512i negative = _mm512_srai_epi16(bits, 15);
        __m512i ordered = _mm512_ternarylogic_epi32(bits, negative, rule.flip, 0x78);
        __m512i above = _mm512_sub_epi16(ordered, rule.low);
        kept |= (uint64_t)_mm512_cmpge_epu16_mask(above, rule.width) << 32 * v;
    }
    return kept & first_vbmi2(left);
}

VBMI2 INLINE uint64_t
kept_vbmi2_b32(const uint32_t *w, int64_t left, rule_512_t rule)
{
    uint64_t kept = 0;
    for (int v = 0; v < 4; v++) {
        kept |= (uint64_t)kept_512(load_vbmi2_b32(w, left, v), rule) << 16 * v;
    }
    return kept & first_vbmi2(left);
}

VBMI2 INLINE uint64_t
kept_vbmi2_b64(const uint64_t *w, int64_t left, rule_512_t rule)
{
    uint64_t kept = 0;
    for (int v = 0; v < 4; v++) {
        kept |= (uint64_t)kept_512_b64(load_vbmi2_b64(w, left, v), rule) << 8 * v;
    }
    return kept & first_vbmi2(left);
}

VBMI2 INLINE __m512i
numbers_vbmi2(uint64_t kept)
{
    const __m512i numbers = _mm512_set_epi64(
        INT64_C(0x3f3e3d3c3b3a3938), INT64_C(0x3736353433323130), INT64_C(0x2f2e2d2c2b2a2928),
        INT64_C(0x2726252423222120), INT64_C(0x1f1e1d1c1b1a1918), INT64_C(0x1716151413121110),
        INT64_C(0x0f0e0d0c0b0a0908), INT64_C(0x0706050403020100));
    return _mm512_maskz_compress_epi8(kept, numbers);
}

/* Sixteen columns and values, of which `count` are kept. What lies behind those is written again by what
 * comes; where it might not belong to the row, they go alone. */
VBMI2 INLINE void
store_vbmi2(__m512i columns, __m512i bits, int64_t count, int64_t room, int32_t *indices,
            uint32_t *values)
{
    if (__builtin_expect(room >= 16, 1)) {
        _mm512_storeu_si512(indices, columns);
        _mm512_storeu_si512(values, bits);
        return;
    }
    __mmask16 part = (__mmask16)first_vbmi2(count);
    _mm512_mask_storeu_epi32(indices, part, columns);
    _mm512_mask_storeu_epi32(values, part, bits);
}

VBMI2 INLINE __m512i
wide_vbmi2_bf16(__m256i halves)
{
    return _mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16);
}

VBMI2 INLINE __m512i
wide_vbmi2_f16(__m256i halves)
{
    return _mm512_castps_si512(_mm512_cvtph_ps(halves));
}

#define DEFINE_PUT_VBMI2(name)                                                                     \
    VBMI2 INLINE int64_t put_vbmi2_##name(const uint16_t *w, int64_t left, uint64_t kept,          \
                                          int64_t column, int64_t room, int32_t *indices,          \
                                          uint32_t *values)                                        \
    {                                                                                              \
        const __m512i base = _mm512_set1_epi32((int32_t)column);                                   \
        const __m512i bits[2] = {load_vbmi2_b16(w, left, 0), load_vbmi2_b16(w, left, 1)};          \
        const int64_t all = _mm_popcnt_u64(kept), count = all < room ? all : room;                 \
        __m512i numbers = numbers_vbmi2(kept);                                                     \
        for (int64_t k = 0; k == 0 || k < count; k += 16) {                                        \
            __m128i sixteen = _mm512_castsi512_si128(numbers);                                     \
            __m512i number = _mm512_castsi256_si512(_mm256_cvtepu8_epi16(sixteen));                \
            __m512i halves = _mm512_permutex2var_epi16(bits[0], number, bits[1]);                  \
            __m512i value = wide_vbmi2_##name(_mm512_castsi512_si256(halves));                     \
            __m512i columns = _mm512_add_epi32(_mm512_cvtepu8_epi32(sixteen), base);               \
            store_vbmi2(columns, value, count - k, room - k, indices + k, values + k);             \
            numbers = _mm512_shuffle_i64x2(numbers, numbers, 0x39);                                \
        }                                                                                          \
        return count;                                                                              \
    }

DEFINE_PUT_VBMI2(f16)
DEFINE_PUT_VBMI2(bf16)

VBMI2 INLINE int64_t
put_vbmi2_b32(const uint32_t *w, int64_t left, uint64_t kept, int64_t column, int64_t room,
              int32_t *indices, uint32_t *values)
{
    const __m512i base = _mm512_set1_epi32((int32_t)column), half = _mm512_set1_epi32(32);
    const int64_t all = _mm_popcnt_u64(kept), count = all < room ? all : room;
    __m512i bits[4], numbers = numbers_vbmi2(kept);
    for (int v = 0; v < 4; v++) {
        bits[v] = load_vbmi2_b32(w, left, v);
    }
    for (int64_t k = 0; k == 0 || k < count; k += 16) {
        __m512i number = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(numbers));
        __m512i lower = _mm512_permutex2var_epi32(bits[0], number, bits[1]);
        __m512i upper = _mm512_permutex2var_epi32(bits[2], number, bits[3]);
        __m512i value = _mm512_mask_blend_epi32(_mm512_test_epi32_mask(number, half), lower, upper);
        store_vbmi2(_mm512_add_epi32(number, base), value, count - k, room - k, indices + k,
                    values + k);
        numbers = _mm512_shuffle_i64x2(numbers, numbers, 0x39);
    }
    return count;
}

VBMI2 INLINE int64_t
put_vbmi2_b64(const uint64_t *w, int64_t left, uint64_t kept, int64_t column, int64_t room,
              int32_t *indices, uint64_t *values)
{
    const __m256i base = _mm256_set1_epi32((int32_t)column);
    const __m512i half = _mm512_set1_epi64(16);
    const int64_t all = _mm_popcnt_u64(kept), count = all < room ? all : room;
    __m512i bits[4];
    __m256i numbers = _mm512_castsi512_si256(numbers_vbmi2(kept));
    for (int v = 0; v < 4; v++) {
        bits[v] = load_vbmi2_b64(w, left, v);
    }
    for (int64_t k = 0; k == 0 || k < count; k += 8) {
        __m128i eight = _mm256_castsi256_si128(numbers);
        __m512i number = _mm512_cvtepu8_epi64(eight);
        __m512i lower = _mm512_permutex2var_epi64(bits[0], number, bits[1]);
        __m512i upper = _mm512_permutex2var_epi64(bits[2], number, bits[3]);
        __m512i value = _mm512_mask_blend_epi64(_mm512_test_epi64_mask(number, half), lower, upper);
        __m256i columns = _mm256_add_epi32(_mm256_cvtepu8_epi32(eight), base);
        if (__builtin_expect(room - k >= 8, 1)) {
            _mm256_storeu_si256((__m256i *)(void *)(indices + k), columns);
            _mm512_storeu_si512(values + k, value);
        }
        else {
            __mmask8 part = (__mmask8)first_vbmi2(count - k);
            _mm256_mask_storeu_epi32(indices + k, part, columns);
            _mm512_mask_storeu_epi64(values + k, part, value);
        }
        numbers = _mm256_permute4x64_epi64(numbers, 0x39);
    }
    return count;
}

/* The two steps are functions of their own: a compiler that sees both keeps all vectors of a segment from
 * one to the other, in memory. */
#define DEFINE_ROW_VBMI2(name, b, rule_of, group, unsigned_t, signed_t, out_t)                     \
    VBMI2 INLINE int compare_vbmi2_##name(const unsigned_t *w, int64_t left, rule_512_t rule,      \
                                          uint64_t *kept)                                          \
    {                                                                                              \
        uint64_t any = 0;                                                                          \
        for (; left >= group; left -= group, w += group) {                                         \
            any |= *kept++ = kept_vbmi2_##b(w, group, rule);                                       \
        }                                                                                          \
        if (left > 0) {                                                                            \
            any |= *kept = kept_vbmi2_##b(w, left, rule);                                          \
        }                                                                                          \
        return any != 0;                                                                           \
    }                                                                                              \
    VBMI2 HTST_NOINLINE static int64_t put_segment_vbmi2_##name(                                   \
        const unsigned_t *w, int64_t left, const uint64_t *kept, int64_t column, int64_t room,     \
        int32_t *indices, out_t *values)                                                           \
    {                                                                                              \
        int64_t k = 0;                                                                             \
        for (; left >= group; left -= group, w += group, column += group) {                        \
            k += put_vbmi2_##name(w, group, *kept++, column, room - k, indices + k, values + k);   \
        }                                                                                          \
        if (left > 0) {                                                                            \
            k += put_vbmi2_##name(w, left, *kept, column, room - k, indices + k, values + k);      \
        }                                                                                          \
        return k;                                                                                  \
    }                                                                                              \
    VBMI2 int64_t htst_partition_row_vbmi2_##name(                                                 \
        const unsigned_t *w, int64_t cols, signed_t low, signed_t high, const uint8_t *hits,       \
        int64_t room, int32_t *indices, out_t *values)                                             \
    {                                                                                              \
        const rule_512_t rule = rule_of(low, high);                                                \
        uint64_t kept[SEGMENT / group];                                                            \
        int64_t k = 0, before = 0;                                                                 \
        for (int64_t j = 0; j < cols; j += SEGMENT) {                                              \
            const int64_t left = cols - j < SEGMENT ? cols - j : SEGMENT;                          \
            if (hits == NULL) {                                                                    \
                htst_ahead(w + j, (int64_t)sizeof *w * SEGMENT, k - before >= BUSY);               \
                before = k;                                                                        \
            }                                                                                      \
            else if (hits[j / SEGMENT] == 0) {                                                     \
                continue;                                                                          \
            }                                                                                      \
            if (__builtin_expect(left == SEGMENT, 1)                                               \
                    ? compare_vbmi2_##name(w + j, SEGMENT, rule, kept)                             \
                    : compare_vbmi2_##name(w + j, left, rule, kept)) {                             \
                k += put_segment_vbmi2_##name(w + j, left, kept, j, room - k, indices + k,         \
                                              values + k);                                         \
            }                                                                                      \
        }                                                                                          \
        return k;                                                                                  \
    }

DEFINE_ROW_VBMI2(f16, b16, rule_vbmi2_b16, 64, uint16_t, int16_t, uint32_t)
DEFINE_ROW_VBMI2(bf16, b16, rule_vbmi2_b16, 64, uint16_t, int16_t, uint32_t)
DEFINE_ROW_VBMI2(b32, b32, rule_512_b32, 64, uint32_t, int32_t, uint32_t)
DEFINE_ROW_VBMI2(b64, b64, rule_512_b64, 32, uint64_t, int64_t, uint64_t)

/* ------------------------------------------------------------------ AVX2 */

/* The lanes of `mask` move to the front: its bits, spread to bytes, pick the numbers of those lanes
 * from 0 to 7. */
AVX2 INLINE int64_t
put_256(unsigned mask, int64_t start, __m256i bits, int64_t room, int32_t *indices,
        uint32_t *values)
{
    int64_t kept = _mm_popcnt_u32(mask);
    uint64_t bytes = _pdep_u64(mask, UINT64_C(0x0101010101010101)) * 0xff;
    uint64_t lanes = _pext_u64(UINT64_C(0x0706050403020100), bytes);
    __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)lanes));
    __m256i column = _mm256_add_epi32(order, _mm256_set1_epi32((int32_t)start));
    __m256i value = _mm256_permutevar8x32_epi32(bits, order);
    if (__builtin_expect(room >= 8, 1)) {
        _mm256_storeu_si256((__m256i *)(void *)indices, column);
        _mm256_storeu_si256((__m256i *)(void *)values, value);
        return kept;
    }
    kept = kept < room ? kept : room;
    __m256i part = _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)kept),
                                      _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_maskstore_epi32(indices, part, column);
    _mm256_maskstore_epi32((int32_t *)values, part, value);
    return kept;
}

AVX2 INLINE unsigned
kept_256(__m256i bits, __m256i flip, __m256i low, __m256i high)
{
    __m256i ordered =
        _mm256_xor_si256(bits, _mm256_and_si256(_mm256_srai_epi32(bits, 31), flip));
    __m256i kept =
        _mm256_or_si256(_mm256_cmpgt_epi32(ordered, high), _mm256_cmpgt_epi32(low, ordered));
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(kept));
}

AVX2 INLINE unsigned
lanes_256(int64_t left)
{
    return left >= 8 ? 0xffu : (1u << left) - 1;
}

AVX2 int64_t
htst_partition_row_avx2_b32(const uint32_t *w, int64_t cols, int32_t low, int32_t high,
                            const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values)
{
    const __m256i flip = _mm256_set1_epi32(INT32_MAX), lows = _mm256_set1_epi32(low),
                  highs = _mm256_set1_epi32(high);
    int64_t k = 0;
    for (int64_t start = 0; start < cols; start += SEGMENT, hits++) {
        if (*hits == 0) {
            continue;
        }
        int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;
        for (int64_t j = start; j < stop; j += 8) {
            uint32_t last[8] = {0};
            const uint32_t *from = w + j;
            if (stop - j < 8) {
                for (int64_t lane = 0; lane < stop - j; lane++) {
                    last[lane] = from[lane];
                }
                from = last;
            }
            __m256i bits = _mm256_loadu_si256((const __m256i *)(const void *)from);
            unsigned mask = kept_256(bits, flip, lows, highs) & lanes_256(stop - j);
            k += put_256(mask, j, bits, room - k, indices + k, values + k);
        }
    }
    return k;
}

AVX2 INLINE int64_t
row_halves_256(const uint16_t *w, int64_t cols, int16_t low, int16_t high, const uint8_t *hits,
               int64_t room, int32_t *indices, uint32_t *values, int brain)
{
    const __m256i flip = _mm256_set1_epi32(INT16_MAX), lows = _mm256_set1_epi32(low),
                  highs = _mm256_set1_epi32(high);
    int64_t k = 0;
    for (int64_t start = 0; start < cols; start += SEGMENT, hits++) {
        if (*hits == 0) {
            continue;
        }
        int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;
        for (int64_t j = start; j < stop; j += 8) {
            uint16_t last[8] = {0};
            const uint16_t *from = w + j;
            if (stop - j < 8) {
                for (int64_t lane = 0; lane < stop - j; lane++) {
                    last[lane] = from[lane];
                }
                from = last;
            }
            __m128i half = _mm_loadu_si128((const __m128i *)(const void *)from);
            __m256i extended = _mm256_cvtepi16_epi32(half);
            __m256i bits = brain ? _mm256_slli_epi32(extended, 16)
                                 : _mm256_castps_si256(_mm256_cvtph_ps(half));
            unsigned mask = kept_256(extended, flip, lows, highs) & lanes_256(stop - j);
            k += put_256(mask, j, bits, room - k, indices + k, values + k);
        }
    }
    return k;
}

AVX2 int64_t
htst_partition_row_avx2_f16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
                            const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values)
{
    return row_halves_256(w, cols, low, high, hits, room, indices, values, 0);
}

AVX2 int64_t
htst_partition_row_avx2_bf16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
                             const uint8_t *hits, int64_t room, int32_t *indices,
                             uint32_t *values)
{
    return row_halves_256(w, cols, low, high, hits, room, indices, values, 1);
}

#else

typedef int htst_partition_x86_is_empty; /* ISO C wants a declaration in every file */

#endif
