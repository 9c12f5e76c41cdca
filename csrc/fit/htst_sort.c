#include "htst_sort.h"

#include "htst_isa.h"

#include <string.h>

/* Up to this many elements are sorted by insertion. bench/races/bench_sort.py measures the sort;
 * its constants were chosen by such runs and are not exact optima. */
#define FEW 24

/* Arrays of up to this many bytes stay in a cache while they are moved twice. */
#define IN_CACHE (1 << 21)

/* The largest number of bits of a digit. With SPARE_BITS more bits there are 2^5 times as many
 * cells as elements. */
#define MAX_BITS 12
#define SPARE_BITS 5

/* Larger arrays are moved into parts of 2^12 elements, but not into more than 2^10 parts: that
 * would be slower. */
#define PART_BITS 12
#define MAX_PARTS_BITS 10

/* Cells are crowded if the number of pairs of elements in the same cell, divided by the number of
 * elements, is at least this. */
#define CROWDED .25

/* Largest cell that insertion sorts; a cell with more elements is sorted as an array of its own. */
#define FAR 16

/* Keys that span at most SPARSE times as many cells as there are elements are counted, each in a
 * byte. The counters fit where the elements do, and in a cache. */
#define SPARSE 4
#define MAX_COUNTED (1 << 18)

/* Data of few distinct values show after this many elements that a byte is too small. */
#define FIRST 4096

/* Copies of a key that are written in any case. */
#define COPIES 4

/* The end of a part is searched in steps of this many elements, then element by element. */
#define LEAP 64

static int
bits_of(uint64_t n)
{
    int bits = 0;

    for (int step = 32; step > 0; step /= 2) {
        int is_long = n >> step != 0;
        bits += is_long ? step : 0;
        n = is_long ? n >> step : n;
    }
    return bits + (int) n;
}

/* Replace counts by their running sums; returns the sum of the squares of the counts. */
static double
starts(uint32_t size, uint32_t *count)
{
    uint64_t squares = 0;
    uint32_t sum = 0;

    for (uint32_t d = 0; d < size; d++) {
        uint32_t here = count[d];
        count[d] = sum;
        sum += here;
        squares += (uint64_t) here * here;
    }
    return (double) squares;
}

HTST_KERNEL(int64_t, sum_of_bytes, (int64_t n, const uint8_t *x), (n, x))
{
    int64_t sum = 0;

    for (int64_t i = 0; i < n; i++) {
        sum += x[i];
    }
    return sum;
}

#define FLOAT float
#define KEY uint32_t
#define INT int32_t
#define OF(name) name##_f32
#include "htst_sort_template.h"

#define FLOAT double
#define KEY uint64_t
#define INT int64_t
#define OF(name) name##_f64
#include "htst_sort_template.h"

void
htst_sort_f32(int64_t n, float *x, float *other)
{
    sort_f32(n, x, other, 0);
}

void
htst_sort_f64(int64_t n, double *x, double *other)
{
    sort_f64(n, x, other, 0);
}
