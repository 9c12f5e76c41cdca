#include "htst_sketch.h"

#include <stddef.h>
#include <string.h>

#include "htst_common.h"

__extension__ typedef unsigned __int128 u128;

#define ABS_F32 UINT32_C(0x7fffffff)
#define INF_F32 UINT32_C(0x7f800000)
#define ABS_F64 UINT64_C(0x7fffffffffffffff)
#define INF_F64 UINT64_C(0x7ff0000000000000)

/* Elements of a block: they are surveyed first and stay in the L1 cache until they are counted.
 * Their counts fit 32 bits, so that compilers vectorise the survey. */
#define BLOCK 4096
/* Elements whose places are found before they are counted; the places stay in the L1 cache too. */
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

/* Whether the finite non-zero patterns of a block lie in the window. */
static int
fits(const htst_sketch_seen_t *block, int64_t first, int64_t width, int dropped)
{
    int64_t largest = block->largest_positive > block->largest_negative ? block->largest_positive
                                                                        : block->largest_negative;
    return largest == 0
        || (block->smallest >> dropped >= first && largest >> dropped < first + width);
}

/* Move the zeros out of bucket 0, where they were counted if the window has it. */
static void
take_out_zeros(
    const htst_sketch_seen_t *block, int64_t first, int64_t width, int64_t words, uint64_t *table)
{
    if (first == 0 && width > 0) {
        table[0] -= (uint64_t) block->zeros;
        table[width * words] -= (uint64_t) block->negative_zeros;
    }
}

static inline uint32_t
bits_f32(const float *x)
{
    uint32_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

typedef struct {
    uint32_t smallest_less_1; /* abs(x) - 1 wraps zero to the largest integer */
    uint32_t largest;         /* as an unsigned pattern: a negative one if there is any */
    uint32_t zeros, negative_zeros;
    int32_t largest_signed; /* the largest positive one, if there is any */
} range_f32_t;

HTST_CLONES static range_f32_t
range_f32(const float *x, int64_t n)
{
    uint32_t smallest = UINT32_MAX, largest = 0, zeros = 0, negative = 0;
    int32_t signed_max = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = bits_f32(x + i), a = bits & ABS_F32;
        smallest = a - 1 < smallest ? a - 1 : smallest;
        largest = bits > largest ? bits : largest;
        signed_max = (int32_t) bits > signed_max ? (int32_t) bits : signed_max;
        zeros += a == 0;
        negative += bits == ~ABS_F32;
    }
    return (range_f32_t){ smallest, largest, zeros, negative, signed_max };
}

/* A block with NaN or infinity, element by element. */
static void
look_slowly_f32(const float *x, int64_t n, htst_sketch_seen_t *seen)
{
    memset(seen, 0, sizeof *seen);
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = bits_f32(x + i), a = bits & ABS_F32;
        int negative = bits != a;
        if (a == 0) {
            *(negative ? &seen->negative_zeros : &seen->zeros) += 1;
        }
        else if (a > INF_F32) {
            seen->nans++;
        }
        else if (a == INF_F32) {
            *(negative ? &seen->negative_infinities : &seen->infinities) += 1;
        }
        else {
            htst_sketch_seen_t one = { 0 };
            one.smallest = (int64_t) a;
            *(negative ? &one.largest_negative : &one.largest_positive) = (int64_t) a;
            widen(seen, &one);
        }
    }
}

static void
look_f32(const float *x, int64_t n, htst_sketch_seen_t *seen)
{
    range_f32_t range = range_f32(x, n);
    if (HTST_UNLIKELY(range.largest_signed >= (int32_t) INF_F32
            || (range.largest > ABS_F32 && (range.largest & ABS_F32) >= INF_F32))) {
        look_slowly_f32(x, n, seen);
        return;
    }
    memset(seen, 0, sizeof *seen);
    seen->zeros = (int64_t) (range.zeros - range.negative_zeros);
    seen->negative_zeros = (int64_t) range.negative_zeros;
    seen->smallest =
        range.smallest_less_1 == UINT32_MAX ? 0 : (int64_t) (range.smallest_less_1 + 1);
    seen->largest_positive = range.largest_signed;
    seen->largest_negative = range.largest > ABS_F32 ? (int64_t) (range.largest & ABS_F32) : 0;
}

/* The places in the table of a block's elements; those outside the window, which are zeros, get the
 * last. */
HTST_CLONES static void
places_f32(const float *x, int64_t n, uint32_t first, uint32_t width, uint32_t *place)
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

