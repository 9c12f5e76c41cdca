#include "htst_tail_x86.h"

#ifdef HTST_ISA_HAS_X86

#include <immintrin.h>

#include "htst_lanes.h"
#include "htst_tail_counts.h"

#define TARGET HTST_FOR_AVX2
#define VECTOR __m256i
#define LOAD(x) _mm256_loadu_si256((const __m256i *) (const void *) (x))
#define KEYS(bits, kept, flipped) _mm256_xor_si256(_mm256_and_si256(bits, kept), flipped)
#define TOTAL(sums) sum_of(_mm256_add_epi64((sums)[0], (sums)[1]))

TARGET HTST_INLINE uint64_t
sum_of(__m256i lanes)
{
    uint64_t lane[4];
    _mm256_storeu_si256((__m256i *) (void *) lane, lanes);
    return lane[0] + lane[1] + lane[2] + lane[3];
}

/* m and its partner in the products of the checksum, in all lanes of 32 bits, from the patterns'
 * upper halves and from those combined with the lower ones. */
TARGET HTST_INLINE __m256i
mixed_of(__m256i upper, __m256i both)
{
    const __m256i factor = _mm256_set1_epi32((int) UINT32_C(0x9e3779b1));
    return _mm256_mullo_epi32(_mm256_xor_si256(both, _mm256_srli_epi32(upper, 15)), factor);
}

TARGET HTST_INLINE __m256i
partner_of(__m256i upper, __m256i mixed)
{
    const __m256i constant = _mm256_set1_epi32((int) UINT32_C(0x85ebca6b));
    return _mm256_xor_si256(_mm256_xor_si256(upper, constant), _mm256_srli_epi32(mixed, 13));
}

TARGET HTST_INLINE void
contribute_f32(__m256i bits, __m256i *sums)
{
    __m256i mixed = mixed_of(bits, bits), partner = partner_of(bits, mixed);
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(mixed, 32), _mm256_srli_epi64(partner, 32));
    sums[0] = _mm256_add_epi64(sums[0], _mm256_mul_epu32(mixed, partner));
    sums[1] = _mm256_add_epi64(sums[1], odd);
}

TARGET HTST_INLINE void
contribute_f64(__m256i bits, __m256i *sums)
{
    __m256i upper = _mm256_srli_epi64(bits, 32);
    __m256i mixed = mixed_of(upper, _mm256_xor_si256(bits, upper));
    __m256i lower = _mm256_and_si256(bits, _mm256_set1_epi64x(INT64_C(0xffffffff)));
    sums[0] = _mm256_add_epi64(sums[0], _mm256_mul_epu32(mixed, partner_of(upper, mixed)));
    sums[1] = _mm256_add_epi64(sums[1], lower);
}

/* AVX2 only has "greater", so the keys that are not wanted are found. */
TARGET HTST_INLINE int64_t
put_f32(__m256i keys, __m256i low, __m256i high, uint32_t *to)
{
    __m256i out = _mm256_or_si256(_mm256_cmpgt_epi32(low, keys), _mm256_cmpgt_epi32(keys, high));
    unsigned mask = ~(unsigned) _mm256_movemask_ps(_mm256_castsi256_ps(out)) & 0xff;
    __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long) htst_lanes[mask]));
    _mm256_storeu_si256((__m256i *) (void *) to, _mm256_permutevar8x32_epi32(keys, order));
    return _mm_popcnt_u32(mask);
}

TARGET HTST_INLINE int64_t
put_f64(__m256i keys, __m256i low, __m256i high, uint64_t *to)
{
    __m256i out = _mm256_or_si256(_mm256_cmpgt_epi64(low, keys), _mm256_cmpgt_epi64(keys, high));
    unsigned mask = ~(unsigned) _mm256_movemask_pd(_mm256_castsi256_pd(out)) & 0xf;
    /* lane n of 64 bits is lanes 2 n and 2 n + 1 of 32 */
    __m256i lane = _mm256_cvtepu8_epi64(_mm_cvtsi64_si128((long long) htst_lanes[mask]));
    __m256i twice = _mm256_slli_epi64(lane, 1);
    __m256i order = _mm256_or_si256(twice, _mm256_slli_epi64(twice, 32));
    order = _mm256_or_si256(order, _mm256_set1_epi64x(INT64_C(1) << 32));
    _mm256_storeu_si256((__m256i *) (void *) to, _mm256_permutevar8x32_epi32(keys, order));
    return _mm_popcnt_u32(mask);
}

#define FLOAT float
#define UINT uint32_t
#define INT int32_t
#define HIGHEST INT32_MAX
#define LANES 8
#define ALL(value) _mm256_set1_epi32((int32_t) (value))
#define PUT put_f32
#define CONTRIBUTE contribute_f32
#define COUNT(x, table) htst_tail_count_f32(LANES, x, table)
#define OF(name) name##_avx2_f32
#include "htst_tail_x86_template.h"

#define FLOAT double
#define UINT uint64_t
#define INT int64_t
#define HIGHEST INT64_MAX
#define LANES 4
#define ALL(value) _mm256_set1_epi64x((int64_t) (value))
#define PUT put_f64
#define CONTRIBUTE contribute_f64
#define COUNT(x, table) htst_tail_count_f64(LANES, x, table)
#define OF(name) name##_avx2_f64
#include "htst_tail_x86_template.h"

#else

typedef int htst_tail_avx2_is_empty; /* ISO C requires a declaration in every file */

#endif
