/* Raw bit patterns through htst_sort, htst_tail, htst_counts and htst_tally, against plain loops. */
#include "htst_counts.h"
#include "htst_fuzz.h"
#include "htst_sort.h"
#include "htst_tail.h"
#include "htst_tally.h"

static int
compare_words(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
    return (x > y) - (x < y);
}

/* The key of a pattern as htst_tail.h defines it; negative if it is not on the side. */
static int64_t
key_of(int64_t pattern, htst_tail_side_t side)
{
    uint64_t sign = UINT64_C(1) << 63, bits = (uint64_t) pattern;
    if (side == HTST_TAIL_ABS) {
        return (int64_t) (bits & ~sign);
    }
    return (int64_t) (side == HTST_TAIL_NEGATIVE ? bits ^ sign : bits);
}

/* The number of values that the rest of an input has, and one more. */
static int64_t
values_left(const htst_fuzz_t *input)
{
    return 1 + (int64_t) input->left / 8;
}

static void
sort_values(htst_fuzz_t *input)
{
    int64_t n = values_left(input);
    uint64_t *x = htst_fuzz_array(input, n, 8), *expected = malloc((size_t) n * 8);
    uint64_t mask = htst_fuzz_int(input, 2) ? UINT64_MAX >> 1 : UINT64_C(0x3fff000000000003);
    double *values = malloc((size_t) n * 8), *other = malloc((size_t) n * 8);
    float *narrow = malloc((size_t) n * 4), *more = malloc((size_t) n * 4);
    uint32_t *words = malloc((size_t) n * 4);
    for (int64_t i = 0; i < n; i++) {
        x[i] &= mask;
        words[i] = (uint32_t) (x[i] >> 32);
        expected[i] = x[i];
    }
    memcpy(values, x, (size_t) n * 8);
    memcpy(narrow, words, (size_t) n * 4);
    htst_sort_f64(n, values, other);
    htst_sort_f32(n, narrow, more);
    qsort(expected, (size_t) n, 8, compare_words);
    REQUIRE(memcmp(values, expected, (size_t) n * 8) == 0);
    memcpy(words, narrow, (size_t) n * 4);
    for (int64_t i = 0; i < n; i++) {
        REQUIRE(words[i] == (uint32_t) (expected[i] >> 32));
    }
    free(x), free(expected), free(values), free(other), free(narrow), free(more), free(words);
}

static void
select_values(htst_fuzz_t *input)
{
    int64_t n = values_left(input);
    htst_tail_side_t side = (htst_tail_side_t) htst_fuzz_int(input, 3);
    const int64_t most = INT64_C(0x7fefffffffffffff);
    int64_t low, high, *keys = malloc((size_t) n * 8), found = 0, taken = 0;
    htst_fuzz_bytes(input, &low, 8);
    htst_fuzz_bytes(input, &high, 8);
    low = 1 + (int64_t) ((uint64_t) low % (uint64_t) most);
    high = low + (int64_t) ((uint64_t) high % (uint64_t) (most - low + 1));
    int64_t *x = htst_fuzz_array(input, n, 8), room = htst_fuzz_int(input, n + 1);
    double *values = malloc((size_t) n * 8), *out = malloc((size_t) room * 8);
    double *all = malloc((size_t) n * 8);
    htst_tail_seen_t seen = { 0, 0, 0, 0 }, again = { 0, 0, 0, 0 }, expected = { 0, 0, 0, 0 };
    memcpy(values, x, (size_t) n * 8);
    int64_t got = htst_tail_select_f64(n, values, side, low, high, room, out);
    int64_t n_taken = htst_tail_take_f64(n, values, side, &seen, all);
    htst_tail_survey_f64(n, values, &again);
    for (int64_t i = 0; i < n; i++) {
        int64_t key = keys[i] = key_of(x[i], side), size = x[i] & INT64_MAX;
        expected.not_finite += size > most;
        expected.zeros += size == 0;
        expected.negative += size > 0 && size <= most && x[i] < 0;
        expected.positive += size > 0 && size <= most && x[i] > 0;
        if (key >= low && key <= high) {
            if (found < room) {
                REQUIRE(memcmp(&out[found], &key, 8) == 0);
            }
            found++;
        }
        if (key > 0 && key <= most) {
            REQUIRE(taken < n_taken && memcmp(&all[taken++], &key, 8) == 0);
        }
    }
    REQUIRE(got == found && n_taken == taken);
    REQUIRE(memcmp(&seen, &expected, sizeof seen) == 0);
    REQUIRE(memcmp(&again, &expected, sizeof seen) == 0);
    /* the checksum of parts, in any order */
    int64_t cut = htst_fuzz_int(input, n + 1);
    REQUIRE(htst_tail_checksum_f64(n, values)
        == htst_tail_checksum_f64(n - cut, values + cut) + htst_tail_checksum_f64(cut, values));
    free(keys), free(x), free(values), free(out), free(all);
}