int
htst_sketch_add_f32(const float *x, int64_t n, int64_t first, int64_t width, uint64_t *table,
    htst_sketch_seen_t *seen)
{
    seen->done = 0;
    if (check_window(first, width, 256) != HTST_OK) {
        return HTST_ERR_BAD_ARG;
    }
    while (seen->done < n) {
        int64_t size = n - seen->done < BLOCK ? n - seen->done : BLOCK;
        htst_sketch_seen_t block;
        look_f32(x + seen->done, size, &block);
        widen(seen, &block);
        if (!fits(&block, first, width, HTST_SKETCH_DROPPED_F32)) {
            break;
        }
        count_f32(x + seen->done, size, (uint32_t) first, (uint32_t) width, table);
        take_out_zeros(&block, first, width, HTST_SKETCH_WORDS_F32, table);
        add_counts(seen, &block);
        seen->done += size;
    }
    return HTST_OK;
}

static inline uint64_t
bits_f64(const double *x)
{
    uint64_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

typedef struct {
    uint64_t smallest_less_1; /* abs(x) - 1 wraps zero to the largest integer */
    uint64_t largest;         /* as an unsigned pattern: a negative one if there is any */
    uint64_t zeros, negative_zeros;
    int64_t largest_signed; /* the largest positive one, if there is any */
} range_f64_t;

HTST_CLONES static range_f64_t
range_f64(const double *x, int64_t n)
{
    uint64_t smallest = UINT64_MAX, largest = 0, zeros = 0, negative = 0;
    int64_t signed_max = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = bits_f64(x + i), a = bits & ABS_F64;
        smallest = a - 1 < smallest ? a - 1 : smallest;
        largest = bits > largest ? bits : largest;
        signed_max = (int64_t) bits > signed_max ? (int64_t) bits : signed_max;
        zeros += a == 0;
        negative += bits == ~ABS_F64;
    }
    return (range_f64_t){ smallest, largest, zeros, negative, signed_max };
}

/* A block with NaN or infinity, element by element. */
static void
look_slowly_f64(const double *x, int64_t n, htst_sketch_seen_t *seen)
{
    memset(seen, 0, sizeof *seen);
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = bits_f64(x + i), a = bits & ABS_F64;
        int negative = bits != a;
        if (a == 0) {
            *(negative ? &seen->negative_zeros : &seen->zeros) += 1;
        }
        else if (a > INF_F64) {
            seen->nans++;
        }
        else if (a == INF_F64) {
            *(negative ? &seen->negative_infinities : &seen->infinities) += 1;
        }
        else {
            htst_sketch_seen_t one = { 0 };
            one.smallest = (int64_t) a;
            *(negative ? &one.largest_negative : &one.largest_positive) = (int64_t) a;
            widen(seen, &one);
        }
    }
}

static void
look_f64(const double *x, int64_t n, htst_sketch_seen_t *seen)
{
    range_f64_t range = range_f64(x, n);
    if (HTST_UNLIKELY(range.largest_signed >= (int64_t) INF_F64
            || (range.largest > ABS_F64 && (range.largest & ABS_F64) >= INF_F64))) {
        look_slowly_f64(x, n, seen);
        return;
    }
    memset(seen, 0, sizeof *seen);
    seen->zeros = (int64_t) (range.zeros - range.negative_zeros);
    seen->negative_zeros = (int64_t) range.negative_zeros;
    seen->smallest =
        range.smallest_less_1 == UINT64_MAX ? 0 : (int64_t) (range.smallest_less_1 + 1);
    seen->largest_positive = range.largest_signed;
    seen->largest_negative = range.largest > ABS_F64 ? (int64_t) (range.largest & ABS_F64) : 0;
}

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

int
htst_sketch_add_f64(const double *x, int64_t n, int64_t first, int64_t width, uint64_t *table,
    htst_sketch_seen_t *seen)
{
    seen->done = 0;
    if (check_window(first, width, 2048) != HTST_OK) {
        return HTST_ERR_BAD_ARG;
    }
    while (seen->done < n) {
        int64_t size = n - seen->done < BLOCK ? n - seen->done : BLOCK;
        htst_sketch_seen_t block;
        look_f64(x + seen->done, size, &block);
        widen(seen, &block);
        if (!fits(&block, first, width, HTST_SKETCH_DROPPED_F64)) {
            break;
        }
        count_f64(x + seen->done, size, (uint64_t) first, (uint64_t) width, table);
        take_out_zeros(&block, first, width, HTST_SKETCH_WORDS_F64, table);
        add_counts(seen, &block);
        seen->done += size;
    }
    return HTST_OK;
}

/* An addition to a counter waits for the one before it, and the zeros of a sparse matrix all have
 * the same counter: four zeros together are counted apart. */
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
store_128(uint64_t *words, u128 value)
{
    words[0] = (uint64_t) value;
    words[1] = (uint64_t) (value >> 64);
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
        u128 first = 0, second = 0;
        for (int64_t b = 0; b < per_exponent; b++, m++) {
            u128 count = table[group * per_exponent + b];
            first += count * m;
            second += count * (m * m);
        }
        store_128(sums + 4 * group, first);
        store_128(sums + 4 * group + 2, second);
    }
    return HTST_OK;
}
