#include "htst_partition_row.h"

#ifdef HTST_ISA_HAS_X86

#include "htst_partition_avx512.h"

/* ---- formats whose values have 32 bits ------------------------------------------------------- */

/* Elements that are compared together. */
#define GROUP 64

AVX512 HTST_INLINE __mmask16
lanes_512(int64_t left)
{
    return (__mmask16) (left >= 16 ? 0xffff : left > 0 ? (1u << left) - 1 : 0);
}

/* Load sixteen elements, of which `left` belong to the row; nothing beyond them is read. */
AVX512 HTST_INLINE __m512i
load_512_b32(const uint32_t *w, int64_t left)
{
    return _mm512_maskz_loadu_epi32(lanes_512(left), w);
}

AVX512 HTST_INLINE __m512i
load_512_b16(const uint16_t *w, int64_t left)
{
    int16_t last[16] = { 0 };
    if (HTST_LIKELY(left >= 16)) {
        return _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *) (const void *) w));
    }
    for (int64_t lane = 0; lane < left; lane++) {
        last[lane] = (int16_t) w[lane];
    }
    return _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *) (const void *) last));
}

AVX512 HTST_INLINE __m512i
wide_512_b32(__m512i bits)
{
    return bits;
}

AVX512 HTST_INLINE __m512i
wide_512_bf16(__m512i half)
{
    return _mm512_slli_epi32(half, 16);
}

AVX512 HTST_INLINE __m512i
wide_512_f16(__m512i half)
{
    return _mm512_castps_si512(_mm512_cvtph_ps(_mm512_cvtepi32_epi16(half)));
}

#define BITS uint32_t
#define INT int32_t
#define RULE(low, high) rule_512_b32(low, high)
#define LOAD(w, left) load_512_b32(w, left)
#define WIDE(bits) wide_512_b32(bits)
#define OF(name) name##_b32
#include "htst_partition_avx512_template.h"

#define BITS uint16_t
#define INT int16_t
#define RULE(low, high) rule_512_b16(low, high)
#define LOAD(w, left) load_512_b16(w, left)
#define WIDE(bits) wide_512_f16(bits)
#define OF(name) name##_f16
#include "htst_partition_avx512_template.h"

#define BITS uint16_t
#define INT int16_t
#define RULE(low, high) rule_512_b16(low, high)
#define LOAD(w, left) load_512_b16(w, left)
#define WIDE(bits) wide_512_bf16(bits)
#define OF(name) name##_bf16
#include "htst_partition_avx512_template.h"

/* ---- 64 bits --------------------------------------------------------------------------------- */

AVX512 HTST_INLINE int64_t
put_512_b64(
    __mmask8 mask, __m256i columns, __m512i bits, int64_t room, int32_t *indices, uint64_t *values)
{
    int64_t kept = _mm_popcnt_u32(mask);
    __m256i column = _mm256_maskz_compress_epi32(mask, columns);
    __m512i value = _mm512_maskz_compress_epi64(mask, bits);
    if (HTST_LIKELY(room >= 8)) {
        _mm256_storeu_si256((__m256i *) (void *) indices, column);
        _mm512_storeu_si512(values, value);
        return kept;
    }
    kept = kept < room ? kept : room;
    __mmask8 part = (__mmask8) ((1u << kept) - 1);
    _mm256_mask_storeu_epi32(indices, part, column);
    _mm512_mask_storeu_epi64(values, part, value);
    return kept;
}

AVX512 int64_t
htst_partition_row_avx512_b64(const uint64_t *w, int64_t cols, int64_t low, int64_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint64_t *values)
{
    const rule_512_t rule = rule_512_b64(low, high);
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    int64_t k = 0, before = 0;
    for (int64_t j = 0; j < cols; j += 8) {
        if (hits != NULL && hits[j / SEGMENT] == 0) {
            continue;
        }
        if (hits == NULL && j % SEGMENT == 0) {
            htst_ahead(w + j, (int64_t) sizeof *w * SEGMENT, k - before >= BUSY);
            before = k;
        }
        __mmask8 lanes = (__mmask8) (cols - j >= 8 ? 0xff : (1u << (cols - j)) - 1);
        __m512i bits = _mm512_maskz_loadu_epi64(lanes, w + j);
        __mmask8 mask = kept_512_b64(bits, rule) & lanes;
        if (mask != 0) {
            __m256i columns = _mm256_add_epi32(lane, _mm256_set1_epi32((int32_t) j));
            k += put_512_b64(mask, columns, bits, room - k, indices + k, values + k);
        }
    }
    return k;
}

#else

typedef int htst_partition_avx512_is_empty; /* ISO C requires a declaration in every file */

#endif
