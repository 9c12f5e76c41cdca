#include "htst_moments.h"

#include <string.h>

#include "htst_ahead.h"
#include "htst_common.h"
#include "htst_isa.h"
#include "htst_moments_many.h"
#include "htst_vector.h"
#include "htst_wide.h"

#define ABS_F32 UINT32_C(0x7fffffff)
#define INF_F32 UINT32_C(0x7f800000)
#define ABS_F64 UINT64_C(0x7fffffffffffffff)
#define INF_F64 UINT64_C(0x7ff0000000000000)

/* words += value * 2^shift, or -= */
static void
wide_add(uint64_t *words, int count, htst_wide_t value, int shift, int negative)
{
    int at = shift / 64, bit = shift % 64;
    htst_wide_t shifted = htst_wide_shift(value, bit);
    uint64_t part[3] = { htst_wide_low(shifted), htst_wide_high(shifted),
        bit ? htst_wide_high(value) >> (64 - bit) : 0 };
    uint64_t flip = negative ? UINT64_MAX : 0, carry = flip & 1; /* -v = ~v + 1 */
    for (int k = at; k < count; k++) {
        uint64_t term = (k - at < 3 ? part[k - at] : 0) ^ flip, total = words[k] + term;
        words[k] = total + carry;
        carry = (uint64_t) (total < term) + (uint64_t) (words[k] < total);
        if (k - at >= 2 && carry == (flip & 1)) {
            break; /* the remaining words would add 0 */
        }
    }
}

static void
wide_add_signed(uint64_t *words, int count, htst_wide_t value, int shift)
{
    int negative = (int) (htst_wide_high(value) >> 63);
    wide_add(words, count, negative ? htst_wide_negative(value) : value, shift, negative);
}

static void
wide_add_word(uint64_t *words, int count, uint64_t value, int shift, int negative)
{
    wide_add(words, count, htst_wide(0, value), shift, negative);
}

/* words += value * 2^shift. Bits below the first word are 0. */
static void
wide_add_integer(uint64_t *words, int count, int64_t value, int shift)
{
    uint64_t magnitude = value < 0 ? -(uint64_t) value : (uint64_t) value;
    if (shift < 0) {
        wide_add_word(words, count, magnitude >> -shift, 0, value < 0);
    }
    else {
        wide_add_word(words, count, magnitude, shift, value < 0);
    }
}

/* ------------------------------------------------------------------ float32 */

#define BLOCK HTST_MOMENTS_BLOCK

#define MOST_BLOCKS 512 /* sums of as many numbers of 53 bits fit 63 */

/* Sums of several blocks by htst_moments_many.h, for e = field - 127. */
typedef struct {
    int64_t sum, high, low;
    int field;
    int room;     /* blocks that may still be added */
    int expected; /* the next block is expected to fit, and to have no smaller elements */
} many_f32_t;

/* Sums of the elements that are too small for the grids, and of all elements of blocks with NaN or
 * infinity. Only what comes after the first such element pays for the tables. */
typedef struct {
    int64_t sum[256];
    uint64_t squares[256];
    int64_t room; /* elements that may still be added: 2^15 squares of 48 bits fit 64 bits */
    int is_used;
} few_f32_t;

#define FLOAT float
#define UINT uint32_t
#define ABS ABS_F32
#define INT int32_t
#define OF(name) name##_f32
#include "htst_moments_template.h"

static void
flush_many_f32(many_f32_t *many, int field, uint64_t *sum, uint64_t *squares)
{
    int e = many->field - 127;
    wide_add_integer(sum, HTST_MOMENTS_SUM_F32, many->sum, e + 108);
    wide_add_integer(squares, HTST_MOMENTS_SQUARES_F32, many->high, 2 * e + 258);
    wide_add_integer(squares, HTST_MOMENTS_SQUARES_F32, many->low, 2 * e + 216);
    *many = (many_f32_t){ .field = field, .room = MOST_BLOCKS };
}

/* The smallest elements that are added to `many`. Denormals are never among them, because a
 * processor may be set to flush them to zero. */
static uint32_t
least_f32(const many_f32_t *many)
{
    return (uint32_t) (many->field > 19 ? many->field - 18 : 1) << 23;
}

