#include "htst_moments_many.h"

#include <string.h>

#include "htst_common.h"
#include "htst_isa.h"
#include "htst_vector.h"

#ifdef HTST_ISA_HAS_X86
#include <immintrin.h>
#endif

#define ABS_F32 UINT32_C(0x7fffffff)

/* Sums with `many` added to them. */
typedef htst_moments_many_t many_t;

/* ---- plain loops ----------------------------------------------------------------------------- */

/* The code uses explicit vectors, because a compiler may not reorder sums of doubles, and cannot
 * know that these sums are exact. Vectors of 16 bytes are what every processor has. Two are used at
 * a time, so that the additions of one do not wait for those of the other. */
#define FLOAT float
#define WORD uint32_t
#define LANES 4
#define VECTOR floats_t
#define WORDS words_t
#include "htst_vector_template.h"

#undef LANES
#define FLOAT double
#define WORD uint64_t
#define LANES 2
#define VECTOR doubles_t
#define WORDS long_words_t
#include "htst_vector_template.h"

typedef struct {
    doubles_t sum, high, low;
} lanes_t;

/* Compilers convert two of four floats one by one. */
HTST_INLINE doubles_t
first_two(floats_t x)
{
#ifdef HTST_ISA_HAS_X86
    return (doubles_t) _mm_cvtps_pd((__m128) x);
#else
    return (doubles_t){ (double) HTST_LANE(x, 0), (double) HTST_LANE(x, 1) };
#endif
}

HTST_INLINE void
add_two(doubles_t value, lanes_t *to)
{
    doubles_t square = HTST_VECTOR_MULTIPLY(doubles_t, value, value);
    doubles_t high = HTST_VECTOR_ADD(doubles_t, to->high, square);
    doubles_t rounded = HTST_VECTOR_SUBTRACT(doubles_t, high, to->high);
    doubles_t rest = HTST_VECTOR_SUBTRACT(doubles_t, square, rounded);
    to->sum = HTST_VECTOR_ADD(doubles_t, to->sum, value);
    to->high = high;
    to->low = HTST_VECTOR_ADD(doubles_t, to->low, rest);
}

HTST_INLINE void
take_four(const float *x, uint32_t least, lanes_t *one, lanes_t *two)
{
    words_t bits;
    memcpy(&bits, x, sizeof bits);
    if (least != 0) {
        bits = HTST_WORDS_FROM(words_t, bits, ABS_F32, least);
    }
    const uint32_t third = HTST_LANE(bits, 2), fourth = HTST_LANE(bits, 3);
    words_t others = { third, fourth, third, fourth };
    add_two(first_two(HTST_VECTOR_OF(floats_t, bits)), one);
    add_two(first_two(HTST_VECTOR_OF(floats_t, others)), two);
}

HTST_INLINE doubles_t
pair_of(double value)
{
    double both[2] = { value, value };
    doubles_t pair;
    memcpy(&pair, both, sizeof pair);
    return pair;
}

HTST_INLINE double
total_of(doubles_t a)
{
    return HTST_LANE(a, 0) + HTST_LANE(a, 1);
}

/* The same for lanes that started from `start`. */
HTST_INLINE double
total_from(doubles_t a, double start)
{
    return (HTST_LANE(a, 0) - start) + (HTST_LANE(a, 1) - start);
}

HTST_INLINE many_t
many_plain(const float *x, int64_t n, uint32_t least, double magic)
{
    lanes_t one = { .high = pair_of(magic) }, two = one;
    float last[4] = { 0 };
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        take_four(x + i, least, &one, &two);
    }
    memcpy(last, x + i, (size_t) (n - i) * sizeof *x);
    take_four(last, least, &one, &two);
    return (many_t){
        .sum = total_of(one.sum) + total_of(two.sum),
        .high = total_from(one.high, magic) + total_from(two.high, magic),
        .low = total_of(one.low) + total_of(two.low),
    };
}

/* A loop of its own for least == 0. */
static many_t
choose_plain(const float *x, int64_t n, uint32_t least, double magic)
{
    return least == 0 ? many_plain(x, n, 0, magic) : many_plain(x, n, least, magic);
}

/* ---- AVX2 and AVX-512 ------------------------------------------------------------------------ */

#ifdef HTST_ISA_HAS_X86
/* bench/kernels/instructions.py times them beside the plain loops. */
#define AVX2 HTST_TARGET("avx2,fma")
#define AVX512 HTST_TARGET("avx512f,avx512vl,fma")

typedef struct {
    __m256d sum, high, low;
} lanes_256_t;

typedef struct {
    __m512d sum, high, low;
} lanes_512_t;

AVX2 HTST_INLINE void
add_256(__m128 x, lanes_256_t *to)
{
    __m256d value = _mm256_cvtps_pd(x);
    __m256d high = _mm256_fmadd_pd(value, value, to->high);
    __m256d rounded = _mm256_sub_pd(high, to->high);
    to->sum = _mm256_add_pd(to->sum, value);
    to->high = high;
    to->low = _mm256_add_pd(to->low, _mm256_fmsub_pd(value, value, rounded));
}

