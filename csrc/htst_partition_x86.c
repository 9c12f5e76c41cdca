#include "htst_partition_x86.h"

#ifdef HTST_PARTITION_HAS_X86

#include <immintrin.h>

#include "htst_partition.h"

#define SEGMENT HTST_PARTITION_SEGMENT
#define AVX512 __attribute__((target("avx512f,avx512vl,bmi2,popcnt")))
#define AVX2 __attribute__((target("avx2,bmi2,popcnt,f16c")))
#define INLINE static inline __attribute__((always_inline))

/* ------------------------------------------------------------------ AVX-512 */

/* Segments with at most this many kept elements seldom keep more than half a vector at once. */
#define LIGHT 80

/* Writes the lanes of `mask`, and returns how many places they took. While there is room for a whole
 * vector it is stored whole, or half of it if that is enough: what lies behind the kept lanes belongs
 * to the row, and is written again by what comes. */
AVX512 INLINE int64_t
put_512(__mmask16 mask, __m512i columns, __m512i bits, int light, int64_t room, int32_t *indices,
        uint32_t *values)
{
    int64_t kept = _mm_popcnt_u32(mask);
    __m512i column = _mm512_maskz_compress_epi32(mask, columns);
    __m512i value = _mm512_maskz_compress_epi32(mask, bits);
    if (__builtin_expect(room >= 16, 1)) {
        if (light && __builtin_expect(kept <= 8, 1)) {
            _mm256_storeu_si256((__m256i *)(void *)indices, _mm512_castsi512_si256(column));
            _mm256_storeu_si256((__m256i *)(void *)values, _mm512_castsi512_si256(value));
            return kept;
        }
        _mm512_storeu_si512(indices, column);
        _mm512_storeu_si512(values, value);
        return kept;
    }
    kept = kept < room ? kept : room;
    __mmask16 part = (__mmask16)((1u << kept) - 1);
    _mm512_mask_storeu_epi32(indices, part, column);
    _mm512_mask_storeu_epi32(values, part, value);
    return kept;
}

/* Which lanes are kept; `flip` is all ones below the sign bit, of the format's own width. */
AVX512 INLINE __mmask16
kept_512(__m512i bits, __m512i flip, __m512i low, __m512i high)
{
    __m512i negative = _mm512_srai_epi32(bits, 31);
    /* bits ^ (negative & flip) */
    __m512i ordered = _mm512_ternarylogic_epi32(bits, negative, flip, 0x78);
    return (__mmask16)(_mm512_cmpgt_epi32_mask(ordered, high)
                       | _mm512_cmpgt_epi32_mask(low, ordered));
}

AVX512 INLINE __m512i
first_columns(int64_t start)
{
    const __m512i first = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_add_epi32(first, _mm512_set1_epi32((int32_t)start));
}

typedef struct {
    __m512i flip, low, high;
} rule_512_t;

AVX512 INLINE int64_t
segment_512_b32(const uint32_t *w, int64_t start, int64_t stop, rule_512_t rule, int light,
                int64_t room, int32_t *indices, uint32_t *values)
{
    const __m512i step = _mm512_set1_epi32(16);
    __m512i columns = first_columns(start);
    int64_t k = 0, j = start;
    for (; j + 16 <= stop; j += 16, columns = _mm512_add_epi32(columns, step)) {
        __m512i bits = _mm512_loadu_si512(w + j);
        __mmask16 mask = kept_512(bits, rule.flip, rule.low, rule.high);
        k += put_512(mask, columns, bits, light, room - k, indices + k, values + k);
    }
    if (j < stop) {
        __mmask16 lanes = (__mmask16)((1u << (stop - j)) - 1);
        __m512i bits = _mm512_maskz_loadu_epi32(lanes, w + j);
        __mmask16 mask = kept_512(bits, rule.flip, rule.low, rule.high) & lanes;
        k += put_512(mask, columns, bits, light, room - k, indices + k, values + k);
    }
    return k;
}

AVX512 int64_t
htst_partition_row_avx512_b32(const uint32_t *w, int64_t cols, int32_t low, int32_t high,
                              const uint8_t *hits, int64_t room, int32_t *indices,
                              uint32_t *values)
{
    const rule_512_t rule = {_mm512_set1_epi32(INT32_MAX), _mm512_set1_epi32(low),
                             _mm512_set1_epi32(high)};
    int64_t k = 0;
    for (int64_t start = 0; start < cols; start += SEGMENT, hits++) {
        int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;
        if (*hits > LIGHT) {
            k += segment_512_b32(w, start, stop, rule, 0, room - k, indices + k, values + k);
        }
        else if (*hits > 0) {
            k += segment_512_b32(w, start, stop, rule, 1, room - k, indices + k, values + k);
        }
    }
    return k;
}