/* Add the elements of a block. Returns true if their sums fit; if not, nothing is added. */
static int
add_many_f32(const float *x, int64_t n, int smaller, many_f32_t *many)
{
    htst_moments_many_t block = htst_moments_many_f32(
        htst_moments_best(), x, n, least_f32(many), smaller, many->field - 127);
    many->sum += block.sum;
    many->high += block.high;
    many->low += block.low;
    many->room -= block.fits;
    return block.fits;
}

static void
flush_few_f32(few_f32_t *few, uint64_t *sum, uint64_t *squares)
{
    for (int e = 0; few->is_used && e < 256; e++) {
        if (few->squares[e] != 0) {
            int shift = e > 0 ? e - 1 : 0;
            wide_add_integer(sum, HTST_MOMENTS_SUM_F32, few->sum[e], shift);
            wide_add_word(squares, HTST_MOMENTS_SQUARES_F32, few->squares[e], 2 * shift, 0);
        }
    }
    memset(few, 0, sizeof *few);
    few->room = 1 << 15;
    few->is_used = 1;
}

/* The number of elements that add_each_f32 looks for. */
HTST_KERNEL(uint32_t, count_few, (const float *x, int64_t n, uint32_t least), (x, n, least))
{
    uint32_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        uint32_t a = bits & ABS_F32;
        count += (uint32_t) (a - 1 < least - 1) | (uint32_t) (a >= INF_F32); /* not zeros */
    }
    return count;
}

/* Element by element, those with abs(x) < least, and the number of those that are not finite. */
static void
add_each_f32(const float *x, int64_t n, uint32_t least, few_f32_t *few, int64_t *not_finite)
{
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        uint32_t a = bits & ABS_F32;
        if (a >= least || a >= INF_F32) {
            *not_finite += a >= INF_F32;
            continue;
        }
        uint32_t e = a >> 23;
        int64_t m = (int64_t) ((a & 0x7fffff) | (e > 0 ? 0x800000 : 0));
        int64_t sign = -(int64_t) (bits >> 31); /* no branch, because signs are random */
        few->sum[e] += (m ^ sign) - sign;
        few->squares[e] += (uint64_t) (m * m);
    }
}

/* The same for a block, in which these elements are usually rare: most groups have none. */
static void
add_few_f32(const float *x, int64_t n, uint32_t least, few_f32_t *few, uint64_t *sum,
    uint64_t *squares, int64_t *not_finite)
{
    enum { FEW_GROUP = 64 };
    if (!few->is_used || few->room < n) {
        flush_few_f32(few, sum, squares);
    }
    few->room -= n;
    for (int64_t start = 0; start < n; start += FEW_GROUP) {
        int64_t size = n - start < FEW_GROUP ? n - start : FEW_GROUP;
        if (count_few(x + start, size, least) > 0) {
            add_each_f32(x + start, size, least, few, not_finite);
        }
    }
}

static void
block_f32(const float *x, int64_t n, many_f32_t *many, few_f32_t *few, uint64_t *sum,
    uint64_t *squares, int64_t *not_finite)
{
    if (many->expected && many->room > 0 && add_many_f32(x, n, HTST_MOMENTS_REFUSE, many)) {
        return;
    }
    range_t_f32 range = range_f32(x, n);
    int field = (int) (range.largest >> 23);
    uint32_t least = UINT32_MAX;
    many->expected = 0;
    if (range.largest == 0) {
        return;
    }
    if (field > 0 && field < 255) { /* not only denormals, and all elements are finite */
        if (field > many->field || field < many->field - 2 || many->room == 0) {
            flush_many_f32(many, field, sum, squares);
        }
        least = least_f32(many);
        int smaller = range.smallest_less_1 + 1 < least ? HTST_MOMENTS_OMIT : HTST_MOMENTS_ALLOW;
        if (!add_many_f32(x, n, smaller, many)) {
            flush_many_f32(many, field + 1, sum, squares); /* elements below 2^e always fit */
            least = least_f32(many);
            add_many_f32(x, n, HTST_MOMENTS_OMIT, many);
        }
    }
    many->expected = range.smallest_less_1 + 1 >= least;
    if (!many->expected) {
        add_few_f32(x, n, least, few, sum, squares, not_finite);
    }
}

