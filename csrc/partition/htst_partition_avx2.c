#include "htst_partition_x86.h"

#ifdef HTST_ISA_HAS_X86

#include <immintrin.h>

#include "htst_common.h"
#include "htst_partition.h"

#define SEGMENT HTST_PARTITION_SEGMENT
#define AVX2 __attribute__((target("avx2,bmi2,popcnt,f16c")))

/* Store the lanes of `mask`, moved to the front. The bits of the mask, spread to bytes, select the
 * numbers of those lanes from 0 to 7. */
AVX2 HTST_INLINE int64_t
put_256(
    unsigned mask, int64_t start, __m256i bits, int64_t room, int32_t *indices, uint32_t *values)
{
    int64_t kept = _mm_popcnt_u32(mask);
    uint64_t bytes = _pdep_u64(mask, UINT64_C(0x0101010101010101)) * 0xff;
    uint64_t lanes = _pext_u64(UINT64_C(0x0706050403020100), bytes);
    __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long) lanes));
    __m256i column = _mm256_add_epi32(order, _mm256_set1_epi32((int32_t) start));
    __m256i value = _mm256_permutevar8x32_epi32(bits, order);
    if (__builtin_expect(room >= 8, 1)) {
        _mm256_storeu_si256((__m256i *) (void *) indices, column);
        _mm256_storeu_si256((__m256i *) (void *) values, value);
        return kept;
    }
    kept = kept < room ? kept : room;
    __m256i part = _mm256_cmpgt_epi32(
        _mm256_set1_epi32((int32_t) kept), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_maskstore_epi32(indices, part, column);
    _mm256_maskstore_epi32((int32_t *) values, part, value);
    return kept;
}

AVX2 HTST_INLINE unsigned
kept_256(__m256i bits, __m256i flip, __m256i low, __m256i high)
{
    __m256i ordered = _mm256_xor_si256(bits, _mm256_and_si256(_mm256_srai_epi32(bits, 31), flip));
    __m256i kept =
        _mm256_or_si256(_mm256_cmpgt_epi32(ordered, high), _mm256_cmpgt_epi32(low, ordered));
    return (unsigned) _mm256_movemask_ps(_mm256_castsi256_ps(kept));
}

AVX2 HTST_INLINE unsigned
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
            uint32_t last[8] = { 0 };
            const uint32_t *from = w + j;
            if (stop - j < 8) {
                for (int64_t lane = 0; lane < stop - j; lane++) {
                    last[lane] = from[lane];
                }
                from = last;
            }
            __m256i bits = _mm256_loadu_si256((const __m256i *) (const void *) from);
            unsigned mask = kept_256(bits, flip, lows, highs) & lanes_256(stop - j);
            k += put_256(mask, j, bits, room - k, indices + k, values + k);
        }
    }
    return k;
}

AVX2 HTST_INLINE int64_t
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
            uint16_t last[8] = { 0 };
            const uint16_t *from = w + j;
            if (stop - j < 8) {
                for (int64_t lane = 0; lane < stop - j; lane++) {
                    last[lane] = from[lane];
                }
                from = last;
            }
            __m128i half = _mm_loadu_si128((const __m128i *) (const void *) from);
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
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values)
{
    return row_halves_256(w, cols, low, high, hits, room, indices, values, 1);
}

#else

typedef int htst_partition_avx2_is_empty; /* ISO C requires a declaration in every file */

#endif
