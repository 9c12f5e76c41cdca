#include "htst_tail.h"

#include "htst_ahead.h"
#include "htst_isa.h"
#include "htst_tail_x86.h"

#include <string.h>

/* Number of elements that are counted together. Their counts fit in 32 bits, and they stay in the
 * L1 cache. */
#define BLOCK 2048

/* Elements that are skipped together if none of them is in the interval. If the interval holds few
 * elements, most groups are skipped. */
#define GROUP 8

/* True if no element of a group is in the interval. */
static inline int
is_none(const uint8_t *is_in)
{
    uint64_t all;

    memcpy(&all, is_in, sizeof all);
    return all == 0;
}

/* The contribution of one pattern to a checksum. All vector units have products of 32 by 32 bits,
 * and none has a fast product of 64 bits. The pattern of a whole number has its set bits at the
 * upper end; the first shift moves them down to where a product spreads them. Without the second
 * shift the contribution would nearly be a square, and pairs of whole numbers with equal sums and
 * sums of squares would have the same checksum. */
static inline uint64_t
checksum_of(uint32_t upper, uint32_t lower)
{
    uint32_t mixed = (lower ^ upper ^ upper >> 15) * UINT32_C(0x9e3779b1);

    return (uint64_t) mixed * (upper ^ mixed >> 13 ^ UINT32_C(0x85ebca6b)) + lower;
}

HTST_KERNEL(uint64_t, sum_u16, (int64_t n, const uint16_t *x), (n, x))
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += checksum_of((uint32_t) x[i] << 16, 0);
    }
    return sum;
}

uint64_t
htst_tail_checksum_u16(int64_t n, const uint16_t *x)
{
    return sum_u16(n, x);
}

HTST_KERNEL(uint64_t, sum_counts, (const uint64_t *counts), (counts))
{
    uint64_t sum = 0;
    for (uint32_t pattern = 0; pattern < 65536; pattern++) {
        sum += counts[pattern] * checksum_of(pattern << 16, 0);
    }
    return sum;
}

uint64_t
htst_tail_checksum_counts_u16(const uint64_t *counts)
{
    return sum_counts(counts);
}

#define FLOAT float
#define UINT uint32_t
#define INT int32_t
#define SIGN UINT32_C(0x80000000)
#define INFINITE UINT32_C(0x7f800000)
#define LARGEST INT32_MAX
#define DROPPED HTST_TAIL_DROPPED_F32
#define UPPER(bits) (bits)
#define LOWER(bits) 0
#define OF(name) name##_f32
#include "htst_tail_template.h"

#define FLOAT double
#define UINT uint64_t
#define INT int64_t
#define SIGN UINT64_C(0x8000000000000000)
#define INFINITE UINT64_C(0x7ff0000000000000)
#define LARGEST INT64_MAX
#define DROPPED HTST_TAIL_DROPPED_F64
#define UPPER(bits) ((uint32_t) ((bits) >> 32))
#define LOWER(bits) ((uint32_t) (bits))
#define OF(name) name##_f64
#include "htst_tail_template.h"
