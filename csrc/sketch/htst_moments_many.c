#include "htst_moments_many.h"

#include <string.h>

#include "htst_common.h"
#include "htst_isa.h"
#include "htst_vector.h"

#ifdef HTST_ISA_HAS_X86
#include <immintrin.h>
#endif

#define ABS_F32 UINT32_C(0x7fffffff)
#define MOST 0x1p51 /* the largest sum of squares, in units 2^42 u^2 */

typedef htst_moments_many_t many_t;

double
htst_moments_power(int exponent)
{
    uint64_t bits = (uint64_t) (exponent + 1023) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* 1.5 * 2^94 u^2 */
static double
start_of(int e)
{
    return 1.5 * htst_moments_power(2 * e + 12);
}

/* The integers of sums in double precision; `high` without the number that it started from. */
static many_t
many_of(double sum, double high, double low, int e)
{
    const double squares = high * htst_moments_power(40 - 2 * e);
    if (!(squares <= MOST)) {
        return (many_t){ .fits = 0 };
    }
    return (many_t){
        .fits = 1,
        .sum = (int64_t) (sum * htst_moments_power(41 - e)),
        .high = (int64_t) squares,
        .low = (int64_t) (low * htst_moments_power(82 - 2 * e)),
    };
}

/* Whether one of the last elements, which do not fill a vector, is below `least`. */
static int
any_below(const float *x, int64_t n, uint32_t least)
{
    int any = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        any |= (bits & ABS_F32) < least;
    }
    return any;
}

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
take_four(const float *x, uint32_t least, int smaller, lanes_t *to, words_t *seen)
{
    words_t bits;
    memcpy(&bits, x, sizeof bits);
    if (smaller == HTST_MOMENTS_OMIT) {
        bits = HTST_WORDS_FROM(words_t, bits, ABS_F32, least);
    }
    if (smaller == HTST_MOMENTS_REFUSE) {
        *seen = HTST_WORDS_BELOW(words_t, bits, ABS_F32, least, *seen);
    }
    const uint32_t third = HTST_LANE(bits, 2), fourth = HTST_LANE(bits, 3);
    words_t others = { third, fourth, third, fourth };
    add_two(first_two(HTST_VECTOR_OF(floats_t, bits)), to);
    add_two(first_two(HTST_VECTOR_OF(floats_t, others)), to + 1);
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
total_of(const doubles_t *a, const doubles_t *b)
{
    doubles_t both = HTST_VECTOR_ADD(doubles_t, *a, *b);
    return HTST_LANE(both, 0) + HTST_LANE(both, 1);
}

HTST_INLINE many_t
many_plain(const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    const doubles_t start = pair_of(start_of(e));
    lanes_t to[2] = { { .high = start }, { .high = start } };
    words_t seen = { 0 }, unused = { 0 };
    float last[4] = { 0 };
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        take_four(x + i, least, smaller, to, &seen);
    }
    if (smaller == HTST_MOMENTS_REFUSE) {
        uint32_t any =
            HTST_LANE(seen, 0) | HTST_LANE(seen, 1) | HTST_LANE(seen, 2) | HTST_LANE(seen, 3);
        if (any > ABS_F32 || any_below(x + i, n - i, least)) {
            return (many_t){ .fits = 0 };
        }
    }
    memcpy(last, x + i, (size_t) (n - i) * sizeof *x);
    take_four(last, least, smaller, to, &unused);
    doubles_t one = HTST_VECTOR_SUBTRACT(doubles_t, to[0].high, start);
    doubles_t two = HTST_VECTOR_SUBTRACT(doubles_t, to[1].high, start);
    return many_of(total_of(&to[0].sum, &to[1].sum), total_of(&one, &two),
        total_of(&to[0].low, &to[1].low), e);
}

/* Loops of their own for each way. */
HTST_NOINLINE static many_t
choose_plain(const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    return smaller == HTST_MOMENTS_REFUSE ? many_plain(x, n, least, HTST_MOMENTS_REFUSE, e)
        : smaller == HTST_MOMENTS_OMIT    ? many_plain(x, n, least, HTST_MOMENTS_OMIT, e)
                                          : many_plain(x, n, least, HTST_MOMENTS_ALLOW, e);
}