AVX512 INLINE __m512i
widened(__m512i half, int brain)
{
    return brain ? _mm512_slli_epi32(half, 16)
                 : _mm512_castps_si512(_mm512_cvtph_ps(_mm512_cvtepi32_epi16(half)));
}

AVX512 INLINE int64_t
segment_512_b16(const uint16_t *w, int64_t start, int64_t stop, rule_512_t rule, int brain,
                int light, int64_t room, int32_t *indices, uint32_t *values)
{
    const __m512i step = _mm512_set1_epi32(16);
    __m512i columns = first_columns(start);
    int64_t k = 0, j = start;
    for (; j + 16 <= stop; j += 16, columns = _mm512_add_epi32(columns, step)) {
        __m512i half =
            _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(w + j)));
        __mmask16 mask = kept_512(half, rule.flip, rule.low, rule.high);
        k += put_512(mask, columns, widened(half, brain), light, room - k, indices + k, values + k);
    }
    if (j < stop) {
        int16_t last[16] = {0}; /* so as not to read behind the row */
        for (int64_t lane = 0; lane < stop - j; lane++) {
            last[lane] = (int16_t)w[j + lane];
        }
        __m512i half =
            _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)last));
        __mmask16 lanes = (__mmask16)((1u << (stop - j)) - 1);
        __mmask16 mask = kept_512(half, rule.flip, rule.low, rule.high) & lanes;
        k += put_512(mask, columns, widened(half, brain), light, room - k, indices + k, values + k);
    }
    return k;
}

AVX512 INLINE int64_t
row_512_b16(const uint16_t *w, int64_t cols, int16_t low, int16_t high, const uint8_t *hits,
            int64_t room, int32_t *indices, uint32_t *values, int brain)
{
    const rule_512_t rule = {_mm512_set1_epi32(INT16_MAX), _mm512_set1_epi32(low),
                             _mm512_set1_epi32(high)};
    int64_t k = 0;
    for (int64_t start = 0; start < cols; start += SEGMENT, hits++) {
        int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;
        if (*hits > LIGHT) {
            k += segment_512_b16(w, start, stop, rule, brain, 0, room - k, indices + k, values + k);
        }
        else if (*hits > 0) {
            k += segment_512_b16(w, start, stop, rule, brain, 1, room - k, indices + k, values + k);
        }
    }
    return k;
}

AVX512 int64_t
htst_partition_row_avx512_f16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
                              const uint8_t *hits, int64_t room, int32_t *indices,
                              uint32_t *values)
{
    return row_512_b16(w, cols, low, high, hits, room, indices, values, 0);
}

AVX512 int64_t
htst_partition_row_avx512_bf16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
                               const uint8_t *hits, int64_t room, int32_t *indices,
                               uint32_t *values)
{
    return row_512_b16(w, cols, low, high, hits, room, indices, values, 1);
}

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

AVX512 int64_t
htst_partition_row_avx512_b64(const uint64_t *w, int64_t cols, int64_t low, int64_t high,
                              const uint8_t *hits, int64_t room, int32_t *indices,
                              uint64_t *values)
{
    const __m512i flip = _mm512_set1_epi64(INT64_MAX), lows = _mm512_set1_epi64(low),
                  highs = _mm512_set1_epi64(high);
    const __m256i first = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), step = _mm256_set1_epi32(8);
    int64_t k = 0;
    for (int64_t start = 0; start < cols; start += SEGMENT, hits++) {
        if (*hits == 0) {
            continue;
        }
        int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;
        __m256i columns = _mm256_add_epi32(first, _mm256_set1_epi32((int32_t)start));
        for (int64_t j = start; j < stop; j += 8, columns = _mm256_add_epi32(columns, step)) {
            __mmask8 lanes = (__mmask8)(stop - j >= 8 ? 0xff : (1u << (stop - j)) - 1);
            __m512i bits = _mm512_maskz_loadu_epi64(lanes, w + j);
            __m512i negative = _mm512_srai_epi64(bits, 63);
            __m512i ordered = _mm512_ternarylogic_epi64(bits, negative, flip, 0x78);
            __mmask8 mask = (__mmask8)((_mm512_cmpgt_epi64_mask(ordered, highs)
                                        | _mm512_cmpgt_epi64_mask(lows, ordered))
                                       & lanes);
            k += put_512_b64(mask, columns, bits, room - k, indices + k, values + k);
        }
    }
    return k;
}

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