static void
count_slots(htst_fuzz_t *input)
{
    enum { SLOTS = 64 };
    int64_t n = values_left(input);
    htst_tail_side_t side = (htst_tail_side_t) htst_fuzz_int(input, 3);
    int shift = 1 + (int) htst_fuzz_int(input, 50);
    int64_t low = INT64_C(0x3ff0000000000000), high = low + ((int64_t) SLOTS << shift) - 1;
    int64_t *x = htst_fuzz_array(input, n, 8), room = HTST_COUNTS_AHEAD + n, found = 0;
    int64_t *anew = malloc((size_t) room * 8);
    double *values = malloc((size_t) n * 8);
    uint8_t *table = calloc(SLOTS, 1);
    int64_t expected[SLOTS] = { 0 };
    for (int64_t i = 0; i < n; i++) {
        if (x[i] & 1) { /* most patterns would lie outside the interval */
            x[i] = low + (int64_t) ((uint64_t) x[i] >> 1) % (high - low + 1);
        }
        int64_t key = key_of(x[i], side);
        if (key >= low && key <= high) {
            expected[(key - low) >> shift]++;
        }
    }
    memcpy(values, x, (size_t) n * 8);
    int64_t done =
        htst_counts_add_f64_u8(n, values, side, low, high, shift, table, room, anew, &found);
    REQUIRE(done == n && found <= n / 256);
    for (int64_t s = 0; s < SLOTS; s++) {
        int64_t count = table[s];
        for (int64_t w = 0; w < found; w++) {
            count += anew[w] == s ? 256 : 0;
        }
        REQUIRE(count == expected[s]);
    }
    free(x), free(anew), free(values), free(table);
}

static void
tally_values(htst_fuzz_t *input)
{
    static int64_t table[HTST_TALLY_SIZE];
    int64_t n = values_left(input);
    htst_tail_side_t side = (htst_tail_side_t) htst_fuzz_int(input, 3);
    double *x = htst_fuzz_array(input, n, 8), *out = malloc((size_t) n * 8);
    htst_tally_seen_t seen = { 0, 0 };
    int64_t copied = 0, others = 0, wrong = 0;
    for (int64_t i = 0; i < n; i++) {
        if (fabs(x[i]) < 1 && htst_fuzz_int(input, 4)) {
            x[i] = (double) (htst_fuzz_int(input, 1 << 16) - 100);
        }
    }
    memset(table, 0, sizeof table);
    int64_t got = htst_tally_f64(n, x, side, table, out, &seen);
    for (int64_t i = 0; i < n; i++) {
        double v = side == HTST_TAIL_ABS ? fabs(x[i]) : side == HTST_TAIL_NEGATIVE ? -x[i] : x[i];
        table[v >= 1 && v < HTST_TALLY_SIZE ? (int64_t) v : 0]--;
        others += v < 0;
        wrong += v == -INFINITY || (v > 0 && v < HTST_TALLY_SIZE && v != floor(v));
        if (v >= HTST_TALLY_SIZE || isnan(v)) {
            REQUIRE(copied < got && htst_fuzz_same(out[copied], v));
            copied++;
        }
    }
    REQUIRE(got == copied && seen.others == others && seen.wrong == wrong);
    for (int64_t s = 0; s < HTST_TALLY_SIZE; s++) {
        REQUIRE(table[s] == 0);
    }
    free(x), free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 1, tally_values }, { 5, sort_values },
        { 5, select_values }, { 5, count_slots }, { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
