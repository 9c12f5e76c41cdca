#include "htst_spread_x86.h"

#ifdef HTST_ISA_HAS_X86

#include <immintrin.h>

#define LANES 16

/* The sums of the lanes before each lane. */
HTST_FOR_AVX512 HTST_INLINE __m512i
sums_before(__m512i x)
{
    const __m512i zero = _mm512_setzero_si512();
    __m512i sum = _mm512_alignr_epi32(x, zero, LANES - 1);

    sum = _mm512_add_epi32(sum, _mm512_alignr_epi32(sum, zero, LANES - 1));
    sum = _mm512_add_epi32(sum, _mm512_alignr_epi32(sum, zero, LANES - 2));
    sum = _mm512_add_epi32(sum, _mm512_alignr_epi32(sum, zero, LANES - 4));
    return _mm512_add_epi32(sum, _mm512_alignr_epi32(sum, zero, LANES - 8));
}

HTST_FOR_AVX512 int64_t
htst_spread_read_avx512(uint32_t key, uint32_t *count, uint32_t *place, float *v, uint32_t *first)
{
    const __m512i last = _mm512_set1_epi32(LANES - 1);
    __m512i next = _mm512_add_epi32(_mm512_set1_epi32((int) key),
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    __m512i at = _mm512_set1_epi32((int) *place);
    int64_t m = 0;

    for (int d = 0; d < HTST_SPREAD_SOME; d += LANES) {
        const __m512i some = _mm512_loadu_si512(count + d);
        const __mmask16 used = _mm512_test_epi32_mask(some, some);
        const unsigned n = (unsigned) _mm_popcnt_u32(used);
        const __mmask16 front = (__mmask16) _bzhi_u32(0xffff, n);
        const __m512i before = _mm512_add_epi32(at, sums_before(some));
        _mm512_mask_storeu_epi32(v + m, front, _mm512_maskz_compress_epi32(used, next));
        _mm512_mask_storeu_epi32(first + m, front, _mm512_maskz_compress_epi32(used, before));
        _mm512_storeu_si512(count + d, _mm512_setzero_si512());
        at = _mm512_permutexvar_epi32(last, _mm512_add_epi32(before, some));
        next = _mm512_add_epi32(next, _mm512_set1_epi32(LANES));
        m += n;
    }
    *place = (uint32_t) _mm_cvtsi128_si32(_mm512_castsi512_si128(at));
    return m;
}

#else

typedef int htst_spread_avx512_is_empty; /* ISO C requires a declaration in every file */

#endif