AVX2 HTST_INLINE void
take_256(const float *x, uint32_t least, lanes_256_t *to)
{
    if (least == 0) {
        add_256(_mm_loadu_ps(x), to);
        add_256(_mm_loadu_ps(x + 4), to + 1);
        return;
    }
    __m256i bits = _mm256_loadu_si256((const __m256i *) (const void *) x);
    __m256i size = _mm256_and_si256(bits, _mm256_set1_epi32(INT32_MAX));
    __m256i kept = _mm256_cmpgt_epi32(size, _mm256_set1_epi32((int32_t) (least - 1)));
    __m256 value = _mm256_castsi256_ps(_mm256_and_si256(bits, kept));
    add_256(_mm256_castps256_ps128(value), to);
    add_256(_mm256_extractf128_ps(value, 1), to + 1);
}

AVX2 HTST_INLINE double
total_256(__m256d lanes)
{
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(lanes), _mm256_extractf128_pd(lanes, 1));
    return _mm_cvtsd_f64(two) + _mm_cvtsd_f64(_mm_unpackhi_pd(two, two));
}

AVX2 HTST_INLINE many_t
many_avx2(const float *x, int64_t n, uint32_t least, double magic)
{
    const __m256d zero = _mm256_setzero_pd(), grid = _mm256_set1_pd(magic);
    lanes_256_t to[2] = { { zero, grid, zero }, { zero, grid, zero } };
    float last[8] = { 0 };
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        take_256(x + i, least, to);
    }
    memcpy(last, x + i, (size_t) (n - i) * sizeof *x);
    take_256(last, least, to);
    return (many_t){
        .sum = total_256(_mm256_add_pd(to[0].sum, to[1].sum)),
        .high = total_256(
            _mm256_add_pd(_mm256_sub_pd(to[0].high, grid), _mm256_sub_pd(to[1].high, grid))),
        .low = total_256(_mm256_add_pd(to[0].low, to[1].low)),
    };
}

/* Add eight elements: those of `lanes` that are not below `least`. */
AVX512 HTST_INLINE void
take_512(const float *x, __mmask8 lanes, uint32_t least, lanes_512_t *to)
{
    __m256 given = _mm256_maskz_loadu_ps(lanes, x);
    __mmask8 kept = 0xff;
    if (least != 0) {
        __m256i size = _mm256_and_si256(_mm256_castps_si256(given), _mm256_set1_epi32(INT32_MAX));
        kept = _mm256_cmpge_epu32_mask(size, _mm256_set1_epi32((int32_t) least));
    }
    __m512d value = least == 0 ? _mm512_cvtps_pd(given) : _mm512_maskz_cvtps_pd(kept, given);
    __m512d high = _mm512_fmadd_pd(value, value, to->high);
    __m512d rounded = _mm512_sub_pd(high, to->high);
    to->sum = _mm512_add_pd(to->sum, value);
    to->high = high;
    to->low = _mm512_add_pd(to->low, _mm512_fmsub_pd(value, value, rounded));
}

AVX512 HTST_INLINE many_t
many_avx512(const float *x, int64_t n, uint32_t least, double magic)
{
    const __m512d zero = _mm512_setzero_pd(), grid = _mm512_set1_pd(magic);
    lanes_512_t one = { zero, grid, zero }, two = one;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        take_512(x + i, 0xff, least, &one);
        take_512(x + i + 8, 0xff, least, &two);
    }
    for (; i < n; i += 8) {
        __mmask8 lanes = (__mmask8) (n - i >= 8 ? 0xff : (1u << (n - i)) - 1);
        take_512(x + i, lanes, least, &one);
    }
    return (many_t){
        .sum = _mm512_reduce_add_pd(_mm512_add_pd(one.sum, two.sum)),
        .high = _mm512_reduce_add_pd(
            _mm512_add_pd(_mm512_sub_pd(one.high, grid), _mm512_sub_pd(two.high, grid))),
        .low = _mm512_reduce_add_pd(_mm512_add_pd(one.low, two.low)),
    };
}

AVX2 HTST_NOINLINE static many_t
choose_avx2(const float *x, int64_t n, uint32_t least, double magic)
{
    return least == 0 ? many_avx2(x, n, 0, magic) : many_avx2(x, n, least, magic);
}

AVX512 HTST_NOINLINE static many_t
choose_avx512(const float *x, int64_t n, uint32_t least, double magic)
{
    return least == 0 ? many_avx512(x, n, 0, magic) : many_avx512(x, n, least, magic);
}
#endif

htst_moments_many_t
htst_moments_many_f32(int isa, const float *x, int64_t n, uint32_t least, double magic)
{
#ifdef HTST_ISA_HAS_X86
    if (isa == HTST_ISA_AVX512) {
        return choose_avx512(x, n, least, magic);
    }
    if (isa == HTST_ISA_AVX2) {
        return choose_avx2(x, n, least, magic);
    }
#else
    (void) isa;
#endif
    return choose_plain(x, n, least, magic);
}