static int
add_f32(
    const float *x, int64_t n, int is_near, uint64_t *sum, uint64_t *squares, int64_t *not_finite)
{
    many_f32_t many = { .room = MOST_BLOCKS };
    few_f32_t few;
    few.is_used = 0;
    if (n >= BLOCK) { /* the first elements show what to expect */
        many.field = (int) (range_f32(x, 64).largest >> 23);
        many.expected = many.field > 0 && many.field < 255;
    }
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t size = n - start < BLOCK ? n - start : BLOCK;
        if (!is_near) {
            htst_ahead(x + start, size * (int64_t) sizeof *x, 0);
        }
        block_f32(x + start, size, &many, &few, sum, squares, not_finite);
    }
    flush_many_f32(&many, 0, sum, squares);
    if (few.is_used) {
        flush_few_f32(&few, sum, squares);
    }
    return HTST_OK;
}

/* ------------------------------------------------------------------ float64 */

#define GROUP 8        /* elements that are added to different sums */
#define BLOCK_F64 1024 /* 128 additions for each of the 8: the grids below leave room for no more */
#define REACH 18       /* exponents, from the largest down, that are added there */

/* Sums of the parts and of the products of parts, as integers in units of their grids. */
typedef struct {
    htst_wide_t sum[3];
    htst_wide_t product[6]; /* aa, ab, bb, ac, bc, cc */
    int e;
} many_f64_t;

/* A group of elements from x on, of which `left` belong to the array; `last` is filled with zeros
 * by the caller and receives the elements at the end of the array. */
static inline const double *
fill_group(const double *x, int64_t left, double *last)
{
    if (left >= GROUP) {
        return x;
    }
    for (int64_t lane = 0; lane < left; lane++) {
        last[lane] = x[lane];
    }
    return last;
}

#define LANES 2
#define TARGET
#define OF(name) name##_2
#include "htst_moments_wide_template.h"

#ifdef HTST_ISA_HAS_X86
#define LANES 4
#define TARGET HTST_FOR_AVX2
#define OF(name) name##_4
#include "htst_moments_wide_template.h"

#define LANES 8
#define TARGET HTST_FOR_AVX512
#define OF(name) name##_8
#include "htst_moments_wide_template.h"
#endif

/* With abs(x) < 2^(E + 1), x is cut into a + b + c on grids of 2^(E - 22), 2^(E - 46) and 2^(E -
 * 70), each of at most 2^23 steps: products of two have at most 46 bits, 128 of them 53. */
static void
many_f64(const double *x, int64_t n, uint64_t least, many_f64_t *many)
{
#ifdef HTST_ISA_HAS_X86
    if (htst_isa() == HTST_ISA_AVX512) {
        add_many_8(x, n, least, many);
        return;
    }
    if (htst_isa() == HTST_ISA_AVX2) {
        add_many_4(x, n, least, many);
        return;
    }
#endif
    add_many_2(x, n, least, many);
}

static void
flush_many_f64(many_f64_t *many, int e, uint64_t *sum, uint64_t *squares)
{
    const int sum_grid[3] = { 22, 46, 70 };
    const int grid[6] = { 44, 68, 92, 92, 116, 140 }, twice[6] = { 0, 1, 0, 1, 1, 0 };
    for (int k = 0; k < 3; k++) {
        wide_add_signed(sum, HTST_MOMENTS_SUM_F64, many->sum[k], many->e - sum_grid[k] + 1074);
    }
    for (int k = 0; k < 6; k++) {
        wide_add_signed(squares, HTST_MOMENTS_SQUARES_F64, many->product[k],
            2 * many->e - grid[k] + twice[k] + 2148);
    }
    memset(many, 0, sizeof *many);
    many->e = e;
}

#define WINDOW 48                /* exponents, from the largest down, with integers of their own */
#define ROUND (INT64_C(1) << 18) /* squares of 106 bits, from four tables, that fit 128 bits */

/* Add the elements that are too small for the grids, and all elements of blocks with NaN or
 * infinity. Neighbours often share an exponent: four tables are used in turn, so that no addition
 * waits for the previous store. */
typedef struct {
    htst_wide_t sum[4][WINDOW];
    htst_wide_t squares[4][WINDOW];
    int top;
    int64_t room;
} few_f64_t;