/* ---- AVX2 and AVX-512 ------------------------------------------------------------------------ */

#ifdef HTST_ISA_HAS_X86
/* bench/kernels/instructions.py times them beside the plain loops. */
#define AVX2 HTST_TARGET("avx2,fma")
#define AVX512 HTST_TARGET("avx512f,avx512vl,fma")
#define IFMA HTST_TARGET("avx512f,avx512vl,avx512ifma,fma")

typedef struct {
    __m256d sum, high, low;
} lanes_256_t;

typedef struct {
    __m512d sum, high, low;
} lanes_512_t;

/* For IFMA: the squares in double precision, the elements as integers with the bits of the number
 * that makes them so, and the lower 52 bits of their squares. */
typedef struct {
    __m512d squares;
    __m512i sum, low;
} integers_512_t;

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

/* Subtraction and `or` can start on a port that conversions and products do not use. */
AVX2 HTST_INLINE void
take_256(const float *x, uint32_t least, int smaller, lanes_256_t *to, __m256i *seen)
{
    const __m256i from = _mm256_set1_epi32((int32_t) least);
    __m256i bits = _mm256_loadu_si256((const __m256i *) (const void *) x);
    __m256i below = _mm256_sub_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(INT32_MAX)), from);
    if (smaller == HTST_MOMENTS_OMIT) {
        bits = _mm256_andnot_si256(_mm256_srai_epi32(below, 31), bits);
        __m256 value = _mm256_castsi256_ps(bits);
        add_256(_mm256_castps256_ps128(value), to);
        add_256(_mm256_extractf128_ps(value, 1), to + 1);
        return;
    }
    if (smaller == HTST_MOMENTS_REFUSE) {
        *seen = _mm256_or_si256(*seen, below);
    }
    add_256(_mm_loadu_ps(x), to);
    add_256(_mm_loadu_ps(x + 4), to + 1);
}

AVX2 HTST_INLINE double
total_256(__m256d one, __m256d other)
{
    __m256d lanes = _mm256_add_pd(one, other);
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(lanes), _mm256_extractf128_pd(lanes, 1));
    return _mm_cvtsd_f64(two) + _mm_cvtsd_f64(_mm_unpackhi_pd(two, two));
}

AVX2 HTST_INLINE many_t
many_avx2(const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    const __m256d zero = _mm256_setzero_pd(), start = _mm256_set1_pd(start_of(e));
    lanes_256_t to[2] = { { zero, start, zero }, { zero, start, zero } };
    __m256i seen = _mm256_setzero_si256(), unused = seen;
    float last[8] = { 0 };
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        take_256(x + i, least, smaller, to, &seen);
    }
    if (smaller == HTST_MOMENTS_REFUSE
        && (_mm256_movemask_ps(_mm256_castsi256_ps(seen)) || any_below(x + i, n - i, least))) {
        return (many_t){ .fits = 0 };
    }
    memcpy(last, x + i, (size_t) (n - i) * sizeof *x);
    take_256(last, least, smaller, to, &unused);
    return many_of(total_256(to[0].sum, to[1].sum),
        total_256(_mm256_sub_pd(to[0].high, start), _mm256_sub_pd(to[1].high, start)),
        total_256(to[0].low, to[1].low), e);
}

/* Eight elements: those of `lanes`; without those that are omitted. Others are 0. */
AVX512 HTST_INLINE __m512d
values_512(const float *x, __mmask8 lanes, uint32_t least, int smaller)
{
    __m256 given = _mm256_maskz_loadu_ps(lanes, x);
    if (smaller != HTST_MOMENTS_OMIT) {
        return _mm512_cvtps_pd(given);
    }
    __m256i size = _mm256_and_si256(_mm256_castps_si256(given), _mm256_set1_epi32(INT32_MAX));
    __mmask8 kept = _mm256_cmpge_epu32_mask(size, _mm256_set1_epi32((int32_t) least));
    return _mm512_maskz_cvtps_pd(kept, given);
}

