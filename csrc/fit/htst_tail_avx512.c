#include "htst_tail_x86.h"

#ifdef HTST_ISA_HAS_X86

#include <immintrin.h>

#include "htst_tail_counts.h"

#define TARGET HTST_FOR_AVX512
#define VECTOR __m512i
#define LOAD(x) _mm512_loadu_si512(x)
#define KEYS(bits, kept, flipped) _mm512_ternarylogic_epi64(bits, kept, flipped, 0x6a)
#define TOTAL(sums) sum_of(_mm512_add_epi64((sums)[0], (sums)[1]))

/* The compiler's own sum adds signed integers, which must not overflow. */
TARGET HTST_INLINE uint64_t
sum_of(__m512i lanes)
{
    uint64_t lane[8], sum = 0;
    _mm512_storeu_si512(lane, lanes);
    for (int k = 0; k < 8; k++) {
        sum += lane[k];
    }
    return sum;
}

/* m and its partner in the products of the checksum, in all lanes of 32 bits, from the patterns'
 * upper halves and from those combined with the lower ones. */
#define MIXED(upper, both)                                                     \
    _mm512_mullo_epi32(_mm512_xor_si512(both, _mm512_srli_epi32((upper), 15)), \
        _mm512_set1_epi32((int) UINT32_C(0x9e3779b1)))
#define PARTNER(upper, mixed)                                          \
    _mm512_ternarylogic_epi64((upper), _mm512_srli_epi32((mixed), 13), \
        _mm512_set1_epi32((int) UINT32_C(0x85ebca6b)), 0x96)

TARGET HTST_INLINE void
contribute_f32(__m512i bits, __m512i *sums)
{
    __m512i mixed = MIXED(bits, bits), partner = PARTNER(bits, mixed);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(mixed, 32), _mm512_srli_epi64(partner, 32));
    sums[0] = _mm512_add_epi64(sums[0], _mm512_mul_epu32(mixed, partner));
    sums[1] = _mm512_add_epi64(sums[1], odd);
}

TARGET HTST_INLINE void
contribute_f64(__m512i bits, __m512i *sums)
{
    __m512i upper = _mm512_srli_epi64(bits, 32);
    __m512i mixed = MIXED(upper, _mm512_xor_si512(bits, upper)), partner = PARTNER(upper, mixed);
    sums[0] = _mm512_add_epi64(sums[0], _mm512_mul_epu32(mixed, partner));
    sums[1] =
        _mm512_add_epi64(sums[1], _mm512_and_si512(bits, _mm512_set1_epi64(INT64_C(0xffffffff))));
}

TARGET HTST_INLINE int64_t
put_f32(__m512i keys, __m512i low, __m512i high, uint32_t *to)
{
    __mmask16 from = _mm512_cmpge_epi32_mask(keys, low);
    __mmask16 mask = _mm512_mask_cmple_epi32_mask(from, keys, high);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(mask, keys));
    return _mm_popcnt_u32(mask);
}

TARGET HTST_INLINE int64_t
put_f64(__m512i keys, __m512i low, __m512i high, uint64_t *to)
{
    __mmask8 from = _mm512_cmpge_epi64_mask(keys, low);
    __mmask8 mask = _mm512_mask_cmple_epi64_mask(from, keys, high);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(mask, keys));
    return _mm_popcnt_u32(mask);
}

#define FLOAT float
#define UINT uint32_t
#define INT int32_t
#define HIGHEST INT32_MAX
#define LANES 16
#define ALL(value) _mm512_set1_epi32((int32_t) (value))
#define PUT put_f32
#define CONTRIBUTE contribute_f32
#define COUNT(x, table) htst_tail_count_f32(LANES, x, table)
#define OF(name) name##_avx512_f32
#include "htst_tail_x86_template.h"

#define FLOAT double
#define UINT uint64_t
#define INT int64_t
#define HIGHEST INT64_MAX
#define LANES 8
#define ALL(value) _mm512_set1_epi64((int64_t) (value))
#define PUT put_f64
#define CONTRIBUTE contribute_f64
#define COUNT(x, table) htst_tail_count_f64(LANES, x, table)
#define OF(name) name##_avx512_f64
#include "htst_tail_x86_template.h"

#else

typedef int htst_tail_avx512_is_empty; /* ISO C requires a declaration in every file */

#endif
