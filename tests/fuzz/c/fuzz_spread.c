/* Raw bit patterns through htst_spread, against a sort: the distinct values of some buckets, and the
 * number of elements below each. */
#include "htst_fuzz.h"
#include "htst_spread.h"

enum { MOST_BUCKETS = 600 };

static int
compare_keys(const void *a, const void *b)
{
    int32_t x = *(const int32_t *) a, y = *(const int32_t *) b;
    return (x > y) - (x < y);
}

/* The key as htst_tail.h defines it; negative if the element is not on the side. */
static int32_t
key_of(uint32_t bits, htst_tail_side_t side)
{
    const uint32_t sign = UINT32_C(1) << 31;
    return (int32_t) (side == HTST_TAIL_ABS ? bits & ~sign
            : side == HTST_TAIL_NEGATIVE    ? bits ^ sign
                                            : bits);
}

/* Put most elements into few buckets, so that some are dense and some have equal elements. */
static void
gather(uint32_t *bits, int64_t n, int64_t begin, int64_t size, uint32_t lower)
{
    for (int64_t i = 0; i < n; i++) {
        if (bits[i] % 8 != 0) {
            uint32_t bucket = (uint32_t) (begin + (int64_t) (bits[i] >> 16) % size);
            bits[i] = (bits[i] & UINT32_C(1) << 31) | bucket << HTST_TAIL_DROPPED_F32
                | ((bits[i] >> 3) & lower);
        }
    }
}

/* The places at which the buckets begin: those of the keys of the buckets, counted by a loop. */
static int64_t
count_buckets(const uint32_t *bits, int64_t n, htst_tail_side_t side, int64_t begin, int64_t size,
    uint32_t *starts, int32_t *keys)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t key = key_of(bits[i], side);
        int64_t bucket = (key >> HTST_TAIL_DROPPED_F32) - begin;
        if (key > 0 && bucket >= 0 && bucket < size) {
            keys[m++] = key;
            for (int64_t later = bucket + 1; later <= size; later++) {
                starts[later]++;
            }
        }
    }
    qsort(keys, (size_t) m, sizeof *keys, compare_keys);
    return m;
}

/* A room is filled from its beginning or to its end; `keys` are the sorted keys of the elements. */
static void
compare_distinct(const int32_t *keys, int64_t m, int64_t begin, int64_t size,
    const uint32_t *starts, const uint16_t *lower, int at_end, uint32_t *count)
{
    float *v = malloc((size_t) m * sizeof *v);
    uint32_t *first = malloc((size_t) m * sizeof *first);
    int64_t k = 0,
            found = htst_spread_distinct_f32(begin, size, starts, lower, at_end, count, v, first);
    REQUIRE(found >= 0 && found <= m);
    const int64_t at = at_end ? m - found : 0;
    for (int64_t i = 0; i < m; i++) {
        if (i == 0 || keys[i] != keys[i - 1]) {
            REQUIRE(k < found && memcmp(v + at + k, keys + i, sizeof *v) == 0);
            REQUIRE(first[at + k] == starts[0] + (uint32_t) i);
            k++;
        }
    }
    REQUIRE(k == found);
    for (int64_t d = 0; d < HTST_SPREAD_LOWER; d++) {
        REQUIRE(count[d] == 0);
    }
    free(v);
    free(first);
}

static void
spread_any(htst_fuzz_t *input)
{
    const int64_t n = 1 + (int64_t) input->left / 4;
    uint32_t *bits = htst_fuzz_array(input, n, 4), *count = calloc(HTST_SPREAD_LOWER, 4);
    htst_tail_side_t side = (htst_tail_side_t) htst_fuzz_int(input, 3);
    int64_t size = 1 + htst_fuzz_int(input, MOST_BUCKETS);
    int64_t begin = 2 * htst_fuzz_int(input, (HTST_SPREAD_BUCKETS - MOST_BUCKETS) / 2);
    int64_t cut = htst_fuzz_int(input, n + 1), kept_bits = htst_fuzz_int(input, 15);
    gather(bits, n, begin, size, (UINT32_C(1) << kept_bits) - 1);
    uint32_t *starts = calloc((size_t) size + 1, 4), *next = malloc((size_t) size * 4);
    int32_t *keys = malloc((size_t) n * 4);
    uint16_t *lower = malloc((size_t) n * 2);
    float *x = malloc((size_t) n * 4);
    memcpy(x, bits, (size_t) n * 4);
    int64_t m = count_buckets(bits, n, side, begin, size, starts, keys);
    memcpy(next, starts, (size_t) size * 4);
    int64_t written = htst_spread_f32(cut, x, side, begin, size, next, lower);
    written += htst_spread_f32(n - cut, x + cut, side, begin, size, next, lower);
    REQUIRE(written == m && memcmp(next, starts + 1, (size_t) size * 4) == 0);
    compare_distinct(keys, m, begin, size, starts, lower, 0, count);
    compare_distinct(keys, m, begin, size, starts, lower, 1, count);
    free(bits), free(count), free(starts), free(next), free(keys), free(lower), free(x);
}

/* Places that fall are refused, and nothing is written. */
static void
spread_any_starts(htst_fuzz_t *input)
{
    int64_t size = 1 + htst_fuzz_int(input, 20), falls = 0, most = 0;
    uint32_t *starts = malloc((size_t) (size + 1) * 4), *count = calloc(HTST_SPREAD_LOWER, 4);
    for (int64_t k = 0; k <= size; k++) {
        starts[k] = (uint32_t) htst_fuzz_int(input, 200) + (uint32_t) (k > 0 ? starts[k - 1] : 0);
        starts[k] -= (uint32_t) (htst_fuzz_int(input, 16) == 0 && starts[k] > 300 ? 250 : 0);
        falls |= k > 0 && starts[k] < starts[k - 1];
        most = starts[k] > most ? starts[k] : most;
    }
    int64_t n = falls ? most : (int64_t) starts[size];
    uint16_t *lower = htst_fuzz_array(input, n, 2);
    float *v = malloc((size_t) (n + 1) * 4);
    uint32_t *first = malloc((size_t) (n + 1) * 4);
    int64_t found = htst_spread_distinct_f32(1000, size, starts, lower, 0, count, v, first);
    REQUIRE(falls ? found == HTST_ERR_BAD_ARG : found >= 0);
    free(starts), free(count), free(lower), free(v), free(first);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = {
        { 7, spread_any },
        { 1, spread_any_starts },
        { 0, NULL },
    };
    return htst_fuzz_take(data, size, ways);
}