/* The smallest of sixteen elements and of those before. */
AVX512 HTST_INLINE __m512i
smallest_512(__m512i smallest, const float *x)
{
    __m512i size = _mm512_and_si512(_mm512_loadu_si512(x), _mm512_set1_epi32(INT32_MAX));
    return _mm512_min_epu32(smallest, size);
}

/* Whether those smallest elements, or one of n others, are below `least`. */
AVX512 HTST_INLINE int
any_below_512(__m512i smallest, const float *x, int64_t n, uint32_t least)
{
    const __m512i from = _mm512_set1_epi32((int32_t) least);
    return _mm512_cmplt_epu32_mask(smallest, from) != 0 || any_below(x, n, least);
}

AVX512 HTST_INLINE __mmask8
first_512(int64_t left)
{
    return (__mmask8) (left >= 8 ? 0xff : left <= 0 ? 0 : (1u << left) - 1);
}

AVX512 HTST_INLINE void
add_512(__m512d value, lanes_512_t *to)
{
    __m512d high = _mm512_fmadd_pd(value, value, to->high);
    __m512d rounded = _mm512_sub_pd(high, to->high);
    to->sum = _mm512_add_pd(to->sum, value);
    to->high = high;
    to->low = _mm512_add_pd(to->low, _mm512_fmsub_pd(value, value, rounded));
}

AVX512 HTST_INLINE many_t
many_avx512(const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    const __m512d zero = _mm512_setzero_pd(), start = _mm512_set1_pd(start_of(e));
    lanes_512_t one = { zero, start, zero }, two = one;
    __m512i smallest = _mm512_set1_epi32(INT32_MAX);
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        smallest = smaller == HTST_MOMENTS_REFUSE ? smallest_512(smallest, x + i) : smallest;
        add_512(values_512(x + i, 0xff, least, smaller), &one);
        add_512(values_512(x + i + 8, 0xff, least, smaller), &two);
    }
    if (smaller == HTST_MOMENTS_REFUSE && any_below_512(smallest, x + i, n - i, least)) {
        return (many_t){ .fits = 0 };
    }
    add_512(values_512(x + i, first_512(n - i), least, smaller), &one);
    add_512(values_512(x + i + 8, first_512(n - i - 8), least, smaller), &two);
    return many_of(_mm512_reduce_add_pd(_mm512_add_pd(one.sum, two.sum)),
        _mm512_reduce_add_pd(
            _mm512_add_pd(_mm512_sub_pd(one.high, start), _mm512_sub_pd(two.high, start))),
        _mm512_reduce_add_pd(_mm512_add_pd(one.low, two.low)), e);
}

IFMA HTST_INLINE void
add_ifma(__m512d value, __m512d to_integer, integers_512_t *to)
{
    __m512i integer = _mm512_castpd_si512(_mm512_add_pd(value, to_integer));
    to->squares = _mm512_fmadd_pd(value, value, to->squares);
    to->sum = _mm512_add_epi64(to->sum, integer);
    to->low = _mm512_madd52lo_epu64(to->low, integer, integer);
}

/* The sums of all lanes. `offset`: what turned the elements of one lane into integers. */
IFMA HTST_INLINE many_t
total_ifma(const integers_512_t *one, const integers_512_t *two, uint64_t offset, int e)
{
    const int64_t lower_52 = (INT64_C(1) << 52) - 1;
    const double squares = _mm512_reduce_add_pd(_mm512_add_pd(one->squares, two->squares))
        * htst_moments_power(82 - 2 * e);
    if (!(squares <= MOST * 0x1p42)) {
        return (many_t){ .fits = 0 };
    }
    __m512i sum = _mm512_add_epi64(one->sum, two->sum);
    sum = _mm512_sub_epi64(sum, _mm512_set1_epi64((int64_t) offset));
    int64_t low = _mm512_reduce_add_epi64(_mm512_add_epi64(one->low, two->low)) & lower_52;
    return (many_t){
        .fits = 1,
        .sum = _mm512_reduce_add_epi64(sum),
        .high = (int64_t) ((squares - (double) low) * 0x1p-52 + 0.5) * 1024,
        .low = low,
    };
}

