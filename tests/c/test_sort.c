#include "htst_sort.h"
#include "htst_test.h"
#include "htst_test_bits.h"

#include <stdlib.h>
#include <string.h>

/* More elements than can be moved twice in a cache, in parts that are also too large for that. */
#define MOST 600000

typedef uint64_t make_t(int64_t i, uint64_t random);

static uint64_t
of(double x)
{
    return (uint64_t) htst_test_bits(x);
}

static uint64_t
anything(int64_t i, uint64_t random)
{
    return i == 5 ? of(INFINITY) : random % of(INFINITY);
}

static uint64_t
one_binade(int64_t i, uint64_t random)
{
    (void) i;
    return of(1) + (random >> 12);
}

static uint64_t
few(int64_t i, uint64_t random)
{
    (void) i;
    return of(1) + (random % 5 << 40) + (random % 3);
}

static uint64_t
integers(int64_t i, uint64_t random)
{
    (void) i;
    return of((double) (random % 2000));
}

static uint64_t
ascending(int64_t i, uint64_t random)
{
    (void) random;
    return of(1 + (double) (i / 2));
}

static uint64_t
descending(int64_t i, uint64_t random)
{
    (void) random;
    return of(1 + (double) (MOST - i / 2));
}

static uint64_t
equal(int64_t i, uint64_t random)
{
    (void) i, (void) random;
    return of(2.5);
}

/* one value far from all others, which are then in one part of many */
static uint64_t
outlier(int64_t i, uint64_t random)
{
    return i == 7 ? of(1e300) : one_binade(i, random);
}

/* on every level one part holds half of the elements */
static uint64_t
ever_nearer(int64_t i, uint64_t random)
{
    (void) i;
    return of(1) + (random >> (12 + random % 52));
}

/* clusters that share cells although each digit alone is spread evenly: only the elements of a
 * cell show it */
static uint64_t
clusters(int64_t i, uint64_t random)
{
    uint64_t cluster = (random % 997) * UINT64_C(0x9e3779b97f4a7c15);

    (void) i;
    return (cluster >> 2 & ~UINT64_C(0xffffff)) + (random >> 40) % 4096;
}

/* dense keys, which are counted: as doubles, and as floats if there are at least 64000 */
static uint64_t
dense(int64_t i, uint64_t random)
{
    (void) i;
    return of(1) + (random % 1000 << 40) + (random >> 32) % 256;
}

static uint64_t
dense_doubles(int64_t i, uint64_t random)
{
    (void) i;
    return of(1) + random % 5000;
}

/* one key occurs 255 times, as often as a byte counts */
static uint64_t
full(int64_t i, uint64_t random)
{
    return of(1) + (i < 255 ? 900 : i == 300 ? 901 : 1000 + random % 400);
}

/* one key occurs 256 times, among the first elements or later */
static uint64_t
too_often(int64_t i, uint64_t random)
{
    return of(1) + (i < 256 ? 900 : 1000 + random % 400);
}

static uint64_t
too_often_later(int64_t i, uint64_t random)
{
    return of(1) + (i >= 7000 && i < 7256 ? 20000 : random % 10000);
}

static int
by_key(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static uint64_t keys[MOST];
static double x[MOST], other[MOST];
static float narrow[MOST], narrow_other[MOST];

/* Compare with the C library's sort of the patterns. */
static void
test_against_qsort(int64_t n, make_t *make)
{
    uint64_t random = 88172645463325252u + (uint64_t) n;
    int wrong = 0, narrow_wrong = 0;

    for (int64_t i = 0; i < n; i++) { /* Marsaglia's xorshift */
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        keys[i] = make(i, random);
        memcpy(x + i, keys + i, sizeof x[i]);
        uint32_t half = (uint32_t) (keys[i] >> 40 << 8) | (uint32_t) (keys[i] & 255);
        half = half < 0x7f800000 ? half : 0x7f800000; /* infinity */
        memcpy(narrow + i, &half, sizeof half);
    }
    htst_sort_f64(n, x, other);
    qsort(keys, (size_t) n, sizeof keys[0], by_key);
    for (int64_t i = 0; i < n; i++) {
        wrong += memcmp(x + i, keys + i, sizeof x[i]) != 0;
    }
    CHECK(wrong == 0);
    for (int64_t i = 0; i < n; i++) {
        uint32_t half;
        memcpy(&half, narrow + i, sizeof half);
        keys[i] = half;
    }
    htst_sort_f32(n, narrow, narrow_other);
    qsort(keys, (size_t) n, sizeof keys[0], by_key);
    for (int64_t i = 0; i < n; i++) {
        uint32_t half = (uint32_t) keys[i];
        narrow_wrong += memcmp(narrow + i, &half, sizeof half) != 0;
    }
    CHECK(narrow_wrong == 0);
}

int
main(void)
{
    make_t *makes[] = { anything, one_binade, few, integers, ascending, descending, equal, outlier,
        ever_nearer, clusters, dense, dense_doubles, full, too_often, too_often_later };

    htst_test_ignore_denormals();
    for (size_t k = 0; k < sizeof makes / sizeof makes[0]; k++) {
        for (int64_t n = 0; n < 70; n++) {
            test_against_qsort(n, makes[k]);
        }
        for (int64_t n = 70; n < 20000; n += n / 2 + 1) {
            test_against_qsort(n, makes[k]);
        }
        test_against_qsort(262144, makes[k]); /* the most doubles that are moved twice */
        test_against_qsort(262145, makes[k]);
    }
    for (size_t k = 0; k < sizeof makes / sizeof makes[0];
         k += 7) { /* outlier: a part is too large */
        test_against_qsort(524288, makes[k]);
        test_against_qsort(MOST, makes[k]);
    }
    return htst_test_report("sort");
}
