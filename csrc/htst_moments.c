#include "htst_moments.h"

#include <string.h>

#include "htst_common.h"

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

#define ABS_F32 UINT32_C(0x7fffffff)
#define INF_F32 UINT32_C(0x7f800000)
#define ABS_F64 UINT64_C(0x7fffffffffffffff)
#define INF_F64 UINT64_C(0x7ff0000000000000)

/* words += value * 2^shift, or -= */
static void
wide_add(uint64_t *words, int count, u128 value, int shift, int negative)
{
    int at = shift / 64, bit = shift % 64;
    uint64_t part[3] = {(uint64_t)(value << bit), (uint64_t)((value << bit) >> 64),
                        bit ? (uint64_t)(value >> 64 >> (64 - bit)) : 0};
    uint64_t flip = negative ? UINT64_MAX : 0;
    u128 carry = flip & 1; /* -v = ~v + 1 */
    for (int k = at; k < count; k++) {
        u128 total = (u128)words[k] + ((k - at < 3 ? part[k - at] : 0) ^ flip) + carry;
        words[k] = (uint64_t)total;
        carry = total >> 64;
    }
}

/* A float64 that is a multiple of 2^unit, in `scale` = 2^-unit, as an integer times 2^(unit - least).
 * Where unit is below least, the value is a multiple of 2^least all the same. */
static void
wide_add_double(uint64_t *words, int count, double value, double scale, int shift)
{
    int64_t integer = (int64_t)(value * scale);
    uint64_t magnitude = integer < 0 ? -(uint64_t)integer : (uint64_t)integer;
    if (shift < 0) {
        wide_add(words, count, magnitude >> -shift, 0, integer < 0);
    }
    else {
        wide_add(words, count, magnitude, shift, integer < 0);
    }
}

static double
power_of_two(int exponent)
{
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ------------------------------------------------------------------ float32 */

#define BLOCK 2048 /* additions that the grids below leave room for */
/* Vectors of the compiler's: it may not reorder sums of doubles, and cannot know that these are exact.
 * Two at a time, so that one need not wait for the other's additions. */
#define LANES 8

typedef float floats_t __attribute__((vector_size(4 * LANES)));
typedef uint32_t words_t __attribute__((vector_size(4 * LANES)));
typedef double doubles_t __attribute__((vector_size(8 * LANES)));

typedef struct {
    uint32_t smallest_less_1, largest;
} range_t;

typedef struct {
    double sum, high, low;
} block_sums_t;

typedef struct {
    int64_t sum[256];
    uint64_t squares[256];
    int64_t room; /* elements that may still come: 2^15 squares of 48 bits fit 64 */
} by_exponent_t;

HTST_CLONES static range_t
range_f32(const float *x, int64_t n)
{
    uint32_t smallest = UINT32_MAX, largest = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        uint32_t a = bits & ABS_F32;
        smallest = a - 1 < smallest ? a - 1 : smallest;
        largest = a > largest ? a : largest;
    }
    return (range_t){smallest, largest};
}

/* Sums over a block of the elements with abs(x) >= least. With 2^E <= the largest < 2^(E + 1) and
 * `magic` = 1.5 * 2^(2 E + 12), adding and subtracting magic rounds a square to a multiple of
 * 2^(2 E - 40); 2048 of these stay within 53 bits, and so do 2048 of what is left over, multiples of
 * 2^(2 E - 82), and 2048 of the elements, multiples of 2^(E - 41). */
static inline void
take_f32(const float *x, uint32_t least, double magic, doubles_t *sum, doubles_t *high,
         doubles_t *low)
{
    words_t bits;
    memcpy(&bits, x, sizeof bits);
    bits &= (words_t)((bits & ABS_F32) >= least);
    floats_t kept;
    memcpy(&kept, &bits, sizeof kept);
    doubles_t value = __builtin_convertvector(kept, doubles_t);
    doubles_t square = value * value;
    doubles_t rounded = (square + magic) - magic;
    *sum += value;
    *high += rounded;
    *low += square - rounded;
}

HTST_CLONES static block_sums_t
sums_f32(const float *x, int64_t n, uint32_t least, double magic)
{
    doubles_t sum = {0}, high = {0}, low = {0}, sum_2 = {0}, high_2 = {0}, low_2 = {0};
    int64_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        take_f32(x + i, least, magic, &sum, &high, &low);
        take_f32(x + i + LANES, least, magic, &sum_2, &high_2, &low_2);
    }
    float last[2 * LANES] = {0};
    memcpy(last, x + i, (size_t)(n - i) * sizeof *x);
    take_f32(last, least, magic, &sum, &high, &low);
    take_f32(last + LANES, least, magic, &sum_2, &high_2, &low_2);
    sum += sum_2;
    high += high_2;
    low += low_2;
    block_sums_t total = {0, 0, 0};
    for (int lane = 0; lane < LANES; lane++) {
        total.sum += sum[lane];
        total.high += high[lane];
        total.low += low[lane];
    }
    return total;
}

static void
flush_f32(by_exponent_t *few, uint64_t *sum, uint64_t *squares)
{
    for (int e = 0; e < 256; e++) {
        int shift = e > 0 ? e - 1 : 0;
        int64_t value = few->sum[e];
        uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
        if (few->squares[e] != 0) {
            wide_add(sum, HTST_MOMENTS_SUM_F32, magnitude, shift, value < 0);
            wide_add(squares, HTST_MOMENTS_SQUARES_F32, few->squares[e], 2 * shift, 0);
        }
    }
    memset(few, 0, sizeof *few);
    few->room = 1 << 15;
}

