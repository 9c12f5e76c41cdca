#include "htst_sketch.h"

#include <stddef.h>
#include <string.h>

#include "htst_common.h"
#include "htst_isa.h"
#include "htst_wide.h"

#define ABS_F32 UINT32_C(0x7fffffff)
#define INF_F32 UINT32_C(0x7f800000)
#define ABS_F64 UINT64_C(0x7fffffffffffffff)
#define INF_F64 UINT64_C(0x7ff0000000000000)

/* Number of elements of a block. They are surveyed first, and stay in the L1 cache until they are
 * counted. Their counts fit in 32 bits, so that compilers vectorise the survey. */
#define BLOCK 4096
/* Number of elements whose places are found before they are counted; the places also stay in the L1
 * cache. */
#define PLACES 1024

static int
check_window(int64_t first, int64_t width, int64_t exponents)
{
    int64_t limit = (exponents - 1) << HTST_SKETCH_KEPT;
    return first >= 0 && width >= 0 && first <= limit && width <= limit - first ? HTST_OK
                                                                                : HTST_ERR_BAD_ARG;
}

/* Widen the range of patterns in `seen` to that of a block. */
static void
widen(htst_sketch_seen_t *seen, const htst_sketch_seen_t *block)
{
    if (block->smallest != 0 && (seen->smallest == 0 || block->smallest < seen->smallest)) {
        seen->smallest = block->smallest;
    }
    if (block->largest_positive > seen->largest_positive) {
        seen->largest_positive = block->largest_positive;
    }
    if (block->largest_negative > seen->largest_negative) {
        seen->largest_negative = block->largest_negative;
    }
}

static void
add_counts(htst_sketch_seen_t *seen, const htst_sketch_seen_t *block)
{
    seen->zeros += block->zeros;
    seen->negative_zeros += block->negative_zeros;
    seen->infinities += block->infinities;
    seen->negative_infinities += block->negative_infinities;
    seen->nans += block->nans;
}

/* True if the finite non-zero patterns of a block lie in the window. */
static int
fits(const htst_sketch_seen_t *block, int64_t first, int64_t width, int dropped)
{
    int64_t largest = block->largest_positive > block->largest_negative ? block->largest_positive
                                                                        : block->largest_negative;
    return largest == 0
        || (block->smallest >> dropped >= first && largest >> dropped < first + width);
}

/* Subtract the zeros from bucket 0, where they were counted if the window contains it. */
static void
take_out_zeros(
    const htst_sketch_seen_t *block, int64_t first, int64_t width, int64_t words, uint64_t *table)
{
    if (first == 0 && width > 0) {
        table[0] -= (uint64_t) block->zeros;
        table[width * words] -= (uint64_t) block->negative_zeros;
    }
}

#define FLOAT float
#define UINT uint32_t
#define INT int32_t
#define ABS ABS_F32
#define INFINITE INF_F32
#define NONE UINT32_MAX
#define EXPONENTS 256
#define DROPPED HTST_SKETCH_DROPPED_F32
#define WORDS HTST_SKETCH_WORDS_F32
#define OF(name) name##_f32
#include "htst_sketch_template.h"

/* Find the places in the table of a block's elements. Elements outside the window, which are zeros,
 * get the last place. */
HTST_VOID_KERNEL(places_f32,
    (const float *x, int64_t n, uint32_t first, uint32_t width, uint32_t *place),
    (x, n, first, width, place))
{
    const uint32_t base = first << HTST_SKETCH_DROPPED_F32;
    const uint32_t span = width << HTST_SKETCH_DROPPED_F32;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = bits_f32(x + i), above = (bits & ABS_F32) - base;
        uint32_t slot = (bits >> 31) * width + (above >> HTST_SKETCH_DROPPED_F32);
        place[i] = above < span ? slot : 2 * width;
    }
}

static void
count_f32(const float *x, int64_t n, uint32_t first, uint32_t width, uint64_t *table)
{
    const uint32_t low_mask = (UINT32_C(1) << HTST_SKETCH_DROPPED_F32) - 1;
    uint32_t place[PLACES];
    for (int64_t start = 0; start < n; start += PLACES) {
        const int64_t size = n - start < PLACES ? n - start : PLACES;
        places_f32(x + start, size, first, width, place);
        for (int64_t i = 0; i < size; i++) {
            uint64_t *entry = table + HTST_SKETCH_WORDS_F32 * (size_t) place[i];
            entry[0] += 1;
            entry[1] += bits_f32(x + start + i) & low_mask;
        }
    }
}

#define FLOAT double
#define UINT uint64_t
#define INT int64_t
#define ABS ABS_F64
#define INFINITE INF_F64
#define NONE UINT64_MAX
#define EXPONENTS 2048
#define DROPPED HTST_SKETCH_DROPPED_F64
#define WORDS HTST_SKETCH_WORDS_F64
#define OF(name) name##_f64
#include "htst_sketch_template.h"

static void
count_f64(const double *x, int64_t n, uint64_t first, uint64_t width, uint64_t *table)
{
    const uint64_t base = first << HTST_SKETCH_DROPPED_F64;
    const uint64_t span = width << HTST_SKETCH_DROPPED_F64;
    const uint64_t none = 2 * width;
    const uint64_t low_mask = (UINT64_C(1) << HTST_SKETCH_DROPPED_F64) - 1;
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = bits_f64(x + i), above = (bits & ABS_F64) - base;
        uint64_t slot = (bits >> 63) * width + (above >> HTST_SKETCH_DROPPED_F64);
        uint64_t *entry = table + HTST_SKETCH_WORDS_F64 * (above < span ? slot : none);
        uint64_t low = bits & low_mask;
        entry[0] += 1;
        entry[1] += low;
        entry[2] += entry[1] < low;
    }
}

/* An addition to a counter waits for the previous one, and the zeros of a sparse matrix all have
 * the same counter. So groups of four zeros are counted separately. */
int
htst_sketch_add_u16(const uint16_t *x, int64_t n, uint64_t *table)
{
    int64_t i = 0;
    uint64_t zeros = 0;
    for (; n - i >= 4; i += 4) {
        uint64_t four;
        memcpy(&four, x + i, sizeof four);
        if (four == 0) {
            zeros += 4;
            continue;
        }
        for (int j = 0; j < 4; j++) {
            table[four >> 16 * j & 0xffff]++;
        }
    }
    for (; i < n; i++) {
        table[x[i]]++;
    }
    table[0] += zeros;
    return HTST_OK;
}

static void
store_128(uint64_t *words, htst_wide_t value)
{
    words[0] = htst_wide_low(value);
    words[1] = htst_wide_high(value);
}

int
htst_sketch_sums_u16(const uint64_t *table, int64_t kept, uint64_t *sums)
{
    if (kept < 0 || kept > 14) {
        return HTST_ERR_BAD_ARG;
    }
    int64_t exponents = INT64_C(1) << (15 - kept), per_exponent = INT64_C(1) << kept;
    for (int64_t group = 0; group < 2 * exponents; group++) {
        uint64_t m = group % exponents > 0 ? (uint64_t) per_exponent : 0;
        htst_wide_t first = htst_wide(0, 0), second = first;
        for (int64_t b = 0; b < per_exponent; b++, m++) {
            uint64_t count = table[group * per_exponent + b];
            first = htst_wide_add(first, htst_wide_product(count, m));
            second = htst_wide_add(second, htst_wide_product(count, m * m));
        }
        store_128(sums + 4 * group, first);
        store_128(sums + 4 * group + 2, second);
    }
    return HTST_OK;
}