static void
flush_few_f64(few_f64_t *few, int top, uint64_t *sum, uint64_t *squares)
{
    for (int k = 0; k < WINDOW; k++) {
        htst_wide_t value = few->sum[0][k], square = few->squares[0][k];
        for (int table = 1; table < 4; table++) {
            value = htst_wide_add(value, few->sum[table][k]);
            square = htst_wide_add(square, few->squares[table][k]);
        }
        if ((htst_wide_low(square) | htst_wide_high(square)) != 0) {
            wide_add_signed(sum, HTST_MOMENTS_SUM_F64, value, few->top - k - 1);
            wide_add(squares, HTST_MOMENTS_SQUARES_F64, square, 2 * (few->top - k - 1), 0);
        }
    }
    memset(few, 0, sizeof *few);
    few->top = top;
    few->room = ROUND;
}

/* Element by element, those with abs(x) < least. */
static void
add_few_f64(const double *x, int64_t n, uint64_t least, few_f64_t *few, uint64_t *sum,
    uint64_t *squares, int64_t *not_finite)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, x + i, sizeof bits);
        uint64_t field = bits >> 52 & 2047;
        if ((bits & ABS_F64) >= least || field == 2047) {
            *not_finite += field == 2047;
            continue;
        }
        uint64_t m = (bits & ((UINT64_C(1) << 52) - 1)) | (uint64_t) (field > 0) << 52;
        int exponent = field > 0 ? (int) field : 1, k = few->top - exponent;
        if (HTST_LIKELY(k < WINDOW)) {
            int64_t sign = -(int64_t) (bits >> 63); /* no branch, because signs are random */
            htst_wide_t *total = &few->sum[i & 3][k], *square = &few->squares[i & 3][k];
            *total = htst_wide_add_signed(*total, ((int64_t) m ^ sign) - sign);
            *square = htst_wide_add(*square, htst_wide_product(m, m));
        }
        else {
            wide_add_word(sum, HTST_MOMENTS_SUM_F64, m, exponent - 1, bits > ABS_F64);
            wide_add(
                squares, HTST_MOMENTS_SQUARES_F64, htst_wide_product(m, m), 2 * (exponent - 1), 0);
        }
    }
}

#define FLOAT double
#define UINT uint64_t
#define ABS ABS_F64
#define INT int64_t
#define OF(name) name##_f64
#include "htst_moments_template.h"

static void
block_f64(const double *x, int64_t n, many_f64_t *many, few_f64_t *few, uint64_t *sum,
    uint64_t *squares, int64_t *not_finite)
{
    range_t_f64 range = range_f64(x, n);
    int field = (int) (range.largest >> 52), e = field - 1023;
    uint64_t least = UINT64_MAX;
    if (e >= -400 && e <= 400) { /* no product leaves the range of normal numbers */
        if (e > many->e || e < many->e - 2) {
            flush_many_f64(many, e, sum, squares);
        }
        least = (uint64_t) (many->e + 1023 - REACH) << 52;
        many_f64(x, n, least, many);
    }
    if (range.smallest_less_1 + 1 < least) {
        int top = field == 2047 ? 2046 : field > 0 ? field : 1;
        if (top > few->top || few->room < n) {
            flush_few_f64(few, top > few->top ? top : few->top, sum, squares);
        }
        few->room -= n;
        add_few_f64(x, n, least, few, sum, squares, not_finite);
    }
}

static int
add_f64(
    const double *x, int64_t n, int is_near, uint64_t *sum, uint64_t *squares, int64_t *not_finite)
{
    many_f64_t many;
    few_f64_t few;
    memset(&many, 0, sizeof many);
    memset(&few, 0, sizeof few);
    for (int64_t start = 0; start < n; start += BLOCK_F64) {
        int64_t size = n - start < BLOCK_F64 ? n - start : BLOCK_F64;
        if (!is_near) {
            htst_ahead(x + start, size * (int64_t) sizeof *x, 0);
        }
        block_f64(x + start, size, &many, &few, sum, squares, not_finite);
    }
    flush_many_f64(&many, 0, sum, squares);
    flush_few_f64(&few, 0, sum, squares);
    return HTST_OK;
}