/* Element by element, those with abs(x) < least. */
static void
few_f32(const float *x, int64_t n, uint32_t least, by_exponent_t *few, uint64_t *sum,
        uint64_t *squares, int64_t *not_finite)
{
    if (few->room < n) {
        flush_f32(few, sum, squares);
    }
    few->room -= n;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        uint32_t a = bits & ABS_F32;
        if (a >= least || a >= INF_F32) {
            *not_finite += a >= INF_F32;
            continue;
        }
        uint32_t e = a >> 23;
        int64_t m = (int64_t)((a & 0x7fffff) | (e > 0 ? 0x800000 : 0));
        int64_t sign = -(int64_t)(bits >> 31); /* no branch: signs are random */
        few->sum[e] += (m ^ sign) - sign;
        few->squares[e] += (uint64_t)(m * m);
    }
}

int
htst_moments_add_f32(const float *x, int64_t n, uint64_t *sum, uint64_t *squares,
                     int64_t *not_finite)
{
    by_exponent_t few = {{0}, {0}, 1 << 15};
    for (int64_t start = 0; start < n; start += BLOCK) {
        const float *block = x + start;
        int64_t size = n - start < BLOCK ? n - start : BLOCK;
        range_t range = range_f32(block, size);
        if (range.largest < UINT32_C(1) << 23 || range.largest >= INF_F32) {
            /* nothing but denormals, or something not finite */
            few_f32(block, size, UINT32_MAX, &few, sum, squares, not_finite);
            continue;
        }
        /* denormals are never among the many: a processor may be set to take them for zeros */
        int field = (int)(range.largest >> 23), e = field - 127;
        uint32_t least = (uint32_t)(field > 19 ? field - 18 : 1) << 23;
        block_sums_t many = sums_f32(block, size, least, 1.5 * power_of_two(2 * e + 12));
        wide_add_double(sum, HTST_MOMENTS_SUM_F32, many.sum, power_of_two(41 - e), e + 108);
        wide_add_double(squares, HTST_MOMENTS_SQUARES_F32, many.high, power_of_two(40 - 2 * e),
                        2 * e + 258);
        wide_add_double(squares, HTST_MOMENTS_SQUARES_F32, many.low, power_of_two(82 - 2 * e),
                        2 * e + 216);
        if (range.smallest_less_1 + 1 < least) {
            few_f32(block, size, least, &few, sum, squares, not_finite);
        }
    }
    flush_f32(&few, sum, squares);
    return HTST_OK;
}

/* ------------------------------------------------------------------ float64 */

#define WINDOW 48 /* exponents, from the largest down, that have integers of their own */
#define ROUND (INT64_C(1) << 18) /* squares of 106 bits, from four tables, that fit 128 bits */

/* Neighbours often share an exponent: four tables in turn, so that none waits for its last store. */
typedef struct {
    i128 sum[4][WINDOW];
    u128 squares[4][WINDOW];
} window_t;

static void
flush_f64(window_t *window, int top, uint64_t *sum, uint64_t *squares)
{
    for (int k = 0; k < WINDOW; k++) {
        i128 value = window->sum[0][k] + window->sum[1][k] + window->sum[2][k] + window->sum[3][k];
        u128 square = window->squares[0][k] + window->squares[1][k] + window->squares[2][k]
                      + window->squares[3][k];
        if (square != 0) {
            u128 magnitude = value < 0 ? -(u128)value : (u128)value;
            wide_add(sum, HTST_MOMENTS_SUM_F64, magnitude, top - k - 1, value < 0);
            wide_add(squares, HTST_MOMENTS_SQUARES_F64, square, 2 * (top - k - 1), 0);
        }
    }
    memset(window, 0, sizeof *window);
}

/* The exponent field of the largest finite abs(x), denormals as those of the smallest normal. */
HTST_CLONES static uint64_t
largest_f64(const double *x, int64_t n)
{
    uint64_t largest = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, x + i, sizeof bits);
        uint64_t a = bits & ABS_F64;
        a = a < INF_F64 ? a : 0;
        largest = a > largest ? a : largest;
    }
    return largest >> 52 > 1 ? largest >> 52 : 1;
}

static void
round_f64(const double *x, int64_t n, int top, window_t *window, uint64_t *sum, uint64_t *squares,
          int64_t *not_finite)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, x + i, sizeof bits);
        uint64_t field = bits >> 52 & 2047;
        uint64_t m = (bits & ((UINT64_C(1) << 52) - 1)) | (uint64_t)(field > 0) << 52;
        int exponent = field > 0 ? (int)field : 1, k = top - exponent;
        if (HTST_UNLIKELY(field == 2047)) {
            ++*not_finite;
        }
        else if (HTST_LIKELY(k < WINDOW)) {
            int64_t sign = -(int64_t)(bits >> 63); /* no branch: signs are random */
            window->sum[i & 3][k] += ((int64_t)m ^ sign) - sign;
            window->squares[i & 3][k] += (u128)m * m;
        }
        else {
            wide_add(sum, HTST_MOMENTS_SUM_F64, m, exponent - 1, bits > ABS_F64);
            wide_add(squares, HTST_MOMENTS_SQUARES_F64, (u128)m * m, 2 * (exponent - 1), 0);
        }
    }
}

int
htst_moments_add_f64(const double *x, int64_t n, uint64_t *sum, uint64_t *squares,
                     int64_t *not_finite)
{
    window_t window;
    memset(&window, 0, sizeof window);
    int64_t room = ROUND;
    int top = 1;
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t size = n - start < BLOCK ? n - start : BLOCK;
        int largest = (int)largest_f64(x + start, size);
        if (largest > top || room < size) {
            flush_f64(&window, top, sum, squares);
            top = largest > top ? largest : top;
            room = ROUND;
        }
        round_f64(x + start, size, top, &window, sum, squares, not_finite);
        room -= size;
    }
    flush_f64(&window, top, sum, squares);
    return HTST_OK;
}
