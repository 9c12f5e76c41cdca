#include "htst_partition_row.h"

#ifdef HTST_ISA_HAS_X86

#include "htst_partition_avx512.h"

#define VBMI2 HTST_TARGET("avx512f,avx512vl,avx512bw,avx512vbmi2,bmi2,popcnt")

/* All comparisons of a segment come first; the comparisons of a group make a word. A segment
 * without kept elements is skipped, but single groups are not: if about one element per group is
 * kept, that branch would be mispredicted. Then the numbers of a group's kept lanes, one byte
 * each, are compressed. These numbers plus the first column of the group are the columns; they
 * also select the values from the group's vectors. If at most a quarter is kept, one vector of
 * columns and one of values usually suffice. */

VBMI2 HTST_INLINE uint64_t
first_vbmi2(int64_t lanes)
{
    return lanes <= 0 ? 0 : _bzhi_u64(UINT64_MAX, (unsigned) (lanes < 64 ? lanes : 64));
}

/* Load vector v of a group, of which `left` elements belong to the row; nothing beyond them is
 * read. */
VBMI2 HTST_INLINE __m512i
load_vbmi2_b16(const uint16_t *w, int64_t left, int v)
{
    return _mm512_maskz_loadu_epi16((__mmask32) (first_vbmi2(left) >> 32 * v), w + 32 * v);
}

VBMI2 HTST_INLINE __m512i
load_vbmi2_b32(const uint32_t *w, int64_t left, int v)
{
    return _mm512_maskz_loadu_epi32((__mmask16) (first_vbmi2(left) >> 16 * v), w + 16 * v);
}

VBMI2 HTST_INLINE __m512i
load_vbmi2_b64(const uint64_t *w, int64_t left, int v)
{
    return _mm512_maskz_loadu_epi64((__mmask8) (first_vbmi2(left) >> 8 * v), w + 8 * v);
}

VBMI2 HTST_INLINE rule_512_t
rule_vbmi2_b16(int16_t low, int16_t high)
{
    const uint16_t width = (uint16_t) (low > high ? 0 : high - low + 1);
    const rule_512_t rule = {
        .flip = _mm512_set1_epi16(INT16_MAX),
        .low = _mm512_set1_epi16(low),
        .width = _mm512_set1_epi16((int16_t) width),
    };
    return rule;
}

VBMI2 HTST_INLINE uint64_t
kept_vbmi2_b16(const uint16_t *w, int64_t left, rule_512_t rule)
{
    uint64_t kept = 0;
    for (int v = 0; v < 2; v++) {
        __m512i bits = load_vbmi2_b16(w, left, v);
        __m512i negative = _mm512_srai_epi16(bits, 15);
        __m512i ordered = _mm512_ternarylogic_epi32(bits, negative, rule.flip, 0x78);
        __m512i above = _mm512_sub_epi16(ordered, rule.low);
        kept |= (uint64_t) _mm512_cmpge_epu16_mask(above, rule.width) << 32 * v;
    }
    return kept & first_vbmi2(left);
}

VBMI2 HTST_INLINE uint64_t
kept_vbmi2_b32(const uint32_t *w, int64_t left, rule_512_t rule)
{
    uint64_t kept = 0;
    for (int v = 0; v < 4; v++) {
        kept |= (uint64_t) kept_512(load_vbmi2_b32(w, left, v), rule) << 16 * v;
    }
    return kept & first_vbmi2(left);
}

VBMI2 HTST_INLINE uint64_t
kept_vbmi2_b64(const uint64_t *w, int64_t left, rule_512_t rule)
{
    uint64_t kept = 0;
    for (int v = 0; v < 4; v++) {
        kept |= (uint64_t) kept_512_b64(load_vbmi2_b64(w, left, v), rule) << 8 * v;
    }
    return kept & first_vbmi2(left);
}

VBMI2 HTST_INLINE __m512i
numbers_vbmi2(uint64_t kept)
{
    const __m512i numbers =
        _mm512_set_epi64(INT64_C(0x3f3e3d3c3b3a3938), INT64_C(0x3736353433323130),
            INT64_C(0x2f2e2d2c2b2a2928), INT64_C(0x2726252423222120), INT64_C(0x1f1e1d1c1b1a1918),
            INT64_C(0x1716151413121110), INT64_C(0x0f0e0d0c0b0a0908), INT64_C(0x0706050403020100));
    return _mm512_maskz_compress_epi8(kept, numbers);
}

/* Store sixteen columns and values, of which `count` are kept. The lanes after those are
 * overwritten by later stores; at the end of the row only the kept lanes are stored. */
VBMI2 HTST_INLINE void
store_vbmi2(
    __m512i columns, __m512i bits, int64_t count, int64_t room, int32_t *indices, uint32_t *values)
{
    if (HTST_LIKELY(room >= 16)) {
        _mm512_storeu_si512(indices, columns);
        _mm512_storeu_si512(values, bits);
        return;
    }
    __mmask16 part = (__mmask16) first_vbmi2(count);
    _mm512_mask_storeu_epi32(indices, part, columns);
    _mm512_mask_storeu_epi32(values, part, bits);
}

