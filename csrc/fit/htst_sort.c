#include "htst_sort.h"

#include <string.h>

/* Up to so many are sorted by insertion. */
#define FEW 24

/* Up to so many bytes stay in a cache while they are moved twice. */
#define IN_CACHE (1 << 21)

/* Bits of a digit. Cells have 2^5 times more of them than there are elements. */
#define MAX_BITS 12
#define SPARE_BITS 5

/* What is larger is moved into parts of 2^12 elements; into more than 2^10 of them it would be
 * slower. */
#define PART_BITS 12
#define MAX_PARTS_BITS 10

/* Pairs in the same cell, for each element, from which on cells are crowded. */
#define CROWDED .25

/* Insertion moves an element so far inside a cell; one of more elements is sorted by itself. */
#define FAR 16

/* Steps in which the end of a part is looked for, and then one by one. */
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

/* Counts become the places before each; returns the sum of their squares. */
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