IFMA HTST_INLINE many_t
many_ifma(const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    const double offset = 1.5 * htst_moments_power(e + 11);
    const __m512d to_integer = _mm512_set1_pd(offset);
    const __m512i zero = _mm512_setzero_si512();
    integers_512_t one = { _mm512_setzero_pd(), zero, zero }, two = one;
    __m512i smallest = _mm512_set1_epi32(INT32_MAX);
    uint64_t bits;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        smallest = smaller == HTST_MOMENTS_REFUSE ? smallest_512(smallest, x + i) : smallest;
        add_ifma(values_512(x + i, 0xff, least, smaller), to_integer, &one);
        add_ifma(values_512(x + i + 8, 0xff, least, smaller), to_integer, &two);
    }
    if (smaller == HTST_MOMENTS_REFUSE && any_below_512(smallest, x + i, n - i, least)) {
        return (many_t){ .fits = 0 };
    }
    add_ifma(values_512(x + i, first_512(n - i), least, smaller), to_integer, &one);
    add_ifma(values_512(x + i + 8, first_512(n - i - 8), least, smaller), to_integer, &two);
    memcpy(&bits, &offset, sizeof bits);
    bits *= (uint64_t) (i / 8 + 2); /* the vectors that were added */
    return total_ifma(&one, &two, bits, e);
}

AVX2 HTST_NOINLINE static many_t
choose_avx2(const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    return smaller == HTST_MOMENTS_REFUSE ? many_avx2(x, n, least, HTST_MOMENTS_REFUSE, e)
        : smaller == HTST_MOMENTS_OMIT    ? many_avx2(x, n, least, HTST_MOMENTS_OMIT, e)
                                          : many_avx2(x, n, least, HTST_MOMENTS_ALLOW, e);
}

AVX512 HTST_NOINLINE static many_t
choose_avx512(const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    return smaller == HTST_MOMENTS_REFUSE ? many_avx512(x, n, least, HTST_MOMENTS_REFUSE, e)
        : smaller == HTST_MOMENTS_OMIT    ? many_avx512(x, n, least, HTST_MOMENTS_OMIT, e)
                                          : many_avx512(x, n, least, HTST_MOMENTS_ALLOW, e);
}

IFMA HTST_NOINLINE static many_t
choose_ifma(const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    return smaller == HTST_MOMENTS_REFUSE ? many_ifma(x, n, least, HTST_MOMENTS_REFUSE, e)
        : smaller == HTST_MOMENTS_OMIT    ? many_ifma(x, n, least, HTST_MOMENTS_OMIT, e)
                                          : many_ifma(x, n, least, HTST_MOMENTS_ALLOW, e);
}
#endif

int
htst_moments_best(void)
{
#ifdef HTST_ISA_HAS_X86
    switch (htst_isa()) {
        case HTST_ISA_AVX512:
            return HTST_CPU_HAS("avx512ifma") ? HTST_MOMENTS_IFMA : HTST_MOMENTS_AVX512;
        case HTST_ISA_AVX2: return HTST_MOMENTS_AVX2;
        default: break;
    }
#endif
    return HTST_MOMENTS_PLAIN;
}

htst_moments_many_t
htst_moments_many_f32(
    int instructions, const float *x, int64_t n, uint32_t least, int smaller, int e)
{
#ifdef HTST_ISA_HAS_X86
    switch (instructions) {
        case HTST_MOMENTS_IFMA: return choose_ifma(x, n, least, smaller, e);
        case HTST_MOMENTS_AVX512: return choose_avx512(x, n, least, smaller, e);
        case HTST_MOMENTS_AVX2: return choose_avx2(x, n, least, smaller, e);
        default: break;
    }
#else
    (void) instructions;
#endif
    return choose_plain(x, n, least, smaller, e);
}