VBMI2 HTST_INLINE __m512i
wide_vbmi2_bf16(__m256i halves)
{
    return _mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16);
}

VBMI2 HTST_INLINE __m512i
wide_vbmi2_f16(__m256i halves)
{
    return _mm512_castps_si512(_mm512_cvtph_ps(halves));
}

VBMI2 HTST_INLINE __m512i
wide_vbmi2(__m256i halves, int is_brain)
{
    return is_brain ? wide_vbmi2_bf16(halves) : wide_vbmi2_f16(halves);
}

VBMI2 HTST_INLINE int64_t
put_vbmi2_halves(const uint16_t *w, int64_t left, uint64_t kept, int64_t column, int64_t room,
    int32_t *indices, uint32_t *values, int is_brain)
{
    const __m512i base = _mm512_set1_epi32((int32_t) column);
    const __m512i bits[2] = { load_vbmi2_b16(w, left, 0), load_vbmi2_b16(w, left, 1) };
    const int64_t all = _mm_popcnt_u64(kept), count = all < room ? all : room;
    __m512i numbers = numbers_vbmi2(kept);
    for (int64_t k = 0; k == 0 || k < count; k += 16) {
        __m128i sixteen = _mm512_castsi512_si128(numbers);
        __m512i number = _mm512_castsi256_si512(_mm256_cvtepu8_epi16(sixteen));
        __m512i halves = _mm512_permutex2var_epi16(bits[0], number, bits[1]);
        __m512i value = wide_vbmi2(_mm512_castsi512_si256(halves), is_brain);
        __m512i columns = _mm512_add_epi32(_mm512_cvtepu8_epi32(sixteen), base);
        store_vbmi2(columns, value, count - k, room - k, indices + k, values + k);
        numbers = _mm512_shuffle_i64x2(numbers, numbers, 0x39);
    }
    return count;
}

VBMI2 HTST_INLINE int64_t
put_vbmi2_b32(const uint32_t *w, int64_t left, uint64_t kept, int64_t column, int64_t room,
    int32_t *indices, uint32_t *values)
{
    const __m512i base = _mm512_set1_epi32((int32_t) column), half = _mm512_set1_epi32(32);
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
        store_vbmi2(
            _mm512_add_epi32(number, base), value, count - k, room - k, indices + k, values + k);
        numbers = _mm512_shuffle_i64x2(numbers, numbers, 0x39);
    }
    return count;
}

VBMI2 HTST_INLINE int64_t
put_vbmi2_b64(const uint64_t *w, int64_t left, uint64_t kept, int64_t column, int64_t room,
    int32_t *indices, uint64_t *values)
{
    const __m256i base = _mm256_set1_epi32((int32_t) column);
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
        if (HTST_LIKELY(room - k >= 8)) {
            _mm256_storeu_si256((__m256i *) (void *) (indices + k), columns);
            _mm512_storeu_si512(values + k, value);
        }
        else {
            __mmask8 part = (__mmask8) first_vbmi2(count - k);
            _mm256_mask_storeu_epi32(indices + k, part, columns);
            _mm512_mask_storeu_epi64(values + k, part, value);
        }
        numbers = _mm256_permute4x64_epi64(numbers, 0x39);
    }
    return count;
}

#define BITS uint16_t
#define INT int16_t
#define OUT uint32_t
#define GROUP 64
#define RULE(low, high) rule_vbmi2_b16(low, high)
#define KEPT(w, left, rule) kept_vbmi2_b16(w, left, rule)
#define PUT(...) put_vbmi2_halves(__VA_ARGS__, 0)
#define OF(name) name##_f16
#include "htst_partition_vbmi2_template.h"

#define BITS uint16_t
#define INT int16_t
#define OUT uint32_t
#define GROUP 64
#define RULE(low, high) rule_vbmi2_b16(low, high)
#define KEPT(w, left, rule) kept_vbmi2_b16(w, left, rule)
#define PUT(...) put_vbmi2_halves(__VA_ARGS__, 1)
#define OF(name) name##_bf16
#include "htst_partition_vbmi2_template.h"

#define BITS uint32_t
#define INT int32_t
#define OUT uint32_t
#define GROUP 64
#define RULE(low, high) rule_512_b32(low, high)
#define KEPT(w, left, rule) kept_vbmi2_b32(w, left, rule)
#define PUT(...) put_vbmi2_b32(__VA_ARGS__)
#define OF(name) name##_b32
#include "htst_partition_vbmi2_template.h"

#define BITS uint64_t
#define INT int64_t
#define OUT uint64_t
#define GROUP 32
#define RULE(low, high) rule_512_b64(low, high)
#define KEPT(w, left, rule) kept_vbmi2_b64(w, left, rule)
#define PUT(...) put_vbmi2_b64(__VA_ARGS__)
#define OF(name) name##_b64
#include "htst_partition_vbmi2_template.h"

#else

typedef int htst_partition_vbmi2_is_empty; /* ISO C requires a declaration in every file */

#endif
